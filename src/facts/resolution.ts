import type { Difference } from '../model/changes.ts';
import { noClaims } from '../model/claims.ts';
import type { Reopened, Resolution } from '../model/state.ts';
import { type Facts, readFacts, rowsOf } from './facts.ts';
import { labelProblems, readTraits } from './traits.ts';

/** What to do about a file that is not there. @param path in the repository, or absolute */
export type Remedy = (path: string) => string;

export const deployRemedy: Remedy = (path) =>
  path.startsWith('/')
    ? 'create it on the server, or change the path in the compose file'
    : 'create it on the server, write it with env-files, or commit it to git';

/** Reads what the `resolve` program printed. @param root of the application on the server. */
export function readResolution(host: string, output: string, root: string, remedy = deployRemedy): Resolution {
  const facts = readFacts(output);
  const all = (name: string): readonly (readonly string[])[] => rowsOf(facts, name);
  const whyNeeded = new Map(all('undefined').map(([name = '', why = '']) => [name, why]));
  const replicas = readReplicas(facts);
  return {
    host,
    problems: [
      ...[...whyNeeded].map(
        ([name, why]) =>
          `${host}: variable ${name}${why === '' ? '' : ` (${why})`} is not set: add it to ${root}/shared/.env on the server, or give it a default in the compose file: \${${name}:-…}`,
      ),
      ...all('dollar').map(
        ([file = '']) =>
          `${host}: ${file === '' ? 'an env file' : `the env file ${file}`} contains a value with $, which Compose reads as a variable: put that value in single quotes`,
      ),
      ...missingFiles(all('missing')).map(
        ([name, why]) => `${host}: ${place(name, root)} is missing (${why}): ${remedy(name)}`,
      ),
      ...unique(all('folder')).map(
        (name) =>
          `${host}: ${place(name, root)} is a folder, but must be a file (Docker makes such a folder for a mounted file that is missing): remove it with \`sudo rmdir ${place(name, root)}\`, then create the file, or let env-files write it`,
      ),
      ...[...new Map(all('closed').map((row) => [row[0], row])).values()].map(
        ([path = '', user, owner]) =>
          `${host}: ${user} cannot write to ${path}, ${owner === user ? `whose mode is too strict: \`chmod u+rwX ${path}\`` : `which belongs to ${owner}: \`sudo chown ${user} ${path}\``}`,
      ),
      ...unique(all('not-folder')).map(
        (path) => `${host}: ${path} is a file, but files are to be written below it: rename it, or change env-files`,
      ),
      ...all('broken').map(([file = '', line = '']) =>
        file === ''
          ? `${host}: an env file has a line that Compose cannot read`
          : `${host}: line ${line} of ${place(file, root)} cannot be read: a value of several lines, or with special characters, must be in single quotes`,
      ),
      ...unique(all('unreadable')).map(
        (name) =>
          `${host}: ${place(name, root)} is an env file that the deploy user cannot read, and Compose reads it as that user: give it the file, and the folders above it`,
      ),
      ...all('inside').map(
        ([path, service]) =>
          `${host}: ${service} mounts ${path}, where deploys create and remove releases: mount another folder, for example ${root}/shared`,
      ),
      ...unique(all('odd')).map(
        (service) => `${host}: ${service} uses a path with a tab or a newline in its name: rename it`,
      ),
      ...labelProblems(facts).map((problem) => `${host}: ${problem}`),
      ...all('unpinned').map(
        ([service, image]) =>
          `${host}: there is no digest for ${image || 'what it builds'} (service ${service}): COMPOSE_PROFILES in ${root}/shared/.env probably enables a profile that the runner does not know; remove it there, or list the profile in the input profiles`,
      ),
    ],
    // A service scaled to 0 is run by hand: nothing waits for it.
    hashes: Object.fromEntries(Object.entries(readHashes(facts)).filter(([service]) => replicas[service] !== 0)),
    replicas,
    shares: grouped(all('shares'), (other) => other),
    completes: unique(all('completes')),
    traits: readTraits(facts),
    differences: grouped(all('changed'), readDifference),
    notes: [
      ...all('created').map(
        ([name = '']) => `${host}: ${place(name, root)} does not exist yet: it will be created, empty`,
      ),
      ...unique(all('unseen')).map(
        (name) =>
          `${host}: ${place(name, root)} cannot be checked, because the deploy user cannot enter its folder: if it is missing, Docker reports it during the switch`,
      ),
    ],
    claims: noClaims,
  };
}

function missingFiles(rows: readonly (readonly string[])[]): readonly (readonly [string, string])[] {
  const reasons = new Map<string, string>();
  for (const [name = '', why = ''] of rows) reasons.set(name, reasons.has(name) ? `${reasons.get(name)}, ${why}` : why);
  return [...reasons];
}

const unique = (rows: readonly (readonly string[])[]): readonly string[] => [
  ...new Set(rows.map(([name = '']) => name)),
];

const place = (name: string, root: string): string => (name.startsWith('/') ? name : `${root}/shared/${name}`);

export const readHashes = (facts: Facts): Readonly<Record<string, string>> =>
  Object.fromEntries(rowsOf(facts, 'hash').map(([service = '', hash = '']) => [service, hash]));

export const readReplicas = (facts: Facts): Readonly<Record<string, number>> =>
  Object.fromEntries(rowsOf(facts, 'replicas').map(([service = '', count = '1']) => [service, Number(count)]));

function grouped<T>(
  rows: readonly (readonly string[])[],
  read: (value: string) => T,
): Readonly<Record<string, readonly T[]>> {
  const groups = new Map<string, readonly T[]>();
  for (const [key = '', value = ''] of rows) groups.set(key, [...(groups.get(key) ?? []), read(value)]);
  return Object.fromEntries(groups);
}

const named: Readonly<Record<string, Exclude<Difference['kind'], 'image' | 'key'>>> = {
  environment: 'environment',
  labels: 'label',
  file: 'file',
  config: 'config',
  secret: 'secret',
};

/** `image`, `ports`, `environment DEBUG`, `file nginx.conf`. */
function readDifference(text: string): Difference {
  if (text === 'image') return { kind: 'image' };
  const space = text.indexOf(' ');
  const kind = named[text.slice(0, Math.max(space, 0))];
  return kind === undefined ? { kind: 'key', name: text } : { kind, name: text.slice(space + 1) };
}

/** Reads what the `reopen` program printed. */
export function readReopened(host: string, output: string, root: string): Reopened {
  const facts = readFacts(output);
  const missingImages = facts.get('missing-image') ?? [];
  const remedy: Remedy = (path) =>
    path.startsWith(`${root}/files/`)
      ? 'it was shipped with this release and is gone; deploy that commit again with allow-older, or roll back to another release'
      : 'restore it on the server, or roll back to another release';
  return { ...readResolution(host, output, root, remedy), json: facts.get('json')?.[0] ?? '', missingImages };
}
