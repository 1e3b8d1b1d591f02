import { dirname, join } from 'node:path/posix';
import { absentRemedy, type Tracked } from './ship.ts';

const link = '120000';
/** The kernel stops after that many, too. */
const most = 40;

/**
 * Where a path in the repository leads through the symlinks that git tracks, or why it leads nowhere. Docker mounts
 * the target of a link; links inside a folder are mounted as they are.
 * @param target of a link; undefined if it is not a link
 */
export async function followLinks(
  path: string,
  tracked: Tracked,
  target: (path: string) => Promise<string | undefined>,
): Promise<{ readonly real: string } | { readonly problem: string }> {
  let real = path;
  for (let count = 0; count < most; count++) {
    const found = ancestors(real).find((name) => tracked.get(name) === link);
    if (found === undefined) return { real };
    const to = await target(found);
    if (to === undefined) return { problem: `the symlink ${found} ${absentRemedy}` };
    const next = to.startsWith('/') ? to : join(dirname(found), to, real.slice(found.length));
    if (next.startsWith('/') || next === '..' || next.startsWith('../'))
      return {
        problem: `the symlink ${found} points to ${to}, outside the repository: name that path in the compose file`,
      };
    real = next.replace(/\/$/, '');
  }
  return { problem: `the symlink ${path} leads back to itself` };
}

/** `a/b` → `a`, `a/b` */
function ancestors(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
