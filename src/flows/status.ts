import { ConfigError, type DeployError } from '../errors.ts';
import { readLease } from '../facts/lease.ts';
import { readStatus, withDifference } from '../facts/status.ts';
import type { HostStatus } from '../model/state.ts';
import { statusPlan } from '../plan/observe.ts';
import { open } from './open.ts';
import { projectOf } from './project.ts';
import { messagesOf, type Session, throwAll } from './session.ts';

/**
 * What is on the servers, and whether what runs is what was deployed. Changes nothing. Reports those that answer, and then
 * throws what is wrong with the others.
 */
export async function status(session: Session): Promise<void> {
  const { config, known } = session;
  const opened = await open(session, await projectOf(session), { login: false, look: statusPlan });
  const { root, output, unreachable, failures } = opened;
  const failed: readonly DeployError[] = [...unreachable, ...failures];
  const hosts = config.hosts.map(({ name }): HostStatus => {
    const { problems, ...read } = readStatus(name, output(name, 'observe'), root);
    const lease = readLease(output(name, 'lease'));
    return { ...read, lease, problems: [...problems, ...messagesOf(failed, name)] };
  });
  known.status = withDifference(hosts);
  const unfit = hosts.filter(({ host }) => output(host, 'observe') !== '').flatMap(({ problems }) => problems);
  throwAll([...failed, ...(unfit.length > 0 ? [new ConfigError(unfit, { hint: 'see docs/server.md' })] : [])]);
}
