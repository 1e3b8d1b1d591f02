import type { DeployError } from '../errors.ts';
import type { Undone } from '../model/report.ts';
import type { SwitchPlan } from '../model/switch.ts';
import { undoPlan } from '../plan/undo.ts';
import type { Measuring } from './downtime.ts';
import { attempt, type Session } from './session.ts';

/** How long a server that could not be brought back from here may try by itself. */
const lastTrySeconds = 120;

/**
 * Brings every host back to where it was before the switch, side by side: one that is stuck does not stop the others. After
 * a cancel nobody has the time: the servers are told to do it by themselves.
 * @param downtime goes on until then
 * @param confirm writes on a host that it was rolled back
 */
export async function undo(
  session: Session,
  plan: SwitchPlan,
  downtime: Measuring,
  confirm: (host: string) => Promise<{ readonly failures: readonly DeployError[] }>,
): Promise<readonly Undone[]> {
  const { ports } = session;
  if (ports.signal.aborted) return plan.hosts.map(({ host }) => ({ host, outcome: 'unfinished' }));
  const { failures } = await attempt(session, undoPlan(plan));
  // While the leases are there: the requests of the servers end with them.
  await downtime.stop('the switch and the rollback');
  return await Promise.all(
    plan.hosts.map(async ({ host }): Promise<Undone> => {
      const failure = failures.flatMap((error) => error.failures).find((other) => other.host === host);
      if (failure === undefined && (await confirm(host)).failures.length === 0) return { host, outcome: 'rolled-back' };
      return await alone(session, host, failure);
    }),
  );
}

/** The same once more, by the server alone: it has three tries, and waits for an engine that restarts. A cancel does not wait. */
async function alone({ leases, ports }: Session, host: string, failure: Undone['failure']): Promise<Undone> {
  const because = failure === undefined ? {} : { failure };
  const held = leases.get(host);
  if (held === undefined || ports.signal.aborted) return { host, outcome: 'unfinished', ...because };
  ports.log.warn(`${host}: ${failure?.short ?? 'the rollback could not be confirmed'}; the server tries it by itself`);
  const outcome = await held.leave(lastTrySeconds).catch(() => 'unfinished' as const);
  leases.delete(host);
  if (outcome === 'rolled-back' || outcome === 'rollback-failed') return { host, outcome, ...because };
  return { host, outcome: 'unfinished', ...because };
}
