import { createPrivateKey, type KeyObject } from 'node:crypto';
import { sshString } from '../model/ssh-wire.ts';

type Outcome = { readonly pem: string } | { readonly problem: string };

/**
 * A private key in a form that ssh2 does not read, such as PKCS#8, or PEM with a cipher that only OpenSSL knows, in one that it
 * does. It comes out without a passphrase. Never throws.
 */
export function converted(pem: string, passphrase: string): Outcome {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', passphrase });
  } catch {
    return {
      problem:
        passphrase === ''
          ? 'cannot be read; copy the file again'
          : 'does not open with ssh-passphrase; check the passphrase',
    };
  }
  const kind = key.asymmetricKeyType ?? '';
  if (kind === 'rsa') return { pem: String(key.export({ type: 'pkcs1', format: 'pem' })) };
  if (kind === 'ec') return { pem: String(key.export({ type: 'sec1', format: 'pem' })) };
  if (kind === 'ed25519') return { pem: ed25519(key) };
  return { problem: `is a key of the kind ${kind}, which SSH does not use; create one with \`ssh-keygen -t ed25519\`` };
}

/** As ssh-keygen writes it (OpenSSH's PROTOCOL.key). */
function ed25519(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const [publicKey, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const type = sshString('ssh-ed25519');
  const shown = Buffer.concat([type, sshString(publicKey)]);
  // Two equal numbers, by which a passphrase is found to be right.
  const hidden = Buffer.concat([Buffer.alloc(8), shown, sshString(Buffer.concat([seed, publicKey])), sshString('')]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (hidden.length % 8)) % 8));
  const bytes = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[sshString('none'), sshString('none'), sshString('')],
    Buffer.from([0, 0, 0, 1]),
    sshString(shown),
    sshString(Buffer.concat([hidden, padding])),
  ]);
  const lines = bytes.toString('base64').replace(/.{70}(?=.)/g, '$&\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
