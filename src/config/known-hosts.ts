import { sshReader } from '../model/ssh-wire.ts';
import type { HostKey, HostKeys } from '../model/target.ts';

type Line = { readonly value: HostKey } | { readonly problem: string } | undefined;

/**
 * The input `known-hosts`: known_hosts lines (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT") and SHA256 fingerprints as
 * `ssh-keygen -l` prints them. An empty text trusts no host. Never throws.
 */
export function knownHostsOf(text: string): { readonly value: HostKeys } | { readonly problems: readonly string[] } {
  if (text.includes('PRIVATE KEY')) return { problems: ['known-hosts: contains a private key; move it to ssh-key'] };
  const lines = unwrapped(text).map((line, index) => {
    const outcome = lineOf(line.trim());
    return outcome && 'problem' in outcome ? { problem: `known-hosts: line ${index + 1} ${outcome.problem}` } : outcome;
  });
  const problems = lines.flatMap((line) => (line && 'problem' in line ? [line.problem] : []));
  if (problems.length > 0) return { problems };
  return { value: lines.flatMap((line) => (line && 'value' in line ? [line.value] : [])) };
}

/** Its lines, even if copying into a secret has changed them: quotes around, `\n` as two characters, base64. */
function unwrapped(text: string): readonly string[] {
  const plain = text.trim().replace(/^(["'])(.*)\1$/s, '$2');
  const decoded = /^[A-Za-z0-9+/\s]+=*$/.test(plain) ? Buffer.from(plain, 'base64').toString('utf8') : '';
  return (/[ \t](ssh|ecdsa)-/.test(decoded) ? decoded : plain).split(/(?:\\r|\r)?(?:\\n|\n)/);
}

/** What ssh itself asks at a first connection. */
const question = /^(ED25519|ECDSA|RSA) key fingerprint is (SHA256:\S{43})\.?$/;

function lineOf(given: string): Line {
  const line = given.replace(question, '$2 ($1)');
  if (line === '' || line.startsWith('#')) return undefined;
  const [first = '', ...rest] = line.split(/\s+/);
  if (first === '@revoked') return keyOf(rest, true);
  if (first === '@cert-authority') {
    return { problem: 'is a @cert-authority line, but host certificates are not supported; use the host key itself' };
  }
  if (first.startsWith('@')) return { problem: `has an unknown marker "${first}"; only @revoked is supported` };
  return fingerprintOf([first, ...rest]) ?? keyOf([first, ...rest], false);
}

/** `[bits or host] SHA256:… [comment] [(ED25519)]` */
function fingerprintOf(words: readonly string[]): Line {
  const at = words.slice(0, 2).findIndex((word) => /^(SHA256|MD5):/i.test(word) || md5.test(word));
  if (at < 0) return undefined;
  const [, base64] = /^SHA256:([A-Za-z0-9+/]{43})=?$/.exec(words[at] ?? '') ?? [];
  if (/^SHA256:/i.test(words[at] ?? '') && base64 === undefined) {
    return { problem: 'is an incomplete fingerprint; copy `SHA256:` and the 43 characters after it' };
  }
  if (base64 === undefined) {
    return { problem: 'is an MD5 fingerprint, which is no longer secure; use the one that starts with SHA256:' };
  }
  const hosts = at === 1 && !/^\d+$/.test(words[0] ?? '') ? patternsOf(words[0] ?? '') : [];
  const type = keygenTypes[words.at(-1) ?? '']?.(words[0] ?? '');
  return { value: { hosts, revoked: false, fingerprint: `SHA256:${base64}`, ...(type === undefined ? {} : { type }) } };
}

const md5 = /^[0-9a-f]{2}(:[0-9a-f]{2}){15}$/i;

/** How `ssh-keygen -l` names a type in parentheses, and which one it is, by the number of bits at the beginning. */
const keygenTypes: Readonly<Record<string, (bits: string) => string | undefined>> = {
  '(ED25519)': () => 'ssh-ed25519',
  '(RSA)': () => 'ssh-rsa',
  '(ECDSA)': (bits) => (/^(256|384|521)$/.test(bits) ? `ecdsa-sha2-nistp${bits}` : undefined),
};

/** `hosts type key [comment]`; without `hosts`, as in a .pub file, the key is trusted for any host. */
function keyOf(words: readonly string[], revoked: boolean): Line {
  const [hosts = '', type = '', base64 = ''] = isHostGiven(words) ? words : ['', ...withType(words)];
  const key = Buffer.from(base64, 'base64');
  if (!keyType.test(type)) {
    return { problem: 'is neither a known_hosts line (`host ssh-ed25519 AAAA…`) nor a fingerprint (`SHA256:…`)' };
  }
  if (!isWhole(type, base64)) return { problem: `has an incomplete ${type} key; copy the line again` };
  return { value: { hosts: patternsOf(hosts), revoked, type, key: key.toString('base64') } };
}

const isHostGiven = ([first = '']: readonly string[]): boolean => !keyType.test(first) && !first.startsWith('AAAA');

/** A key begins with its type, so one that was copied without it is still whole. */
function withType(words: readonly string[]): readonly string[] {
  const [first = ''] = words;
  if (keyType.test(first)) return words;
  const bytes = Buffer.from(first, 'base64');
  return [bytes.toString('latin1', 4, 4 + (bytes[3] ?? 0)), ...words];
}

const keyType = /^(ssh|ecdsa|sk)-[\w@.-]+$/;

/** A key is a sequence of strings, its type first. Node would also decode what is not base64. */
function isWhole(type: string, base64: string): boolean {
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) return false;
  const { text, string, isAtEnd } = sshReader(Buffer.from(base64, 'base64'));
  try {
    if (text() !== type || isAtEnd()) return false;
    while (!isAtEnd()) string();
    return true;
  } catch {
    return false;
  }
}

/** Host names ignore case, hashes do not. known_hosts omits port 22, and needs brackets around a name with another port. */
function patternsOf(hosts: string): readonly string[] {
  return hosts
    .split(',')
    .filter((pattern) => pattern !== '')
    .map((pattern) =>
      pattern.startsWith('|')
        ? pattern
        : pattern
            .toLowerCase()
            .replace(/^(!?)([\w.*?-]+):(\d+)$/, '$1[$2]:$3')
            .replace(/^(!?)\[(.*)\]:22$/, '$1$2'),
    );
}
