import { program } from '../commands/server.ts';
import { outputKey } from '../engine/apply.ts';
import { readStatus } from '../engine/status.ts';
import { ConfigError } from '../errors.ts';
import type { HostStatus } from '../model/state.ts';
import { connectAll, reachedTargets } from './observe.ts';
import { projectOf } from './rollback.ts';
import { attempt, type Session, throwAll } from './session.ts';

/**
 * What is on the servers, and whether what runs is what was deployed. Changes nothing. Tells of those that answer, and
 * then throws what is wrong with the others.
 */
export async function status(session: Session, tell: (hosts: readonly HostStatus[]) => void): Promise<void> {
  const project = await projectOf(session);
  const root = session.config.path ?? `/opt/${project}`;
  const unreachable = await connectAll(session);
  const tasks = reachedTargets(session, root).map(({ host }) => ({
    host,
    steps: [
      {
        kind: 'run',
        title: 'look at the server',
        command: program('status', [root, project]),
        output: 'quiet',
        id: 'status',
      } as const,
    ],
  }));
  const stages = [{ name: 'Look at the servers', tasks }];
  const { outputs, failures } = await attempt(session, { title: 'status', stages });
  const failed = [...unreachable, ...failures];
  const hosts = session.config.hosts.map(({ name }): HostStatus => {
    const { problems, ...read } = readStatus(name, outputs.get(outputKey(name, 'status')) ?? '', root);
    const own = failed.flatMap((failure) => ('host' in failure && failure.host === name ? [failure.message] : []));
    return { ...read, problems: [...problems, ...own] };
  });
  tell(withDifference(hosts));
  const unfit = hosts.filter(({ host }) => outputs.has(outputKey(host, 'status'))).flatMap(({ problems }) => problems);
  throwAll([...failed, ...(unfit.length > 0 ? [new ConfigError(unfit, { hint: 'see docs/server.md' })] : [])]);
}

/** Where another release is current than on the first host, that is drift as well. */
function withDifference(hosts: readonly HostStatus[]): readonly HostStatus[] {
  const [first, ...others] = hosts.filter(({ problems, current }) => problems.length === 0 || current !== undefined);
  return hosts.map((host) => {
    if (first === undefined || !others.includes(host) || host.current === first.current) return host;
    const line = `current is ${host.current ?? 'no release'}, and on ${first.host} it is ${first.current ?? 'none'}`;
    return { ...host, drift: [...host.drift, line] };
  });
}
