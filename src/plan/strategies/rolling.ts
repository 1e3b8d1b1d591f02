import { up } from '../../commands/compose.ts';
import { sealedFile } from '../../commands/paths.ts';
import { retire, rollBack } from '../../commands/server.ts';
import type { Reason, Rolling, ServiceChange } from '../../model/changes.ts';
import type { Step, WaitStep } from '../../model/plan.ts';
import type { Release } from '../../model/release.ts';
import { refreshStep } from '../refresh.ts';
import { running } from '../verify.ts';
import { bringBack, bringUp, recreate, tidyStep, upStep } from './recreate.ts';
import type { Strategy, StrategyFacts, UndoFacts } from './strategy.ts';

/** New containers come up beside the old ones, which go when those are healthy: one service after the other. */
export const rolling: Strategy = { stage: 'Roll', steps, undo };

type Turn = Rolling & { readonly service: string };

const turnsOf = (changes: readonly ServiceChange[]): readonly Turn[] =>
  changes
    .flatMap(({ service, rolling: how }) => (how === undefined ? [] : [{ service, ...how }]))
    .toSorted((a, b) => a.turn - b.turn);

function steps(facts: StrategyFacts): readonly Step[] {
  const { changes } = facts.host;
  const turns = turnsOf(changes);
  const needs = turns.flatMap((turn) => turn.needs);
  const rest = replaced(changes).filter((service) => !needs.includes(service));
  return [
    tidyStep(facts.release.project),
    ...turns.flatMap((turn, index) => [...needed(turn, turns.slice(0, index), facts), ...roll(turn, facts)]),
    ...inPlace('up-in-place', rest, facts, changes.some(isRemoved)),
    ...bringUp({ ...facts, host: { ...facts.host, changes: changes.filter(({ action }) => action === 'remove') } }),
  ];
}

/** What it waits for that is new, or gets new containers in the place of old ones. */
function needed({ service, needs }: Turn, earlier: readonly Turn[], facts: StrategyFacts): readonly Step[] {
  const missing = needs.filter((other) => !earlier.some((turn) => turn.needs.includes(other)));
  return inPlace(`needs-of-${service}`, missing, facts);
}

/**
 * Named one by one: where Compose recreates a service, it recreates all that depend on it and are part of the same `up`,
 * also those that did not change.
 */
function inPlace(
  id: string,
  services: readonly string[],
  facts: StrategyFacts,
  /** Whether services go that may hold a port which these need: Compose removes them first. */
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

const isRemoved = ({ action }: ServiceChange): boolean => action === 'remove';

const wordsOf = (changes: readonly ServiceChange[], names: readonly string[]): string =>
  changes
    .filter(({ service }) => names.includes(service))
    .map(({ action, service }) => `${action} ${service}`)
    .join(', ');

const replaced = (changes: readonly ServiceChange[]): readonly string[] =>
  changes
    .filter(({ action }) => action !== 'keep' && action !== 'remove' && action !== 'roll')
    .map(({ service }) => service);

function roll(turn: Turn, facts: StrategyFacts): readonly Step[] {
  const { host, release, healthTimeoutSeconds } = facts;
  const { root, to } = host;
  const { service, old, count, drainSeconds, graceSeconds } = turn;
  // Not with --no-deps: without its dependencies the service has another hash, and the last `up` would recreate it.
  const scale = ['--no-recreate', '--scale', `${service}=${old.length + count}`, service];
  const healthy = beside(turn, release);
  return [
    {
      ...upStep(`roll-${service}`, `start the new ${service} beside the old`, facts),
      changes: true,
      command: up(sealedFile(root, to), release.project, scale),
      explain: healthy,
    },
    {
      kind: 'wait',
      id: `healthy-${service}`,
      title: `the new ${service} is healthy`,
      ...healthy,
      timeoutSeconds: healthTimeoutSeconds,
    },
    refreshStep(release.project, 'first', `refresh-${service}`),
    {
      kind: 'run',
      id: `retire-${service}`,
      title: `stop the old ${service} after ${drainSeconds} s`,
      changes: true,
      channel: 'detached',
      output: 'quiet',
      command: retire(drainSeconds, old),
      timeoutSeconds: drainSeconds + graceSeconds + 60,
    },
  ];
}

/** The new containers of one service alone. */
function beside({ service, old, count }: Turn, release: Release): Pick<WaitStep, 'probe' | 'until'> {
  const { probe, until } = running({ ...release, images: { [service]: release.images[service] ?? '' } });
  return { probe, until: until.kind === 'services' ? { ...until, besides: old, count } : until };
}

/** Each service goes back as it came, in the same order: what it waits for is back before it. Then everything else. */
function undo(facts: UndoFacts): readonly Step[] {
  const { host, release, healthTimeoutSeconds: timeoutSeconds } = facts;
  const { root, from, to, changes } = host;
  if (from === undefined) return recreate.undo(facts);
  const back = turnsOf(changes).map(({ service, old: ids, drainSeconds, graceSeconds }): Step => {
    const files = { from: sealedFile(root, from), to: sealedFile(root, to) };
    return {
      kind: 'run',
      id: `undo-${service}`,
      title: `bring the old ${service} back`,
      changes: true,
      channel: 'detached',
      output: 'live',
      command: rollBack({ project: release.project, service, ...files, drainSeconds, timeoutSeconds, ids }),
      timeoutSeconds: 2 * timeoutSeconds + drainSeconds + graceSeconds + 60,
      retry: { pauses: [2] },
    };
  });
  const again = changes.filter(({ action }) => action === 'recreate' || action === 'scale').map((c) => c.service);
  const old = { ...facts, host: { ...host, to: from } };
  const made = changes.some(({ action }) => action === 'create');
  return [...back, tidyStep(release.project), ...inPlace('undo-in-place', again, old, made), ...bringBack(facts)];
}
