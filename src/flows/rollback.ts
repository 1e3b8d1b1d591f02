import { join } from 'node:path/posix';
import { gitFacts } from '../commands/git.ts';
import { program } from '../commands/server.ts';
import { outputKey } from '../engine/apply.ts';
import { readReopened } from '../engine/observe.ts';
import { ConfigError, DeployError } from '../errors.ts';
import { parseRelease, type Release } from '../model/release.ts';
import type { Reopened } from '../model/state.ts';
import type { Target } from '../plan/deploy.ts';
import { chooseRelease } from '../plan/rollback.ts';
import { readCheckout } from './checkout.ts';
import { connectAll, forgetLogins, loginSteps, observeHosts, withLogin } from './observe.ts';
import { recorded } from './record.ts';
import { attempt, perform, type Session, throwAll, throwProblems } from './session.ts';
import { type Progress, pull, switchTo } from './switch.ts';

/** Brings an earlier release back on all hosts: its images, and its compose.yml as it was resolved then. */
export async function rollback(session: Session, progress: Progress): Promise<void> {
  const { config } = session;
  const project = await projectOf(session);
  const root = config.path ?? `/opt/${project}`;
  throwAll(await connectAll(session));
  const { states, targets } = await observeHosts(session, root, project, false);
  throwProblems(
    states.flatMap(({ problems }) => problems),
    'nothing was changed',
  );
  const choice = chooseRelease(states, root, config.to);
  if ('problem' in choice) throw new DeployError(`rollback: ${choice.problem}`, { hint: choice.hint });
  const reopened = await reopen(session, targets, root, choice.id);
  const release = sameRelease(reopened);
  progress({ release, previous: states[0]?.current });
  await recorded(session, { command: 'rollback', release, targets, states }, progress, async (began) => {
    throwProblems(
      reopened.flatMap(({ problems }) => problems),
      'nothing was changed',
    );
    await pullMissing(session, targets, reopened, release);
    await switchTo(session, { release, targets, states, resolutions: reopened, places: false }, progress, began);
  });
}

/** The project: as given, else as the compose file of a checkout says. */
export async function projectOf(session: Session): Promise<string> {
  const { config, ports } = session;
  if (config.project !== undefined) return config.project;
  const git = await ports.local.run({ ...gitFacts, cwd: join(ports.cwd, config.directory) });
  if (git.code === 0) return (await readCheckout(session)).project;
  throw new ConfigError(
    ['project-name: is not set, and there is no checkout to read it from; name the Compose project'],
    {
      hint: 'it is the name of the folder below /opt on the servers',
    },
  );
}

async function reopen(
  session: Session,
  targets: readonly Target[],
  root: string,
  id: string,
): Promise<readonly Reopened[]> {
  const tasks = targets.map(({ host }) => ({
    host,
    steps: [
      {
        kind: 'run',
        title: `look at release ${id}`,
        command: program('reopen', [root, id]),
        output: 'quiet',
        id: 'reopen',
      } as const,
    ],
  }));
  const outputs = await perform(session, { title: 'reopen', stages: [{ name: 'Reopen the release', tasks }] });
  return targets.map(({ host }) => readReopened(host, outputs.get(outputKey(host, 'reopen')) ?? '', root));
}

function sameRelease(reopened: readonly Reopened[]): Release {
  const [first, ...others] = reopened.map(({ host, json }) => {
    const parsed = parseRelease(json);
    if ('problem' in parsed) throw new DeployError(`${host}: release.json of this release ${parsed.problem}`);
    return parsed.release;
  });
  if (first === undefined) throw new Error('a rollback needs a host');
  const images = JSON.stringify(first.images);
  if (others.some((other) => JSON.stringify(other.images) !== images))
    throw new DeployError(`release ${first.id} is not the same on all hosts`);
  return first;
}

/** Where the images are still there no registry is asked: it may be down. */
async function pullMissing(
  session: Session,
  targets: readonly Target[],
  reopened: readonly Reopened[],
  release: Release,
): Promise<void> {
  const incomplete = targets
    .filter(({ host }) => reopened.some((other) => other.host === host && other.missingImages.length > 0))
    .map((target) => withLogin(session, target));
  if (incomplete.length === 0) return;
  const tasks = incomplete.map((target) => ({ host: target.host, steps: loginSteps(session, target) }));
  const { failures } = await attempt(session, { title: 'login', stages: [{ name: 'Log in', tasks }] });
  if (failures.length > 0) await forgetLogins(session, incomplete);
  throwAll(failures);
  await pull(session, incomplete, release);
}
