import type { Config } from '../config/config.ts';
import { type Compared, compare } from '../facts/compare.ts';
import { isBefore } from '../facts/versions.ts';
import type { Difference, Reason, ServiceChange } from '../model/changes.ts';
import { noClaims } from '../model/claims.ts';
import type { Release } from '../model/release.ts';
import type { Container, Resolution } from '../model/state.ts';
import { withPreview } from './preview.ts';
import { otherResource } from './resources.ts';

type Resolved = Pick<Resolution, 'hashes' | 'differences'> &
  Partial<Pick<Resolution, 'replicas' | 'shares' | 'claims' | 'preview'>>;

/**
 * What will happen to every service on a host, and why. First what `up` does: by Compose's own hashes, and by Compose's
 * answer, if it was asked. Then what is recreated by force, in a separate call.
 */
export function serviceChanges(
  { hashes, differences, replicas = {}, shares = {}, claims = noClaims, preview }: Resolved,
  containers: readonly Container[],
  { built, images }: Pick<Release, 'built' | 'images'>,
  force: Config['forceRecreate'],
  networkIds: readonly string[] = [],
  compose?: string,
): readonly ServiceChange[] {
  const worked = compare({ hashes, images, replicas }, containers).map((compared): ServiceChange => {
    const { service } = compared;
    if (!Object.hasOwn(hashes, service)) {
      return { service, action: 'remove', reasons: [{ kind: compared.wanted === undefined ? 'gone' : 'unwanted' }] };
    }
    return changeOf(compared, Object.hasOwn(differences, service) ? (differences[service] ?? []) : []);
  });
  const shared = withShared(worked, shares);
  const changes = preview === undefined ? shared : withPreview(shared, { preview, containers, claims });
  const forced = changes.map((change): ServiceChange => {
    const { service, action } = change;
    if (action === 'remove' || isFresh(change)) return change;
    const own = containers.filter((container) => container.service === service && !container.oneOff);
    const other = otherResource(service, own, claims);
    // Compose restarts these, and connects them to the new network. From 5 on, Docker then misses the old one.
    const startsAgain = compose === undefined || isBefore(compose, '5');
    if (action === 'restart' && other?.startsWith('network ') && !startsAgain)
      return recreated(change, { kind: 'renamed', name: other });
    const name = action === 'restart' ? undefined : other;
    if (name !== undefined) return recreated(change, { kind: 'resource', name, forced: true });
    if (own.some((container) => isLost(container, networkIds))) return recreated(change, { kind: 'lost-network' });
    const wanted = force === 'all' || (force === 'built' && built.includes(service));
    return wanted ? recreated(change, { kind: 'forced', by: force }) : change;
  });
  return takenAlong(forced, shares, claims.depends);
}

/** Whether it has exited, and Docker cannot start it again. */
function isLost({ status, networkIds }: Container, here: readonly string[]): boolean {
  // Every engine has networks: without any, they could not be listed.
  return status !== 'running' && here.length > 0 && networkIds.some((id) => !here.includes(id));
}

function changeOf(
  { service, wanted = 1, containers, findings }: Compared,
  differences: readonly Difference[],
): ServiceChange {
  const change = (action: ServiceChange['action'], ...reasons: readonly Reason[]) => ({ service, action, reasons });
  // The count is not part of the hash.
  const scale: readonly Reason[] =
    containers.length === wanted ? [] : [{ kind: 'scale', from: containers.length, to: wanted }];
  if (containers.length === 0) return change('create', { kind: 'new' });
  if (findings.some(({ kind }) => kind === 'configuration')) {
    // Not only compared with the current release: a failed one may be running instead.
    const another = findings.some(({ kind }) => kind === 'image');
    return change('recreate', ...reasonsOf(differences, another), ...scale);
  }
  if (scale.length > 0) return change('scale', ...scale);
  const stopped = findings.find(({ kind }) => kind === 'not-running');
  return stopped === undefined
    ? change('keep')
    : change('start', { kind: 'stopped', status: stopped.container.status });
}

/** A changed file also shows as a changed mount or label: the file is the reason, the others are how Compose sees it. */
function reasonsOf(differences: readonly Difference[], anotherImage: boolean): readonly Reason[] {
  const content = differences.filter(({ kind }) => kind === 'file' || kind === 'config' || kind === 'secret');
  const rest = differences.filter((difference) => {
    if (content.includes(difference)) return false;
    // If a service had no variables, or has none any more, each one is named.
    if (difference.kind === 'key' && difference.name === 'environment')
      return !differences.some(({ kind }) => kind === 'environment');
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

/** A service that shares another container's network, processes, IPC or volumes is recreated with it, and so on. */
function withShared(changes: readonly ServiceChange[], shares: Resolved['shares'] & object): readonly ServiceChange[] {
  const fresh = new Set(changes.filter(isFresh).map(({ service }) => service));
  const next = changes.map((change): ServiceChange => {
    const { service } = change;
    const found = fresh.has(service) ? undefined : sharedBy(service, shares).find((other) => fresh.has(other));
    return found === undefined ? change : recreated(change, { kind: 'shares', service: found });
  });
  return next.some((change, index) => change !== changes[index]) ? withShared(next, shares) : next;
}

/** The same for what is recreated by force, and for what has to restart with it. */
function takenAlong(
  changes: readonly ServiceChange[],
  shares: Resolved['shares'] & object,
  depends: Resolution['claims']['depends'],
): readonly ServiceChange[] {
  const forced = forcedServices(changes);
  const next = changes.map((change): ServiceChange => {
    const { service, action } = change;
    if (action === 'remove' || isFresh(change)) return change;
    const shared = sharedBy(service, shares).find((other) => forced.includes(other));
    if (shared !== undefined) return recreated(change, { kind: 'shares', service: shared });
    const on = depends.find((row) => row.service === service && row.restart && forced.includes(row.on))?.on;
    return on === undefined ? change : recreated(change, { kind: 'depends', service: on });
  });
  return next.some((change, index) => change !== changes[index]) ? takenAlong(next, shares, depends) : next;
}

const sharedBy = (service: string, shares: Resolved['shares'] & object): readonly string[] =>
  Object.hasOwn(shares, service) ? (shares[service] ?? []) : [];

const recreated = ({ service, reasons }: ServiceChange, reason: Reason): ServiceChange => ({
  service,
  action: 'recreate',
  reasons: [reason, ...reasons.filter(isScale)],
});

const isFresh = ({ action }: ServiceChange): boolean => action === 'create' || action === 'recreate';
const isForced = ({ reasons: [reason] }: ServiceChange): boolean =>
  reason?.kind === 'forced' || (reason?.kind === 'resource' && reason.forced);
const isScale = ({ kind }: Reason): boolean => kind === 'scale';

/** The services whose container Compose would only restart, in vain. */
export const renamedServices = (changes: readonly ServiceChange[]): readonly string[] =>
  changes.filter(({ reasons }) => reasons.some(({ kind }) => kind === 'renamed')).map(({ service }) => service);

/** The services that `up` would leave alone but that are recreated anyway: by force, or together with such a service. */
export function forcedServices(changes: readonly ServiceChange[]): readonly string[] {
  const first = changes.filter(isForced).map(({ service }) => service);
  const grow = (found: readonly string[]): readonly string[] => {
    const more = changes.filter(({ service, reasons: [reason] }) => {
      const along = reason?.kind === 'shares' || reason?.kind === 'depends';
      return along && found.includes(reason.service) && !found.includes(service);
    });
    return more.length === 0 ? found : grow([...found, ...more.map(({ service }) => service)]);
  };
  return grow(first);
}
