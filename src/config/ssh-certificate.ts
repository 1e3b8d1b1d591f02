import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';
import type { Secret } from '../model/secret.ts';
import { sshReader, sshString } from '../model/ssh-wire.ts';
import type { Certificate } from '../model/target.ts';

type Outcome = { readonly value: Certificate } | { readonly problems: readonly string[] };

/** The input `ssh-certificate`: the file that `ssh-keygen -s` writes beside a key. Never throws. */
export function certificateOf(text: string, key: Secret, passphrase: string | undefined): Outcome {
  const given = text.trim();
  const [, type = '', blob = ''] = /^(\S+-cert-v\d\d@openssh\.com)\s+([A-Za-z0-9+/]+=*)(?:\s|$)/.exec(given) ?? [];
  const mistake = mistakes.find(({ looksLike }) => looksLike.test(given));
  if (mistake) return problem(mistake.problem);
  if (type === '') return problem(notOne);
  const fields = fieldCounts[type];
  if (fields === undefined) return problem(`has the type ${type}; use one of ${Object.keys(fieldCounts).join(', ')}`);
  const read = readBlob(Buffer.from(blob, 'base64'), type, fields);
  if (read === undefined) return problem('is damaged; copy the whole line again');
  const { isForUsers, publicKey, options, ...rest } = read;
  if (!isForUsers) return problem('is the certificate of a host; sign the key again without `-h`');
  const own = ssh2.utils.parseKey(key.reveal(), passphrase);
  if (!(own instanceof Error) && !own.getPublicSSH().equals(publicKey))
    return problem(`is for the key ${fingerprint(publicKey)}, but ssh-key is ${fingerprint(own.getPublicSSH())}`);
  if (options.includes('force-command'))
    return problem('allows one command only (force-command); sign the key again without that option');
  return { value: { type, blob, ...rest } };
}

const problem = (text: string): Outcome => ({ problems: [`ssh-certificate: ${text}`] });

const notOne = 'is not an OpenSSH certificate; use the content of the file whose name ends with -cert.pub';
const mistakes: readonly { readonly looksLike: RegExp; readonly problem: string }[] = [
  {
    looksLike: /PRIVATE KEY/,
    problem: 'contains a private key; move it to ssh-key, and use the file whose name ends with -cert.pub here',
  },
  { looksLike: /^(~|\.{0,2})\/\S+$/, problem: 'is a path; use the content of that file' },
  {
    looksLike: /^(?:ssh|ecdsa|sk)-(?!\S*-cert-v)\S+ /,
    problem: 'is a public key; use its certificate, the file whose name ends with -cert.pub',
  },
];

/** How many fields the public key in it has. */
const fieldCounts: Readonly<Record<string, number>> = {
  'ssh-ed25519-cert-v01@openssh.com': 1,
  'ecdsa-sha2-nistp256-cert-v01@openssh.com': 2,
  'ecdsa-sha2-nistp384-cert-v01@openssh.com': 2,
  'ecdsa-sha2-nistp521-cert-v01@openssh.com': 2,
  'ssh-rsa-cert-v01@openssh.com': 2,
};

function readBlob(blob: Buffer, type: string, fields: number) {
  try {
    const reader = sshReader(blob);
    if (reader.text() !== type) return undefined;
    reader.string(); // the nonce
    const key = Array.from({ length: fields }, () => sshString(reader.string()));
    reader.uint64(); // the serial number
    const isForUsers = reader.uint32() === 1;
    const id = reader.text();
    const principals = stringsOf(reader.string());
    const [validFrom, validBefore] = [reader.uint64(), reader.uint64()];
    const options = stringsOf(reader.string());
    for (const _ of ['extensions', 'reserved']) reader.string();
    const authority = reader.string().toString('base64');
    reader.string(); // the signature
    return {
      isForUsers,
      publicKey: Buffer.concat([sshString(type.replace(/-cert-v\d\d@openssh\.com$/, '')), ...key]),
      options,
      id,
      principals,
      authority,
      validFrom: Number(validFrom),
      validUntil: validBefore === forEver ? undefined : Number(validBefore),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const forEver = 2n ** 64n - 1n;

function stringsOf(bytes: Buffer): readonly string[] {
  const reader = sshReader(bytes);
  const found: string[] = [];
  while (!reader.isAtEnd()) found.push(reader.text());
  return found;
}

const fingerprint = (blob: Buffer): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
