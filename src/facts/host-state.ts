import { readHistory } from '../model/history.ts';
import { parseRelease, type Release } from '../model/release.ts';
import type { HostState } from '../model/state.ts';
import { readContainer } from './containers.ts';
import { readFacts, rowsOf } from './facts.ts';
import { isBefore } from './versions.ts';

const oldestCompose = '2.24.4';
const neededKib = 1024 * 1024;
/** Not even the release fits: that it cannot be sent would be the same problem again. */
const hopelessKib = 8 * 1024;
/** Of /tmp: a login, and lists of what a release has. */
const neededInTmpKib = 16 * 1024;

/** Reads what the `observe` program printed; everything that a deploy cannot work with becomes a problem. */
export function readHostState(host: string, output: string): HostState {
  const facts = readFacts(output);
  const all = (name: string): readonly string[] => facts.get(name) ?? [];
  const one = (name: string): string | undefined => all(name)[0];
  const fatal = [
    ...all('missing-programs').map(
      (programs) => `not installed: ${programs.trim().split(' ').join(', ')} (see docs/server.md)`,
    ),
    ...(facts.has('podman')
      ? ['the docker command is Podman, which is not supported: install Docker Engine and the Compose plugin']
      : all('docker-error').map((error) => dockerProblem(error, one('user') ?? 'the deploy user', all('docker-set')))),
    // If sudo refuses, that says nothing about Compose.
    ...(facts.has('compose-missing') && !all('docker-error').some((error) => /sudo/i.test(error))
      ? ['Docker Compose is not installed: install the Compose plugin, 2.24.4 or later']
      : []),
    ...all('compose')
      .filter((version) => isBefore(version, oldestCompose))
      .map((version) => `Docker Compose ${version} is too old: 2.24.4 or later is required`),
    ...(facts.has('no-tmp')
      ? [`${one('user')} cannot write to /tmp, where logins and temporary files go: \`sudo install -d -m 1777 /tmp\``]
      : []),
    ...all('disk-tmp').flatMap((fact) => {
      const [free = ''] = fact.split(' ');
      return free !== '' && Number(free) < neededInTmpKib
        ? [`only ${Math.floor(Number(free) / 1024)} MiB free at /tmp: a deploy needs at least 16 MiB`]
        : [];
    }),
    ...all('not-writable').map(
      (folder) =>
        `${one('user')} cannot write to ${folder}: create the application's folder there, owned by this user, or set path`,
    ),
    ...all('not-owned').map((fact) => notOwned(fact, one('user') ?? 'the deploy user')),
    ...all('current-folder').map(
      (path) =>
        `${path} is a folder, but must be a link to the release that runs: \`mv ${path} ${path}.old\`, then \`ln -s releases/<id> ${path}\``,
    ),
    ...all('current-lost').map((fact) => lostRelease(fact, all('release'))),
  ];
  const full = [...all('disk-images'), ...all('disk-root')].flatMap((fact) => {
    const [free = '', path = ''] = fact.split(' ');
    return free !== '' && Number(free) < neededKib
      ? [`only ${Math.round(Number(free) / 1024)} MiB free at ${path}: a deploy needs at least 1 GiB`]
      : [];
  });
  const isHopeless = all('disk-root').some((fact) => /^\d/.test(fact) && Number.parseInt(fact, 10) < hopelessKib);
  const inodes = all('inodes').map((fact) => {
    const [number = '', path = ''] = fact.split(' ');
    return `only ${number} inodes left on the disk of ${path} (\`df -i ${path}\`): delete files there`;
  });
  const [byHand] = rowsOf(facts, 'by-hand').map(([folder = '', changed = '', ...options]) => ({
    folder,
    options,
    changed: changed.split(' ').filter((service) => service !== ''),
  }));
  return {
    host,
    fatal: fatal.length > 0 || output === '' || isHopeless,
    problems: fatal.map((problem) => `${host}: ${problem}`),
    full: [...new Set([...full, ...inodes])].map((problem) => `${host}: ${problem}`),
    warnings: all('docker-config').map(
      (said) =>
        `${host}: Docker cannot read its configuration, and works without it: ${said.replace(/^\((.*)\)(?=: )/, '$1')}. Correct or remove that file; logins to registries in it do not count`,
    ),
    place: one('place'),
    current: one('current'),
    currentRelease: releaseIn(one('json')),
    releases: all('release'),
    files: all('file'),
    history: readHistory(all('attempt'), one('current')),
    kernel: one('kernel') ?? '',
    docker: one('docker'),
    compose: one('compose'),
    asks: facts.has('asks'),
    freeKib: Number(one('memory')) || undefined,
    time: Number(one('time')) || undefined,
    networkIds: all('network-id'),
    byHand,
    containers: all('container')
      .map(readContainer)
      .filter((container) => container !== undefined),
  };
}

function releaseIn(json: string | undefined): Release | undefined {
  const parsed = json === undefined ? undefined : parseRelease(json);
  return parsed !== undefined && 'release' in parsed ? parsed.release : undefined;
}

function notOwned(fact: string, user: string): string {
  const [, owner = '', path = ''] = /^(\S*) (.*)$/.exec(fact) ?? [];
  return `${user} may not use ${path}, which belongs to ${owner}: \`sudo chown -R ${user} ${path}\``;
}

/** Without it a failed deploy would be undone as a first one is: by removing everything that runs. */
function lostRelease(fact: string, releases: readonly string[]): string {
  const [link = '', target = ''] = fact.split(' -> ');
  const remedy =
    releases.length === 0
      ? `\`rm ${link}\`, and the next deploy is the first one`
      : `\`ln -sfn releases/<id> ${link}\`, with the last that ran of ${releases.join(', ')}`;
  return `the current release is missing, so a failed deploy could not be rolled back: ${link} leads to ${target}, which is not there or has no compose.yml. ${remedy}`;
}

/** @param settings what the session sets of Docker, as assignments */
function dockerProblem(error: string, user: string, settings: readonly string[]): string {
  const known = dockerProblems.find(({ looksLike }) => looksLike.test(error));
  if (known !== undefined) return known.problem(user);
  const problem = `Docker is not responding: ${error.replace(/^ERROR: /, '').trim()}`;
  return settings.length === 0
    ? problem
    : `${problem} (${settings.join(' and ')}, set by a login file of ${user} such as ~/.bashrc: correct it there)`;
}

const toGroup = (user: string): string =>
  `add the user to the group docker (\`sudo usermod --append --groups docker ${user}\`)`;
const withoutSudo = (user: string): string =>
  `${toGroup(user)}, and let docker run without sudo: \`command -v docker\` shows what runs instead`;

/** What is known to keep a user from Docker. A docker that is a program around sudo speaks as sudo does. */
const dockerProblems: readonly { readonly looksLike: RegExp; readonly problem: (user: string) => string }[] = [
  {
    looksLike: /password is required|terminal is required|no tty present|no askpass|must have a tty/i,
    problem: (user) => `docker runs through sudo, which wants a password or a terminal: ${withoutSudo(user)}`,
  },
  {
    looksLike: /sudoers|is not allowed to (?:execute|run)|^sudo: /i,
    problem: (user) => `docker runs through sudo, which does not let ${user} run it: ${withoutSudo(user)}`,
  },
  { looksLike: /permission denied/i, problem: (user) => `${user} is not allowed to use Docker: ${toGroup(user)}` },
];
