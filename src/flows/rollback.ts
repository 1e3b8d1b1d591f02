import { DeployError } from '../errors.ts';
import { readClaims } from '../facts/claims.ts';
import { readReopened } from '../facts/resolution.ts';
import { parseRelease, type Release } from '../model/release.ts';
import type { Reopened } from '../model/state.ts';
import type { Target } from '../model/switch.ts';
import { loginPlan, logoutPlan } from '../plan/login.ts';
import { reopenPlan } from '../plan/observe.ts';
import { probeProblems } from '../plan/probe.ts';
import { chooseRelease } from '../plan/rollback.ts';
import { planSwitch } from '../plan/switch.ts';
import { execute, print, pull } from './execute.ts';
import { intentOf, recorded } from './history.ts';
import { type Opened, open, withLogin } from './open.ts';
import { toAsk, withAnswers, withPreviews } from './preview.ts';
import { projectOf } from './project.ts';
import { refusals } from './refusals.ts';
import { attempt, perform, type Session, throwAll, throwProblems } from './session.ts';

/** Brings an earlier release back on all hosts: its images, and its compose.yml as it was resolved then. */
export async function rollback(session: Session): Promise<void> {
  const { config } = session;
  const project = await projectOf(session);
  const opened = await open(session, project, {
    login: false,
    hold: { command: 'rollback', release: config.to === 'previous' ? '' : config.to },
  });
  const { root, states, targets } = opened;
  throwAll(opened.unreachable);
  throwProblems(
    [...states.flatMap(({ problems }) => problems), ...probeProblems(states, config.health.probe)],
    'Nothing was changed.',
  );
  const choice = chooseRelease(states, root, config.to);
  if ('problem' in choice) throw new DeployError(`rollback: ${choice.problem}`, { hint: choice.hint });
  const reopened = await reopen(session, opened, { id: choice.id, project });
  const release = sameRelease(reopened);
  const intent = intentOf(session, 'rollback', release, opened.token);
  await recorded(session, intent, opened, async (downtime) => {
    throwProblems(
      [
        ...reopened.flatMap(({ problems }) => problems),
        ...refusals(opened, reopened, release, config.accept, 'rollback'),
      ],
      'Nothing was changed.',
    );
    await pullMissing(session, targets, reopened, release);
    const plan = planSwitch(opened, await withPreviews(session, opened, release, reopened), intent, config);
    print(session, plan);
    await execute(session, plan, downtime);
  });
}

async function reopen(
  session: Session,
  opened: Opened,
  release: Pick<Release, 'id' | 'project'>,
): Promise<readonly Reopened[]> {
  const { root, targets } = opened;
  // If an image is missing, Compose cannot answer yet: it is asked again after the pull.
  const { output } = await perform(session, reopenPlan(targets, release, toAsk(opened)));
  const reopened = targets.map(({ host }) => ({
    ...readReopened(host, output(host, 'reopen'), root),
    claims: readClaims(output(host, 'claims')),
  }));
  const [complete, others] = [true, false].map((wanted) =>
    reopened.filter(({ missingImages }) => (missingImages.length === 0) === wanted),
  );
  return [...withAnswers(complete ?? [], output), ...(others ?? [])];
}

function sameRelease(reopened: readonly Reopened[]): Release {
  const [first, ...others] = reopened.map(({ host, json }) => {
    const parsed = parseRelease(json);
    if ('problem' in parsed) throw new DeployError(`${host}: release.json of this release ${parsed.problem}`, { host });
    return parsed.release;
  });
  if (first === undefined) throw new Error('a rollback needs a host');
  const images = JSON.stringify(first.images);
  if (others.some((other) => JSON.stringify(other.images) !== images))
    throw new DeployError(`release ${first.id} is not the same on all hosts`);
  return first;
}

/** If the images are still there, no registry is asked: it may be down. */
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
  const { failures } = await attempt(session, loginPlan(incomplete, session.config.registry));
  if (failures.length > 0) await attempt(session, logoutPlan(incomplete));
  throwAll(failures);
  await pull(session, incomplete, release);
}
