import { open, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Reads this machine's files. Paths are absolute. */
export type Files = {
  /** The content, or undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** The first KiB of a file. */
  start(path: string): Promise<Uint8Array | undefined>;
  /** The target of a symbolic link; undefined when there is none. */
  link(path: string): Promise<string | undefined>;
  exists(path: string): Promise<boolean>;
  /** All files below a folder, relative to it; of a file: one empty path. Links are not followed. */
  list(path: string): Promise<readonly { readonly path: string; readonly kind: 'file' | 'executable' | 'link' }[]>;
};

export const localFiles: Files = {
  read: async (path) => await readFile(path).catch(unlessMissing),
  start: async (path) => {
    const file = await open(path).catch(unlessMissing);
    if (file === undefined) return undefined;
    const { buffer, bytesRead } = await file.read(new Uint8Array(1024)).finally(() => file.close());
    return buffer.subarray(0, bytesRead);
  },
  link: async (path) => await readlink(path).catch(unlessMissing),
  exists: async (path) => (await stat(path).catch(unlessMissing)) !== undefined,
  list: async (path) => {
    const top = await stat(path).catch(unlessMissing);
    if (top === undefined) return [];
    if (!top.isDirectory()) return [{ path: '', kind: kindOf(top.mode) }];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const found = entries
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map(async (entry) => {
        const full = join(entry.parentPath, entry.name);
        const kind = entry.isSymbolicLink() ? 'link' : kindOf((await stat(full)).mode);
        return { path: full.slice(path.length + 1), kind } as const;
      });
    return await Promise.all(found);
  },
};

const kindOf = (mode: number): 'file' | 'executable' => (mode & 0o100 ? 'executable' : 'file');

function unlessMissing(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EINVAL'].includes(String(code))) return undefined;
  throw error;
}
