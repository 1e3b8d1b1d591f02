import { readFacts, rowsOf } from './facts.ts';

/** What is left on a disk, and a path on it. */
export type Disk = { readonly path: string; readonly freeKib: number | undefined; readonly inodes: number | undefined };

/** Reads what the `disk` program printed. */
export function readDisks(output: string): readonly Disk[] {
  return rowsOf(readFacts(output), 'disk').map(([kib, inodes, path = '']) => ({
    path,
    freeKib: numberIn(kib),
    inodes: numberIn(inodes),
  }));
}

/** Fewer are as good as none: a failed command has freed some of its own. */
const fullKib = 8 * 1024;
const fullInodes = 64;
/** What fails for the disk, and has been removed since. */
const littleKib = 1024 * 1024;

/**
 * "the disk is full (0 MiB free at /opt/shop)", if that is what a command failed for.
 * @param said what it printed
 */
export function diskProblem(
  disks: readonly Disk[],
  said: string,
): { readonly what: string; readonly paths: readonly string[] } | undefined {
  const noSpace = /no space left on device|disk quota exceeded|not enough space|ENOSPC/i.test(said);
  const full = disks.filter(
    ({ freeKib, inodes }) => (freeKib ?? fullKib) < fullKib || (inodes ?? fullInodes) < fullInodes,
  );
  const found = full.length > 0 || !noSpace ? full : disks.filter(({ freeKib }) => (freeKib ?? littleKib) < littleKib);
  if (found.length === 0) return noSpace ? { what: 'the disk is full', paths: [] } : undefined;
  return { what: `the disk is full (${found.map(leftOn).join(', ')})`, paths: found.map(({ path }) => path) };
}

const leftOn = ({ path, freeKib = 0, inodes }: Disk): string =>
  inodes !== undefined && inodes < fullInodes && freeKib >= fullKib
    ? `no inodes left at ${path}`
    : `${Math.floor(freeKib / 1024)} MiB free at ${path}`;

const numberIn = (text: string | undefined): number | undefined =>
  /^\d+$/.test(text ?? '') ? Number(text) : undefined;
