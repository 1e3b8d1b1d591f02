import type { BuildCause, Reason, ServiceChange } from '../model/changes.ts';
import type { SwitchPlan } from '../model/switch.ts';

/** Service → what git says about its build, on a host. */
export type BuildCauses = (host: string) => Readonly<Record<string, BuildCause>>;

/**
 * The same plan before the build: the digest of an image to be built is not known yet, but its inputs are. A service is
 * recreated even if none of them differ: its image is labelled with the commit.
 */
export function withBuilds(plan: SwitchPlan, causes: BuildCauses): SwitchPlan {
  const hosts = plan.hosts.map((host) => {
    const causesThere = causes(host.host);
    const changes = host.changes.map((change): ServiceChange => {
      const cause = Object.hasOwn(causesThere, change.service) ? causesThere[change.service] : undefined;
      return cause === undefined ? change : { ...change, reasons: withBuild(change.reasons, cause) };
    });
    return { ...host, changes };
  });
  return { ...plan, hosts };
}

function withBuild(reasons: readonly Reason[], cause: BuildCause): readonly Reason[] {
  const fresh = reasons.some(({ kind }) => kind === 'new');
  const others = reasons.filter(({ kind }) => kind !== 'image' && kind !== 'configuration' && kind !== 'forced');
  return [...others, { kind: 'build', cause: fresh ? { kind: 'new' } : cause }];
}
