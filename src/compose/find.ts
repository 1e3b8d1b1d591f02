import { dirname, join } from 'node:path/posix';
import type { Lookup } from './interpolate.ts';
import type { Tracked } from './ship.ts';

/** Where compose files are looked for. Paths start at the top of the repository. */
export type Search = {
  /** Where Compose would be started. */
  readonly folder: string;
  /** From that folder; empty when nobody named one. */
  readonly named: readonly string[];
  /** Of the environment and the `.env` there. */
  readonly variable: Lookup;
  readonly tracked: Tracked;
  readonly exists: (path: string) => Promise<boolean>;
};

export type Found = {
  readonly files: readonly string[];
  /** What Compose would have used here, and is left out. */
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

/** The files that Compose would take: those that are named, those of COMPOSE_FILE, or those that it finds by itself. */
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

/** In the folder, then above it, as far as the repository goes; with the override beside the file. */
async function searchFor({ folder, tracked, exists }: Search): Promise<Found> {
  for (let at = join(folder, '.'); ; at = dirname(at)) {
    const file = await first(names, at, exists);
    if (file !== undefined) {
      const override = await first(overrides, at, exists);
      if (override === undefined) return { files: [file], notes: [], problems: [] };
      if (tracked.has(override)) return { files: [file, override], notes: [], problems: [] };
      const note = `${override} is not in git: it is left out; name it in compose-file if it is meant`;
      return { files: [file], notes: [note], problems: [] };
    }
    if (at === '.') break;
  }
  const problem = `compose-file: is not set, and ${folder || 'the checkout'} has none of ${names.join(', ')}`;
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
