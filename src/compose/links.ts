import { dirname, join } from 'node:path/posix';
import type { Tracked } from './ship.ts';

const link = '120000';
/** A kernel gives up there, too. */
const most = 40;

/**
 * Where a path of the repository leads through the links that git tracks, or why it leads nowhere. What Docker mounts is
 * what is behind a link; links inside of a folder are mounted as they are.
 * @param target of a link
 */
export async function followLinks(
  path: string,
  tracked: Tracked,
  target: (path: string) => Promise<string>,
): Promise<{ readonly real: string } | { readonly problem: string }> {
  let real = path;
  for (let count = 0; count < most; count++) {
    const found = ancestors(real).find((name) => tracked.get(name) === link);
    if (found === undefined) return { real };
    const to = await target(found);
    const next = to.startsWith('/') ? to : join(dirname(found), to, real.slice(found.length));
    if (next.startsWith('/') || next === '..' || next.startsWith('../'))
      return {
        problem: `the link ${found} leads to ${to}, outside the repository: name that path in the compose file`,
      };
    real = next.replace(/\/$/, '');
  }
  return { problem: `the link ${path} leads in a circle` };
}

/** `a/b` → `a`, `a/b` */
function ancestors(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
