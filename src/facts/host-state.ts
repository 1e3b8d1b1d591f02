import { readHistory } from '../model/history.ts';
import { parseRelease, type Release } from '../model/release.ts';
import type { HostState } from '../model/state.ts';
import { readContainer } from './containers.ts';
import { readFacts } from './facts.ts';

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
    ...(facts.has('podman')
      ? ['docker is Podman there, which is not supported: install Docker Engine and the Compose plugin']
      : all('docker-error').map((error) => dockerProblem(error, one('user') ?? 'the deploy user'))),
    ...(facts.has('compose-missing')
      ? ['Docker Compose is not installed: install the Compose plugin, 2.24.4 or later']
      : []),
    ...all('compose')
      .filter(isOld)
      .map((version) => `Docker Compose ${version} is too old: 2.24.4 or later is required`),
    ...all('not-writable').map(
      (folder) =>
        `${one('user')} cannot write to ${folder}: create the application's folder there, owned by this user, or set path`,
    ),
  ];
  const full = [...all('disk-images'), ...all('disk-root')].flatMap((fact) => {
    const [free = '', path = ''] = fact.split(' ');
    return free !== '' && Number(free) < neededKib
      ? [`only ${Math.round(Number(free) / 1024)} MiB free at ${path}: a deploy needs at least 1 GiB`]
      : [];
  });
  return {
    host,
    fatal: fatal.length > 0 || output === '',
    problems: fatal.map((problem) => `${host}: ${problem}`),
    full: [...new Set(full)].map((problem) => `${host}: ${problem}`),
    current: one('current'),
    currentRelease: releaseIn(one('json')),
    releases: all('release'),
    files: all('file'),
    history: readHistory(all('attempt'), one('current')),
    kernel: one('kernel') ?? '',
    asks: facts.has('asks'),
    freeKib: Number(one('memory')) || undefined,
    containers: all('container')
      .map(readContainer)
      .filter((container) => container !== undefined),
  };
}

function releaseIn(json: string | undefined): Release | undefined {
  const parsed = json === undefined ? undefined : parseRelease(json);
  return parsed !== undefined && 'release' in parsed ? parsed.release : undefined;
}

function dockerProblem(error: string, user: string): string {
  if (/permission denied/i.test(error)) {
    return `${user} is not allowed to use Docker: add the user to the group docker (\`sudo usermod --append --groups docker ${user}\`)`;
  }
  return `Docker is not responding: ${error.replace(/^ERROR: /, '').trim()}`;
}

function isOld(version: string): boolean {
  const parts = version.replace(/^v/, '').split(/[.-]/).map(Number);
  for (const [index, needed] of oldestCompose.entries()) {
    const part = parts[index] ?? 0;
    if (part !== needed) return part < needed;
  }
  return false;
}
