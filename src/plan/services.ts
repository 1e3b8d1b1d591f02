import type { Config } from '../config/config.ts';
import { type Compared, compare } from '../facts/compare.ts';
import type { Difference, Reason, ServiceChange } from '../model/changes.ts';
import type { Release } from '../model/release.ts';
import type { Container, Resolution } from '../model/state.ts';

type Resolved = Pick<Resolution, 'hashes' | 'differences'> & Partial<Pick<Resolution, 'replicas' | 'shares'>>;

/** What Compose will do with every service of a host, and why. The hashes are Compose's own: nothing else decides. */
export function serviceChanges(
  { hashes, differences, replicas = {}, shares = {} }: Resolved,
  containers: readonly Container[],
  { built, images }: Pick<Release, 'built' | 'images'>,
  force: Config['forceRecreate'],
): readonly ServiceChange[] {
  const changes = compare({ hashes, images, replicas }, containers).map((compared): ServiceChange => {
    const { service } = compared;
    if (!Object.hasOwn(hashes, service)) {
      return { service, action: 'remove', reasons: [{ kind: compared.wanted === undefined ? 'gone' : 'unwanted' }] };
    }
    const forced = force === 'all' || (force === 'built' && built.includes(service));
    const found = Object.hasOwn(differences, service) ? (differences[service] ?? []) : [];
    return changeOf(compared, found, forced ? force : undefined);
  });
  return withShared(changes, shares);
}

function changeOf(
  { service, wanted = 1, containers, findings }: Compared,
  differences: readonly Difference[],
  forced: 'built' | 'all' | undefined,
): ServiceChange {
  const change = (action: ServiceChange['action'], ...reasons: readonly Reason[]) => ({ service, action, reasons });
  // The count is not part of the hash.
  const scale: readonly Reason[] =
    containers.length === wanted ? [] : [{ kind: 'scale', from: containers.length, to: wanted }];
  if (containers.length === 0) return change('create', { kind: 'new' });
  if (findings.some(({ kind }) => kind === 'configuration')) {
    // Not only against the current release: one that failed may run instead of it.
    const another = findings.some(({ kind }) => kind === 'image');
    return change('recreate', ...reasonsOf(differences, another), ...scale);
  }
  if (forced !== undefined) return change('recreate', { kind: 'forced', by: forced }, ...scale);
  if (scale.length > 0) return change('scale', ...scale);
  const stopped = findings.find(({ kind }) => kind === 'not-running');
  return stopped === undefined
    ? change('keep')
    : change('start', { kind: 'stopped', status: stopped.container.status });
}

/** A changed file shows as a changed mount or label too: the file is the reason, the others are how Compose sees it. */
function reasonsOf(differences: readonly Difference[], anotherImage: boolean): readonly Reason[] {
  const content = differences.filter(({ kind }) => kind === 'file' || kind === 'config' || kind === 'secret');
  const rest = differences.filter((difference) => {
    if (content.includes(difference)) return false;
    if (difference.kind === 'label') return !difference.name.startsWith('korrigo.');
    return !(
      difference.kind === 'key' &&
      (difference.name === 'labels' || (content.length > 0 && difference.name === 'volumes'))
    );
  });
  const image: readonly Reason[] =
    anotherImage && !rest.some(({ kind }) => kind === 'image') ? [{ kind: 'image' }] : [];
  const reasons = [...content, ...rest, ...image];
  return reasons.length > 0 ? reasons : [{ kind: 'configuration' }];
}

/** What shares another container's network, processes, IPC or volumes is recreated with it, and what shares that one's. */
function withShared(changes: readonly ServiceChange[], shares: Resolved['shares'] & object): readonly ServiceChange[] {
  const fresh = new Set(changes.filter(isFresh).map(({ service }) => service));
  const next = changes.map((change): ServiceChange => {
    const { service } = change;
    const others = Object.hasOwn(shares, service) ? (shares[service] ?? []) : [];
    const found = fresh.has(service) ? undefined : others.find((other) => fresh.has(other));
    return found === undefined
      ? change
      : { service, action: 'recreate', reasons: [{ kind: 'shares', service: found }] };
  });
  return next.some((change, index) => change !== changes[index]) ? withShared(next, shares) : next;
}

const isFresh = ({ action }: ServiceChange): boolean => action === 'create' || action === 'recreate';

/** The services that `up` would leave alone and that are recreated all the same. */
export function forcedServices(changes: readonly ServiceChange[]): readonly string[] {
  return changes
    .filter(({ action, reasons: [first] }) => action === 'recreate' && first?.kind === 'forced')
    .map(({ service }) => service);
}
