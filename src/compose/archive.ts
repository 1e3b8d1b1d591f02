import { pack } from 'tar-stream';
import type { Content } from '../model/command.ts';
import { bytesOf } from '../model/command.ts';
import type { Item } from './ship.ts';

export type ArchiveFile = {
  readonly path: string;
  readonly content: Content;
  readonly mode: number;
  readonly link?: boolean;
};

/** What `ship` unpacks: `files/` (content-addressed), `release/` (the release's own folder), `shared/` (written files). */
export function itemFiles({ place, entries }: Item): readonly ArchiveFile[] {
  return entries.map(({ path, kind, content }) => ({
    path: path === '' ? place : `${place}/${path}`,
    content,
    mode: kind === 'executable' ? 0o755 : 0o644,
    link: kind === 'link',
  }));
}

/** A tar of the files. It may hold secrets: it goes to the stdin of a command, and nowhere else. */
export async function makeArchive(files: readonly ArchiveFile[]): Promise<Uint8Array> {
  const tar = pack();
  const bytes = collect(tar);
  for (const { path, content, mode, link } of files) {
    const data = Buffer.from(bytesOf(content));
    if (link) tar.entry({ name: path, type: 'symlink', linkname: data.toString(), mtime: new Date(0) });
    else tar.entry({ name: path, mode, mtime: new Date(0) }, data);
  }
  tar.finalize();
  return await bytes;
}

async function collect(stream: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}
