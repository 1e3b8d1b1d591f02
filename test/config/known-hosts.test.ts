import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostKeyPairs } from '../../fixtures/ssh-server.ts';
import { knownHostsOf } from '../../src/config/known-hosts.ts';

const [type = '', key = ''] = hostKeyPairs.ed25519.public.split(' ');
const fingerprint = `SHA256:${'a'.repeat(43)}`;
const entry = { hosts: ['web1'], revoked: false, type, key };

describe('known-hosts', () => {
  it.each([
    ['a line', `web1 ${type} ${key}`, entry],
    ['a comment at its end', `web1 ${type} ${key} root@web1 2026`, entry],
    ['a list of names', `Web1,10.0.0.7,!old ${type} ${key}`, { ...entry, hosts: ['web1', '10.0.0.7', '!old'] }],
    ['a port', `[web1]:2222 ${type} ${key}`, { ...entry, hosts: ['[web1]:2222'] }],
    ['the default port', `[web1]:22 ${type} ${key}`, entry],
    ['a hash', `|1|AbC=|dEf= ${type} ${key}`, { ...entry, hosts: ['|1|AbC=|dEf='] }],
    ['a revocation', `@revoked * ${type} ${key}`, { ...entry, hosts: ['*'], revoked: true }],
    ['a .pub file', `${type} ${key} root@web1`, { ...entry, hosts: [] }],
    ['tabs', `web1\t${type}\t${key}`, entry],
    ['a fingerprint', fingerprint, { hosts: [], revoked: false, fingerprint }],
    ['a padded fingerprint', `${fingerprint}= web1`, { hosts: [], revoked: false, fingerprint }],
    ['a fingerprint of a host', `Web1 ${fingerprint}`, { hosts: ['web1'], revoked: false, fingerprint }],
    [
      'the output of ssh-keygen -l',
      `256 ${fingerprint} root@web1 (ED25519)`,
      { hosts: [], revoked: false, fingerprint, type: 'ssh-ed25519' },
    ],
    [
      'the same of ECDSA',
      `384 ${fingerprint} root@web1 (ECDSA)`,
      { hosts: [], revoked: false, fingerprint, type: 'ecdsa-sha2-nistp384' },
    ],
    [
      'what ssh asks at a first connection',
      `ED25519 key fingerprint is ${fingerprint}.`,
      { hosts: [], revoked: false, fingerprint, type: 'ssh-ed25519' },
    ],
    ['a port without brackets', `web1:2222 ${type} ${key}`, { ...entry, hosts: ['[web1]:2222'] }],
    ['a key alone', key, { ...entry, hosts: [] }],
    ['quotes around it', `"web1 ${type} ${key}"`, entry],
    ['base64', Buffer.from(`web1 ${type} ${key}\n`).toString('base64'), entry],
  ])('are read from %s', (_, line, expected) => {
    expect(knownHostsOf(line)).toEqual({ value: [expected] });
  });

  it('may have comments, empty lines and Windows line ends', () => {
    const text = `# web1:22 SSH-2.0-OpenSSH_9.2\r\nweb1 ${type} ${key}\r\n\r\n  ${fingerprint}  \r\n`;
    const parsed = knownHostsOf(text);
    expect('value' in parsed && parsed.value).toEqual([entry, { hosts: [], revoked: false, fingerprint }]);
  });

  it('may have line ends as two characters', () => {
    const text = `web1 ${type} ${key}\\r\\nweb2 ${type} ${key}\\n`;
    expect(knownHostsOf(text)).toEqual({ value: [entry, { ...entry, hosts: ['web2'] }] });
  });

  it('trust no host when empty', () => {
    expect(knownHostsOf(' \n')).toEqual({ value: [] });
  });

  it.each([
    [
      'something else',
      'web1',
      'is neither a known_hosts line (`host ssh-ed25519 AAAA…`) nor a fingerprint (`SHA256:…`)',
    ],
    ['half a key', `web1 ${type} ${key.slice(0, 20)}`, 'has an incomplete ssh-ed25519 key; copy the line again'],
    [
      'more than a key',
      `web1 ${type} ${key.replace(/=*$/, '')}nweb2`,
      'has an incomplete ssh-ed25519 key; copy the line again',
    ],
    [
      'a key that is no base64',
      `web1 ${type} ${key.slice(0, 20)}…${key.slice(21)}`,
      'has an incomplete ssh-ed25519 key; copy the line again',
    ],
    ['a key of another type', `web1 ssh-rsa ${key}`, 'has an incomplete ssh-rsa key; copy the line again'],
    ['half a fingerprint', 'SHA256:abc', 'is an incomplete fingerprint; copy `SHA256:` and the 43 characters after it'],
    [
      'an MD5 fingerprint',
      `MD5:${'aa:'.repeat(15)}aa`,
      'is an MD5 fingerprint, which is no longer secure; use the one that starts with SHA256:',
    ],
    [
      'a bare MD5 fingerprint',
      `2048 ${'aa:'.repeat(15)}aa`,
      'is an MD5 fingerprint, which is no longer secure; use the one that starts with SHA256:',
    ],
    [
      'a certificate authority',
      `@cert-authority * ${type} ${key}`,
      'is a @cert-authority line, but host certificates are not supported; use the host key itself',
    ],
    ['an unknown marker', `@trusted * ${type} ${key}`, 'has an unknown marker "@trusted"; only @revoked is supported'],
  ])('reject %s', (_, line, problem) => {
    expect(knownHostsOf(`# first\n${line}`)).toEqual({ problems: [`known-hosts: line 2 ${problem}`] });
  });

  it('reject a private key without quoting it', () => {
    expect(knownHostsOf(hostKeyPairs.rsa.private)).toEqual({
      problems: ['known-hosts: contains a private key; move it to ssh-key'],
    });
  });

  it('never throw', () => {
    const word = fc.constantFrom(
      'web1',
      '*',
      '!',
      '|1|a|b',
      '@revoked',
      '[a]:1',
      type,
      key,
      'SHA256:',
      fingerprint,
      ',',
      '\n',
      '#',
      ' ',
      '\t',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (some) => 'value' in knownHostsOf(some) || 'problems' in knownHostsOf(some)),
      { numRuns: 2000 },
    );
  });
});
