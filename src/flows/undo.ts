import { DeployError } from '../errors.ts';
import type { Undone } from '../model/report.ts';
import type { SwitchPlan } from '../model/switch.ts';
import { aloneSeconds, undoPlan } from '../plan/undo.ts';
import type { Measuring } from './downtime.ts';
import { attempt, type Session } from './session.ts';

/**
 * Brings every host back to where it was before the switch, in parallel: one that is stuck does not stop the others. After
 * a cancellation there is no time for that: the servers are asked to do it by themselves.
 * @param downtime is measured until then
 * @param confirm records on a host that it was rolled back
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
  // While the leases are held: the servers' requests end with them.
  await downtime.stop('the switch and the rollback');
  return await Promise.all(
    plan.hosts.map(async ({ host }): Promise<Undone> => {
      const failure = failures.flatMap((error) => error.failures).find((other) => other.host === host);
      if (failure === undefined && (await confirm(host)).failures.length === 0) return { host, outcome: 'rolled-back' };
      return await alone(session, plan, host, failure);
    }),
  );
}

/**
 * Once more, by the server alone: it has three tries, and waits for an engine that restarts. The run follows until the
 * end, unless it is cancelled: then, or if the connection is lost, the lease is left for `post`.
 */
async function alone(
  { leases, ports }: Session,
  plan: SwitchPlan,
  host: string,
  failure: Undone['failure'],
): Promise<Undone> {
  const because = failure === undefined ? {} : { failure };
  const held = leases.get(host);
  if (held === undefined || ports.signal.aborted) return { host, outcome: 'unfinished', ...because };
  const { log } = ports;
  const why = failure?.short.replace(`${host}: `, '') ?? 'the rollback could not be confirmed';
  log.warn(`${host}: ${why}; now the server tries it by itself`);
  const outcome = await held.undo(aloneSeconds(plan, host), ports).catch((error: unknown) => {
    if (!(error instanceof DeployError)) throw error;
    log.warn(error.message);
    return 'unfinished' as const;
  });
  if (outcome === 'unfinished') return { host, outcome, ...because };
  leases.delete(host);
  if (outcome === 'rollback-failed' || outcome === 'rolled-back') return { host, outcome, ...because };
  // The confirmation that was sent from here did arrive.
  if (outcome === 'confirmed' && failure === undefined) return { host, outcome: 'rolled-back' };
  return { host, outcome: 'unfinished', ...because };
}
