/** The shells that servers have as their `sh`, each with a folder for PATH in which it is called so. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const cache = join(import.meta.dirname, '../../.cache/tools/shells');

export type Shell = {
  readonly name: 'dash' | 'bash' | 'BusyBox ash';
  /** A folder for the front of PATH: `sh`, and with BusyBox all other programs that it has. */
  readonly bin: string;
};

export const shells: readonly Shell[] = [
  { name: 'dash', bin: folderWith({ sh: find('dash', 'dash') }) },
  { name: 'bash', bin: folderWith({ sh: find('bash', 'bash') }) },
  { name: 'BusyBox ash', bin: folderWith(applets(find('busybox', 'busybox-static'))) },
];

function applets(busybox: string): Readonly<Record<string, string>> {
  const names = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  return Object.fromEntries(names.filter((name) => !name.includes('[')).map((name) => [name, busybox]));
}

function folderWith(programs: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-shell-'));
  for (const [name, path] of Object.entries(programs)) symlinkSync(path, join(folder, name));
  return folder;
}

/** The machine's own, or that of Debian's package, unpacked into the cache. */
function find(name: string, debianPackage: string): string {
  const places = [...(process.env['PATH'] ?? '').split(':'), `${cache}/bin`, `${cache}/usr/bin`];
  const found = (): string | undefined => places.map((place) => join(place, name)).find(existsSync);
  const here = found();
  if (here !== undefined) return here;
  mkdirSync(cache, { recursive: true });
  try {
    execFileSync('apt-get', ['-qq', 'download', debianPackage], { cwd: cache });
    execFileSync('sh', ['-c', 'dpkg -x "$1"_*.deb .', 'unpack', debianPackage], { cwd: cache });
  } catch (cause) {
    throw new Error(`this machine has no ${name}, and the package ${debianPackage} cannot be had: install it`, { cause });
  }
  const unpacked = found();
  if (unpacked === undefined) throw new Error(`the package ${debianPackage} has no ${name}`);
  return unpacked;
}
