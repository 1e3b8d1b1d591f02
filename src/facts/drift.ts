import type { Container } from '../model/state.ts';
import { type Compared, compare, type Finding, type Wanted } from './compare.ts';

/** Differences between what runs and the current release: one sentence each. */
export function driftOf(wanted: Wanted, containers: readonly Container[]): readonly string[] {
  return compare(wanted, containers).flatMap((compared) =>
    Object.hasOwn(wanted.hashes, compared.service) ? driftOfService(compared) : extra(compared),
  );
}

function driftOfService({ service, wanted = 1, containers, findings }: Compared): readonly string[] {
  return [
    ...(containers.length === wanted ? [] : [`${service}: has ${counted(containers.length, wanted)}`]),
    ...containers.flatMap((container) => {
      const [worst] = findings.filter((finding) => finding.container === container && !isEnded(finding));
      return worst === undefined ? [] : [`${service}: ${container.name} ${sentence(worst)}`];
    }),
  ];
}

const isEnded = (finding: Finding): boolean => finding.kind === 'not-running' && finding.ended;

const extra = ({ service, containers }: Compared): readonly string[] =>
  containers.map(({ name }) => `${service}: ${name} is not part of the release`);

function counted(found: number, wanted: number): string {
  if (found === 0 && wanted === 1) return 'no container';
  return `${found} ${found === 1 ? 'container' : 'containers'}, expected ${wanted}`;
}

function sentence(finding: Finding): string {
  const { image, status, exitCode } = finding.container;
  switch (finding.kind) {
    case 'image':
      return `is running ${image}, expected ${finding.wanted}`;
    case 'configuration':
      return 'was created with a different configuration (environment, mounts, labels or command)';
    case 'not-running':
      return `is ${status} (exit code ${exitCode})`;
    case 'unhealthy':
      return 'is unhealthy';
  }
}
