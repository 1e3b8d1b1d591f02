import type { Milestone } from '../model/milestone.ts';
import type { DeploymentEnd } from '../report/deployment.ts';
import {
  createDeployment,
  type Earlier,
  earlierDeployments,
  type OpenDeployment,
  type Outside,
  type Repository,
  type Shown,
  type State,
  serverName,
  writeStatus,
} from './deployment-requests.ts';

export type Deployment = {
  /** Never waits and never throws: a deploy does not depend on it. */
  readonly announce: (milestone: Milestone) => void;
  /** Waits for what was announced. Undefined: `post` ends it. @returns why something could not be written */
  readonly end: (end: DeploymentEnd | undefined) => Promise<string | undefined>;
};

/** Saves what `post` needs to end it; undefined if there is nothing left to do. */
type Save = (open: OpenDeployment | undefined) => void;

/**
 * A deployment on an environment's page. It is created once we hold the servers, so that a run that only waits for them has
 * none, and anything an earlier run has left open there is known to be over.
 */
export function deploymentOf(
  repository: Repository,
  environment: string,
  shown: Shown,
  outside: Outside & { readonly save: Save },
): Deployment {
  let open: OpenDeployment | undefined;
  let active: readonly Earlier[] = [];
  let problem: string | undefined;
  const note = (refused: string | undefined): void => {
    problem ??= refused;
  };
  const write = async (id: number, state: State, description: string): Promise<void> => {
    note(await writeStatus(outside, repository, { ...shown, id }, { state, description }));
  };
  const prepare = async (milestone: Extract<Milestone, { kind: 'prepares' }>): Promise<void> => {
    const { intent, previous } = milestone;
    const made = await createDeployment(outside, repository, environment, milestone);
    if ('problem' in made) return note(made.problem);
    open = { ...shown, id: made.id };
    outside.save(open);
    await write(open.id, 'queued', `${intent.command} of release ${intent.release.id}`);
    const found = await earlierDeployments(outside, repository, made.earlier);
    if ('problem' in found) return note(found.problem);
    for (const { id, state, release } of found.earlier) {
      if (!isOpen(state)) continue;
      const stays = release === previous;
      await write(
        id,
        stays ? 'success' : 'failure',
        stays ? 'The run was lost, its release stayed.' : 'The run was lost.',
      );
    }
    const servers = milestone.hosts.map(serverName);
    active = found.earlier.filter(
      (earlier) =>
        earlier.servers.every((server) => servers.includes(server)) &&
        (earlier.state === 'success' || (isOpen(earlier.state) && earlier.release === previous)),
    );
  };
  const begin = async (): Promise<void> => {
    if (open !== undefined) await write(open.id, 'in_progress', 'Replacing containers.');
  };
  let last = Promise.resolve();
  return {
    announce: (milestone) => {
      last = last
        .then(async () => await (milestone.kind === 'prepares' ? prepare(milestone) : begin()))
        .catch((error: unknown) => note(String(error)));
    },
    end: async (end) => {
      await last;
      if (open === undefined || end === undefined) return problem;
      outside.save({ ...open, end });
      const refused = await writeStatus(outside, repository, open, end);
      note(refused);
      if (refused === undefined) outside.save(undefined);
      if (end.state === 'success')
        for (const { id } of active) await write(id, 'inactive', 'A later release is running.');
      return problem;
    },
  };
}

const isOpen = (state: string): boolean => ['queued', 'in_progress', 'pending'].includes(state);
