import { program } from '../commands/server.ts';
import { outputKey } from '../engine/apply.ts';
import { readHostState, readStatus } from '../engine/observe.ts';
import type { HostStatus } from '../model/state.ts';
import { connectAll, reachedTargets } from './observe.ts';
import { projectOf } from './rollback.ts';
import { perform, type Session, throwAll, throwProblems } from './session.ts';

/** What is on the servers, and whether what runs is what was deployed. Changes nothing. */
export async function status(session: Session): Promise<readonly HostStatus[]> {
  const project = await projectOf(session);
  const root = session.config.path ?? `/opt/${project}`;
  throwAll(await connectAll(session));
  const targets = reachedTargets(session, root);
  const tasks = targets.map(({ host }) => ({
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
  const outputs = await perform(session, { title: 'status', stages: [{ name: 'Look at the servers', tasks }] });
  const read = targets.map(({ host }) => ({ host, output: outputs.get(outputKey(host, 'status')) ?? '' }));
  throwProblems(
    read.flatMap(({ host, output }) => readHostState(host, output).problems),
    'see docs/server.md',
  );
  return read.map(({ host, output }) => readStatus(host, output));
}
