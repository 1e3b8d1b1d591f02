import { releaseFolder } from '../commands/paths.ts';
import type { Config } from '../config/config.ts';
import { ConfigError, DeployError } from '../errors.ts';
import { type Release, releaseId } from '../model/release.ts';
import type { HostState } from '../model/state.ts';
import { olderProblem } from '../plan/older.ts';
import type { Checkout } from './checkout.ts';
import { connectAll, observeHosts, withdraw } from './observe.ts';
import { recorded } from './record.ts';
import { type Session, throwAll, throwProblems } from './session.ts';
import { shipAndResolve } from './ship.ts';
import { type Progress, pull, switchTo } from './switch.ts';

/** Tells what stands in the way before minutes of tests and builds. The deploy looks again. */
export async function checkServers(session: Session, checkout: Checkout): Promise<void> {
  const { config } = session;
  checkServices(checkout, config);
  const unreachable = await connectAll(session);
  const root = config.path ?? `/opt/${checkout.project}`;
  const { states } = await observeHosts(session, root, checkout.project, false);
  throwObstacles(olderOn(states, checkout, config), unreachable, stateProblems(states));
}

/** From a release to healthy servers. Until the switch begins nothing that runs is changed. */
export async function deploy(session: Session, checkout: Checkout, pushed: Release, progress: Progress): Promise<void> {
  const { config, ports } = session;
  checkRelease(checkout, pushed);
  checkServices(checkout, config);
  const root = config.path ?? `/opt/${pushed.project}`;
  const unreachable = await connectAll(session);
  const { states, targets } = await observeHosts(session, root, pushed.project, true);
  const release = freshRelease(pushed, states, new Date(ports.clock.now()));
  progress({ release, previous: states[0]?.current });
  await recorded(session, { command: 'deploy', release, targets, states }, progress, async (began) => {
    const able = states.filter(({ fatal }) => !fatal);
    const older = olderOn(states, release, config);
    const giveUp = async (): Promise<void> => await withdraw(session, targets, releaseFolder(root, release.id));
    const resolutions =
      older.length > 0
        ? []
        : await shipAndResolve(session, checkout, release, root, able).catch(async (error: unknown) => {
            await giveUp();
            throw error;
          });
    const others = [...stateProblems(states), ...resolutions.flatMap(({ problems }) => problems)];
    if (older.length + unreachable.length + others.length > 0) await giveUp();
    throwObstacles(older, unreachable, others);
    await pull(session, targets, release);
    const { backup, migrate } = config;
    const places = config.envFiles.length > 0;
    await switchTo(session, { release, targets, states, resolutions, places, backup, migrate }, progress, began);
  });
}

const stateProblems = (states: readonly HostState[]): readonly string[] =>
  states.flatMap(({ problems, full }) => [...problems, ...full]);

function olderOn(
  states: readonly HostState[],
  commit: Pick<Release, 'commit' | 'committedAt'>,
  { allowOlder }: Config,
): readonly string[] {
  return allowOlder ? [] : states.flatMap((state) => olderProblem(state, commit) ?? []);
}

function throwObstacles(
  older: readonly string[],
  unreachable: readonly DeployError[],
  others: readonly string[],
): void {
  const problems = [...older, ...unreachable.map(({ message }) => message), ...others];
  if (problems.length === unreachable.length) throwAll(unreachable);
  throwProblems(problems, older.length > 0 ? olderHint : 'nothing that runs was changed; mend this and deploy again');
}

function checkRelease({ commit, project }: Checkout, release: Release): void {
  if (release.commit !== commit) {
    throw new DeployError(
      `release: is of commit ${release.commit.slice(0, 12)}, but the checkout is ${commit.slice(0, 12)}`,
      {
        hint: 'check out the commit of the release: with actions/checkout, `ref: <commit>`',
      },
    );
  }
  if (release.project !== project) {
    throw new DeployError(`release: is of project ${release.project}, but this checkout's is ${project}`, {
      hint: 'set project-name to the same in both jobs',
    });
  }
}

function checkServices({ model, composeFiles }: Checkout, config: Config): void {
  const problems = (['backup', 'migrate'] as const).flatMap((name) => {
    const service = config[name]?.service;
    if (service === undefined || model.services.includes(service)) return [];
    return [`${name}: ${service} is no service of ${composeFiles.join(', ')}, which has ${model.services.join(', ')}`];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

/** A sealed release never changes: deploying one again makes a new one of the same images. */
function freshRelease(release: Release, states: readonly HostState[], now: Date): Release {
  const known = states.some(({ releases }) => releases.includes(release.id));
  return known ? { ...release, id: releaseId(now, release.commit) } : release;
}

const olderHint = 'nothing was changed; push a newer commit, or set allow-older to true if this is meant';
