import { join, relative } from 'node:path/posix';
import { gitUntracked } from '../commands/git.ts';
import { dockerfileOf } from '../compose/build-inputs.ts';
import { dockerignore } from '../compose/dockerignore.ts';
import type { Checkout } from './checkout.ts';
import { must, type Session } from './session.ts';

/** How many names a remark holds. */
const most = 8;

/**
 * Says once which files of the build contexts git does not know, but a build would find: the image of the commit may hold
 * more than the commit.
 */
export async function noteUntracked(session: Session, checkout: Checkout): Promise<void> {
  const { top, model } = checkout;
  const found = new Set<string>();
  for (const build of Object.values(model.builds)) {
    const folder = build['context'];
    if (typeof folder !== 'string' || !folder.startsWith('/')) continue;
    const context = relative(top, folder);
    if (context.startsWith('..')) continue;
    const excluded = dockerignore(await ignoreFile(session, top, context, dockerfileOf(build, top)));
    const { stdout } = await must(session, 'list untracked files', gitUntracked(top, context || '.'));
    for (const path of stdout.split('\0').filter((name) => name !== ''))
      if (!excluded(context === '' ? path : path.slice(context.length + 1))) found.add(path);
  }
  if (found.size === 0) return;
  const names = [...found].sort();
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  session.ports.log.warn(
    `not in git, but within reach of the build: ${names.slice(0, most).join(', ')}${more}. What does not belong in an image belongs in .dockerignore`,
  );
}

/** That of the Dockerfile, if it has one of its own, else that of the context. */
async function ignoreFile({ ports }: Session, top: string, context: string, dockerfile?: string): Promise<string> {
  const own = dockerfile === undefined ? undefined : await ports.files.read(join(top, `${dockerfile}.dockerignore`));
  const bytes = own ?? (await ports.files.read(join(top, context, '.dockerignore')));
  return new TextDecoder().decode(bytes ?? new Uint8Array());
}
