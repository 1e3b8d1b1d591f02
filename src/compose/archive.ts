import { pack } from 'tar-stream';
import type { Content } from '../model/command.ts';
import { bytesOf } from '../model/command.ts';
import type { Item } from './ship.ts';

export type ArchiveFile = {
  readonly path: string;
  readonly content: Content;
  readonly mode: number;
  readonly link?: boolean;
  /** A folder, which may be empty. */
  readonly folder?: boolean;
  /** When it was changed last, in seconds since 1970. A web server uses it to distinguish an old page from a new one. */
  readonly changed?: number;
};

/** What `ship` unpacks: `files/` (content-addressed), `release/` (the release's own folder), `shared/` (written files). */
export function itemFiles({ place, entries }: Item): readonly ArchiveFile[] {
  return entries.map(({ path, kind, content, changed }) => ({
    path: path === '' ? place : `${place}/${path}`,
    content,
    mode: kind === 'executable' ? 0o755 : 0o644,
    link: kind === 'link',
    ...(changed === undefined ? {} : { changed }),
  }));
}

/**
 * What `ship` reads of items that a server has already: seconds, tab, file. Content that comes back after another one is
 * newer than that.
 */
export function timesTable(items: readonly Item[]): string {
  return items
    .flatMap(itemFiles)
    .filter(({ link, path }) => !link && !path.includes('\n'))
    .map(({ path, changed = 0 }) => `${changed}\t${path}\n`)
    .join('');
}

/** A tar of the files. It may hold secrets: it goes to the stdin of a command, and nowhere else. */
export async function makeArchive(files: readonly ArchiveFile[]): Promise<Uint8Array> {
  const tar = pack();
  const bytes = collect(tar);
  for (const { path, content, mode, link, folder, changed = 0 } of files) {
    const data = Buffer.from(bytesOf(content));
    const mtime = new Date(changed * 1000);
    if (link) tar.entry({ name: path, type: 'symlink', linkname: data.toString(), mtime });
    else if (folder) tar.entry({ name: path, type: 'directory', mode, mtime });
    else tar.entry({ name: path, mode, mtime }, data);
  }
  tar.finalize();
  return await bytes;
}

async function collect(stream: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}
