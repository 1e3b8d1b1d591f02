import { createHash } from 'node:crypto';
import { basename } from 'node:path/posix';
import type { NamedPath } from './model.ts';

/** Path → git's mode (`100644`, `100755`, `120000`), from the top of the repository. */
export type Tracked = ReadonlyMap<string, string>;

/** Which paths travel with the release, and which stay the server's. Paths start at the top of the repository. */
export type Shipment = {
  readonly shipped: readonly string[];
  readonly problems: readonly string[];
};

/** @param text of `git ls-files -z --stage` */
export function readTracked(text: string): Tracked {
  const rows = text.split('\0').flatMap((row) => {
    const tab = row.indexOf('\t');
    return tab < 0 ? [] : [[row.slice(tab + 1), row.slice(0, 6)] as const];
  });
  return new Map(rows);
}

const placeholders = new Set(['.gitkeep', '.keep', '.gitignore', '.dockerignore']);

export const isUnder = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Tracked content travels; what only the server has stays there; a writable folder with both is ambiguous. */
export function chooseShipped(
  paths: readonly NamedPath[],
  tracked: Tracked,
  serverOwned: readonly string[],
  untracked: readonly string[],
): Shipment {
  const shipped = new Set(untracked);
  const problems: string[] = [];
  for (const { service, path, writable } of paths) {
    if (path === '') {
      problems.push(`${service} mounts the whole repository: mount only the files and folders that it needs`);
      continue;
    }
    if (serverOwned.some((owned) => isUnder(path, owned)) || untracked.some((file) => isUnder(path, file))) continue;
    if (tracked.has(path)) shipped.add(path);
    const content = [...tracked.keys()].filter(
      (file) => file.startsWith(`${path}/`) && !placeholders.has(basename(file)),
    );
    if (content.length === 0) continue;
    if (!writable) shipped.add(path);
    else {
      problems.push(
        `${service} mounts the folder ${path} writable, and git tracks ${content[0]} in it: is it data of the server or part of the release? Add \`:ro\` to the mount to ship it, or list it in server-owned`,
      );
    }
  }
  return { shipped: [...shipped].sort(), problems: [...new Set(problems)] };
}

export type Entry = {
  /** From the shipped path; empty when that is a file itself. */
  readonly path: string;
  readonly kind: 'file' | 'executable' | 'link';
  /** Of a link: its target. */
  readonly content: Uint8Array;
};

/** A shipped file or folder, named after its content: the same content lies on a server once, whatever the release. */
export type Item = {
  readonly path: string;
  /** `files/<hash>/<name>`, below the application's folder. */
  readonly place: string;
  readonly hash: string;
  readonly entries: readonly Entry[];
};

export function makeItem(path: string, entries: readonly Entry[]): Item {
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  // The name is part of it: files of the same content under two names lie in two folders.
  const hash = createHash('sha256').update(`${basename(path)}\0`);
  for (const { path: name, kind, content } of sorted)
    hash.update(`${kind} ${name.length} ${name} ${content.length} `).update(content);
  const digest = hash.digest('hex').slice(0, 16);
  return { path, hash: digest, place: `files/${digest}/${basename(path)}`, entries: sorted };
}
