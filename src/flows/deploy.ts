import { releaseFolder } from '../commands/paths.ts';
import type { Config } from '../config/config.ts';
import { ConfigError, DeployError } from '../errors.ts';
import { type Release, releaseId } from '../model/release.ts';
import type { HostState, Resolution } from '../model/state.ts';
import { olderProblem } from '../plan/older.ts';
import type { Checkout } from './checkout.ts';
import { connectAll, type Observed, observeHosts, withdraw } from './observe.ts';
import { recorded } from './record.ts';
import { type Session, throwAll, throwProblems } from './session.ts';
import { shipAndResolve } from './ship.ts';
import { type Progress, pull, switchTo } from './switch.ts';

/**
 * Tells what stands in the way before minutes of tests and builds: all that a deploy checks but the images themselves, on
 * a release without them that is withdrawn again.
 */
export async function rehearse(session: Session, checkout: Checkout): Promise<void> {
  const { config, ports } = session;
  const { commit, committedAt, project, model } = checkout;
  checkServices(checkout, config);
  const scene = await look(session, project);
  const images = Object.fromEntries(model.services.map((service) => [service, `rehearsal@sha256:${'0'.repeat(64)}`]));
  const id = releaseId(new Date(ports.clock.now()), commit);
  await resolveOn(session, checkout, scene, { id, commit, committedAt, project, images, built: [] }, 'Rehearse');
  await withdraw(session, scene.targets, releaseFolder(scene.root, id));
}

/** From a release to healthy servers. Until the switch begins nothing that runs is changed. */
export async function deploy(session: Session, checkout: Checkout, pushed: Release, progress: Progress): Promise<void> {
  const { config, ports } = session;
  checkRelease(checkout, pushed);
  checkServices(checkout, config);
  const scene = await look(session, pushed.project);
  const { states, targets } = scene;
  const release = freshRelease(pushed, states, new Date(ports.clock.now()));
  progress({ release, previous: states[0]?.current });
  await recorded(session, { command: 'deploy', release, targets, states }, progress, async (began) => {
    const resolutions = await resolveOn(session, checkout, scene, release);
    await pull(session, targets, release);
    const { backup, migrate } = config;
    const places = config.envFiles.length > 0;
    await switchTo(session, { release, targets, states, resolutions, places, backup, migrate }, progress, began);
  });
}

type Scene = Observed & { readonly root: string; readonly unreachable: readonly DeployError[] };

async function look(session: Session, project: string): Promise<Scene> {
  const root = session.config.path ?? `/opt/${project}`;
  const unreachable = await connectAll(session);
  return { root, unreachable, ...(await observeHosts(session, root, project, true)) };
}

/** Ships the release and resolves it. Throws the problems of all hosts at once, and then leaves nothing of it there. */
async function resolveOn(
  session: Session,
  checkout: Checkout,
  { root, unreachable, states, targets }: Scene,
  release: Release,
  stage?: string,
): Promise<readonly Resolution[]> {
  const { allowOlder } = session.config;
  const giveUp = async (): Promise<void> => await withdraw(session, targets, releaseFolder(root, release.id));
  const older = allowOlder ? [] : states.flatMap((state) => olderProblem(state, release) ?? []);
  const able = older.length > 0 ? [] : states.filter(({ fatal }) => !fatal);
  const resolved = await shipAndResolve(session, checkout, release, root, able, stage).catch(async (error: unknown) => {
    if (error instanceof ConfigError) return error;
    await giveUp();
    throw error;
  });
  const problems = [
    ...older,
    ...unreachable.map(({ message }) => message),
    ...states.flatMap((state) => [...state.problems, ...state.full]),
    ...(resolved instanceof ConfigError ? resolved.problems : resolved.flatMap((resolution) => resolution.problems)),
  ];
  if (problems.length > 0) await giveUp();
  if (problems.length === unreachable.length) throwAll(unreachable);
  throwProblems(problems, older.length > 0 ? olderHint : 'nothing that runs was changed; mend this and deploy again');
  return resolved instanceof ConfigError ? [] : resolved;
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
