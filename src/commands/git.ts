import type { Command } from '../model/command.ts';

/** Top folder, commit, its date, the branch (or HEAD when detached), and where it was cloned from, a line each. */
export const gitFacts: Command = {
  argv: [
    'sh',
    '-c',
    'git rev-parse --show-toplevel && git log -1 --format=%H%n%cI && git rev-parse --abbrev-ref HEAD && { git remote get-url origin 2>/dev/null || true; }',
    'korrigo-git',
  ],
};

/** Everything git tracks below the top folder: `<mode> <object> <stage>\t<path>`, ended by NUL. */
export function gitTracked(top: string): Command {
  return { argv: ['git', 'ls-files', '-z', '--stage'], cwd: top };
}

export function gitModified(top: string): Command {
  return { argv: ['git', 'status', '--porcelain', '--untracked-files=no'], cwd: top };
}
