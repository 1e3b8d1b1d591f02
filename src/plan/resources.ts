import type { Claims } from '../model/claims.ts';
import type { Container } from '../model/state.ts';

/**
 * A volume or network that a container should use but does not. Compose's hash does not contain their names: up to 2.29 it keeps
 * a container on the old ones until something else recreates it.
 */
export function otherResource(
  service: string,
  containers: readonly Container[],
  { mounts, volumes, attached, networks }: Pick<Claims, 'mounts' | 'volumes' | 'attached' | 'networks'>,
): string | undefined {
  const nameOf = (resources: Claims['volumes'], key: string): string =>
    resources.find((resource) => resource.key === key)?.name ?? key;
  const own = mounts.filter((mount) => mount.service === service && mount.kind === 'volume' && mount.source !== '-');
  const volume = own.find(({ source, target }) =>
    containers.some((container) =>
      container.mounts.some((mount) => mount.target === target && mount.source !== nameOf(volumes, source)),
    ),
  );
  if (volume !== undefined) return `volume ${nameOf(volumes, volume.source)}`;
  const wanted = attached.filter((row) => row.service === service).map(({ network }) => nameOf(networks, network));
  const missing = wanted.find((name) =>
    // A stopped container may have been disconnected from a network that is gone.
    containers.some((container) => container.status === 'running' && !container.networks.includes(name)),
  );
  return missing === undefined ? undefined : `network ${missing}`;
}
