import { program } from '../commands/server.ts';
import { type Attempt, attemptLine } from '../model/history.ts';
import type { Stage, Step } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import type { HostState } from '../model/state.ts';
import { whatIsThere } from '../plan/after.ts';
import type { Target } from '../plan/deploy.ts';
import { attempt, perform, type Session } from './session.ts';
import type { Progress } from './switch.ts';

type Facts = {
  readonly command: Attempt['command'];
  readonly release: Release;
  readonly targets: readonly Target[];
  readonly states: readonly HostState[];
};

/**
 * Does the work, then writes a line about it into the history of every host. One that touches what runs has a line
 * before it does: the end may never come to be written. A deploy also removes what is no longer kept; a rollback adds
 * nothing, and the release that it came from may be wanted again.
 */
export async function recorded(
  session: Session,
  facts: Facts,
  progress: Progress,
  work: (began: () => Promise<void>) => Promise<void>,
): Promise<void> {
  let switched = false;
  let outcome: Attempt['outcome'] = 'failed';
  try {
    await work(async () => {
      await perform(session, { title: 'begin', stages: [beginStage(session, facts)] });
      switched = true;
    });
    outcome = 'succeeded';
  } finally {
    if (switched && outcome === 'failed')
      progress({ after: whatIsThere(session.steps, facts.states, facts.release.id) });
    const stages = [endStage(session, facts, outcome, switched)];
    const { failures } = await attempt(session, { title: 'record', stages });
    for (const { message } of failures) session.ports.log.warn(message);
  }
}

function beginStage(session: Session, facts: Facts): Stage {
  const tasks = ableHosts(facts).map(({ host, root, state }) => {
    const begin = writeLine(root, lineOf(session, facts, state, 'started', true), 'note that the switch begins');
    return { host, steps: [{ ...begin, hint: 'nothing that runs was changed; is there space on the disk?' }] };
  });
  return { name: 'Begin', tasks };
}

function endStage(session: Session, facts: Facts, outcome: Attempt['outcome'], switched: boolean): Stage {
  const { config } = session;
  const tasks = ableHosts(facts).map(({ host, root, state }) => {
    const prune: Step = {
      kind: 'run',
      title: `keep ${config.keepReleases} releases`,
      command: program('prune', [root, facts.release.project, String(config.keepReleases)]),
      output: 'quiet',
    };
    const end = writeLine(root, lineOf(session, facts, state, outcome, switched), 'write the history');
    return { host, steps: [], always: [end, ...(facts.command === 'deploy' ? [prune] : [])] };
  });
  return { name: 'Record', tasks };
}

function ableHosts({ targets, states }: Facts) {
  return targets.flatMap(({ host, root }) => {
    const state = states.find((other) => other.host === host);
    return state === undefined || state.fatal ? [] : [{ host, root, state }];
  });
}

function writeLine(root: string, line: string, title: string): Step {
  return { kind: 'run', title, command: program('record', [root], { stdin: line }), output: 'quiet' };
}

function lineOf(
  { config, ports }: Session,
  { command, release }: Facts,
  { current }: HostState,
  outcome: Attempt['outcome'],
  switched: boolean,
): string {
  return attemptLine({
    time: new Date(ports.clock.now()).toISOString(),
    command,
    release: release.id,
    commit: release.commit,
    committedAt: release.committedAt,
    outcome,
    switched,
    previous: current,
    allowOlder: config.allowOlder,
    actor: ports.ref.actor,
    run: ports.ref.run,
    reason: config.reason,
  });
}
