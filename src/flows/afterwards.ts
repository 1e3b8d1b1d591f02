import { leaveLease } from '../commands/lease.ts';
import type { Config } from '../config/config.ts';
import { heal } from '../engine/lease.ts';
import { DeployError } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import type { LeaseOutcome } from '../model/lease.ts';
import type { HeldLease, RunPorts } from './session.ts';

type Ports = Pick<RunPorts, 'connect' | 'local' | 'log' | 'clock'>;

/**
 * After a run that was cancelled or killed: tells the servers that it is gone, waits until they have rolled back, and says
 * how that ended. Never throws: a server that cannot be reached rolls back all the same.
 */
export async function finishLeases(
  leases: readonly HeldLease[],
  config: Config,
  ports: Ports,
): Promise<readonly LeaseOutcome[]> {
  return await Promise.all(leases.map(async (lease) => await finish(lease, config, ports)));
}

async function finish({ host: name, root, token }: HeldLease, config: Config, ports: Ports): Promise<LeaseOutcome> {
  const { log, clock } = ports;
  const spec = config.hosts.find((other) => other.name === name);
  if (spec === undefined) return 'unfinished';
  let host: Host | undefined;
  try {
    host = spec.kind === 'local' ? ports.local : await ports.connect(spec, config);
    const run: Host['run'] = host.run;
    await run(leaveLease({ root, token }, 0));
    const healed = await heal(name, run, root, { log, clock }, { token });
    const outcome = healed?.outcome ?? 'released';
    log.info(`${name}: ${sentences[outcome]}`);
    return outcome;
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    log.warn(`${error.message}\n${name} rolls back by itself; check with \`status\``);
    return 'unfinished';
  } finally {
    await host?.close();
  }
}

const sentences: Readonly<Record<LeaseOutcome, string>> = {
  released: 'no running container was touched',
  confirmed: 'the new release stays',
  'rolled-back': 'rolled back, the release before is running',
  'rollback-failed': 'the rollback failed: look at lease/undo.log in the folder of the application',
  unfinished: 'the rollback is still running; check with `status`',
};
