import type { Config } from '../config/config.ts';
import type { Release } from '../model/release.ts';
import type { ServiceChange } from '../model/report.ts';
import type { Container, Resolution } from '../model/state.ts';

/** What Compose will do with every service of a host, and why. The hashes are Compose's own: nothing else decides. */
export function serviceChanges(
  { hashes, changes }: Pick<Resolution, 'hashes' | 'changes'>,
  containers: readonly Container[],
  release: Pick<Release, 'built' | 'images'>,
  force: Config['forceRecreate'],
): readonly ServiceChange[] {
  const lasting = containers.filter(({ oneOff }) => !oneOff);
  const wanted = Object.entries(hashes).map(([service, hash]): ServiceChange => {
    const own = lasting.filter((container) => container.service === service);
    const forced = force === 'all' || (force === 'built' && release.built.includes(service));
    if (own.length === 0) return { service, action: 'create', reasons: ['not running here yet'] };
    if (own.some(({ configHash }) => configHash !== hash)) {
      // Not only against the current release: one that failed may run instead of it.
      const another = own.some(({ image }) => image !== (release.images[service] ?? image));
      const found = changes[service] ?? [];
      return { service, action: 'recreate', reasons: reasonsOf(another ? [...new Set([...found, 'image'])] : found) };
    }
    if (forced) return { service, action: 'recreate', reasons: [`force-recreate: ${force}`] };
    const stopped = own.find(({ status }) => status !== 'running');
    if (stopped) return { service, action: 'start', reasons: [`is ${stopped.status}`] };
    return { service, action: 'keep', reasons: [] };
  });
  const extra = new Set(lasting.map(({ service }) => service).filter((service) => !Object.hasOwn(hashes, service)));
  const removed = [...extra].map(
    (service): ServiceChange => ({ service, action: 'remove', reasons: ['not in this release'] }),
  );
  return [...wanted, ...removed];
}

/** A changed file shows as a changed mount or label too: the file is the reason, the others are how Compose sees it. */
function reasonsOf(changes: readonly string[]): readonly string[] {
  const files = changes.filter((change) => change.startsWith('file '));
  const rest = changes.filter(
    (change) => !change.startsWith('file ') && change !== 'labels korrigo.files' && change !== 'labels',
  );
  const reasons = [...files, ...(files.length > 0 ? rest.filter((change) => change !== 'volumes') : rest)];
  return reasons.length > 0 ? reasons : ['configuration'];
}

/** The services that `up` would leave alone and that are recreated all the same. */
export function forcedServices(changes: readonly ServiceChange[]): readonly string[] {
  return changes
    .filter(({ action, reasons }) => action === 'recreate' && reasons[0]?.startsWith('force-recreate'))
    .map(({ service }) => service);
}
