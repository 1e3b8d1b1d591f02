import { armLease, confirmLease } from '../commands/lease.ts';
import { prune, record } from '../commands/server.ts';
import { type Attempt, attemptLine } from '../model/history.ts';
import type { Plan, Stage, Step } from '../model/plan.ts';
import { type HostSwitch, type Intent, type Observed, stepIds } from '../model/switch.ts';
import { script } from './script.ts';
import { undoLimitSeconds } from './undo.ts';

type Ending = Pick<Attempt, 'outcome' | 'switched'> & {
  /** ISO 8601, UTC; `now`: the time of the undo. */
  readonly time: string;
};

/** A host, and what undoes the switch there if it fails; nothing if it should stay as it is. */
export type Beginning = { readonly host: HostSwitch; readonly undo: readonly Step[] };

/**
 * The start of the switch on every host: the undo is armed on the server, then the history records the start. Its
 * end may never be written.
 */
export function beginStage(intent: Intent, hosts: readonly Beginning[]): Stage {
  const hint = 'Check the disk space on the server. No running container was touched.';
  const tasks = hosts.map(({ host: { host, root, from }, undo }) => {
    const line = (outcome: Attempt['outcome'], time: string): string =>
      lineOf(intent, from, { outcome, time, switched: true });
    const arm: Step = {
      kind: 'run',
      id: 'arm',
      title: 'arm the rollback on the server',
      channel: 'lease',
      command: armLease(
        { root, token: intent.token },
        {
          script: script(undo, intent.release.project),
          limitSeconds: undoLimitSeconds(undo),
          rolledBack: line('rolled-back', 'now'),
          rollbackFailed: line('rollback-failed', 'now'),
        },
      ),
      output: 'facts',
      hint,
    };
    const begin: Step = {
      kind: 'run',
      id: stepIds.begin,
      title: 'record the start of the switch',
      channel: 'detached',
      command: record(root, line('started', intent.time)),
      output: 'quiet',
      hint,
    };
    return { host, steps: [...(undo.length > 0 ? [arm] : []), begin], undo };
  });
  return { name: 'Begin', tasks };
}

/**
 * Records how it ended on those of these hosts that could be checked. What was changed there stays: nothing is armed
 * from then on.
 */
export function recordPlan(
  intent: Intent,
  { targets, states }: Observed,
  ending: Ending,
  hosts: readonly string[],
): Plan {
  const tasks = targets.flatMap(({ host, root }) => {
    const state = states.find((other) => other.host === host);
    if (state === undefined || state.fatal || !hosts.includes(host)) return [];
    const step: Step = {
      kind: 'run',
      id: stepIds.confirm,
      title: 'write the history',
      channel: 'lease',
      command: confirmLease({ root, token: intent.token }, lineOf(intent, state.current, ending)),
      output: 'facts',
    };
    return [{ host, steps: [], always: [step] }];
  });
  return { stages: [{ name: 'Record', tasks }] };
}

/** A deploy prunes what is no longer kept. A rollback adds nothing, and the release it left may be needed again. */
export function prunePlan({ release }: Intent, { targets, states }: Observed, keep: number): Plan {
  const tasks = targets.flatMap(({ host, root }) => {
    const state = states.find((other) => other.host === host);
    if (state === undefined || state.fatal) return [];
    const step: Step = {
      kind: 'run',
      id: 'prune',
      title: `prune old releases (keep ${keep})`,
      channel: 'detached',
      command: prune({ root, project: release.project, keep }),
      output: 'facts',
    };
    return [{ host, steps: [], always: [step] }];
  });
  return { stages: [{ name: 'Prune', tasks }] };
}

/** @param from the release that was current before */
function lineOf(intent: Intent, from: string | undefined, { time, outcome, switched }: Ending): string {
  const { command, release, allowOlder, actor, run, reason } = intent;
  const { id, commit, committedAt } = release;
  const which = { command, release: id, commit, committedAt, previous: from };
  return attemptLine({ ...which, time, outcome, switched, allowOlder, actor, run, reason });
}
