import type { Config } from '../config/config.ts';
import { ConfigError, DeployError } from '../errors.ts';
import { type Release, releaseId } from '../model/release.ts';
import type { HostState, Resolution } from '../model/state.ts';
import { olderProblem } from '../plan/older.ts';
import { withdrawPlan } from '../plan/ship.ts';
import { sourceProblem } from '../plan/source.ts';
import { planSwitch } from '../plan/switch.ts';
import type { Checkout } from './checkout.ts';
import { execute, print, pull } from './execute.ts';
import { intentOf, recorded } from './history.ts';
import { type Opened, open } from './open.ts';
import { withPreviews } from './preview.ts';
import { refusals } from './refusals.ts';
import { attempt, type Session, throwAll, throwProblems } from './session.ts';
import { shipAndResolve } from './ship.ts';

/** From a release to healthy servers. Until the switch begins nothing that runs is changed. */
export async function deploy(session: Session, checkout: Checkout, pushed: Release): Promise<void> {
  const { config, ports } = session;
  checkRelease(checkout, pushed);
  checkServices(checkout, config);
  const hold = { command: 'deploy', release: pushed.id } as const;
  const opened = await open(session, pushed.project, { login: true, hold });
  warnOfUnfinished(session, opened.states);
  const release = freshRelease({ ...pushed, source: checkout.source }, opened.states, new Date(ports.clock.now()));
  const intent = intentOf(session, 'deploy', release, opened.token);
  await recorded(session, intent, opened, async () => {
    const resolved = await resolve(session, checkout, opened, release, 'Ship and resolve');
    await pull(session, opened.targets, release);
    const plan = planSwitch(opened, await withPreviews(session, opened, release, resolved), intent, config);
    print(session, plan);
    await execute(session, plan);
  });
}

/**
 * Tells what stands in the way before minutes of tests and builds: all that a deploy checks but the images themselves, on
 * a release without them that is withdrawn again.
 */
export async function rehearse(session: Session, checkout: Checkout): Promise<void> {
  const { config, ports } = session;
  const { commit, committedAt, project, source, model } = checkout;
  checkServices(checkout, config);
  const opened = await open(session, project, { login: true });
  const uses = [...model.services, ...Object.keys(model.otherImages)];
  const images = Object.fromEntries(uses.map((use) => [use, `rehearsal@sha256:${'0'.repeat(64)}`]));
  const id = releaseId(new Date(ports.clock.now()), commit);
  await resolve(session, checkout, opened, { id, commit, committedAt, project, images, built: [], source }, 'Rehearse');
  await attempt(session, withdrawPlan(opened.targets, id));
}

/** Ships the release and resolves it. Throws the problems of all hosts at once, and then leaves nothing of it there. */
async function resolve(
  session: Session,
  checkout: Checkout,
  opened: Opened,
  release: Release,
  stage: string,
): Promise<readonly Resolution[]> {
  const { root, unreachable, states, targets } = opened;
  const older = session.config.allowOlder ? [] : states.flatMap((state) => olderProblem(state, release) ?? []);
  const foreign = session.config.accept.includes('other-source')
    ? []
    : states.flatMap((state) => sourceProblem(state, release.project, checkout.source) ?? []);
  const able = older.length + foreign.length > 0 ? [] : states.filter(({ fatal }) => !fatal);
  let resolved: readonly Resolution[] = [];
  try {
    const problems: string[] = [...older, ...foreign, ...unreachable.map(({ message }) => message)];
    problems.push(...states.flatMap((state) => [...state.problems, ...state.full]));
    try {
      resolved = await shipAndResolve(session, checkout, { release, root, hosts: able, stage });
      problems.push(...resolved.flatMap((resolution) => resolution.problems));
      problems.push(...refusals(opened, resolved, release, session.config.accept));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
    if (problems.length === unreachable.length) throwAll(unreachable);
    throwProblems(
      problems,
      older.length > 0 ? olderHint : 'Fix this and deploy again. No running container was touched.',
    );
    return resolved;
  } catch (error) {
    await attempt(session, withdrawPlan(targets, release.id));
    throw error;
  }
}

/** One that began and has no end was interrupted where no lease could tell. */
function warnOfUnfinished({ ports }: Session, states: readonly HostState[]): void {
  for (const { host, history } of states) {
    const last = history.at(-1);
    if (last?.outcome !== 'started') continue;
    const run = last.run === undefined ? '' : ` (${last.run})`;
    ports.log.warn(`${host}: the ${last.command} of ${last.release} by ${last.actor}${run} began and never ended`);
  }
}

function checkRelease({ commit, project }: Checkout, release: Release): void {
  if (release.commit !== commit) {
    throw new DeployError(
      `release: it was built from commit ${release.commit.slice(0, 12)}, but commit ${commit.slice(0, 12)} is checked out`,
      { kind: 'input', hint: 'Check out that commit: with actions/checkout, `ref: <commit>`.' },
    );
  }
  if (release.project !== project) {
    throw new DeployError(
      `release: it belongs to project ${release.project}, but this checkout is project ${project}`,
      {
        kind: 'input',
        hint: 'Set project-name to the same value in both jobs.',
      },
    );
  }
}

function checkServices({ model, composeFiles }: Checkout, config: Config): void {
  const problems = (['backup', 'migrate'] as const).flatMap((name) => {
    const service = config[name]?.service;
    if (service === undefined || model.services.includes(service)) return [];
    return [`${name}: no service "${service}" in ${composeFiles.join(', ')} (found: ${model.services.join(', ')})`];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

/** A sealed release never changes: deploying one again makes a new one of the same images. */
function freshRelease(release: Release, states: readonly HostState[], now: Date): Release {
  const known = states.some(({ releases }) => releases.includes(release.id));
  return known ? { ...release, id: releaseId(now, release.commit) } : release;
}

const olderHint = 'Push a newer commit, or set allow-older to true if you mean it. Nothing was changed.';
