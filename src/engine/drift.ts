import type { Container } from '../model/state.ts';

export type Sealed = {
  /** Service → config hash of the current release. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Service → `name@sha256:…` of the current release. */
  readonly images: Readonly<Record<string, string>>;
  /** Service → how many containers it has, where that is not one. */
  readonly replicas?: Readonly<Record<string, number>>;
};

/** What runs and is not as the current release says: one sentence each. */
export function driftOf(
  { hashes, images, replicas = {} }: Sealed,
  containers: readonly Container[],
): readonly string[] {
  const lasting = containers.filter(({ oneOff }) => !oneOff);
  const expected = Object.entries(hashes).flatMap(([service, hash]) => {
    const own = lasting.filter((container) => container.service === service);
    const count = Object.hasOwn(replicas, service) ? (replicas[service] ?? 1) : 1;
    return [
      ...(own.length === count ? [] : [`${service}: has ${counted(own.length, count)}`]),
      ...own.flatMap((container) => containerDrift(container, hash, images[service])),
    ];
  });
  const extra = lasting
    .filter(({ service }) => !Object.hasOwn(hashes, service))
    .map(({ name, service }) => `${service}: ${name} is not part of the release`);
  return [...expected, ...extra];
}

function counted(found: number, wanted: number): string {
  if (found === 0 && wanted === 1) return 'no container';
  return `${found} ${found === 1 ? 'container' : 'containers'} instead of ${wanted}`;
}

function containerDrift(container: Container, hash: string, image: string | undefined): readonly string[] {
  const { service, name, status, exitCode, health, restartPolicy } = container;
  const say = (what: string): string => `${service}: ${name} ${what}`;
  if (image !== undefined && container.image !== image) return [say(`runs ${container.image} instead of ${image}`)];
  if (container.configHash !== hash)
    return [say('was created with another configuration (environment, mounts, labels or command)')];
  // A container that ran to its end is fine; one that Docker was told to keep running was stopped by somebody.
  if (status === 'exited' && exitCode === 0 && (restartPolicy === 'no' || restartPolicy === 'on-failure')) return [];
  if (status !== 'running') return [say(`is ${status} (exit code ${exitCode})`)];
  return health === 'unhealthy' ? [say('is unhealthy')] : [];
}
