import { up } from '../../commands/compose.ts';
import { sealedFile } from '../../commands/paths.ts';
import { retire, rollBack } from '../../commands/server.ts';
import type { Rolling, ServiceChange } from '../../model/changes.ts';
import type { Step, WaitStep } from '../../model/plan.ts';
import type { Release } from '../../model/release.ts';
import { running } from '../verify.ts';
import { bringUp, recreate, tidyStep, upStep } from './recreate.ts';
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
  return [
    tidyStep(facts.release.project),
    ...needed(turns, facts),
    ...turns.flatMap((turn) => roll(turn, facts)),
    ...bringUp(facts, turns.length > 0 ? 'nothing else is to do' : 'bring up everything else'),
  ];
}

/** What those that roll wait for, and is new or is recreated. Whatever that waits for has its turn later. */
function needed(
  turns: readonly Turn[],
  { host: { root, to }, release, healthTimeoutSeconds }: StrategyFacts,
): readonly Step[] {
  const needs = [...new Set(turns.flatMap((turn) => turn.needs))];
  if (needs.length === 0) return [];
  return [
    {
      ...upStep('up-needed', `bring up ${needs.join(', ')}`, healthTimeoutSeconds),
      changes: true,
      command: up(sealedFile(root, to), release.project, ['--no-deps', ...needs]),
      explain: running(release),
    },
  ];
}

function roll(turn: Turn, { host: { root, to }, release, healthTimeoutSeconds }: StrategyFacts): readonly Step[] {
  const { service, old, count, drainSeconds, graceSeconds } = turn;
  const scale = ['--no-deps', '--no-recreate', '--scale', `${service}=${old.length + count}`, service];
  const healthy = beside(turn, release);
  return [
    {
      ...upStep(`roll-${service}`, `start the new ${service} beside the old`, healthTimeoutSeconds),
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

/** Each service goes back as it came, the last one first, before anything else is touched. */
function undo(facts: UndoFacts): readonly Step[] {
  const { host, release, healthTimeoutSeconds: timeoutSeconds } = facts;
  const { root, from, to, changes } = host;
  if (from === undefined) return recreate.undo(facts);
  const back = turnsOf(changes)
    .toReversed()
    .map(({ service, old: ids, drainSeconds, graceSeconds }): Step => {
      const files = { from: sealedFile(root, from), to: sealedFile(root, to) };
      return {
        kind: 'run',
        id: `undo-${service}`,
        title: `bring the old ${service} back`,
        changes: true,
        channel: 'detached',
        output: 'live',
        command: rollBack({ project: release.project, service, ...files, drainSeconds, timeoutSeconds, ids }),
        timeoutSeconds: timeoutSeconds + drainSeconds + graceSeconds + 60,
        retry: { pauses: [2] },
      };
    });
  return [...back, ...recreate.undo(facts)];
}
