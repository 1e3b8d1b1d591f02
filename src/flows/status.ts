import { heal } from '../engine/lease.ts';
import { ConfigError, DeployError } from '../errors.ts';
import { readLease } from '../facts/lease.ts';
import { readStatus, withDifference } from '../facts/status.ts';
import type { HostStatus } from '../model/state.ts';
import { statusPlan } from '../plan/observe.ts';
import { type Opened, open } from './open.ts';
import { projectOf } from './project.ts';
import { messagesOf, type Session, throwAll } from './session.ts';

/**
 * What is on the servers, and whether the deployed release is what runs. Changes nothing. Reports the servers that answer, then
 * throws what is wrong with the others.
 */
export async function status(session: Session): Promise<void> {
  const { config, known } = session;
  const project = await projectOf(session);
  const look = async () => await open(session, project, { login: false, look: statusPlan });
  const first = await look();
  const opened = config.heal && (await healAll(session, first)) ? await look() : first;
  const { root, output, unreachable, failures } = opened;
  const failed: readonly DeployError[] = [...unreachable, ...failures];
  const hosts = config.hosts.map(({ name }): HostStatus => {
    const { problems, ...read } = readStatus(name, output(name, 'observe'), root);
    const lease = readLease(output(name, 'lease'));
    const open = lease.state !== 'free' || lease.failedUndo !== undefined;
    return { ...read, ...(open ? { lease } : {}), problems: [...problems, ...messagesOf(failed, name)] };
  });
  known.status = withDifference(hosts);
  const unfit = hosts.filter(({ host }) => output(host, 'observe') !== '').flatMap(({ problems }) => problems);
  if (failed.length === 0 && unfit.length === 0 && hosts.every(isBare)) {
    const names = hosts.map(({ host }) => host).join(', ');
    throw new DeployError(`status: nothing has been deployed to ${root} on ${names}`, {
      hint: 'If that is wrong, check project-name, path and hosts.',
    });
  }
  throwAll([...failed, ...(unfit.length > 0 ? [new ConfigError(unfit, { hint: 'See docs/server.md.' })] : [])]);
}

const isBare = ({ lastAttempt, releases, current }: HostStatus): boolean =>
  lastAttempt === undefined && releases.length === 0 && current === undefined;

/** Finishes what an interrupted deploy, or an earlier try, left unfinished. Returns whether there was anything. */
async function healAll({ hosts, ports }: Session, { targets, root, output }: Opened): Promise<boolean> {
  const broken = targets.filter(({ host }) => {
    const { state, failedUndo } = readLease(output(host, 'lease'));
    return state === 'open' || failedUndo !== undefined;
  });
  for (const { host: name } of broken) {
    const host = hosts.get(name);
    if (host === undefined) continue;
    ports.log.stage(`Finish the rollback on ${name}`);
    await heal(name, async (command) => await host.run(command), root, ports, { retry: true });
    ports.log.end();
  }
  return broken.length > 0;
}
