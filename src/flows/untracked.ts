import { join, relative } from 'node:path/posix';
import { gitFiltered, gitUntracked } from '../commands/git.ts';
import { dockerfileOf } from '../compose/build-inputs.ts';
import { dockerignore } from '../compose/dockerignore.ts';
import { isLfsPointer } from '../compose/ship.ts';
import type { Command } from '../model/command.ts';
import type { Checkout } from './checkout.ts';
import { must, type Session } from './session.ts';

/** How many names a remark lists. */
const most = 8;

/**
 * Warns once about files in the build contexts that git does not know but a build would use: the image of the commit may
 * contain more than the commit. Or less, if Git LFS has not fetched a file.
 */
export async function noteUntracked(session: Session, checkout: Checkout): Promise<void> {
  const { top, model } = checkout;
  const { log, files } = session.ports;
  const found = new Set<string>();
  const pointers = new Set<string>();
  for (const build of Object.values(model.builds)) {
    const folder = build['context'];
    if (typeof folder !== 'string' || !folder.startsWith('/')) continue;
    const context = relative(top, folder);
    if (context.startsWith('..')) continue;
    const excluded = dockerignore(await ignoreFile(session, top, context, dockerfileOf(build, top)));
    const inContext = async (title: string, list: Command): Promise<readonly string[]> =>
      (await must(session, title, list)).stdout
        .split('\0')
        .filter((path) => path !== '' && !excluded(context === '' ? path : path.slice(context.length + 1)));
    for (const path of await inContext('list untracked files', gitUntracked(top, context || '.'))) found.add(path);
    for (const path of await inContext('list the files of Git LFS', gitFiltered(top, context)))
      if (isLfsPointer((await files.start(join(top, path))) ?? new Uint8Array())) pointers.add(path);
  }
  if (found.size > 0)
    log.warn(
      `not in git, but in the build context: ${namesOf(found)}. Add what the image does not need to .dockerignore`,
    );
  if (pointers.size > 0)
    log.warn(
      `Git LFS pointers in the build context, not the files themselves: ${namesOf(pointers)}. Set \`lfs: true\` on actions/checkout, or add what the image does not need to .dockerignore`,
    );
}

function namesOf(found: ReadonlySet<string>): string {
  const names = [...found].sort();
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}

/** The Dockerfile's own .dockerignore, if there is one, otherwise that of the context. */
async function ignoreFile({ ports }: Session, top: string, context: string, dockerfile?: string): Promise<string> {
  const own = dockerfile === undefined ? undefined : await ports.files.read(join(top, `${dockerfile}.dockerignore`));
  const bytes = own ?? (await ports.files.read(join(top, context, '.dockerignore')));
  return new TextDecoder().decode(bytes ?? new Uint8Array());
}
