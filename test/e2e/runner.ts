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

/** @param cwd the workspace. @param env of the step, and of the job. @param bundle the folder dist of the action. */
export function startStep(cwd: string, inputs: Inputs, env: Texts, bundle = dist): Step {
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
  const running = startProcess([node24, join(bundle, 'index.js')], cwd, all);
  const read = (name: (typeof fileNames)[number]): string => readFileSync(file(name), 'utf8');
  return {
    ...running,
    temporary: file('_temp'),
    outputs: () => entriesOf(read('GITHUB_OUTPUT')),
    summary: () => read('GITHUB_STEP_SUMMARY'),
    exported: () => `${read('GITHUB_ENV')}${read('GITHUB_PATH')}`,
    post: async () => {
      const state = Object.entries(entriesOf(read('GITHUB_STATE'))).map(([name, value]) => [`STATE_${name}`, value]);
      return await runProcess([node24, join(bundle, 'post.js')], cwd, { ...all, ...Object.fromEntries(state) });
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

export type WorkflowCommand = { readonly name: string; readonly properties: string; readonly value: string };

/** The lines that the runner would take as commands, and those that it shows. */
export function readLog(text: string): {
  readonly commands: readonly WorkflowCommand[];
  readonly shown: readonly string[];
} {
  const commands: WorkflowCommand[] = [];
  const shown: string[] = [];
  let stopped: string | undefined;
  for (const line of text.split('\n')) {
    const [, name = '', properties = '', value = ''] = /^\s*::([\w-]+)(?: (.*?))?::(.*)$/.exec(line) ?? [];
    if (stopped !== undefined) {
      if (line.trim() === `::${stopped}::`) stopped = undefined;
      else shown.push(line);
    } else if (name === 'stop-commands') stopped = value;
    // The old form is a command wherever it stands in a line.
    else if (name !== '') commands.push({ name, properties, value: unescaped(value) });
    else if (line.includes('##[')) commands.push({ name: '##[', properties: '', value: line });
    else shown.push(line);
  }
  return { commands, shown };
}

const unescaped = (value: string): string =>
  value.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
