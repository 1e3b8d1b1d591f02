import { sealedFile } from '../../commands/paths.ts';
import { rollBack } from '../../commands/server.ts';
import type { Step } from '../../model/plan.ts';
import { inPlace } from './in-place.ts';
import { bringBack, recreate, tidyBack } from './recreate.ts';
import type { UndoFacts } from './strategy.ts';
import { isRemoved, type Turn, turnsOf } from './turns.ts';

/** Each service is rolled back the way it was rolled, in the same order, so that what it waits for is back first. Then everything else. */
export function undo(facts: UndoFacts): readonly Step[] {
  const { changes, from, to } = facts.host;
  if (from === undefined) return recreate.undo(facts);
  const old = { ...facts, host: { ...facts.host, to: from } };
  const back = turnsOf(changes).map(({ service, ...turn }) =>
    backStep(`bring the old ${service} back`, service, turn, { ...facts, from, to }),
  );
  // The services that roll back use them.
  const removed =
    back.length === 0
      ? []
      : changes.filter(isRemoved).flatMap(({ service }) => returned(service, { ...facts, from, to }));
  const again = changes.filter(({ action }) => action === 'recreate' || action === 'scale').map((c) => c.service);
  const made = changes.some(({ action }) => action === 'create');
  return [...removed, ...back, ...tidyBack(facts), ...inPlace('undo-in-place', again, old, made), ...bringBack(facts)];
}

/** A service that the new release has removed comes back before the old ones that may use it. */
function returned(service: string, facts: UndoFacts & Between): readonly Step[] {
  const ran = facts.before.containers.filter((c) => c.service === service && !c.oneOff && c.status === 'running');
  if (ran.length === 0) return [];
  const turn = { old: ran.map(({ id }) => id), drainSeconds: 0, graceSeconds: 0 };
  return [backStep(`bring ${service} back`, service, turn, facts)];
}

/** The releases before and after the switch that is undone. */
type Between = { readonly from: string; readonly to: string };

function backStep(
  title: string,
  service: string,
  { old: ids, drainSeconds, graceSeconds }: Pick<Turn, 'old' | 'drainSeconds' | 'graceSeconds'>,
  { host, release, healthTimeoutSeconds: timeoutSeconds, from, to }: UndoFacts & Between,
): Step {
  const files = { from: sealedFile(host.root, from), to: sealedFile(host.root, to) };
  return {
    kind: 'run',
    id: `undo-${service}`,
    title,
    changes: true,
    channel: 'detached',
    output: 'live',
    command: rollBack({ project: release.project, service, ...files, drainSeconds, timeoutSeconds, ids }),
    timeoutSeconds: 2 * timeoutSeconds + drainSeconds + graceSeconds + 60,
    retry: { pauses: [2] },
  };
}
