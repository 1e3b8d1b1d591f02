import { createHash, createHmac } from 'node:crypto';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import type { HostKey, HostKeys } from '../model/target.ts';

/** What known hosts say about the key that a server shows. Fingerprints are those that were expected instead. */
export type Verdict =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'revoked' }
  /** There is a key of that type for that host, and it is another one. */
  | { readonly kind: 'changed'; readonly fingerprints: readonly string[] }
  /** There is none; `fingerprints` are of that host's other keys, or good for any host. */
  | { readonly kind: 'unknown'; readonly fingerprints: readonly string[] };

/** `key` as the server sends it (RFC 4253, 6.6). Like OpenSSH, a line without a port is good for every port. */
export function verdict(hostKeys: HostKeys, host: string, port: number, key: Uint8Array): Verdict {
  const exact = hostKeys.filter(isFor(knownName(host, port)));
  const near = [...exact, ...(port === 22 ? [] : hostKeys.filter(isFor(knownName(host, 22))))];
  const same = near.filter((entry) => fingerprintOf(entry) === fingerprint(key));
  if (same.some(({ revoked }) => revoked)) return { kind: 'revoked' };
  if (same.length > 0) return { kind: 'trusted' };
  const rivals = exact.filter(({ hosts, type }) => hosts.length > 0 && (type ?? keyType(key)) === keyType(key));
  const changed = fingerprintsOf(rivals);
  return changed.length > 0
    ? { kind: 'changed', fingerprints: changed }
    : { kind: 'unknown', fingerprints: fingerprintsOf(near) };
}

export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** `ssh-ed25519`, the first string in a key. */
export function keyType(key: Uint8Array): string {
  const bytes = Buffer.from(key);
  return bytes.length < 4 ? '' : bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString('latin1');
}

/** The line to paste into known-hosts. */
export function knownHostsLine(host: string, port: number, key: Uint8Array): string {
  return `${knownName(host, port)} ${keyType(key)} ${Buffer.from(key).toString('base64')}`;
}

/**
 * All algorithms, those known for this host first: a server has several keys, and shows the one requested.
 * @param shown types whose key it has already shown, and that did not match
 */
export function hostKeyOrder(
  hostKeys: HostKeys,
  host: string,
  port: number,
  shown: readonly string[] = [],
): ServerHostKeyAlgorithm[] {
  const known = entriesFor(hostKeys, host, port).flatMap(({ type, revoked }) =>
    revoked || type === undefined ? [] : [type],
  );
  const rank = (type: string): number => (shown.includes(type) ? 2 : known.includes(type) ? 0 : 1);
  const types = Object.keys(algorithms).sort((a, b) => rank(a) - rank(b));
  return types.flatMap((type) => algorithms[type] ?? []);
}

/** Whether a fingerprint for this host does not say which key type it belongs to. */
export const isTypeOpen = (hostKeys: HostKeys, host: string, port: number): boolean =>
  entriesFor(hostKeys, host, port).some(({ type, revoked }) => type === undefined && !revoked);

const entriesFor = (hostKeys: HostKeys, host: string, port: number): HostKeys => [
  ...hostKeys.filter(isFor(knownName(host, port))),
  ...hostKeys.filter(isFor(knownName(host, 22))),
];

const algorithms: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

const knownName = (host: string, port: number) => (port === 22 ? host : `[${host}]:${port}`).toLowerCase();

const isFor =
  (name: string) =>
  ({ hosts }: HostKey): boolean => {
    const matching = hosts.filter((pattern) => matches(pattern, name));
    return hosts.length === 0 || (matching.length > 0 && !matching.some((pattern) => pattern.startsWith('!')));
  };

function matches(pattern: string, name: string): boolean {
  const [, salt, hash] = /^\|1\|([^|]+)\|([^|]+)$/.exec(pattern) ?? [];
  if (salt !== undefined) return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  const glob = pattern
    .replace(/^!/, '')
    .replace(/[\\^$+.()|[\]{}]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${glob}$`, 's').test(name);
}

const fingerprintOf = (entry: HostKey) =>
  'key' in entry ? fingerprint(Buffer.from(entry.key, 'base64')) : entry.fingerprint;

const fingerprintsOf = (entries: readonly HostKey[]) => [
  ...new Set(entries.filter(({ revoked }) => !revoked).map(fingerprintOf)),
];
