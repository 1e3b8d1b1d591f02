import { leaveLease } from '../commands/lease.ts';
import type { Config } from '../config/config.ts';
import { heal } from '../engine/lease.ts';
import { DeployError } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import type { LeaseOutcome } from '../model/lease.ts';
import type { Interrupted } from '../model/report.ts';
import type { HeldLease, LeaseEnd, RunPorts } from './session.ts';

type Ports = Pick<RunPorts, 'connect' | 'local' | 'log' | 'clock'>;

/**
 * After a run that was cancelled or killed: notifies the servers, waits until they have rolled back, and reports
 * how that ended. Never throws: a server that cannot be reached still rolls back.
 */
export async function finishLeases(
  leases: readonly HeldLease[],
  config: Config,
  ports: Ports,
): Promise<readonly Interrupted[]> {
  return await Promise.all(leases.map(async (lease) => await finish(lease, config, ports)));
}

async function finish(
  { host: name, root, token, end = 'succeeded' }: HeldLease,
  config: Config,
  ports: Ports,
): Promise<Interrupted> {
  const { log, clock } = ports;
  const spec = config.hosts.find((other) => other.name === name);
  if (spec === undefined) return 'unfinished';
  let host: Host | undefined;
  try {
    host = spec.kind === 'local' ? ports.local : await ports.connect(spec, config);
    const run: Host['run'] = host.run;
    await run(leaveLease({ root, token }, 0));
    const healed = await heal(name, run, root, { log, clock }, { token });
    const outcome = endOf(healed?.outcome ?? 'released', end, config);
    log.info(`${name}: ${sentences[outcome]}`);
    return outcome;
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    log.warn(
      `${error.message}\nwhat was changed on ${name} is rolled back there without this run; check with \`status\``,
    );
    return 'unfinished';
  } finally {
    await host?.close();
  }
}

/** What was confirmed is how the run ended. If nothing is ever armed, a lease that was given back proves nothing. */
function endOf(outcome: LeaseOutcome, end: LeaseEnd, { onFailure }: Config): Interrupted {
  if (outcome === 'confirmed') return end;
  return outcome === 'released' && onFailure === 'keep' ? 'failed' : outcome;
}

const sentences: Readonly<Record<Interrupted, string>> = {
  released: 'no running container was touched',
  succeeded: 'the new release stays',
  failed: 'nothing was rolled back (on-failure: keep); check with `status` what is running',
  'rolled-back': 'rolled back to what ran before',
  'rollback-failed': "the rollback failed: read lease/undo.log in the application's folder",
  unfinished: 'the rollback is still running; check with `status`',
};
