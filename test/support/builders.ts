/** Values for tests: complete and valid, with what matters to a test written in the test. */
import type { Config } from '../../src/config/config.ts';
import type { InputTexts } from '../../src/config/inputs.ts';
import { readConfig } from '../../src/config/read.ts';
import { ConfigError } from '../../src/errors.ts';
import { factsMarker } from '../../src/facts/rows.ts';
import { shellLine } from '../../src/model/command.ts';
import type { Attempt } from '../../src/model/history.ts';
import type { Plan, Step } from '../../src/model/plan.ts';
import type { Release } from '../../src/model/release.ts';
import type { Report } from '../../src/model/report.ts';
import type { Container, HostState } from '../../src/model/state.ts';

export const commit = 'c0ffee0123456789abcdef0123456789abcdef01';
/** A digest that is told apart by its first digits. */
export const digest = (start: string): string => `sha256:${start.padEnd(64, '0')}`;

/** A deploy on this machine, as the user would ask for it. */
const minimal: InputTexts = {
  command: 'push, deploy',
  registry: 'registry.example.com',
  hosts: 'local',
};

/** What a program of `server/` prints: its marker, and a fact a line. */
export const factsOf = (...rows: readonly (readonly string[])[]): string =>
  [factsMarker, ...rows.map((row) => row.join('\t'))].map((line) => `${line}\n`).join('');

/** What `inspect` prints at this time (in seconds), of the containers on these lines. */
export const inspectFacts = (now: number, ...lines: readonly string[]): string =>
  factsOf(['time', String(now)], ...lines.map((line) => ['container', line]));

type Environment = Readonly<Record<string, string | undefined>>;

/** The configuration that a user gets with these inputs on top of the minimal ones. */
export function configOf(texts: InputTexts = {}, env: Environment = {}): Config {
  return readConfig({ ...minimal, ...texts }, env);
}

/** What is wrong with these inputs; empty when nothing is. */
export function problemsOf(texts: InputTexts, env: Environment = {}): readonly string[] {
  try {
    configOf(texts, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

export function releaseOf(overrides: Partial<Release> = {}): Release {
  return {
    id: '20260203-040506-c0ffee012345',
    commit,
    committedAt: '2026-02-03T04:00:00Z',
    project: 'shop',
    images: {
      web: `registry.example.com/shop-web@${digest('1')}`,
      cache: `docker.io/library/redis@${digest('2')}`,
    },
    built: ['web'],
    ...overrides,
  };
}

/** A container of `web` that runs and has no healthcheck. */
export function containerOf(overrides: Partial<Container> = {}): Container {
  const service = overrides.service ?? 'web';
  return {
    id: `id-of-${service}`,
    name: `shop-${service}-1`,
    service,
    image: releaseOf().images[service] ?? '',
    configHash: `hash-of-${service}`,
    oneOff: false,
    status: 'running',
    exitCode: 0,
    oomKilled: false,
    startedAt: '2026-02-03T04:00:00.5Z',
    restarts: 0,
    restartPolicy: 'no',
    health: 'none',
    healthOutput: '',
    error: '',
    ...overrides,
  };
}

/** A server on which nothing was deployed yet. */
export function stateOf(overrides: Partial<HostState> = {}): HostState {
  return {
    host: 'web1',
    fatal: false,
    problems: [],
    full: [],
    current: undefined,
    releases: [],
    files: [],
    containers: [],
    history: [],
    ...overrides,
  };
}

/** A deploy that succeeded. */
export function attemptOf(overrides: Partial<Attempt> = {}): Attempt {
  const { id, commit: of, committedAt } = releaseOf();
  return {
    time: '2026-02-03T04:06:00.000Z',
    command: 'deploy',
    release: id,
    commit: of,
    committedAt,
    outcome: 'succeeded',
    switched: true,
    previous: undefined,
    allowOlder: false,
    actor: 'ada',
    run: 'https://github.com/acme/shop/actions/runs/7',
    reason: undefined,
    ...overrides,
  };
}

export function reportOf(overrides: Partial<Report> = {}): Report {
  return { commands: ['push', 'deploy'], outcome: 'succeeded', steps: [], seconds: 61.24, hosts: {}, ...overrides };
}

/** A plan as lines: stages, and below each the steps of its hosts with their command lines. */
export function planLines(plan: Plan): string {
  return plan.stages
    .flatMap(({ name, tasks }) => [
      `# ${name}`,
      ...tasks.flatMap(({ host, steps, always = [] }) => [
        ...steps.map((step) => stepLine(host, step)),
        ...always.map((step) => `${stepLine(host, step)} [always]`),
      ]),
    ])
    .join('\n');
}

function stepLine(host: string, step: Step): string {
  const { title } = step;
  if (step.kind === 'write') return `${host}: ${title}: write ${step.path}`;
  const asked =
    step.kind === 'run' ? commandLine(step.command) : 'url' in step.probe ? step.probe.url : commandLine(step.probe);
  return `${host}: ${title}: ${asked}`;
}

/** The shell line, with the text of a program that runs on a server left out: its name stands after it. */
export function commandLine(command: Parameters<typeof shellLine>[0]): string {
  const { argv } = command;
  const named = argv[3]?.startsWith('korrigo-') && argv[1] === '-c';
  return shellLine(named ? { ...command, argv: argv.slice(3) } : command);
}
