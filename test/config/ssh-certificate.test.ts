import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ed25519Pair } from '../../fixtures/key-pair.ts';
import { certificateOf } from '../../src/config/ssh-certificate.ts';
import { Secret } from '../../src/model/secret.ts';
import { sshString } from '../../src/model/ssh-wire.ts';

const key = ed25519Pair();
const other = ed25519Pair();
const authority = ed25519Pair();
const blobOf = (pair: { readonly public: string }) => Buffer.from(pair.public.split(' ')[1] ?? '', 'base64');
const printOf = (pair: { readonly public: string }) =>
  `SHA256:${createHash('sha256').update(blobOf(pair)).digest('base64').replace(/=+$/, '')}`;

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const uint64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
const strings = (...texts: readonly string[]) => Buffer.concat(texts.map(sshString));

type Given = {
  readonly pair?: { readonly public: string };
  readonly kind?: number;
  readonly principals?: readonly string[];
  readonly options?: readonly string[];
  readonly until?: bigint;
};
const type = 'ssh-ed25519-cert-v01@openssh.com';

/** OpenSSH's PROTOCOL.certkeys; nobody but a server looks at the signature. */
function certificate({
  pair = key,
  kind = 1,
  principals = [],
  options = [],
  until = 2n ** 64n - 1n,
}: Given = {}): string {
  const blob = Buffer.concat([
    strings(type, 'nonce'),
    blobOf(pair).subarray(4 + 'ssh-ed25519'.length),
    uint64(7n),
    uint32(kind),
    sshString('ci'),
    sshString(strings(...principals)),
    uint64(1_700_000_000n),
    uint64(until),
    sshString(strings(...options)),
    strings('', ''),
    sshString(blobOf(authority)),
    sshString('signature'),
  ]);
  return `${type} ${blob.toString('base64')} deploy@ci`;
}

const read = (text: string) => certificateOf(text, new Secret(key.private), undefined);

describe('ssh-certificate', () => {
  it('holds whom it is for, until when, and who says so', () => {
    expect(read(`\n${certificate({ principals: ['deploy', 'ops'], until: 1_800_000_000n })}\r\n`)).toEqual({
      value: {
        type,
        blob: certificate({ principals: ['deploy', 'ops'], until: 1_800_000_000n }).split(' ')[1],
        id: 'ci',
        principals: ['deploy', 'ops'],
        authority: blobOf(authority).toString('base64'),
        validFrom: 1_700_000_000,
        validUntil: 1_800_000_000,
      },
    });
  });

  it('may be for anybody, for ever', () => {
    expect(read(certificate())).toMatchObject({ value: { principals: [], validUntil: undefined } });
  });

  it.each([
    [
      'a private key',
      key.private,
      'contains a private key; move it to ssh-key, and use the file whose name ends with -cert.pub here',
    ],
    ['a public key', key.public, 'is a public key; use its certificate, the file whose name ends with -cert.pub'],
    ['a path', '~/.ssh/id_ed25519-cert.pub', 'is a path; use the content of that file'],
    [
      'something else',
      'hello',
      'is not an OpenSSH certificate; use the content of the file whose name ends with -cert.pub',
    ],
    ['a damaged one', certificate().slice(0, 200), 'is damaged; copy the whole line again'],
    [
      'one with another type inside',
      certificate().replace(type, 'ssh-rsa-cert-v01@openssh.com'),
      'is damaged; copy the whole line again',
    ],
    [
      'one of a security key',
      certificate().replace(type, 'sk-ssh-ed25519-cert-v01@openssh.com'),
      'has the type sk-ssh-ed25519-cert-v01@openssh.com; use one of ssh-ed25519-cert-v01@openssh.com, ecdsa-sha2-nistp256-cert-v01@openssh.com, ecdsa-sha2-nistp384-cert-v01@openssh.com, ecdsa-sha2-nistp521-cert-v01@openssh.com, ssh-rsa-cert-v01@openssh.com',
    ],
    ['one of a host', certificate({ kind: 2 }), 'is the certificate of a host; sign the key again without `-h`'],
    [
      'one of another key',
      certificate({ pair: other }),
      `is for the key ${printOf(other)}, but ssh-key is ${printOf(key)}`,
    ],
    [
      'one for one command',
      certificate({ options: ['force-command', 'backup'] }),
      'allows one command only (force-command); sign the key again without that option',
    ],
  ])('says what is wrong with %s', (_, text, problem) => {
    expect(read(text)).toEqual({ problems: [`ssh-certificate: ${problem}`] });
  });

  it('is never quoted when it is cut off anywhere', () => {
    const [, blob = ''] = certificate().split(' ');
    for (let length = 1; length < blob.length; length += 3)
      expect(read(`${type} ${blob.slice(0, length)}`)).toEqual({
        problems: [expect.not.stringContaining(blob.slice(0, 40))],
      });
  });
});
