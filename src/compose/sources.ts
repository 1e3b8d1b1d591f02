import { dirname, join } from 'node:path/posix';
import { interpolate, type Lookup } from './interpolate.ts';
import { type Include, type RawFile, readRawFile } from './raw.ts';

/** What is asked about the checkout. Paths start at the top of the repository. */
export type Asked = {
  /** The text of a file, or undefined when there is none. */
  readonly read: (path: string) => Promise<string | undefined>;
  /** The value that Compose would fill in here. */
  readonly lookup?: Lookup;
  /** Why a file is not there, when that is known. */
  readonly whyAbsent?: (path: string) => string | undefined;
};

/** All compose files that make up the application, with paths from the top of the repository. */
export type Sources = {
  readonly files: readonly string[];
  readonly name: string | undefined;
  /** Those of the application; a service that others only extend is none. */
  readonly services: readonly string[];
  readonly profiles: readonly string[];
  /** Every env_file, and every .env that Compose would read: where they would be, if there are any. */
  readonly envFiles: readonly string[];
  /** Every label_file, as an env_file. */
  readonly labelFiles: readonly string[];
  /** The `project_directory` of every include: Compose takes the folder above for one that is not there. */
  readonly folders: readonly string[];
  readonly variables: RawFile['variables'];
  readonly bakes: boolean;
  readonly problems: readonly string[];
  /** Files that are no YAML to us. When Compose can read them all the same, nothing is known of them. */
  readonly unreadable: readonly string[];
};

type Seen = { readonly raw: RawFile; readonly base: string };
type How = 'loaded' | 'extended';

/** Follows `include` and `extends` from the files that the user named. */
export async function readSources(files: readonly string[], asked: Asked): Promise<Sources> {
  const { read, lookup = () => undefined, whyAbsent = () => undefined } = asked;
  const found = new Map<string, Seen>();
  const loaded = new Set<string>();
  const problems: string[] = [];
  // Compose resolves the paths of all named files from the folder of the first one.
  const top = dirname(files[0] ?? '.');
  const envFiles = new Set(['.env', join(top, '.env')]);
  const labelFiles = new Set<string>();
  const folders = new Set<string>();
  const missing = (path: string, from: string): string => {
    const why = whyAbsent(path);
    return why === undefined ? `${path} (${from}) does not exist in the checkout` : `${path} (${from}) ${why}`;
  };

  const visit = async (path: string, base: string, from: string, how: How): Promise<void> => {
    if (how === 'loaded') loaded.add(path);
    if (found.has(path)) return;
    if (path.startsWith('../')) {
      problems.push(`${path} (${from}) is outside the repository: move it into the repository`);
      return;
    }
    const text = await read(path);
    if (text === undefined) {
      problems.push(missing(path, from));
      return;
    }
    const raw = readRawFile(text);
    found.set(path, { raw, base });
    for (const file of raw.envFiles) if (!file.startsWith('/')) envFiles.add(join(base, file));
    for (const file of raw.labelFiles) if (!file.startsWith('/')) labelFiles.add(join(base, file));
    for (const include of raw.includes) await enter(include, base, path, how);
    for (const written of raw.extended) {
      const next = known(written, `extends in ${path}`);
      if (next !== undefined)
        await visit(join(base, next), dirname(join(base, next)), `extended by ${path}`, 'extended');
    }
  };

  /** The path that is meant by it, as far as that is known here. */
  const known = (written: string, where: string): string | undefined => {
    const path = interpolate(written, lookup);
    if (path === undefined)
      problems.push(
        `${where}: the path ${written} contains a variable that is not set here: set it with \`env:\` on this step, or give it a default`,
      );
    else if (isRemote(path))
      problems.push(
        `${where}: ${path} is fetched from elsewhere at every deploy and may change in between: copy it into the repository`,
      );
    else if (path.startsWith('/'))
      problems.push(`${where}: ${path} is outside the repository: move it into the repository`);
    else return path;
    return undefined;
  };

  const enter = async (include: Include, base: string, path: string, how: How): Promise<void> => {
    const where = `include in ${path}`;
    const paths = include.paths.flatMap((written) => known(written, where) ?? []);
    const folder = include.folder === undefined ? dirname(paths[0] ?? '') : known(include.folder, where);
    if (paths.length === 0 || folder === undefined) return;
    const inner = join(base, folder);
    if (include.folder !== undefined) folders.add(inner);
    envFiles.add(join(inner, '.env'));
    for (const written of include.envFiles.filter((name) => !name.startsWith('/'))) {
      const file = known(written, where);
      if (file === undefined) continue;
      const full = join(base, file);
      envFiles.add(full);
      // Compose needs it on the runner, too.
      if ((await read(full)) === undefined)
        problems.push(
          `${missing(full, `env_file of an include in ${path}`)}; commit one with default values, and list it in server-owned if the server has its own`,
        );
    }
    for (const file of paths) await visit(join(base, file), inner, `included by ${path}`, how);
  };

  for (const file of files) await visit(file, top, 'listed in compose-file', 'loaded');
  return {
    ...together(files, found, loaded),
    envFiles: [...envFiles],
    labelFiles: [...labelFiles],
    folders: [...folders],
    problems,
  };
}

/** What Compose would fetch with git or from a registry. */
function isRemote(path: string): boolean {
  return /^([a-z][a-z+.-]*:\/\/|git@|oci:|github\.com\/|[^/]+@[^/]+:)/i.test(path);
}

type Together = Omit<Sources, 'envFiles' | 'labelFiles' | 'folders' | 'problems'>;

function together(files: readonly string[], found: ReadonlyMap<string, Seen>, loaded: ReadonlySet<string>): Together {
  const all = [...found];
  const collect = (pick: (raw: RawFile) => readonly string[], of = all): readonly string[] => [
    ...new Set(of.flatMap(([, { raw }]) => pick(raw))),
  ];
  const own = all.filter(([path]) => loaded.has(path));
  return {
    files: [...found.keys()],
    name: files.map((file) => found.get(file)?.raw.name).findLast((name) => name !== undefined),
    services: remaining(own.map(([, { raw }]) => raw)),
    profiles: collect(({ profiles }) => profiles, own),
    variables: {
      image: collect((raw) => raw.variables.image),
      build: collect((raw) => raw.variables.build),
      elsewhere: collect((raw) => raw.variables.elsewhere),
      required: collect((raw) => raw.variables.required),
    },
    bakes: all.some(([, { raw }]) => raw.bakes),
    unreadable: all.flatMap(([path, { raw }]) => (raw.problem === undefined ? [] : [`${path}: ${raw.problem}`])),
  };
}

/** A later file may take out what an earlier one has. */
function remaining(files: readonly RawFile[]): readonly string[] {
  const names = new Set<string>();
  for (const { services, removed } of files) {
    for (const name of services) names.add(name);
    for (const name of removed) names.delete(name);
  }
  return [...names];
}
