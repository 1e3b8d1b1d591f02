import { join } from 'node:path/posix';
import { sourceFolder } from '../commands/paths.ts';
import { type ArchiveFile, itemFiles, makeArchive, timesTable } from '../compose/archive.ts';
import { imagesTable, pathsTable, pinsFile, releaseEnv } from '../compose/seal.ts';
import { absentRemedy, contentProblem, type Item, isUnder } from '../compose/ship.ts';
import { ConfigError } from '../errors.ts';
import { readClaims } from '../facts/claims.ts';
import { deployRemedy, type Remedy, readResolution } from '../facts/resolution.ts';
import { noClaims } from '../model/claims.ts';
import type { Release } from '../model/release.ts';
import type { HostState, Resolution } from '../model/state.ts';
import { shipPlan } from '../plan/ship.ts';
import type { Checkout } from './checkout.ts';
import { ownedBy, realPath, shippedItems, unbuilt } from './items.ts';
import { attempt, messagesOf, type Session, throwCancelled } from './session.ts';

export type Shipping = {
  readonly release: Release;
  readonly root: string;
  /** The hosts that can take the release. */
  readonly hosts: readonly HostState[];
  readonly stage: string;
};

/** Sends the release to every host that can take it, and has Compose resolve it there. */
export async function shipAndResolve(
  session: Session,
  checkout: Checkout,
  { release, root, hosts, stage }: Shipping,
): Promise<readonly Resolution[]> {
  if (hosts.length === 0) return [];
  const { config } = session;
  const { composeFiles, profiles } = checkout;
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
  const plan = shipPlan({ stage, root, release, composeFiles, profiles, archives });
  const { output, failures } = await attempt(session, plan);
  throwCancelled(failures);
  const resolutions = hosts.map(({ host }): Resolution => {
    const resolution = readResolution(host, output(host, 'resolve'), root, shipRemedy(checkout));
    // Without a complete release we don't know what it needs.
    const failed = failures.some((error) => error.failures.some((failure) => failure.host === host));
    const whole = !failed && Object.keys(resolution.hashes).length > 0;
    const claims = whole ? readClaims(output(host, 'claims')) : noClaims;
    return { ...resolution, claims, problems: [...resolution.problems, ...messagesOf(failures, host)] };
  });
  for (const note of resolutions.flatMap(({ notes }) => notes)) session.ports.log.info(note);
  return resolutions;
}

/** A tracked file that is still missing there: which one it is depends on a variable that the runner does not have. */
function shipRemedy({ tracked }: Checkout): Remedy {
  return (path) =>
    tracked.has(path)
      ? 'its path depends on a variable: set that variable with `env:` on this step, as on the server, so that the file is shipped; or create the file on the server'
      : deployRemedy(path);
}

/** The release's own folder: the compose files as in the repository, and what is needed to resolve them. */
async function releaseFiles(
  session: Session,
  checkout: Checkout,
  release: Release,
  root: string,
  items: readonly Item[],
): Promise<readonly ArchiveFile[]> {
  const { config, ports } = session;
  const { top, tracked, sources, imageValues, model } = checkout;
  const own = (path: string): boolean => ownedBy(config).some((owned) => isUnder(path, owned));
  const travel = [...new Set([...sources.envFiles, ...sources.labelFiles, ...model.envFiles])].filter(
    (path) => !own(path),
  );
  const found = await Promise.all(
    travel.map(async (path) => {
      const followed = await realPath(session, checkout, path);
      const real = 'real' in followed ? followed.real : path;
      return tracked.has(real) || config.files.includes(path) ? [{ path, real }] : [];
    }),
  );
  const problems: string[] = [];
  const source = await Promise.all(
    [...sources.files.map((path) => ({ path, real: path })), ...found.flat()].map(
      async ({ path, real }): Promise<ArchiveFile> => {
        const content = await ports.files.read(join(top, real));
        const absent = tracked.has(real) ? `${real} ${absentRemedy}` : unbuilt(path);
        problems.push(...[content === undefined ? absent : (contentProblem(path, content) ?? [])].flat());
        return { path: `release/${sourceFolder}/${path}`, content: content ?? '', mode: 0o600 };
      },
    ),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  const folders = await Promise.all(
    sources.folders.map(async (path): Promise<readonly ArchiveFile[]> => {
      const isThere = !path.startsWith('..') && (await ports.files.exists(join(top, path)));
      return isThere ? [{ path: `release/${sourceFolder}/${path}`, content: '', mode: 0o700, folder: true }] : [];
    }),
  );
  const written: Readonly<Record<string, string>> = {
    'release.json': `${JSON.stringify(release, undefined, 2)}\n`,
    'release.env': releaseEnv(sources.variables, imageValues, release),
    'pins.yml': pinsFile(model, release),
    'images.tab': imagesTable(model, release),
    'paths.tab': pathsTable(items, root),
    'times.tab': timesTable(items),
    // Variables in the compose files: anything else that Compose misses comes from a `$` in an env file.
    'variables.txt': linesOf([...sources.variables.image, ...sources.variables.build, ...sources.variables.elsewhere]),
    'env-files.txt': linesOf([...sources.envFiles.filter((path) => !path.includes('$')), ...model.envFiles]),
  };
  return [
    ...source,
    ...folders.flat(),
    ...Object.entries(written).map(([name, content]) => ({ path: `release/${name}`, content, mode: 0o600 })),
  ];
}

const linesOf = (texts: readonly string[]): string => [...new Set(texts)].map((text) => `${text}\n`).join('');
