import ssh2 from 'ssh2';
import { Secret } from '../model/secret.ts';

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
  const problem = problemOf(pem.value, passphrase);
  return problem === undefined ? { value: new Secret(pem.value) } : problems(problem);
}

const problems = (problem: string) => ({ problems: [`ssh-key: ${problem}`] });

/** The key as `ssh-keygen` would have written it: markers, headers, lines of 64. */
function pemOf(given: string): Outcome<string> {
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
    .replace(/\\r|\r/g, '')
    .replaceAll('\\n', '\n')
    .trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .trim();
  if (!/^[A-Za-z0-9+/\s]+=*$/.test(plain)) return plain;
  const decoded = Buffer.from(plain, 'base64').toString('latin1');
  if (decoded.startsWith('openssh-key-v1\0')) return `${openssh('BEGIN')}${plain}${openssh('END')}`;
  return decoded.includes('-----BEGIN') ? unwrapped(decoded) : plain;
}

const openssh = (edge: 'BEGIN' | 'END') => `-----${edge} OPENSSH PRIVATE KEY-----`;

const toOpenSsh = 'convert a copy with `ssh-keygen -p -f <file>` and use that';
const mistakes: readonly { readonly looksLike: RegExp; readonly problem: string }[] = [
  {
    looksLike: /^(ssh|ecdsa|sk)-\S+ |^---- BEGIN SSH2 PUBLIC|BEGIN [A-Z ]*PUBLIC KEY/,
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
  { looksLike: /BEGIN (ENCRYPTED )?PRIVATE KEY/, problem: `is in PKCS#8 format; ${toOpenSsh}` },
  { looksLike: /^(~|\.{0,2})\/\S+$/, problem: 'is a path; use the content of that file' },
  {
    looksLike: /^(?!.*-----BEGIN [A-Z ]*PRIVATE KEY-----)/s,
    problem: 'is not a private key; copy the whole file, from its BEGIN line to its END line',
  },
];

function problemOf(pem: string, passphrase: string): string | undefined {
  const { encrypted, type } = headOf(pem);
  if (encrypted && passphrase === '') return 'is encrypted; set ssh-passphrase too';
  if (type === 'ssh-dss')
    return 'is a DSA key, which servers no longer accept; create one with `ssh-keygen -t ed25519`';
  if (type.startsWith('sk-'))
    return 'needs a security key to be touched, which a deploy cannot do; create another with `ssh-keygen -t ed25519`';
  const key = ssh2.utils.parseKey(pem, passphrase === '' ? undefined : passphrase);
  if (!(key instanceof Error)) return undefined;
  return encrypted
    ? 'does not open with ssh-passphrase; check the passphrase'
    : `cannot be read (${key.message}); copy the file again`;
}

/** What can be read from an OpenSSH key (PROTOCOL.key) or an old PEM file without its passphrase. */
function headOf(pem: string): { readonly encrypted: boolean; readonly type: string } {
  if (!pem.includes(openssh('BEGIN'))) return { encrypted: pem.includes('ENCRYPTED'), type: '' };
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
    encrypted: strings[0]?.toString('latin1') !== 'none',
    type: publicKey.subarray(4, 4 + length).toString('latin1'),
  };
}
