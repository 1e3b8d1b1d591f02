/** A small application with its runner and its servers, all of them fakes: for tests of what a whole run does. */
import type { Config } from '../../src/config/config.ts';
import type { RunPorts } from '../../src/flows/session.ts';
import type { Files } from '../../src/hosts/files.ts';
import type { Command } from '../../src/model/command.ts';
import type { Release } from '../../src/model/release.ts';
import type { Container } from '../../src/model/state.ts';
import type { HostSpec } from '../../src/model/target.ts';
import { commit, containerOf, digest, factsOf, inspectFacts, releaseOf } from './builders.ts';
import {
  type Answer,
  type CollectedLog,
  collectedLog,
  type FakeClock,
  type FakeHost,
  fakeClock,
  fakeHost,
  nameOf,
} from './fakes.ts';

type Answers = Readonly<Record<string, Answer | ((command: Command) => Answer | Promise<Answer>)>>;

const answering =
  (answers: Answers) =>
  (command: Command): Answer | Promise<Answer> => {
    const answer = answers[nameOf(command)] ?? {};
    return typeof answer === 'function' ? answer(command) : answer;
  };

const facts = (...rows: readonly (readonly string[])[]): Answer => ({
  stdout: factsOf(...rows),
});

/** What `observe` prints of a server that is fit, and what else it knows. */
export const observed = (...more: readonly (readonly string[])[]): Answer =>
  facts(['user', 'deploy'], ['docker', '26.1.5'], ['compose', '2.26.1'], ['disk-root', '41943040 /opt'], ...more);

export const resolved = (...more: readonly (readonly string[])[]): Answer =>
  facts(['hash', 'web', 'hash-of-web'], ['hash', 'cache', 'hash-of-cache'], ...more);

/** What `inspect` and `observe` print of a container. */
export function containerLine(overrides: Partial<Container> = {}): string {
  const { id, name, image, service, configHash, oneOff, status, exitCode, startedAt, restarts, health, healthOutput } =
    containerOf(overrides);
  return JSON.stringify({
    id,
    name: `/${name}`,
    image,
    labels: [service, configHash, oneOff ? 'True' : 'False'],
    restarts,
    state: {
      Status: status,
      ExitCode: exitCode,
      StartedAt: startedAt,
      ...(health === 'none' ? {} : { Health: { Status: health, Log: [{ Output: healthOutput }] } }),
    },
  });
}

/** What `inspect` prints when the containers are these; by default all is well. */
export const inspected = (...containers: readonly string[]): Answer => ({
  stdout: inspectFacts(
    1_770_100_000,
    ...(containers.length > 0 ? containers : [containerLine(), containerLine({ service: 'cache' })]),
  ),
});

/** A server on which everything succeeds, but for what a test says. */
export function server(name: string, answers: Answers = {}): FakeHost {
  return fakeHost(
    name,
    answering({
      'korrigo-observe': observed(),
      'korrigo-resolve': resolved(),
      'korrigo-inspect': inspected(),
      ...answers,
    }),
  );
}

export const files = {
  'compose.yml': 'name: shop\nservices:\n  web: {build: .}\n  cache: {image: redis:7}\n',
  'compose.test.yml': 'services: {}\n',
  'site.conf': 'colour = blue\n',
};

const model = {
  name: 'shop',
  services: {
    web: { build: { context: '/src' }, volumes: [{ type: 'bind', source: '/src/site.conf', read_only: true }] },
    cache: { image: 'redis:7' },
  },
};
const { images } = releaseOf();

/** The machine of the run: git, Compose and bake answer as for the application. */
function runner(answers: Answers): FakeHost {
  const tracked = Object.keys(files).map((path) => `100644 1a 0\t${path}\0`);
  return fakeHost(
    'local',
    answering({
      'korrigo-git': { stdout: `/src\n${commit}\n2026-02-03T04:00:00Z\nmain\n` },
      'git ls-files': { stdout: tracked.join('') },
      'docker compose': ({ argv }) => (argv.includes('config') ? { stdout: JSON.stringify(model) } : {}),
      'cat /scratch/metadata.json': {
        stdout: JSON.stringify({
          web: {
            'image.name': 'registry.example.com/shop-web:main,registry.example.com/shop-web:latest',
            'containerimage.digest': digest('1'),
          },
        }),
      },
      'korrigo-pin': facts(['pinned', 'redis:7', images['cache'] ?? '']),
      ...answers,
    }),
  );
}

/** A file system that holds these files below /src. */
function memory(contents: Readonly<Record<string, string>>): Files {
  const below = (path: string): readonly string[] =>
    Object.keys(contents).filter((file) => `/src/${file}` === path || `/src/${file}`.startsWith(`${path}/`));
  return {
    read: async (path) => {
      const content = contents[path.replace('/src/', '')];
      return content === undefined ? undefined : new TextEncoder().encode(content);
    },
    link: async () => '',
    exists: async (path) => below(path).length > 0,
    list: async (path) =>
      below(path).map((file) => ({ path: `/src/${file}`.slice(path.length + 1), kind: 'file' as const })),
  };
}

export type Surroundings = {
  readonly servers?: readonly FakeHost[];
  readonly runner?: Answers;
  readonly files?: Readonly<Record<string, string>>;
  readonly overrides?: Partial<Omit<RunPorts, 'local' | 'log' | 'clock'>>;
};

export type Scene = RunPorts & {
  readonly log: CollectedLog;
  readonly clock: FakeClock;
  readonly local: FakeHost;
  readonly remembered: readonly Command[];
};

/** The ports of a run in these surroundings. A host that is not among the servers cannot be reached. */
export function scene({
  servers = [],
  runner: answers = {},
  files: contents = files,
  overrides = {},
}: Surroundings = {}): Scene {
  const remembered: Command[] = [];
  let nonces = 0;
  return {
    local: runner(answers),
    connect: async ({ name }: HostSpec, _config: Config) => {
      const found = servers.find((host) => host.name === name);
      if (found === undefined) throw new Error(`nobody thought of ${name}`);
      return found;
    },
    files: memory(contents),
    cwd: '/src',
    scratch: '/scratch',
    env: {},
    nonce: () => `00${++nonces}`,
    ref: { ref: 'main', defaultBranch: 'main', source: undefined, actor: 'ada', run: undefined },
    remember: (cleanUp) => void remembered.push(cleanUp),
    remembered,
    ask: async () => 200,
    signal: new AbortController().signal,
    ...overrides,
    log: collectedLog(),
    clock: fakeClock(),
  };
}

/** The release that a push of the application ends in, at the time of the fake clock. */
export const pushed = (overrides: Partial<Release> = {}): Release =>
  releaseOf({ images: { cache: images['cache'] ?? '', web: images['web'] ?? '' }, ...overrides });

/** What a host was asked to run, by name. */
export const programsOf = ({ ran }: FakeHost): readonly string[] =>
  ran.map((command) => (nameOf(command) === 'docker compose' ? `compose ${verbOf(command)}` : nameOf(command)));

const verbOf = ({ argv }: Command): string =>
  argv.find((word) => ['up', 'down', 'config', 'build', 'pull'].includes(word)) ?? '';
