import type { Command } from '../model/command.ts';

/** Top folder, commit, its date, the branch (or HEAD when detached), subject and author of the commit, and where it was cloned from, a line each. */
export const gitFacts: Command = {
  argv: [
    'sh',
    '-c',
    'git rev-parse --show-toplevel && git log -1 --format=%H%n%cI && git rev-parse --abbrev-ref HEAD && git log -1 --format=%s%n%an && { git remote get-url origin 2>/dev/null || true; }',
    'korrigo-git',
  ],
};

/**
 * Everything git tracks below the top folder, and in the submodules that are checked out: `<mode> <object> <stage>\t<path>`,
 * ended by NUL. A git before 2.36 knows it of the repository alone.
 */
export function gitTracked(top: string): Command {
  const list = 'git ls-files -z --stage';
  return { argv: ['sh', '-c', `${list} --recurse-submodules 2>/dev/null || ${list}`, 'korrigo-tracked'], cwd: top };
}

/** When these paths were changed: see compose/times.ts. In a shallow checkout all of them were in its oldest commit. */
export function gitTimes(top: string, paths: readonly string[]): Command {
  return {
    argv: [
      'git',
      '--literal-pathspecs',
      'log',
      '--format=%x01%ct',
      '--name-only',
      '-z',
      '--no-renames',
      '--',
      ...paths,
    ],
    cwd: top,
  };
}

/** What differs between a commit and the files of the checkout, ended by NUL each. Fails where the commit is not known. */
export function gitChanged(top: string, commit: string, paths: readonly string[]): Command {
  const diff = ['diff', '--name-only', '-z', '--no-renames', '--no-ext-diff', commit, '--', ...paths];
  return { argv: ['git', '--literal-pathspecs', ...diff], cwd: top };
}

/** A file as it was in a commit. Fails where it was not there. */
export function gitShow(top: string, commit: string, path: string): Command {
  return { argv: ['git', 'show', `${commit}:${path}`], cwd: top };
}

/** What git does not track below a folder, ignored or not, ended by NUL each; a folder of such files alone is one, and ends in `/`. */
export function gitUntracked(top: string, folder: string): Command {
  const list = ['ls-files', '-z', '--others', '--directory', '--no-empty-directory', '--', folder];
  return { argv: ['git', '--literal-pathspecs', ...list], cwd: top };
}

/** What of a folder Git LFS has in its care, ended by NUL each. */
export function gitFiltered(top: string, folder: string): Command {
  return { argv: ['git', 'ls-files', '-z', '--', `:(top,literal,attr:filter=lfs)${folder}`], cwd: top };
}

export function gitModified(top: string): Command {
  return { argv: ['git', 'status', '--porcelain', '--untracked-files=no'], cwd: top };
}
