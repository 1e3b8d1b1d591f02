import type { Consent } from '../config/config.ts';
import type { DataChange } from '../model/changes.ts';
import { type Claims, isAnonymous, type Mount, type Resource } from '../model/claims.ts';
import type { Release } from '../model/release.ts';
import type { Container, Resolution } from '../model/state.ts';
import { twins } from './claims.ts';

export type DataFacts = {
  readonly project: string;
  /** The application's folder on the host. */
  readonly root: string;
  readonly claims: Claims;
  readonly containers: readonly Container[];
  /** All services of the release, including those scaled to 0. */
  readonly services: readonly string[];
  /** Service → the others whose volumes it uses through `volumes_from`. */
  readonly shares?: Resolution['shares'];
};

type Host = Pick<DataFacts, 'root' | 'containers'> & {
  readonly release: Pick<Release, 'project' | 'images'>;
  /** The current release. */
  readonly from: string | undefined;
};

/** Everything the plan says about data and networks on a host. */
export function dataOf(
  { claims, preview, shares }: Resolution,
  { root, containers, release, from }: Host,
): readonly DataChange[] {
  const { project } = release;
  const services = Object.keys(release.images);
  return [
    ...dataChanges({ project, root, claims, containers, services, shares }),
    ...(preview === undefined ? [] : keptNetworks(claims, preview.networks)),
    ...(from === undefined && containers.length === 0 ? twins(services, { project, claims }) : []),
  ];
}

/** Networks whose definition has changed, but that Compose did not say it would recreate. */
function keptNetworks({ networks, current, redefined }: Claims, fresh: readonly string[]): readonly DataChange[] {
  return networks.flatMap(({ key, name, external }): readonly DataChange[] => {
    const options = redefined
      .filter((row) => row.of === 'networks' && row.key === key && row.option !== 'labels')
      .map(({ option }) => option);
    const same = current.networks.some((network) => network.key === key && network.name === name);
    return external || !same || options.length === 0 || fresh.includes(name)
      ? []
      : [{ kind: 'kept-network', network: name, options }];
  });
}

/** What a release does with a server's data: what it no longer uses, and what would be empty instead. */
export function dataChanges(facts: DataFacts): readonly DataChange[] {
  const changes = [...placesNow(facts).map((place) => changeOfPlace(place, facts)), ...changesOfVolumes(facts)];
  const found = changes.filter((change) => change !== undefined);
  // A volume that several services use is one line.
  return found.filter((change, n) => found.findIndex((other) => isSame(other, change)) === n);
}

const isSame = (a: DataChange, b: DataChange): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A mount point where a service writes data that outlives its container: a volume by name, a folder by path. */
type Place = {
  readonly service: string;
  readonly target: string;
  readonly kind: 'volume' | 'bind';
  readonly source: string;
};

/** From the containers; for a service without any, from the current release, if the server still has it. */
function placesNow({ claims, containers, root }: DataFacts): readonly Place[] {
  const lasting = containers.filter(({ oneOff }) => !oneOff);
  const mounted = lasting.flatMap(({ service, mounts }) => mounts.map((mount) => ({ ...mount, service })));
  const said = claims.current.mounts
    .filter(({ service }) => !lasting.some((container) => container.service === service))
    .map((mount) => ({ ...mount, source: sourceOf(mount, claims.current.volumes) }))
    .filter(({ kind, source }) => kind !== 'volume' || Object.hasOwn(claims.volumesHere, source));
  return [...mounted, ...said].flatMap(({ service, kind, source, target, writable }): readonly Place[] => {
    if (!writable || isUnnamed(source)) return [];
    if (kind === 'volume') return [{ service, target, kind, source }];
    // Shipped content is not data, unless a container wrote to it.
    const isShipped = source.startsWith(`${root}/files/`) && !claims.written.includes(source);
    return kind === 'bind' && !isShipped ? [{ service, target, kind, source }] : [];
  });
}

const isUnnamed = (name: string): boolean => name === '' || name === '-';

/** The name of a volume, which is not its key in the compose file. */
export const sourceOf = ({ kind, source }: Mount, volumes: readonly Resource[]): string =>
  kind === 'volume' ? (volumes.find(({ key }) => key === source)?.name ?? source) : source;

function changeOfPlace(place: Place, facts: DataFacts): DataChange | undefined {
  const { service, target, source } = place;
  const { claims, services, root, shares = {} } = facts;
  const others = Object.hasOwn(shares, service) ? (shares[service] ?? []) : [];
  const wanted = claims.mounts.map((mount) => ({ ...mount, source: sourceOf(mount, claims.volumes) }));
  const own = wanted.filter((mount) => mount.service === service || others.includes(mount.service));
  const lasts = ({ kind, source: other }: Mount): boolean =>
    (kind === 'volume' || kind === 'bind') && !isUnnamed(other) && !isAnonymous(other);
  const isEmpty = ({ kind, source: other }: Mount): boolean =>
    kind === 'volume' ? !Object.hasOwn(claims.volumesHere, other) : claims.empty.includes(other);
  const handedOn = isAnonymous(source) && services.includes(service);
  if (wanted.some((mount) => lasts(mount) && mount.source === source)) {
    // Another service may still use it while this one no longer does.
    const now = own.filter((mount) => mount.source === source);
    if (!services.includes(service) || now.some((mount) => mount.target === target)) return undefined;
    const [moved] = now;
    if (moved !== undefined) return { kind: 'moved-volume', service, volume: source, from: target, to: moved.target };
  }
  // A service without a container may be the same service under a new name.
  const renamed = wanted.filter(
    (mount) => !services.includes(service) && mount.target === target && isNew(mount.service, facts),
  );
  const instead = services.includes(service)
    ? own.find((mount) => mount.target === target && lasts(mount))
    : renamed.find((mount) => lasts(mount) || (isAnonymous(source) && mount.kind === 'volume'));
  const shipped = `${root}/files/`;
  if (source.startsWith(shipped))
    return instead?.source.startsWith(shipped) ? { kind: 'replaced-file', service, target, from: source } : undefined;
  if (instead !== undefined && isEmpty(instead))
    return { kind: 'new-volume', service: instead.service, target, from: source, to: instead.source };
  if (handedOn) return undefined;
  const isData = place.kind === 'volume' || source.startsWith(`${root}/shared/`);
  if (!isData) return undefined;
  if (instead === undefined && services.includes(service))
    return { kind: 'dropped-volume', service, target, from: source };
  return { kind: 'left-volume', volume: source };
}

const isNew = (service: string, { containers }: DataFacts): boolean =>
  !containers.some((container) => container.service === service && !container.oneOff);

function changesOfVolumes({ claims, project }: DataFacts): readonly DataChange[] {
  const { volumes, mounts, current, redefined, volumesHere } = claims;
  const used = volumes.filter(({ key }) => mounts.some(({ kind, source }) => kind === 'volume' && source === key));
  return used.flatMap(({ key, name, external }): readonly DataChange[] => {
    if (external || !Object.hasOwn(volumesHere, name)) return [];
    const owner = volumesHere[name] ?? '';
    const known = current.volumes.find((volume) => volume.name === name);
    const options = redefined
      .filter((row) => row.of === 'volumes' && row.key === key && row.option !== 'labels')
      .map(({ option }) => option);
    return [
      ...(known?.key === key && options.length > 0 ? [{ kind: 'changed-volume', volume: name, options } as const] : []),
      ...(owner !== '' && owner !== project && known === undefined
        ? [{ kind: 'shared-volume', volume: name, project: owner } as const]
        : []),
    ];
  });
}

/** The value of `accept` that a change needs before a deploy makes it. */
export function consentTo({ kind }: DataChange): Consent | undefined {
  if (kind === 'replaced-file') return 'new-volume';
  return kind === 'left-volume' || kind === 'moved-volume' || kind === 'kept-network' || kind === 'twin'
    ? undefined
    : kind;
}
