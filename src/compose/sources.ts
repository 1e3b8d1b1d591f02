import { dirname, join, relative } from 'node:path/posix';
import { type RawFile, readRawFile } from './raw.ts';

/** Text of a file of the checkout, or undefined when there is none. Paths start at the top of the repository. */
export type ReadText = (path: string) => Promise<string | undefined>;

/** All compose files that make up the application, with paths from the top of the repository. */
export type Sources = {
  readonly files: readonly string[];
  readonly name: string | undefined;
  /** Those of the application; a service that others only extend is none. */
  readonly services: readonly string[];
  readonly envFiles: readonly { readonly service: string; readonly path: string }[];
  readonly variables: RawFile['variables'];
  readonly problems: readonly string[];
};

/** Follows `include` and `extends` from the files that the user named. */
export async function readSources(files: readonly string[], read: ReadText): Promise<Sources> {
  const found = new Map<string, { raw: RawFile; base: string }>();
  const loaded = new Set<string>();
  const problems: string[] = [];
  const visit = async (path: string, base: string, from: string, how: 'loaded' | 'extended'): Promise<void> => {
    if (how === 'loaded') loaded.add(path);
    if (found.has(path)) return;
    const text = await read(path);
    if (text === undefined) {
      problems.push(`${path} (${from}) does not exist in the checkout`);
      return;
    }
    const raw = readRawFile(text);
    found.set(path, { raw, base });
    for (const include of raw.includes) {
      const next = join(base, include);
      if (!isVariable(include)) await visit(next, dirname(next), `included by ${path}`, how);
    }
    for (const extended of raw.extended) {
      const next = join(base, extended);
      if (!isVariable(extended)) await visit(next, dirname(next), `extended by ${path}`, 'extended');
    }
  };
  // Compose resolves the paths of all named files from the folder of the first one.
  const base = dirname(files[0] ?? '.');
  for (const file of files) await visit(file, base, 'named by compose-file', 'loaded');
  const all = [...found.values()];
  const collect = (pick: (raw: RawFile) => readonly string[]): readonly string[] => [
    ...new Set(all.flatMap(({ raw }) => pick(raw))),
  ];
  return {
    files: [...found.keys()],
    name: all.map(({ raw }) => raw.name).findLast((name) => name !== undefined),
    services: [...new Set([...found].flatMap(([path, { raw }]) => (loaded.has(path) ? raw.services : [])))],
    envFiles: all.flatMap(({ raw, base: from }) =>
      raw.envFiles
        .filter(({ path }) => !isVariable(path) && !path.startsWith('/'))
        .map(({ service, path }) => ({ service, path: relative('.', join(from, path)) })),
    ),
    variables: {
      image: collect((raw) => raw.variables.image),
      build: collect((raw) => raw.variables.build),
      elsewhere: collect((raw) => raw.variables.elsewhere),
      required: collect((raw) => raw.variables.required),
    },
    problems,
  };
}

const isVariable = (path: string): boolean => path.includes('$');
