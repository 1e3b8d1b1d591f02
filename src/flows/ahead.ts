import { thirdParty } from '../compose/images.ts';
import { DeployError } from '../errors.ts';
import type { Release } from '../model/release.ts';
import { discardPlan } from '../plan/early.ts';
import { loginPlan, logoutPlan } from '../plan/login.ts';
import { withdrawPlan } from '../plan/ship.ts';
import { targetsOf } from './build.ts';
import type { Checkout } from './checkout.ts';
import { pull } from './execute.ts';
import { type Opened, withLogin } from './open.ts';
import { prepare, throwPrepared } from './prepare.ts';
import { withPreviews } from './preview.ts';
import { releaseFrom, type Sent } from './push.ts';
import type { Ahead } from './reuse.ts';
import { attempt, type Session, throwAll } from './session.ts';

/** What a rehearsal has found out. */
export type Rehearsed = {
  /** Third-party images: by the name that Compose uses → `name@sha256:…` */
  readonly pins: ReadonlyMap<string, string>;
  readonly opened: Opened;
};

/** The release that will be deployed if the tests pass; undefined while not all of it is known. */
export function releaseAhead(
  session: Session,
  checkout: Checkout,
  { pins }: Rehearsed,
  sent: Sent,
): Release | undefined {
  const targets = targetsOf(session, checkout);
  const others = Object.values(thirdParty(checkout.model));
  if (targets.length === 0 || targets.some(({ name }) => !sent.images.has(name))) return undefined;
  if (others.some((image) => !pins.has(image))) return undefined;
  return { ...releaseFrom(session, checkout, sent.images, pins), source: checkout.source };
}

/**
 * While the tests are still running, does what changes no running container: ships the release to all servers, has Compose resolve
 * it there, and pulls its images. A failure stops nothing: then the deploy does it.
 */
export async function prepareAhead(
  session: Session,
  checkout: Checkout,
  { opened }: Rehearsed,
  release: Release,
): Promise<Ahead | undefined> {
  const targets = opened.targets.map((target) => withLogin(session, target));
  try {
    const stage = 'Ship and resolve ahead';
    const prepared = await prepare(session, checkout, opened, { release, stage, older: 'refuse' });
    throwPrepared(prepared, opened);
    const { failures } = await attempt(session, loginPlan(targets, session.config.registry));
    if (failures.length > 0) await attempt(session, logoutPlan(targets));
    throwAll(failures);
    await pull(session, targets, release);
    const resolved = await withPreviews(session, opened, release, prepared.resolved);
    return { release, resolved, states: opened.states };
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    await attempt(session, withdrawPlan(opened.targets, release.id));
    if (error.kind === 'cancelled') throw error;
    session.ports.log.info(`will be retried during the deploy: ${error.message}`);
    return undefined;
  }
}

/** Removes that again if the tests have not passed. After a cancellation there is only time for the release: it may contain secrets. */
export async function takeBackAhead(session: Session, { opened, pins }: Rehearsed, release: Release): Promise<void> {
  const others = [...new Set(pins.values())];
  const built = Object.values(release.images).filter((image) => !others.includes(image));
  const images = { tag: `${release.project}-${release.id}`, built: [...new Set(built)], others };
  const withdraw = withdrawPlan(opened.targets, release.id);
  const plans = session.ports.signal.aborted ? [withdraw] : [withdraw, discardPlan(opened.targets, images)];
  for (const plan of plans) {
    const { failures } = await attempt(session, plan);
    for (const { message } of failures) session.ports.log.warn(message);
  }
}
