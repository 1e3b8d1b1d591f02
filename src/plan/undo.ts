import { makeCurrent, restoreFiles } from '../commands/server.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { SwitchPlan } from '../model/switch.ts';
import type { Strategy, UndoFacts } from './strategies/strategy.ts';

/** What rolls a host back to the previous release, or to nothing if there was none: files, containers, `current`. */
export function undoSteps(strategy: Strategy, facts: UndoFacts, writesFiles: boolean): readonly Step[] {
  const { root, from, to } = facts.host;
  const restore: Step = {
    kind: 'run',
    id: 'undo-files',
    title: 'put the old files back',
    channel: 'detached',
    command: restoreFiles({ root, id: to }),
    output: 'quiet',
  };
  const current: Step = {
    kind: 'run',
    id: 'undo-current',
    title: from === undefined ? 'make no release current' : `make ${from} current`,
    channel: 'detached',
    command: makeCurrent(root, from),
    output: 'quiet',
  };
  return [...(writesFiles ? [restore] : []), current, ...strategy.undo(facts)];
}

/** The time limit for all of it, including a second try. */
export function undoLimitSeconds(steps: readonly Step[]): number {
  const once = steps.reduce((sum, step) => sum + (('timeoutSeconds' in step && step.timeoutSeconds) || 60), 0);
  return 2 * once;
}

/** How long a server waits for its engine before it tries (server/keeper.sh), plus the overhead. */
const engineSeconds = 600;
const aroundSeconds = 60;

/** The longest time until a server that rolls back by itself is done. */
export function aloneSeconds(plan: SwitchPlan, host: string): number {
  const [stage] = undoPlan(plan).stages;
  const steps = (stage?.tasks ?? []).flatMap((task) => (task.host === host ? task.steps : []));
  return engineSeconds + undoLimitSeconds(steps) + aroundSeconds;
}

/** The undo for every host on which the switch began, newest first. */
export function undoPlan({ stages }: SwitchPlan): Plan {
  const tasks = stages
    .toReversed()
    .flatMap((stage) =>
      stage.tasks.flatMap(({ host, undo = [] }) => (undo.length === 0 ? [] : [{ host, steps: undo }])),
    );
  return { stages: [{ name: 'Roll back', tasks }] };
}
