import type { Consent } from '../config/config.ts';
import { noClaims } from '../model/claims.ts';
import type { Release } from '../model/release.ts';
import type { Resolution } from '../model/state.ts';
import type { Observed } from '../model/switch.ts';
import { claimProblems } from '../plan/claims.ts';
import { consentTo, dataOf } from '../plan/data.ts';
import { refusalText } from '../report/data.ts';

/** Why a resolved release cannot go to these hosts: conflicts with other projects, and changes that were not accepted. */
export function refusals(
  { targets, states }: Observed,
  resolved: readonly Resolution[],
  release: Release,
  accept: readonly Consent[],
  command: 'deploy' | 'rollback' = 'deploy',
): readonly string[] {
  const { project } = release;
  return targets.flatMap(({ host, root }) => {
    const state = states.find((other) => other.host === host);
    const resolution = resolved.find((other) => other.host === host);
    if (resolution === undefined || resolution.claims === noClaims) return [];
    const containers = state?.containers ?? [];
    const refused = dataOf(resolution, { root, containers, release, from: state?.current }).filter((change) => {
      const consent = consentTo(change);
      return consent !== undefined && !accept.includes(consent);
    });
    return [
      ...claimProblems({
        host,
        project,
        claims: resolution.claims,
        replicas: resolution.replicas,
        versions: state ?? {},
      }),
      ...refused.map((change) => `${host}: ${refusalText(change, command)}`),
    ];
  });
}
