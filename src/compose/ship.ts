import { createHash } from 'node:crypto';
import { basename } from 'node:path/posix';
import type { NamedPath } from './model.ts';

/** Path → git's mode (`100644`, `100755`, `120000`), from the top of the repository. */
export type Tracked = ReadonlyMap<string, string>;

/** A path to ship, and where the checkout has it: elsewhere if it is behind a link. */
export type Shipped = { readonly path: string; readonly real: string };

/** Which paths are shipped, and which stay the server's. Paths start at the top of the repository. */
export type Shipment = {
  readonly shipped: readonly Shipped[];
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

/** A submodule that is not checked out is tracked as a commit, without its content. */
const submodule = '160000';

/** The submodule, not checked out, that contains the path or is below it. */
export function absentSubmodule(path: string, tracked: Tracked): string | undefined {
  return [...tracked].find(([name, mode]) => mode === submodule && (isUnder(path, name) || isUnder(name, path)))?.[0];
}

export const submoduleRemedy = (name: string): string =>
  `is in the submodule ${name}, which is not checked out: set \`submodules: true\` on actions/checkout`;

/** Tracked content is shipped; what only the server has stays there; a writable folder with both is ambiguous. */
export function chooseShipped(
  paths: readonly (NamedPath & { readonly real?: string })[],
  tracked: Tracked,
  serverOwned: readonly string[],
  untracked: readonly string[],
): Shipment {
  const shipped = new Map(untracked.map((path) => [path, path]));
  const problems: string[] = [];
  for (const { service, path, writable, volume, real = path } of paths) {
    if (path === '') {
      problems.push(`${service} mounts the whole repository: mount only the files and folders that it needs`);
      continue;
    }
    if (serverOwned.some((owned) => isUnder(path, owned)) || untracked.some((file) => isUnder(path, file))) continue;
    const absent = absentSubmodule(real, tracked);
    if (absent !== undefined) {
      problems.push(`${service} mounts ${path}, which ${submoduleRemedy(absent)}`);
      continue;
    }
    const isFile = tracked.has(real);
    const content = [...tracked.keys()].filter(
      (file) => file.startsWith(`${real}/`) && !placeholders.has(basename(file)),
    );
    if (!isFile && content.length === 0) continue;
    if (volume !== undefined)
      problems.push(
        `the volume ${volume} of ${service} has the device ${path}, and git tracks ${content[0] ?? path}: Docker keeps the device that a volume was created with, so the next release would not be seen; mount the path itself, with \`:ro\`, or list it in server-owned`,
      );
    else if (isFile || !writable) shipped.set(path, real);
    else
      problems.push(
        `${service} mounts the folder ${path} writable, but git tracks ${content[0]} in it: is it data or part of the release? Add \`:ro\` to the mount to ship it, or list it in server-owned`,
      );
  }
  const sorted = [...shipped].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { shipped: sorted.map(([path, real]) => ({ path, real })), problems: [...new Set(problems)] };
}

export type Entry = {
  /** Relative to the shipped path; empty if that is a file itself. */
  readonly path: string;
  readonly kind: 'file' | 'executable' | 'link';
  /** For a link: its target. */
  readonly content: Uint8Array;
  /** When it was last changed, in seconds since 1970. */
  readonly changed?: number;
};

/** A shipped file or folder, named after its content: a server stores the same content only once, for all releases. */
export type Item = {
  readonly path: string;
  /** `files/<hash>/<name>`, below the application's folder. */
  readonly place: string;
  readonly hash: string;
  readonly entries: readonly Entry[];
};

export function makeItem(path: string, entries: readonly Entry[]): Item {
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  // The name is part of it: the same content under two names is in two folders.
  const hash = createHash('sha256').update(`${basename(path)}\0`);
  for (const { path: name, kind, content } of sorted)
    hash.update(`${kind} ${name.length} ${name} ${content.length} `).update(content);
  const digest = hash.digest('hex').slice(0, 16);
  return { path, hash: digest, place: `files/${digest}/${basename(path)}`, entries: sorted };
}

/** Git LFS leaves a small text file instead of a file that was not fetched. */
export function isLfsPointer(content: Uint8Array): boolean {
  return content.length < 1024 && startOf(content).startsWith('version https://git-lfs.github.com/spec/');
}

const startOf = (content: Uint8Array): string => new TextDecoder().decode(content.subarray(0, 64));

/** Why content is not the file itself. */
export function contentProblem(path: string, content: Uint8Array): string | undefined {
  // The name lost bytes when it was decoded: this path leads nowhere.
  if (path.includes('\ufffd')) return `${path} has a name that is not UTF-8: rename it`;
  if (isLfsPointer(content))
    return `${path} is a Git LFS pointer, not the file itself: set \`lfs: true\` on actions/checkout`;
  if (startOf(content).startsWith('\0GITCRYPT\0'))
    return `${path} is still encrypted by git-crypt: run \`git-crypt unlock\` in a step before this one`;
  return undefined;
}

/** The problem with a file that git has but the checkout does not. */
export const absentRemedy =
  'is in git, but not in this checkout: list it in `sparse-checkout` of actions/checkout, or commit that it was removed';

/** The same for everything that git has below a path; undefined if nothing is missing. @param found from the top of the repository */
export function absentProblem(path: string, tracked: Tracked, found: ReadonlySet<string>): string | undefined {
  const absent = [...tracked].flatMap(([name, mode]) =>
    isUnder(name, path) && mode !== submodule && !found.has(name) ? [name] : [],
  );
  const more = absent.length > 1 ? `, as ${absent.length - 1} more of ${path},` : '';
  return absent.length === 0 ? undefined : `${absent[0]}${more} ${absentRemedy}`;
}
