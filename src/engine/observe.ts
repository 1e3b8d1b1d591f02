import { readRows } from '../facts/rows.ts';
import { readHistory } from '../model/history.ts';
import type { Container, HostState, Reopened, Resolution } from '../model/state.ts';
import { readContainer } from './containers.ts';

type Facts = ReadonlyMap<string, readonly string[]>;

/** Facts of a server program by name, their values with tabs between them. */
export function readFacts(output: string): Facts {
  const facts = new Map<string, string[]>();
  for (const { name, values } of readRows(output)) facts.set(name, [...(facts.get(name) ?? []), values.join('\t')]);
  return facts;
}

const oldestCompose = [2, 24, 4] as const;
const neededKib = 1024 * 1024;

/** Reads what the `observe` program printed; everything that a deploy cannot work with becomes a problem. */
export function readHostState(host: string, output: string): HostState {
  const facts = readFacts(output);
  const all = (name: string): readonly string[] => facts.get(name) ?? [];
  const one = (name: string): string | undefined => all(name)[0];
  const fatal = [
    ...all('missing-programs').map(
      (programs) => `needs ${programs.trim().split(' ').join(', ')}, which is not installed: see docs/server.md`,
    ),
    ...all('docker-error').map((error) => dockerProblem(error, one('user') ?? 'the deploy user')),
    ...(facts.has('compose-missing') ? ['has no `docker compose`: install the Compose plugin, 2.24.4 or later'] : []),
    ...all('compose')
      .filter(isOld)
      .map((version) => `has Docker Compose ${version}: a deploy needs 2.24.4 or later`),
    ...all('not-writable').map(
      (folder) =>
        `${one('user')} may not write to ${folder}: create the application's folder for this user there, or set path`,
    ),
  ];
  const full = [...all('disk-images'), ...all('disk-root')].flatMap((fact) => {
    const [free = '', path = ''] = fact.split(' ');
    return free !== '' && Number(free) < neededKib
      ? [`has only ${Math.round(Number(free) / 1024)} MiB free at ${path}: a deploy needs 1 GiB`]
      : [];
  });
  return {
    host,
    fatal: fatal.length > 0 || output === '',
    problems: fatal.map((problem) => `${host}: ${problem}`),
    full: [...new Set(full)].map((problem) => `${host}: ${problem}`),
    current: one('current'),
    releases: all('release'),
    files: all('file'),
    history: readHistory(all('attempt'), one('current')),
    containers: all('container')
      .map(readContainer)
      .filter((container): container is Container => container !== undefined),
  };
}

function dockerProblem(error: string, user: string): string {
  if (/permission denied/i.test(error)) {
    return `${user} may not use Docker: add the user to the group docker (\`sudo usermod --append --groups docker ${user}\`)`;
  }
  return `Docker does not answer: ${error.replace(/^ERROR: /, '').trim()}`;
}

function isOld(version: string): boolean {
  const parts = version.replace(/^v/, '').split(/[.-]/).map(Number);
  for (const [index, needed] of oldestCompose.entries()) {
    const part = parts[index] ?? 0;
    if (part !== needed) return part < needed;
  }
  return false;
}

/** What to do about a file that is not there. @param path in the repository, or absolute */
export type Remedy = (path: string) => string;

export const deployRemedy: Remedy = (path) =>
  path.startsWith('/')
    ? 'create it on the server, or change the mount'
    : 'create it on the server, write it with env-files, or track it in git';

/** Reads what the `resolve` program printed. @param root of the application on the server. */
export function readResolution(host: string, output: string, root: string, remedy = deployRemedy): Resolution {
  const facts = readFacts(output);
  const all = (name: string): readonly (readonly string[])[] =>
    (facts.get(name) ?? []).map((value) => value.split('\t'));
  const undefinedNames = [...new Set(all('undefined').map(([name]) => name))];
  const replicas = readReplicas(facts);
  return {
    host,
    problems: [
      ...undefinedNames.map(
        (name) =>
          `${host}: the variable ${name} is not set: add it to ${root}/shared/.env, or give it a default in the compose file: \${${name}:-…}`,
      ),
      ...all('dollar').map(
        ([file = '']) =>
          `${host}: ${file === '' ? 'an env file' : `the env file ${file}`} has a value with a $ that Compose takes for a variable: put the value into single quotes there`,
      ),
      ...missingFiles(all('missing')).map(
        ([name, why]) => `${host}: ${place(name, root)} is missing (${why}): ${remedy(name)}`,
      ),
      ...all('unpinned').map(
        ([service, image]) =>
          `${host}: nobody looked up the digest of ${image || 'what it builds'}, the image of ${service}: is that service in a profile which COMPOSE_PROFILES in ${root}/shared/.env activates? Take it out there, or name the profile in the input profiles`,
      ),
    ],
    // A service of which there is to be no container is there to be run by hand: nothing waits for it.
    hashes: Object.fromEntries(Object.entries(readHashes(facts)).filter(([service]) => replicas[service] !== 0)),
    replicas,
    shares: grouped(all('shares')),
    changes: grouped(all('changed')),
    created: all('created').map(([name = '']) => name),
  };
}

function missingFiles(rows: readonly (readonly string[])[]): readonly (readonly [string, string])[] {
  const reasons = new Map<string, string>();
  for (const [name = '', why = ''] of rows) reasons.set(name, reasons.has(name) ? `${reasons.get(name)}, ${why}` : why);
  return [...reasons];
}

const place = (name: string, root: string): string => (name.startsWith('/') ? name : `${root}/shared/${name}`);

export const readHashes = (facts: Facts): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (facts.get('hash') ?? []).map((value) => [value.split('\t')[0] ?? '', value.split('\t')[1] ?? '']),
  );

export const readReplicas = (facts: Facts): Readonly<Record<string, number>> =>
  Object.fromEntries(
    (facts.get('replicas') ?? []).map((value) => [value.split('\t')[0] ?? '', Number(value.split('\t')[1] ?? '1')]),
  );

function grouped(rows: readonly (readonly string[])[]): Readonly<Record<string, readonly string[]>> {
  const groups = new Map<string, readonly string[]>();
  for (const [key = '', value = ''] of rows) groups.set(key, [...(groups.get(key) ?? []), value]);
  return Object.fromEntries(groups);
}

/** Reads what the `reopen` program printed. */
export function readReopened(host: string, output: string, root: string): Reopened {
  const facts = readFacts(output);
  const missingImages = facts.get('missing-image') ?? [];
  const remedy: Remedy = (path) =>
    path.startsWith(`${root}/files/`)
      ? 'it was shipped with this release; deploy the commit again (allow-older), or roll back to another release'
      : 'put it back on the server, or roll back to another release';
  return { ...readResolution(host, output, root, remedy), json: facts.get('json')?.[0] ?? '', missingImages };
}
