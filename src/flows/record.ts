import { program } from '../commands/server.ts';
import { type Attempt, attemptLine } from '../model/history.ts';
import type { Release } from '../model/release.ts';
import type { HostState } from '../model/state.ts';
import type { Target } from '../plan/deploy.ts';
import { attempt, type Session } from './session.ts';

type Facts = {
  readonly command: Attempt['command'];
  readonly release: Release;
  readonly targets: readonly Target[];
  readonly states: readonly HostState[];
};

/**
 * Does the work, then writes a line about it into the history of every host. A deploy also removes what is no longer
 * kept; a rollback adds nothing, and the release that it came from may be wanted again.
 */
export async function recorded(
  session: Session,
  facts: Facts,
  work: (began: () => void) => Promise<void>,
): Promise<void> {
  let switched = false;
  let outcome: Attempt['outcome'] = 'failed';
  try {
    await work(() => {
      switched = true;
    });
    outcome = 'succeeded';
  } finally {
    await record(session, facts, outcome, switched);
  }
}

async function record(
  session: Session,
  { command, release, targets, states }: Facts,
  outcome: Attempt['outcome'],
  switched: boolean,
): Promise<void> {
  const { config, ports } = session;
  const tasks = targets.flatMap(({ host, root }) => {
    const state = states.find((other) => other.host === host);
    if (state === undefined || state.fatal) return [];
    const line = attemptLine({
      time: new Date(ports.clock.now()).toISOString(),
      command,
      release: release.id,
      commit: release.commit,
      committedAt: release.committedAt,
      outcome,
      switched,
      previous: state.current,
      actor: ports.ref.actor,
      run: ports.ref.run,
      reason: config.reason,
    });
    const prune = {
      kind: 'run',
      title: `keep ${config.keepReleases} releases`,
      command: program('prune', [root, release.project, String(config.keepReleases)]),
      output: 'quiet',
    } as const;
    return [
      {
        host,
        steps: [],
        always: [
          {
            kind: 'run',
            title: 'write the history',
            command: program('record', [root], { stdin: line }),
            output: 'quiet',
          },
          ...(command === 'deploy' ? [prune] : []),
        ],
      } as const,
    ];
  });
  const { failures } = await attempt(session, { title: 'record', stages: [{ name: 'Record', tasks }] });
  for (const { message } of failures) ports.log.warn(message);
}
