import type { Applied } from '../engine/apply.ts';
import { isUnrecorded, readKept } from '../facts/kept.ts';
import { hasBegun } from '../facts/left.ts';
import type { Attempt } from '../model/history.ts';
import type { Release } from '../model/release.ts';
import { type Intent, type Observed, stepIds } from '../model/switch.ts';
import { prunePlan, recordPlan } from '../plan/history.ts';
import { type Measuring, measuring } from './downtime.ts';
import { rememberEnd } from './lease.ts';
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
 * Does the work, and records on every host how it ended. A failed switch is undone, unless `on-failure` keeps it. A deploy also
 * prunes what is no longer kept.
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
  // Without its lease, a server may belong to another run.
  if (session.leases.size > 0) ports.announce({ kind: 'prepares', intent, hosts, previous: known.previousRelease });
  const ending = (outcome: Attempt['outcome'], switched: boolean) => ({
    outcome,
    switched,
    time: timeOf(ports.clock.now()),
  });
  const record = (outcome: Attempt['outcome'], switched: boolean, on = hosts) =>
    recordPlan(intent, observed, ending(outcome, switched), on);
  const warnOfHistory = ({ output }: Applied): void => {
    for (const { host, root } of observed.targets)
      if (isUnrecorded(output(host, stepIds.confirm)))
        ports.log.warn(
          `${host}: the outcome could not be written to ${root}/history.jsonl: the disk is full, or this user may not write there. \`status\` and \`rollback\` rely on that file`,
        );
  };
  const downtime = measuring(session);
  try {
    await work(downtime);
    // Not confirmed means not deployed: the servers would roll back.
    rememberEnd(session, hosts, 'succeeded');
    warnOfHistory(await perform(session, record('succeeded', true)));
  } catch (error) {
    const begun = known.plan !== undefined && hasBegun(known.plan, known.steps);
    if (begun && known.plan !== undefined && config.onFailure === 'rollback') {
      known.undone = await undo(session, known.plan, downtime, async (host) => {
        rememberEnd(session, [host], 'rolled-back');
        const confirmed = await attempt(session, record('rolled-back', true, [host]));
        warnOfHistory(confirmed);
        return confirmed;
      });
    } else if (session.leases.size > 0) {
      await downtime.stop('the switch');
      rememberEnd(session, hosts, begun ? 'failed' : 'released');
      const ended = await attempt(begun ? unlessLate(session) : session, record('failed', begun));
      warnOfHistory(ended);
      for (const { message } of ended.failures) ports.log.warn(message);
    }
    throw error;
  } finally {
    await downtime.stop('the switch');
    // A server that rolls back by itself no longer has its lease, or not for long.
    const gone = new Set((known.undone ?? []).flatMap(({ host, outcome }) => (outcome === 'unfinished' ? [host] : [])));
    const targets = observed.targets.filter(({ host }) => session.leases.has(host) && !gone.has(host));
    if (intent.command === 'deploy' && !ports.signal.aborted && targets.length > 0) {
      const prunes = prunePlan(intent, { ...observed, targets }, config.keepReleases);
      const { failures, output } = await attempt(session, prunes);
      for (const { message } of failures) ports.log.warn(message);
      for (const host of hosts) for (const kept of readKept(host, output(host, 'prune'))) ports.log.warn(kept);
    }
  }
}

/** What stays as it is after a cancellation is still confirmed, if that can be done at once. */
function unlessLate(session: Session): Session {
  const { ports } = session;
  if (!ports.signal.aborted) return session;
  return { ...session, ports: { ...ports, signal: AbortSignal.timeout(confirmMilliseconds) } };
}

const confirmMilliseconds = 3000;

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString();
