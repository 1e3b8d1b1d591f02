import { up } from '../../commands/compose.ts';
import { sealedFile } from '../../commands/paths.ts';
import type { Reason, ServiceChange } from '../../model/changes.ts';
import type { Step } from '../../model/plan.ts';
import { running } from '../verify.ts';
import { upStep } from './steps.ts';
import type { StrategyFacts } from './strategy.ts';

/**
 * Named one by one: if Compose recreates a service, it recreates everything that depends on it within the same `up`,
 * even services that have not changed.
 */
export function inPlace(
  id: string,
  services: readonly string[],
  facts: StrategyFacts,
  /** Whether services are removed that may hold a port these need: Compose removes them first. */
  makesRoom = false,
): readonly Step[] {
  const { host, release } = facts;
  const room = makesRoom ? ['--remove-orphans'] : [];
  const actions = host.changes.filter(({ service }) => services.includes(service));
  // Nothing that Compose would notice.
  const forced = actions.filter(({ reasons: [first] }) => unnoticed(first)).map(({ service }) => service);
  const plain = services.filter((service) => !forced.includes(service));
  const bring = (more: string, args: readonly string[], names: readonly string[]): readonly Step[] =>
    names.length === 0
      ? []
      : [
          {
            ...upStep(`${id}${more}`, wordsOf(actions, names), facts),
            changes: true,
            command: up(sealedFile(host.root, host.to), release.project, [...room, ...args, ...names]),
            ...(host.to === release.id ? { explain: running(release, host) } : {}),
          },
        ];
  return [...bring('-forced', ['--force-recreate'], forced), ...bring('', [], plain)];
}

const unnoticed = (reason: Reason | undefined): boolean =>
  reason?.kind === 'forced' ||
  reason?.kind === 'depends' ||
  reason?.kind === 'compose' ||
  (reason?.kind === 'resource' && reason.forced);

const wordsOf = (changes: readonly ServiceChange[], names: readonly string[]): string =>
  changes
    .filter(({ service }) => names.includes(service))
    .map(({ action, service }) => `${action} ${service}`)
    .join(', ');
