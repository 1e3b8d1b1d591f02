/** Does to the action what GitHub's runner does: inputs and files in the environment, the main program, then post. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InputName, inputNames, inputOf } from '../../src/config/inputs.ts';
import { dist, node24, type Outcome, type Running, runProcess, startProcess, type Texts } from '../support/korrigo.ts';

export type Inputs = Readonly<Partial<Record<InputName, string>>>;

export type Step = Running & {
  /** RUNNER_TEMP. */
  readonly temporary: string;
  outputs(): Texts;
  summary(): string;
  /** What the step wrote for later steps: environment and PATH. */
  exported(): string;
  /** Runs dist/post.js with the state that the main program saved. */
  post(): Promise<Outcome>;
  remove(): void;
};

const fileNames = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY', 'GITHUB_ENV', 'GITHUB_PATH'] as const;

/** @param cwd the workspace. @param env of the step, and of the job. */
export function startStep(cwd: string, inputs: Inputs, env: Texts): Step {
  const temporary = mkdtempSync(join(cwd, '../runner-'));
  const file = (name: string): string => join(temporary, name);
  mkdirSync(file('_temp'));
  for (const name of fileNames) writeFileSync(file(name), '');
  writeFileSync(file('event.json'), JSON.stringify({ repository: { default_branch: 'main' } }));
  const all = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'octocat',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_EVENT_PATH: file('event.json'),
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_RUN_ID: '42',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_WORKSPACE: cwd,
    RUNNER_TEMP: file('_temp'),
    RUNNER_OS: 'Linux',
    ...Object.fromEntries(fileNames.map((name) => [name, file(name)])),
    // The runner sets every input that action.yml lists; a default stands for one that was not given.
    ...Object.fromEntries(inputNames.map((name) => [inputVariable(name), inputs[name] ?? inputOf(name).default ?? ''])),
    ...env,
  };
  const running = startProcess([node24, join(dist, 'index.js')], cwd, all);
  const read = (name: (typeof fileNames)[number]): string => readFileSync(file(name), 'utf8');
  return {
    ...running,
    temporary: file('_temp'),
    outputs: () => entriesOf(read('GITHUB_OUTPUT')),
    summary: () => read('GITHUB_STEP_SUMMARY'),
    exported: () => `${read('GITHUB_ENV')}${read('GITHUB_PATH')}`,
    post: async () => {
      const state = Object.entries(entriesOf(read('GITHUB_STATE'))).map(([name, value]) => [`STATE_${name}`, value]);
      return await runProcess([node24, join(dist, 'post.js')], cwd, { ...all, ...Object.fromEntries(state) });
    },
    remove: () => rmSync(temporary, { recursive: true, force: true }),
  };
}

const inputVariable = (name: string): string => `INPUT_${name.toUpperCase().replaceAll(' ', '_')}`;

/** `name<<delimiter`, lines, `delimiter`; what comes later wins. */
function entriesOf(text: string): Texts {
  const entries = text.matchAll(/^([\w-]+)<<(ghadelimiter_\S+)\n([\s\S]*?)\n\2$/gm);
  return Object.fromEntries([...entries].map(([, name = '', , value = '']) => [name, value]));
}
