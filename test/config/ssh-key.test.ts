import { generateKeyPairSync, verify } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';
import { describe, expect, it } from 'vitest';
import { ed25519Pair } from '../../fixtures/key-pair.ts';
import { keys } from '../../fixtures/ssh-server.ts';
import { checkSettings, remedies } from '../../src/config/origin.ts';
import { privateKeyOf } from '../../src/config/ssh-key.ts';

const { ed25519, ecdsa, rsa } = keys;
const locked = ed25519Pair({
  passphrase: 'open sesame',
  cipher: 'aes256-ctr',
  rounds: 1,
});
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pkcs1 = String(pem.export({ type: 'pkcs1', format: 'pem' }));
const lockedPkcs1 = String(
  pem.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'open sesame' }),
);

const read = (text: string, passphrase = '') => {
  const parsed = privateKeyOf(text, passphrase, remedies.github.input('ssh-key'));
  return 'value' in parsed ? parsed.value.reveal() : parsed;
};
const base64 = (text: string) => Buffer.from(text).toString('base64');
const body = ed25519.private.split('\n').slice(1, -2).join('\n');

describe('a private key', () => {
  it.each([
    ['as it is', ed25519.private],
    ['with Windows line ends', ed25519.private.replaceAll('\n', '\r\n')],
    ['with escaped line ends', ed25519.private.replaceAll('\n', '\\n')],
    ['with escaped Windows line ends', ed25519.private.replaceAll('\n', '\\r\\n')],
    ['without its last line end', ed25519.private.trim()],
    ['in one line with spaces', ed25519.private.replaceAll('\n', ' ')],
    ['in one line without spaces', ed25519.private.replaceAll('\n', '')],
    ['indented', ed25519.private.replaceAll('\n', '\n    ')],
    ['in double quotes', `"${ed25519.private}"`],
    ['in single quotes', `'${ed25519.private.trim()}'\n`],
    ['in base64', base64(ed25519.private)],
    ['in wrapped base64', base64(ed25519.private).replace(/.{76}/g, '$&\n')],
    ['in base64 with Windows line ends inside', base64(ed25519.private.replaceAll('\n', '\r\n'))],
    ['without BEGIN and END', body],
    ['with text around it', `my key:\n${ed25519.private}\nbye`],
    ['with line ends that were escaped twice', ed25519.private.replaceAll('\n', '\\\\n')],
    ['in base64 of UTF-16, as PowerShell makes it', Buffer.from(ed25519.private, 'utf16le').toString('base64')],
    ['behind its public key', `${ed25519.public}\n${ed25519.private}`],
  ])('is read %s', (_, text) => {
    expect(read(text)).toBe(ed25519.private);
  });

  it.each([
    ['RSA', rsa.private],
    ['ECDSA', ecdsa.private],
    ['PEM', pkcs1],
  ])('of the kind %s is read', (_, text) => {
    expect(read(text)).toBe(text);
    expect(read(text.replaceAll('\n', ' '))).toBe(text);
  });

  it.each([
    ['an OpenSSH key', locked.private],
    ['a PEM key', lockedPkcs1],
  ])('opens with its passphrase: %s', (_, text) => {
    expect(read(text, 'open sesame')).toBe(text);
    expect(read(text.replaceAll('\n', ' '), 'open sesame')).toBe(text);
    expect(read(text)).toEqual({ problems: ['ssh-key: is encrypted; set ssh-passphrase too'] });
    expect(read(text, 'wrong')).toEqual({
      problems: ['ssh-key: does not open with ssh-passphrase; check the passphrase'],
    });
  });

  const locking = { cipher: 'aes-256-cbc', passphrase: 'open sesame' } as const;
  it.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ECDSA', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ed25519', generateKeyPairSync('ed25519')],
  ])('in PKCS#8, as OpenSSL and Terraform write it, is read: %s', (_, { privateKey, publicKey }) => {
    const form = { type: 'pkcs8', format: 'pem' } as const;
    const locked = String(privateKey.export({ ...form, ...locking }));
    for (const text of [String(privateKey.export(form)), locked]) {
      const key = ssh2.utils.parseKey(String(read(text, 'open sesame')));
      if (key instanceof Error) throw key;
      const data = Buffer.from('data');
      expect(verify(hashOf(key), data, publicKey, signatureOf(key, data))).toBe(true);
    }
    expect(read(locked)).toEqual({ problems: ['ssh-key: is encrypted; set ssh-passphrase too'] });
    expect(read(locked, 'wrong')).toEqual({
      problems: ['ssh-key: does not open with ssh-passphrase; check the passphrase'],
    });
  });

  it('in PEM with a cipher that only OpenSSL knows is read', () => {
    const locked = String(
      pem.export({ type: 'pkcs1', format: 'pem', cipher: 'camellia-128-cbc', passphrase: 'open sesame' }),
    );
    expect(read(locked, 'open sesame')).toBe(pkcs1);
  });

  it('with a cipher that is not supported says how to change it', () => {
    const chacha = openssh('ssh-ed25519', 'chacha20-poly1305@openssh.com');
    expect(read(chacha, 'open sesame')).toEqual({
      problems: [
        'ssh-key: is encrypted with chacha20-poly1305@openssh.com, which is not supported; run `ssh-keygen -p -Z aes256-ctr -f <file>` on a copy and use that',
      ],
    });
  });

  it('that is not encrypted does not mind a passphrase', () => {
    expect(read(ed25519.private, 'superfluous')).toBe(ed25519.private);
  });

  it.each([
    ['nothing', ' \n', `is empty. On GitHub it usually comes from the secret SSH_KEY: ${checkSettings}`],
    ['a public key', ed25519.public, 'is a public key; use the private key, the file without .pub'],
    [
      'a public PEM',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      'is a public key; use the private key, the file without .pub',
    ],
    [
      'a key of PuTTY',
      'PuTTY-User-Key-File-3: ssh-ed25519\n',
      'is in PuTTY format; in PuTTYgen, use Conversions → Export OpenSSH key',
    ],
    ['a fingerprint', `SHA256:${'a'.repeat(43)}`, 'is a fingerprint; use the private key itself'],
    ['a path', '~/.ssh/id_ed25519', 'is a path; use the content of that file'],
    ['two keys', ed25519.private + rsa.private, 'contains 2 private keys; use exactly one'],
    [
      'a PKCS#8 key that is not for SSH',
      String(generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
      'is a key of the kind x25519, which SSH does not use; create one with `ssh-keygen -t ed25519`',
    ],
    [
      'a damaged PKCS#8 key',
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      'cannot be read; copy the file again',
    ],
    [
      'an old DSA key',
      '-----BEGIN DSA PRIVATE KEY-----\nAAAA\n',
      'is a DSA key, which servers no longer accept; create one with `ssh-keygen -t ed25519`',
    ],
    [
      'a new DSA key',
      openssh('ssh-dss'),
      'is a DSA key, which servers no longer accept; create one with `ssh-keygen -t ed25519`',
    ],
    [
      'a security key',
      openssh('sk-ssh-ed25519@openssh.com'),
      'needs a security key to be touched, which a deploy cannot do; create another with `ssh-keygen -t ed25519`',
    ],
    ['a password', 'hunter2', 'is not a private key; copy the whole file, from its BEGIN line to its END line'],
    ['a key cut off', ed25519.private.slice(0, 200), 'has no END line; copy the whole file, including the last line'],
    ['a damaged key', ed25519.private.replace('b3Bl', 'b3*l'), 'is damaged between BEGIN and END; copy the file again'],
    [
      'half a key',
      ed25519.private.replace(body.slice(100), ''),
      'cannot be read (Malformed OpenSSH private key); copy the file again',
    ],
  ])('is not %s', (_, text, problem) => {
    expect(read(text)).toEqual({ problems: [`ssh-key: ${problem}`] });
  });
});

/** An OpenSSH key as far as its type can be told. */
function openssh(type: string, cipher = 'none'): string {
  const string = (text: string | Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const one = Buffer.from([0, 0, 0, 1]);
  const bytes = [
    Buffer.from('openssh-key-v1\0'),
    string(cipher),
    string('none'),
    string(''),
    one,
    string(string(type)),
  ];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.concat(bytes).toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

const hashOf = ({ type }: ParsedKey): string | undefined =>
  type === 'ssh-rsa' ? 'sha256' : type.startsWith('ecdsa-') ? 'sha384' : undefined;

function signatureOf(key: ParsedKey, data: Buffer): Buffer {
  const signature: unknown = key.sign(data, hashOf(key));
  if (!Buffer.isBuffer(signature)) throw signature;
  return signature;
}
