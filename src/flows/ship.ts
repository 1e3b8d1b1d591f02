import { join } from 'node:path/posix';
import { type ArchiveFile, itemFiles, makeArchive } from '../compose/archive.ts';
import { pathsTable, pinsFile, releaseEnv } from '../compose/seal.ts';
import { chooseShipped, type Entry, type Item, isUnder, makeItem } from '../compose/ship.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../errors.ts';
import { deployRemedy, type Remedy, readResolution } from '../facts/resolution.ts';
import type { Release } from '../model/release.ts';
import type { HostState, Resolution } from '../model/state.ts';
import { shipPlan } from '../plan/ship.ts';
import type { Checkout } from './checkout.ts';
import { attempt, messagesOf, type Session, throwCancelled } from './session.ts';

export type Shipping = {
  readonly release: Release;
  readonly root: string;
  /** The hosts that can take it. */
  readonly hosts: readonly HostState[];
  readonly stage: string;
};

/** Sends the release to every host that can take it, and lets Compose resolve it there. */
export async function shipAndResolve(
  session: Session,
  checkout: Checkout,
  { release, root, hosts, stage }: Shipping,
): Promise<readonly Resolution[]> {
  if (hosts.length === 0) return [];
  const { config } = session;
  const { composeFiles } = checkout;
  const items = await shippedItems(session, checkout);
  const own = await releaseFiles(session, checkout, release, root, items);
  const shared = config.envFiles.map(
    ({ path, content }): ArchiveFile => ({ path: `shared/${path}`, content, mode: 0o600 }),
  );
  const archives = await Promise.all(
    hosts.map(async ({ host, files }) => {
      const missing = items.filter(({ hash }) => !files.includes(hash));
      return { host, archive: await makeArchive([...missing.flatMap(itemFiles), ...own, ...shared]) };
    }),
  );
  const plan = shipPlan({ stage, root, release, composeFiles, profiles: config.profiles, archives });
  const { output, failures } = await attempt(session, plan);
  throwCancelled(failures);
  return hosts.map(({ host }) => {
    const resolution = readResolution(host, output(host, 'resolve'), root, shipRemedy(checkout));
    return { ...resolution, problems: [...resolution.problems, ...messagesOf(failures, host)] };
  });
}

/** A tracked file that is missing there all the same: which one it is depends on a variable that the runner lacks. */
function shipRemedy({ tracked }: Checkout): Remedy {
  return (path) =>
    tracked.has(path)
      ? 'which file of git this is depends on a variable: set that with `env:` on this step as the server has it, and the file is shipped; or create it on the server'
      : deployRemedy(path);
}

async function shippedItems({ config, ports }: Session, { top, model, tracked }: Checkout): Promise<readonly Item[]> {
  const { shipped, problems } = chooseShipped(model.paths, tracked, ownedBy(config), config.files);
  const absent: string[] = [];
  const items = await Promise.all(
    shipped.map(async (path) => {
      const found = await ports.files.list(join(top, path));
      if (found.length === 0)
        absent.push(`files: ${JSON.stringify(path)} does not exist in the checkout; was it built before this step?`);
      const wanted = config.files.some((file) => isUnder(path, file))
        ? found
        : found.filter((entry) => tracked.has(join(path, entry.path)));
      return makeItem(
        path,
        await Promise.all(
          wanted.map(async (entry): Promise<Entry> => {
            const full = join(top, path, entry.path);
            const content =
              entry.kind === 'link'
                ? new TextEncoder().encode(await ports.files.link(full))
                : await ports.files.read(full);
            return { ...entry, content: content ?? new Uint8Array() };
          }),
        ),
      );
    }),
  );
  // Compose would ask for the variable when it creates a container: too late, and on a server that has no such variable.
  const unset = [...new Set(model.fromEnvironment)].map(
    (what) =>
      `compose-file: the ${what} comes from an environment variable, which a server does not have: use \`file:\`, and env-files to write that file`,
  );
  const all = [...problems, ...absent, ...unset];
  if (all.length > 0) throw new ConfigError(all);
  return items;
}

/** What a workflow writes on the server is the server's, even where git has a template of that name. */
function ownedBy({ serverOwned, envFiles }: Config): readonly string[] {
  return [...serverOwned, ...envFiles.map(({ path }) => path)];
}

/** The release's own folder: the compose files as in the repository, and what resolves them. */
async function releaseFiles(
  { config, ports }: Session,
  checkout: Checkout,
  release: Release,
  root: string,
  items: readonly Item[],
): Promise<readonly ArchiveFile[]> {
  const { top, tracked, sources, model } = checkout;
  const own = (path: string): boolean => ownedBy(config).some((owned) => isUnder(path, owned));
  const travel = new Set([
    ...sources.files,
    ...[...sources.envFiles, ...model.envFiles].filter(
      (path) => (tracked.has(path) || config.files.includes(path)) && !own(path),
    ),
  ]);
  const source = await Promise.all(
    [...travel].map(async (path): Promise<ArchiveFile> => {
      const content = await ports.files.read(join(top, path));
      return { path: `release/source/${path}`, content: content ?? '', mode: 0o600 };
    }),
  );
  const written: Readonly<Record<string, string>> = {
    'release.json': `${JSON.stringify(release, undefined, 2)}\n`,
    'release.env': releaseEnv(sources.variables, ports.env, release),
    'pins.yml': pinsFile(model.services, release),
    'paths.tab': pathsTable(items, root),
    // What the compose files name: anything else that Compose misses comes from a `$` in an env file.
    'variables.txt': linesOf([...sources.variables.image, ...sources.variables.build, ...sources.variables.elsewhere]),
    'env-files.txt': linesOf([...sources.envFiles.filter((path) => !path.includes('$')), ...model.envFiles]),
  };
  return [
    ...source,
    ...Object.entries(written).map(([name, content]) => ({ path: `release/${name}`, content, mode: 0o600 })),
  ];
}

const linesOf = (texts: readonly string[]): string => [...new Set(texts)].map((text) => `${text}\n`).join('');
