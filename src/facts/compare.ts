import type { Container } from '../model/state.ts';

export type Wanted = {
  /** Service → config hash, for every service that should have a container. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Service → `name@sha256:…` */
  readonly images: Readonly<Record<string, string>>;
  /** Service → how many containers it has, where that is not one. */
  readonly replicas?: Readonly<Record<string, number>>;
};

/** How a container differs from what is wanted. */
export type Finding =
  | { readonly kind: 'image'; readonly container: Container; readonly wanted: string }
  | { readonly kind: 'configuration'; readonly container: Container }
  /** `ended`: it exited, and its restart policy allows that. */
  | { readonly kind: 'not-running'; readonly container: Container; readonly ended: boolean }
  | { readonly kind: 'unhealthy'; readonly container: Container };

export type Compared = {
  readonly service: string;
  /** How many containers it is to have; undefined: it is not part of the release. */
  readonly wanted: number | undefined;
  readonly containers: readonly Container[];
  readonly findings: readonly Finding[];
};

/**
 * What runs, held against what is wanted: the services of the release first, then those that are there all the same. The
 * plan, `status` and what is said after a failure are made of this.
 */
export function compare(
  { hashes, images, replicas = {} }: Wanted,
  containers: readonly Container[],
): readonly Compared[] {
  const lasting = containers.filter(({ oneOff }) => !oneOff);
  const expected = Object.entries(hashes).map(([service, hash]): Compared => {
    const own = lasting.filter((container) => container.service === service);
    const findings = own.flatMap((container) => findingsOf(container, hash, ownValue(images, service)));
    return { service, wanted: ownValue(replicas, service) ?? 1, containers: own, findings };
  });
  const others = new Set(lasting.map(({ service }) => service).filter((service) => !Object.hasOwn(hashes, service)));
  const extra = [...others].map((service): Compared => {
    const own = lasting.filter((container) => container.service === service);
    return { service, wanted: ownValue(replicas, service), containers: own, findings: [] };
  });
  return [...expected, ...extra];
}

function findingsOf(container: Container, hash: string, image: string | undefined): readonly Finding[] {
  const { status, exitCode, health, restartPolicy, configHash } = container;
  // A one-shot container may exit; one with a restart policy was stopped by someone.
  const ended = status === 'exited' && exitCode === 0 && (restartPolicy === 'no' || restartPolicy === 'on-failure');
  return [
    ...(image !== undefined && container.image !== image ? [{ kind: 'image', container, wanted: image } as const] : []),
    ...(configHash === hash ? [] : [{ kind: 'configuration', container } as const]),
    ...(status === 'running' ? [] : [{ kind: 'not-running', container, ended } as const]),
    ...(status === 'running' && health === 'unhealthy' ? [{ kind: 'unhealthy', container } as const] : []),
  ];
}

/** A service may be called like a property of every object. */
function ownValue<T>(record: Readonly<Record<string, T>>, service: string): T | undefined {
  return Object.hasOwn(record, service) ? record[service] : undefined;
}
