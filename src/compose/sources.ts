import { dirname, join } from 'node:path/posix';
import { type RawFile, readRawFile } from './raw.ts';

/** Text of a file of the checkout, or undefined when there is none. Paths start at the top of the repository. */
export type ReadText = (path: string) => Promise<string | undefined>;

/** All compose files that make up the application, with paths from the top of the repository. */
export type Sources = {
  readonly files: readonly string[];
  readonly name: string | undefined;
  /** Those of the application; a service that others only extend is none. */
  readonly services: readonly string[];
  /** Every env_file, and every .env that Compose would read: where they would be, if there are any. */
  readonly envFiles: readonly string[];
  readonly variables: RawFile['variables'];
  readonly problems: readonly string[];
};

/** Follows `include` and `extends` from the files that the user named. */
export async function readSources(files: readonly string[], read: ReadText): Promise<Sources> {
  const found = new Map<string, { raw: RawFile; base: string }>();
  const loaded = new Set<string>();
  const problems: string[] = [];
  // Compose resolves the paths of all named files from the folder of the first one.
  const top = dirname(files[0] ?? '.');
  const envFiles = new Set(['.env', join(top, '.env')]);
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
    for (const file of raw.envFiles) if (!file.startsWith('/')) envFiles.add(join(base, file));
    for (const include of raw.includes) await enter(include, base, path, how);
    for (const extended of raw.extended) {
      const next = join(base, extended);
      if (!isVariable(extended)) await visit(next, dirname(next), `extended by ${path}`, 'extended');
    }
  };
  const enter = async (
    { paths, folder, envFiles: own }: RawFile['includes'][number],
    base: string,
    path: string,
    how: 'loaded' | 'extended',
  ): Promise<void> => {
    const inner = join(base, folder ?? dirname(paths[0] ?? ''));
    envFiles.add(join(inner, '.env'));
    for (const file of own.filter((name) => !isVariable(name) && !name.startsWith('/'))) {
      const full = join(base, file);
      envFiles.add(full);
      // Compose needs it on the runner, too.
      if ((await read(full)) === undefined)
        problems.push(
          `${full} (env_file of an include in ${path}) does not exist in the checkout; track one with values to go by, and list it in server-owned if the server has its own`,
        );
    }
    for (const file of paths) if (!isVariable(file)) await visit(join(base, file), inner, `included by ${path}`, how);
  };
  for (const file of files) await visit(file, top, 'named by compose-file', 'loaded');
  const all = [...found.values()];
  const collect = (pick: (raw: RawFile) => readonly string[]): readonly string[] => [
    ...new Set(all.flatMap(({ raw }) => pick(raw))),
  ];
  return {
    files: [...found.keys()],
    name: files.map((file) => found.get(file)?.raw.name).findLast((name) => name !== undefined),
    services: [...new Set([...found].flatMap(([path, { raw }]) => (loaded.has(path) ? raw.services : [])))],
    envFiles: [...envFiles],
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
