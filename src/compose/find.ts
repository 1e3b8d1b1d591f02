import { basename, dirname, join, relative } from 'node:path/posix';
import type { Lookup } from './interpolate.ts';
import type { Tracked } from './ship.ts';

/** Where to look for compose files. Paths start at the top of the repository. */
export type Search = {
  /** Where Compose would be started. */
  readonly folder: string;
  /** Relative to that folder; empty if none was given. */
  readonly named: readonly string[];
  /** From the environment and the `.env` there. */
  readonly variable: Lookup;
  readonly tracked: Tracked;
  readonly exists: (path: string) => Promise<boolean>;
};

export type Found = {
  readonly files: readonly string[];
  /** Files that Compose would have used here, but that are left out. */
  readonly notes: readonly string[];
  readonly problems: readonly string[];
};

const names = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const overrides = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** The files that Compose would use: those given, those in COMPOSE_FILE, or those it finds by itself. */
export async function findComposeFiles(search: Search): Promise<Found> {
  const { folder, named, variable } = search;
  const listed = named.length > 0 ? named : (variable('COMPOSE_FILE') ?? '').split(separator(variable));
  const files = listed.filter((file) => file !== '').map((file) => (file.startsWith('/') ? file : join(folder, file)));
  if (files.length === 0) return await searchFor(search);
  const from = named.length > 0 ? 'compose-file' : 'compose-file: COMPOSE_FILE';
  return {
    files,
    notes: [],
    problems: files
      .filter((file) => file.startsWith('..') || file.startsWith('/'))
      .map((file) => `${from}: ${JSON.stringify(file)} is outside the repository`),
  };
}

const separator = (variable: Lookup): string => variable('COMPOSE_PATH_SEPARATOR') || ':';

/** In the folder, then in those above it within the repository; with the override file next to it. */
async function searchFor({ folder, tracked, exists }: Search): Promise<Found> {
  for (let at = join(folder, '.'); ; at = dirname(at)) {
    const file = await first(names, at, exists);
    if (file !== undefined) {
      const override = await first(overrides, at, exists);
      if (override === undefined) return { files: [file], notes: [], problems: [] };
      if (tracked.has(override)) return { files: [file, override], notes: [], problems: [] };
      const note = `${override} is not in git, so it is ignored; to use it, list it in compose-file`;
      return { files: [file], notes: [note], problems: [] };
    }
    if (at === '.') break;
  }
  const others: string[] = [];
  for (const path of tracked.keys()) if (names.includes(basename(path)) && (await exists(path))) others.push(path);
  const elsewhere = others.slice(0, 3).map((path) => relative(folder, path));
  const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
  const hint = others.length === 0 ? '' : `; set it to the right one: ${elsewhere.join(', ')}${more}`;
  const problem = `compose-file: is not set, and ${folder || 'the checkout'} has none of ${names.join(', ')}${hint}`;
  return { files: [], notes: [], problems: [problem] };
}

async function first(
  candidates: readonly string[],
  folder: string,
  exists: Search['exists'],
): Promise<string | undefined> {
  for (const name of candidates) if (await exists(join(folder, name))) return join(folder, name);
  return undefined;
}
