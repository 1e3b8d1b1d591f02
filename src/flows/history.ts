import { readKept } from '../facts/kept.ts';
import { hasBegun } from '../facts/left.ts';
import type { Attempt } from '../model/history.ts';
import type { Release } from '../model/release.ts';
import type { Intent, Observed } from '../model/switch.ts';
import { prunePlan, recordPlan } from '../plan/history.ts';
import { type Measuring, measuring } from './downtime.ts';
import { attempt, perform, type Session } from './session.ts';
import { undo } from './undo.ts';

export function intentOf(
  { config, ports }: Session,
  command: Attempt['command'],
  release: Release,
  token: string,
): Intent {
  const { allowOlder, reason } = config;
  const { actor, run } = ports.ref;
  return { command, release, token, time: timeOf(ports.clock.now()), allowOlder, actor, run, reason };
}

/**
 * Does the work, and writes on every host how it ended. A switch that failed is undone, unless it is to stay. A deploy also
 * removes what is no longer kept.
 */
export async function recorded(
  session: Session,
  intent: Intent,
  observed: Observed,
  work: (downtime: Measuring) => Promise<void>,
): Promise<void> {
  const { config, ports, known } = session;
  known.release = intent.release;
  known.previousRelease = observed.states[0]?.current;
  known.before = observed.states.map(({ host, current, currentRelease, history }) => ({
    host,
    release: current,
    commit: currentRelease?.commit,
    since: history.findLast(({ release, outcome }) => release === current && outcome === 'succeeded')?.time,
  }));
  const hosts = observed.targets.map(({ host }) => host);
  // Without its lease a server may be another run's.
  if (session.leases.size > 0) ports.announce({ kind: 'prepares', intent, hosts, previous: known.previousRelease });
  const ending = (outcome: Attempt['outcome'], switched: boolean) => ({
    outcome,
    switched,
    time: timeOf(ports.clock.now()),
  });
  const record = (outcome: Attempt['outcome'], switched: boolean, on = hosts) =>
    recordPlan(intent, observed, ending(outcome, switched), on);
  const downtime = measuring(session);
  try {
    await work(downtime);
    // Not confirmed is not deployed: the servers would roll back.
    await perform(session, record('succeeded', true));
  } catch (error) {
    const begun = known.plan !== undefined && hasBegun(known.plan, known.steps);
    if (begun && known.plan !== undefined && config.onFailure === 'rollback') {
      known.undone = await undo(
        session,
        known.plan,
        downtime,
        async (host) => await attempt(session, record('rolled-back', true, [host])),
      );
    } else if (session.leases.size > 0) {
      await downtime.stop('the switch');
      const { failures } = await attempt(session, record('failed', begun));
      for (const { message } of failures) ports.log.warn(message);
    }
    throw error;
  } finally {
    await downtime.stop('the switch');
    if (intent.command === 'deploy' && !ports.signal.aborted && session.leases.size > 0) {
      const { failures, output } = await attempt(session, prunePlan(intent, observed, config.keepReleases));
      for (const { message } of failures) ports.log.warn(message);
      for (const host of hosts) for (const kept of readKept(host, output(host, 'prune'))) ports.log.warn(kept);
    }
  }
}

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString();
