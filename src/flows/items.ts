import { join } from 'node:path/posix';
import { gitTimes } from '../commands/git.ts';
import { followLinks } from '../compose/links.ts';
import type { NamedPath } from '../compose/model.ts';
import {
  absentProblem,
  chooseShipped,
  contentProblem,
  type Entry,
  type Item,
  isUnder,
  makeItem,
  type Shipped,
} from '../compose/ship.ts';
import { readTimes } from '../compose/times.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../errors.ts';
import type { Checkout } from './checkout.ts';
import { must, type Session } from './session.ts';

/** The files and folders to ship with a release. Throws everything that is wrong with them. */
export async function shippedItems(session: Session, checkout: Checkout): Promise<readonly Item[]> {
  const { config } = session;
  const { model, tracked } = checkout;
  const problems: string[] = [];
  const paths: (NamedPath & { real: string })[] = [];
  for (const named of model.paths) {
    const found = await realPath(session, checkout, named.path);
    if ('real' in found) paths.push({ ...named, real: found.real });
    else if (!ownedBy(config).some((owned) => isUnder(named.path, owned)))
      problems.push(`${named.service} mounts ${named.path}, but ${found.problem}`);
  }
  const chosen = chooseShipped(paths, tracked, ownedBy(config), config.files);
  const times = await changedAt(session, checkout, chosen.shipped);
  const items = await Promise.all(
    chosen.shipped.map(async (shipped) => {
      const entries = await entriesOf(session, checkout, shipped, times);
      const found = new Set(entries.map(({ path }) => join(shipped.real, path)));
      const absent = isBuilt(config, shipped.path) ? undefined : absentProblem(shipped.real, tracked, found);
      if (absent !== undefined) problems.push(absent);
      else if (entries.length === 0) problems.push(unbuilt(shipped.path));
      problems.push(
        ...entries.flatMap(({ kind, path, content }) =>
          kind === 'link' ? [] : (contentProblem(join(shipped.path, path), content) ?? []),
        ),
      );
      return makeItem(shipped.path, entries);
    }),
  );
  const all = [...chosen.problems, ...problems.toSorted()];
  if (all.length > 0) throw new ConfigError(all);
  return items;
}

/** For the entries of `files`. */
export const unbuilt = (path: string): string =>
  `files: ${JSON.stringify(path)} does not exist in the checkout; does an earlier step build it?`;

const isBuilt = ({ files }: Config, path: string): boolean => files.some((file) => isUnder(path, file));

/** Where a path leads in the checkout. */
export async function realPath({ ports }: Session, { top, tracked }: Checkout, path: string) {
  return await followLinks(path, tracked, async (link) => await ports.files.link(join(top, link)));
}

/** A file that a workflow writes on the server belongs to the server, even if git has a template of that name. */
export function ownedBy({ serverOwned, envFiles }: Config): readonly string[] {
  return [...serverOwned, ...envFiles.map(({ path }) => path)];
}

async function entriesOf(
  { config, ports }: Session,
  { top, tracked }: Checkout,
  { path, real }: Shipped,
  times: (path: string) => number,
): Promise<readonly Entry[]> {
  const found = await ports.files.list(join(top, real));
  const wanted = isBuilt(config, path) ? found : found.filter((entry) => tracked.has(join(real, entry.path)));
  return await Promise.all(
    wanted.map(async (entry): Promise<Entry> => {
      const full = join(top, real, entry.path);
      const content =
        entry.kind === 'link' ? new TextEncoder().encode(await ports.files.link(full)) : await ports.files.read(full);
      return { ...entry, content: content ?? new Uint8Array(), changed: times(join(real, entry.path)) };
    }),
  );
}

/** When each file was changed; files that git does not know (built, or in a submodule) get the time of the deployed commit. */
async function changedAt(
  session: Session,
  { top, committedAt }: Checkout,
  shipped: readonly Shipped[],
): Promise<(path: string) => number> {
  const paths = shipped.map(({ real }) => real);
  const log =
    paths.length === 0 ? '' : (await must(session, 'read when files were changed', gitTimes(top, paths))).stdout;
  const times = readTimes(log);
  const latest = Math.floor(Date.parse(committedAt) / 1000);
  return (path) => times.get(path) ?? latest;
}
