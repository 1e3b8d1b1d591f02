/** The example as the repository of a user: examples/korrigo and infra side by side, with a commit (infra/README.md). */
import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { output } from '../../test/bed/process.ts';

const top = join(import.meta.dirname, '../..');

export type Repository = {
  readonly folder: string;
  readonly commit: string;
  /** Applies the kit in next/ as a second commit. Returns the commit, and what it changes as `git diff --stat` says it. */
  readonly next: () => Promise<{ readonly commit: string; readonly changes: readonly string[] }>;
};

export async function newRepository(folder: string): Promise<Repository> {
  const git = async (...args: readonly string[]) => await output(['git', ...args], { cwd: folder, env: own });
  const commit = async (message: string): Promise<string> => {
    await git('add', '--all');
    await git('commit', '--quiet', '--message', message);
    return await git('rev-parse', 'HEAD');
  };
  await cp(join(top, 'examples/korrigo'), folder, { recursive: true, filter });
  await cp(join(top, 'infra'), join(folder, 'infra'), { recursive: true, filter });
  await git('init', '--quiet', '--initial-branch', 'main');
  return {
    folder,
    commit: await commit('Grade exams online'),
    next: async () => {
      await git('apply', 'next/copy-number.patch');
      const next = await commit('Give copies an anonymity number');
      const changes = await git('diff', '--stat=90', 'HEAD~1', 'HEAD');
      return { commit: next, changes: changes.split('\n').map((line) => line.trim()) };
    },
  };
}

/** Whoever runs this may have a signing key, hooks or no name. */
const own = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Korrigo',
  GIT_AUTHOR_EMAIL: 'korrigo@example.com',
  GIT_COMMITTER_NAME: 'Korrigo',
  GIT_COMMITTER_EMAIL: 'korrigo@example.com',
};

/** What working on the example leaves beside it. */
const filter = (path: string): boolean => !['node_modules', 'dist', '__pycache__', '.env'].includes(basename(path));
