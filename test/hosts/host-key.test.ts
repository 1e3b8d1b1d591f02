import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostKeyPairs } from '../../fixtures/ssh-server.ts';
import { knownHostsOf } from '../../src/config/known-hosts.ts';
import { fingerprint, hostKeyOrder, knownHostsLine, verdict } from '../../src/hosts/host-key.ts';

const ed = hostKeyPairs.ed25519.public;
const rsa = hostKeyPairs.rsa.public;
const bytes = (line: string) => Buffer.from(line.split(' ')[1] ?? '', 'base64');
const known = (...lines: readonly string[]) => {
  const parsed = knownHostsOf(lines.join('\n'));
  return 'value' in parsed ? parsed.value : [];
};
const judge = (lines: readonly string[], host = 'web1', port = 22, key = ed) =>
  verdict(known(...lines), host, port, bytes(key));
const hashed = (name: string) =>
  `|1|${Buffer.from('salt').toString('base64')}|${createHmac('sha1', 'salt').update(name).digest('base64')}`;
const another = `ssh-ed25519 ${Buffer.concat([bytes(ed).subarray(0, -1), Buffer.from([7])]).toString('base64')}`;

describe('a host key', () => {
  it.each([
    ['its line', [`web1 ${ed}`], 'web1', 22],
    ['a line in other letters', [`WEB1 ${ed}`], 'Web1', 22],
    ['one of several lines', [`web1 ${another}`, `web1 ${ed}`], 'web1', 22],
    ['a wildcard', [`*.example.com ${ed}`], 'web1.example.com', 22],
    ['a question mark', [`web? ${ed}`], 'web1', 22],
    ['a hash', [`${hashed('web1')} ${ed}`], 'web1', 22],
    ['a hash with a port', [`${hashed('[web1]:2222')} ${ed}`], 'web1', 2222],
    ['a line with its port', [`[web1]:2222 ${ed}`], 'web1', 2222],
    ['a line without the port', [`web1 ${ed}`], 'web1', 2222],
    ['an IPv6 address', [`[::1]:2222,::1 ${ed}`], '::1', 22],
    ['its fingerprint', [fingerprint(bytes(ed))], 'web1', 22],
    ['its fingerprint for this host', [`web1 ${fingerprint(bytes(ed))}=`], 'web1', 22],
    ['a .pub file', [ed], 'web1', 22],
  ])('is trusted by %s', (_, lines, host, port) => {
    expect(judge(lines, host, port)).toEqual({ kind: 'trusted' });
  });

  it.each([
    ['nothing', [], 'web1', 22],
    ['another host', [`web2 ${ed}`], 'web1', 22],
    ['a hash of another host', [`${hashed('web2')} ${ed}`], 'web1', 22],
    ['another port', [`[web1]:2222 ${ed}`], 'web1', 22],
    ['a wildcard that excludes it', [`*,!web1 ${ed}`], 'web1', 22],
    ['a dot that stands for itself', [`web.example ${ed}`], 'webxexample', 22],
    ['a longer name', [`web1 ${ed}`], 'web11', 22],
  ])('is unknown by %s', (_, lines, host, port) => {
    expect(judge(lines, host, port)).toEqual({ kind: 'unknown', fingerprints: [] });
  });

  it('is unknown by a key of another type, which is reported', () => {
    expect(judge([`web1 ${rsa}`])).toEqual({ kind: 'unknown', fingerprints: [fingerprint(bytes(rsa))] });
  });

  it('has changed when the host has another key of that type', () => {
    expect(judge([`web1 ${another}`, `web1 ${rsa}`])).toEqual({
      kind: 'changed',
      fingerprints: [fingerprint(bytes(another))],
    });
  });

  it('has changed when the host has another fingerprint', () => {
    expect(judge([`web1 ${fingerprint(bytes(rsa))}`])).toEqual({
      kind: 'changed',
      fingerprints: [fingerprint(bytes(rsa))],
    });
  });

  it('is unknown by a fingerprint of no particular host, which is reported', () => {
    expect(judge([fingerprint(bytes(rsa))])).toEqual({ kind: 'unknown', fingerprints: [fingerprint(bytes(rsa))] });
  });

  it('is revoked even if another line trusts it', () => {
    expect(judge([`web1 ${ed}`, `@revoked * ${ed}`])).toEqual({ kind: 'revoked' });
  });

  it('is written as the line that trusts it', () => {
    expect(knownHostsLine('web1', 22, bytes(ed))).toBe(`web1 ${ed}`);
    expect(judge([knownHostsLine('Web1', 2222, bytes(ed))], 'web1', 2222)).toEqual({ kind: 'trusted' });
    expect(judge([knownHostsLine('::1', 2222, bytes(ed))], '::1', 2222)).toEqual({ kind: 'trusted' });
  });

  it('is asked for in the types that are known of the host first', () => {
    expect(hostKeyOrder([], 'web1', 22)[0]).toBe('ssh-ed25519');
    expect(hostKeyOrder(known(`web1 ${rsa}`), 'web1', 22).slice(0, 4)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-rsa',
      'ssh-ed25519',
    ]);
    expect(hostKeyOrder(known(`web1 ${rsa}`), 'web1', 2222)[0]).toBe('rsa-sha2-512');
    expect(hostKeyOrder(known(`web2 ${rsa}`, `@revoked web1 ${rsa}`), 'web1', 22)[0]).toBe('ssh-ed25519');
    expect(hostKeyOrder(known(`web1 ${rsa}`), 'web1', 22)).toHaveLength(7);
  });

  it('is judged without throwing, whatever known-hosts say', () => {
    const pattern = fc.string({
      minLength: 1,
      unit: fc.constantFrom('*', '?', '!', '|', '1', '[', ']', '\\', '(', '.', 'a', ':', '$'),
    });
    fc.assert(
      fc.property(fc.array(pattern), fc.uint8Array(), fc.string(), (hosts, key, host) => {
        expect(verdict([{ hosts, revoked: false, type: 'ssh-rsa', key: 'AAAA' }], host, 22, key).kind).not.toBe(
          'revoked',
        );
      }),
    );
  });
});
