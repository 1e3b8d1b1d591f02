import { prune, record } from '../commands/server.ts';
import { type Attempt, attemptLine } from '../model/history.ts';
import type { Plan, Stage, Step } from '../model/plan.ts';
import { type Intent, type Observed, stepIds } from '../model/switch.ts';

type Ending = Pick<Attempt, 'outcome' | 'switched'> & {
  /** ISO 8601, UTC. */
  readonly time: string;
};

/** Notes on every host that the switch begins: its end may never come to be written. */
export function beginStage(
  intent: Intent,
  hosts: readonly { host: string; root: string; from: string | undefined }[],
): Stage {
  const tasks = hosts.map(({ host, root, from }) => {
    const line = lineOf(intent, from, { time: intent.time, outcome: 'started', switched: true });
    const step: Step = {
      ...writing(root, line),
      id: stepIds.begin,
      title: 'note that the switch begins',
      hint: 'nothing that runs was changed; is there space on the disk?',
    };
    return { host, steps: [step] };
  });
  return { name: 'Begin', tasks };
}

/**
 * Writes how it ended. A deploy also removes what is no longer kept; a rollback adds nothing, and the release that it came
 * from may be wanted again.
 */
export function recordPlan(intent: Intent, { targets, states }: Observed, ending: Ending, keep: number): Plan {
  const { project } = intent.release;
  const tasks = targets.flatMap(({ host, root }) => {
    const state = states.find((other) => other.host === host);
    if (state === undefined || state.fatal) return [];
    const end: Step = {
      ...writing(root, lineOf(intent, state.current, ending)),
      id: 'record',
      title: 'write the history',
    };
    const pruning: Step = {
      kind: 'run',
      id: 'prune',
      title: `keep ${keep} releases`,
      command: prune({ root, project, keep }),
      output: 'facts',
    };
    return [{ host, steps: [], always: [end, ...(intent.command === 'deploy' ? [pruning] : [])] }];
  });
  return { stages: [{ name: 'Record', tasks }] };
}

const writing = (root: string, line: string) =>
  ({ kind: 'run', command: record(root, line), output: 'quiet' }) as const;

/** @param from the release that was current before */
export function lineOf(intent: Intent, from: string | undefined, { time, outcome, switched }: Ending): string {
  const { command, release, allowOlder, actor, run, reason } = intent;
  const { id, commit, committedAt } = release;
  const which = { command, release: id, commit, committedAt, previous: from };
  return attemptLine({ ...which, time, outcome, switched, allowOlder, actor, run, reason });
}
