import ssh2 from 'ssh2';
import { Secret } from '../model/secret.ts';
import { converted } from './foreign-key.ts';

type Outcome<T> = { readonly value: T } | { readonly problems: readonly string[] };

/**
 * The inputs `ssh-key` and `ssh-passphrase`. Repairs what copying into a secret does to a key (line ends, `\n` as two
 * characters, one long line, base64 around it, missing markers) and checks that it opens. No problem quotes the key.
 * @param remedy what to do when it is empty
 */
export function privateKeyOf(text: string, passphrase: string, remedy: string): Outcome<Secret> {
  const given = unwrapped(text);
  if (given === '') return problems(`is empty. ${remedy}`);
  const pem = pemOf(given);
  if ('problems' in pem) return pem;
  const readable = readableOf(pem.value, passphrase);
  return 'pem' in readable ? { value: new Secret(readable.pem) } : problems(readable.problem);
}

const problems = (problem: string) => ({ problems: [`ssh-key: ${problem}`] });

/** The key as `ssh-keygen` would have written it: markers, headers, lines of 64. */
function pemOf(given: string): Outcome<string> {
  const count = given.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----/g)?.length ?? 0;
  if (count > 1) return problems(`contains ${count} private keys; use exactly one`);
  const mistake = mistakes.find(({ looksLike }) => looksLike.test(given));
  if (mistake) return problems(mistake.problem);
  const [, label, inner] = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----/s.exec(given) ?? [];
  if (label === undefined || inner === undefined)
    return problems('has no END line; copy the whole file, including the last line');
  const [, headers = '', body = ''] = /^\s*((?:(?:Proc-Type|DEK-Info): *\S+\s+)*)(.*)$/s.exec(inner) ?? [];
  const base64 = body.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) return problems('is damaged between BEGIN and END; copy the file again');
  const head = headers === '' ? '' : `${headers.trim().replace(/\s+(?=DEK-Info)/, '\n')}\n\n`;
  const lines = base64.replace(/.{64}(?=.)/g, '$&\n');
  return { value: `-----BEGIN ${label}-----\n${head}${lines}\n-----END ${label}-----\n` };
}

function unwrapped(text: string): string {
  const plain = text
    .replaceAll('\0', '') // of UTF-16
    .replace(/\\+r|\r/g, '')
    .replace(/\\+n/g, '\n')
    .trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .trim();
  if (!/^[A-Za-z0-9+/\s]+=*$/.test(plain)) return plain;
  const decoded = Buffer.from(plain, 'base64').toString('latin1');
  if (decoded.startsWith('openssh-key-v1\0')) return `${openssh('BEGIN')}${plain}${openssh('END')}`;
  return decoded.replaceAll('\0', '').includes('-----BEGIN') ? unwrapped(decoded) : plain;
}

const openssh = (edge: 'BEGIN' | 'END') => `-----${edge} OPENSSH PRIVATE KEY-----`;

const mistakes: readonly { readonly looksLike: RegExp; readonly problem: string }[] = [
  {
    looksLike: /^(?!.*PRIVATE KEY-----)(?:(?:ssh|ecdsa|sk)-\S+ |---- BEGIN SSH2 PUBLIC|.*BEGIN [A-Z ]*PUBLIC KEY)/s,
    problem: 'is a public key; use the private key, the file without .pub',
  },
  {
    looksLike: /^PuTTY-User-Key-File/,
    problem: 'is in PuTTY format; in PuTTYgen, use Conversions → Export OpenSSH key',
  },
  { looksLike: /^(SHA256|MD5):/i, problem: 'is a fingerprint; use the private key itself' },
  {
    looksLike: /BEGIN DSA PRIVATE KEY/,
    problem: 'is a DSA key, which servers no longer accept; create one with `ssh-keygen -t ed25519`',
  },
  { looksLike: /^(~|\.{0,2})\/\S+$/, problem: 'is a path; use the content of that file' },
  {
    looksLike: /^(?!.*-----BEGIN [A-Z ]*PRIVATE KEY-----)/s,
    problem: 'is not a private key; copy the whole file, from its BEGIN line to its END line',
  },
];

/** The key as ssh2 reads it. */
function readableOf(pem: string, passphrase: string): { readonly pem: string } | { readonly problem: string } {
  const { cipher, type } = headOf(pem);
  if (cipher !== 'none' && passphrase === '') return { problem: 'is encrypted; set ssh-passphrase too' };
  if (type === 'ssh-dss')
    return { problem: 'is a DSA key, which servers no longer accept; create one with `ssh-keygen -t ed25519`' };
  if (type.startsWith('sk-'))
    return {
      problem:
        'needs a security key to be touched, which a deploy cannot do; create another with `ssh-keygen -t ed25519`',
    };
  const key = ssh2.utils.parseKey(pem, passphrase === '' ? undefined : passphrase);
  if (!(key instanceof Error)) return { pem };
  if (!pem.includes(openssh('BEGIN'))) return converted(pem, passphrase);
  if (cipher.startsWith('chacha20'))
    return {
      problem: `is encrypted with ${cipher}, which is not supported; run \`ssh-keygen -p -Z aes256-ctr -f <file>\` on a copy and use that`,
    };
  return {
    problem:
      cipher === 'none'
        ? `cannot be read (${key.message}); copy the file again`
        : 'does not open with ssh-passphrase; check the passphrase',
  };
}

/** What can be read from an OpenSSH key (PROTOCOL.key) or an old PEM file without its passphrase. */
function headOf(pem: string): { readonly cipher: string; readonly type: string } {
  if (!pem.includes(openssh('BEGIN'))) return { cipher: pem.includes('ENCRYPTED') ? 'PEM' : 'none', type: '' };
  const bytes = Buffer.from(pem.split('\n').slice(1, -2).join(''), 'base64');
  const strings: Buffer[] = [];
  let at = 'openssh-key-v1\0'.length;
  const next = () => {
    const length = at + 4 <= bytes.length ? bytes.readUInt32BE(at) : 0;
    const start = at + 4;
    at = start + length;
    return bytes.subarray(start, at);
  };
  strings.push(next(), next(), next());
  at += 4; // the number of keys, always 1
  const publicKey = next();
  const length = publicKey.length < 4 ? 0 : publicKey.readUInt32BE(0);
  return {
    cipher: strings[0]?.toString('latin1') ?? 'none',
    type: publicKey.subarray(4, 4 + length).toString('latin1'),
  };
}
