import type { Claims } from '../model/claims.ts';
import type { Container } from '../model/state.ts';

/**
 * A volume or network that a container is to use and does not. Their names are in no hash of Compose's: up to 2.29 it keeps
 * a container on the old ones, until some day something else recreates it.
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
    // A container that stopped may have been taken off a network that is gone.
    containers.some((container) => container.status === 'running' && !container.networks.includes(name)),
  );
  return missing === undefined ? undefined : `network ${missing}`;
}
