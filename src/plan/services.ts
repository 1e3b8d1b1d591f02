import type { Config } from '../config/config.ts';
import type { Release } from '../model/release.ts';
import type { ServiceChange } from '../model/report.ts';
import type { Container, Resolution } from '../model/state.ts';

type Resolved = Pick<Resolution, 'hashes' | 'changes'> & Partial<Pick<Resolution, 'replicas' | 'shares'>>;

/** What Compose will do with every service of a host, and why. The hashes are Compose's own: nothing else decides. */
export function serviceChanges(
  { hashes, changes, replicas = {}, shares = {} }: Resolved,
  containers: readonly Container[],
  release: Pick<Release, 'built' | 'images'>,
  force: Config['forceRecreate'],
): readonly ServiceChange[] {
  const lasting = containers.filter(({ oneOff }) => !oneOff);
  const wanted = Object.entries(hashes).map(([service, hash]): ServiceChange => {
    const own = lasting.filter((container) => container.service === service);
    const scale = scaleReasons(own.length, Object.hasOwn(replicas, service) ? (replicas[service] ?? 1) : 1);
    const forced = force === 'all' || (force === 'built' && release.built.includes(service));
    if (own.length === 0) return { service, action: 'create', reasons: ['not running here yet'] };
    if (own.some(({ configHash }) => configHash !== hash)) {
      // Not only against the current release: one that failed may run instead of it.
      const another = own.some(({ image }) => image !== (release.images[service] ?? image));
      const found = Object.hasOwn(changes, service) ? (changes[service] ?? []) : [];
      const reasons = reasonsOf(another ? [...new Set([...found, 'image'])] : found);
      return { service, action: 'recreate', reasons: [...reasons, ...scale] };
    }
    if (forced) return { service, action: 'recreate', reasons: [`force-recreate: ${force}`, ...scale] };
    if (scale.length > 0) return { service, action: 'scale', reasons: scale };
    const stopped = own.find(({ status }) => status !== 'running');
    if (stopped) return { service, action: 'start', reasons: [`is ${stopped.status}`] };
    return { service, action: 'keep', reasons: [] };
  });
  const extra = new Set(lasting.map(({ service }) => service).filter((service) => !Object.hasOwn(hashes, service)));
  const removed = [...extra].map((service): ServiceChange => {
    const idle = Object.hasOwn(replicas, service);
    return { service, action: 'remove', reasons: [idle ? 'is to have no container' : 'not in this release'] };
  });
  return [...withShared(wanted, shares), ...removed];
}

/** The count is not part of the hash. */
function scaleReasons(is: number, wanted: number): readonly string[] {
  return is === wanted ? [] : [`from ${is} to ${wanted} ${wanted === 1 ? 'container' : 'containers'}`];
}

/** What shares another container's network, processes, IPC or volumes is recreated with it, and what shares that one's. */
function withShared(changes: readonly ServiceChange[], shares: Resolved['shares'] & object): readonly ServiceChange[] {
  const fresh = new Set(changes.filter(isFresh).map(({ service }) => service));
  const next = changes.map((change): ServiceChange => {
    const { service } = change;
    const others = Object.hasOwn(shares, service) ? (shares[service] ?? []) : [];
    const found = fresh.has(service) ? undefined : others.find((other) => fresh.has(other));
    return found === undefined ? change : { service, action: 'recreate', reasons: [`${found} is another container`] };
  });
  return next.some((change, index) => change !== changes[index]) ? withShared(next, shares) : next;
}

const isFresh = ({ action }: ServiceChange): boolean => action === 'create' || action === 'recreate';

/** A changed file shows as a changed mount or label too: the file is the reason, the others are how Compose sees it. */
function reasonsOf(changes: readonly string[]): readonly string[] {
  const isContent = (change: string): boolean => /^(file|config) /.test(change);
  const files = changes.filter(isContent);
  const rest = changes.filter((change) => !isContent(change) && !/^labels( korrigo\.|$)/.test(change));
  const reasons = [...files, ...(files.length > 0 ? rest.filter((change) => change !== 'volumes') : rest)];
  return reasons.length > 0 ? reasons : ['configuration'];
}

/** The services that `up` would leave alone and that are recreated all the same. */
export function forcedServices(changes: readonly ServiceChange[]): readonly string[] {
  return changes
    .filter(({ action, reasons }) => action === 'recreate' && reasons[0]?.startsWith('force-recreate'))
    .map(({ service }) => service);
}
