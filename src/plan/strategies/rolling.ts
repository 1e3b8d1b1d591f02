import { up } from '../../commands/compose.ts';
import { sealedFile } from '../../commands/paths.ts';
import { retire } from '../../commands/server.ts';
import type { ServiceChange } from '../../model/changes.ts';
import type { Step, WaitStep } from '../../model/plan.ts';
import type { Release } from '../../model/release.ts';
import { refreshStep } from '../refresh.ts';
import { running } from '../verify.ts';
import { inPlace } from './in-place.ts';
import { bringUp } from './recreate.ts';
import { undo } from './rolling-undo.ts';
import { tidyStep, upStep } from './steps.ts';
import type { Strategy, StrategyFacts } from './strategy.ts';
import { isRemoved, type Turn, turnsOf } from './turns.ts';

/** New containers start next to the old ones, which are removed once the new ones are healthy: one service after the other. */
export const rolling: Strategy = { stage: 'Roll', steps, undo };

function steps(facts: StrategyFacts): readonly Step[] {
  const { changes } = facts.host;
  const turns = turnsOf(changes);
  const needs = turns.flatMap((turn) => turn.needs);
  const rest = replaced(changes).filter((service) => !needs.includes(service));
  return [
    tidyStep(facts.release.project, sealedFile(facts.host.root, facts.host.to)),
    ...turns.flatMap((turn, index) => [...needed(turn, turns.slice(0, index), facts), ...roll(turn, facts)]),
    ...inPlace('up-in-place', rest, facts, changes.some(isRemoved)),
    ...bringUp({ ...facts, host: { ...facts.host, changes: changes.filter(({ action }) => action === 'remove') } }),
  ];
}

/** Services that must run before it and do not yet. */
function needed(
  { service, needs, awaits, makesRoom }: Turn,
  earlier: readonly Turn[],
  facts: StrategyFacts,
): readonly Step[] {
  const missing = needs.filter((other) => !earlier.some((turn) => turn.needs.includes(other)));
  const awaited = awaits.filter((other) => !earlier.some((turn) => turn.awaits.includes(other)));
  return [...inPlace(`needs-of-${service}`, missing, facts, makesRoom), ...ready(service, awaited, facts)];
}

/** Without this, containers would be reported as healthy before anything answers in them. */
function ready(service: string, awaited: readonly string[], facts: StrategyFacts): readonly Step[] {
  const { host, release, healthTimeoutSeconds, initTimeoutSeconds } = facts;
  const { completes = [] } = host;
  const images = Object.fromEntries(awaited.flatMap((name) => imageOf(name, release)));
  if (Object.keys(images).length === 0) return [];
  const names = Object.keys(images);
  return [
    {
      kind: 'wait',
      id: `ready-for-${service}`,
      title: `${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} ready`,
      ...running({ ...release, images }, host),
      timeoutSeconds: healthTimeoutSeconds + (names.some((name) => completes.includes(name)) ? initTimeoutSeconds : 0),
    },
  ];
}

const imageOf = (service: string, { images }: Release): readonly (readonly [string, string])[] => {
  const image = images[service];
  return image === undefined ? [] : [[service, image]];
};

const replaced = (changes: readonly ServiceChange[]): readonly string[] =>
  changes
    .filter(({ action }) => action !== 'keep' && action !== 'remove' && action !== 'roll')
    .map(({ service }) => service);

function roll(turn: Turn, facts: StrategyFacts): readonly Step[] {
  const { host, release, healthTimeoutSeconds } = facts;
  const { root, to } = host;
  const { service, old, count, drainSeconds, graceSeconds } = turn;
  // Not with --no-deps: without its dependencies the service has a different hash, and the last `up` would recreate it.
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

/** The new containers of one service only. */
function beside({ service, old, count }: Turn, release: Release): Pick<WaitStep, 'probe' | 'until'> {
  const { probe, until } = running({ ...release, images: { [service]: release.images[service] ?? '' } });
  return { probe, until: until.kind === 'services' ? { ...until, besides: old, count } : until };
}
