import { readKept } from '../facts/kept.ts';
import { hasBegun } from '../facts/left.ts';
import type { Attempt } from '../model/history.ts';
import type { Release } from '../model/release.ts';
import type { Intent, Observed } from '../model/switch.ts';
import { recordPlan } from '../plan/history.ts';
import { attempt, type Session } from './session.ts';

export function intentOf({ config, ports }: Session, command: Attempt['command'], release: Release): Intent {
  const { allowOlder, reason } = config;
  const { actor, run } = ports.ref;
  return { command, release, time: timeOf(ports.clock.now()), allowOlder, actor, run, reason };
}

/** Does the work, then writes a line about how it ended into the history of every host, whatever happened. */
export async function recorded(
  session: Session,
  intent: Intent,
  observed: Observed,
  work: () => Promise<void>,
): Promise<void> {
  const { config, ports, known } = session;
  known.release = intent.release;
  known.previousRelease = observed.states[0]?.current;
  let outcome: Attempt['outcome'] = 'failed';
  try {
    await work();
    outcome = 'succeeded';
  } finally {
    const switched = known.plan !== undefined && hasBegun(known.plan, known.steps);
    const ending = { outcome, switched, time: timeOf(ports.clock.now()) };
    const { failures, output } = await attempt(session, recordPlan(intent, observed, ending, config.keepReleases));
    for (const { message } of failures) ports.log.warn(message);
    for (const { host } of observed.targets)
      for (const kept of readKept(host, output(host, 'prune'))) ports.log.warn(kept);
  }
}

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString();
