import { join } from 'node:path/posix';
import { applicationFolder } from '../commands/paths.ts';
import { bakeDefinition } from '../compose/definition.ts';
import { thirdParty } from '../compose/images.ts';
import { readPushedImage, readUploaded } from '../facts/images.ts';
import { releaseId } from '../model/release.ts';
import { discardPlan, type Early, earlyPullPlan, uploadPlan } from '../plan/early.ts';
import { buildFacts, definitionFacts, driverOf, targetsOf } from './build.ts';
import type { Checkout } from './checkout.ts';
import { reachedTargets, withLogin } from './open.ts';
import { attempt, type Session, throwCancelled } from './session.ts';

/** An image by the name that Compose knows it by → `name@sha256:…` */
export type Pins = ReadonlyMap<string, string>;

/**
 * Sends what was built to the registry while the tests still run, so that the push after them has little more to do than to
 * write the tags. Returns the images by digest. A failure stops nothing: the push tries it again.
 */
export async function sendAhead(session: Session, checkout: Checkout): Promise<readonly string[]> {
  const { ports } = session;
  const targets = targetsOf(session, checkout);
  if (targets.length === 0) return [];
  const facts = await buildFacts(session, checkout);
  const byDigest = (await driverOf(session)) !== 'docker';
  const definition = bakeDefinition(targets, { ...definitionFacts(session, checkout), byDigest });
  const [newest = ''] = definitionFacts(session, checkout).tags;
  const { output, failures } = await attempt(
    session,
    uploadPlan({
      ...facts,
      file: join(ports.scratch, 'ahead.yml'),
      metadata: join(ports.scratch, 'ahead.json'),
      definition: byDigest ? definition : undefined,
      tag: `build-${checkout.commit.slice(0, 12)}`,
      images: Object.fromEntries(targets.map(({ name, repository }) => [name, `${repository}:${newest}`])),
    }),
  );
  throwCancelled(failures);
  for (const { message } of failures) ports.log.info(`the push after the tests tries again: ${message}`);
  if (!byDigest) return readUploaded(output('local', 'upload'));
  return targets.flatMap(({ name }) => readPushedImage(output('local', 'metadata'), name) ?? []);
}

/** What is to be brought to the servers while the tests still run. */
export function toPullAhead(session: Session, checkout: Checkout, sent: readonly string[], pins: Pins): Early {
  const { model, project, commit } = checkout;
  // Which platform of an image such a service gets is not known before the server has resolved it.
  const mixed = new Set(model.onPlatform.map((service) => model.images[service]));
  const others = Object.values(thirdParty(model)).flatMap((image) => (mixed.has(image) ? [] : (pins.get(image) ?? [])));
  const tag = `${project}-${releaseId(new Date(session.ports.clock.now()), commit)}`;
  const built = model.onPlatform.length > 0 ? [] : sent;
  return { tag, built, others: [...new Set(others)] };
}

/** Brings images to all servers, and tells whether it did. A failure stops nothing: the deploy brings what is missing. */
export async function pullAhead(session: Session, checkout: Checkout, early: Early): Promise<boolean> {
  const { config, ports } = session;
  if (early.built.length + early.others.length === 0) return false;
  const targets = targetsOfHosts(session, checkout).map((target) => withLogin(session, target));
  const { failures } = await attempt(session, earlyPullPlan(targets, early, config.registry));
  throwCancelled(failures);
  for (const { message } of failures) ports.log.info(`the deploy tries again: ${message}`);
  return failures.length === 0 && early.built.length > 0;
}

/** Takes that back, when the tests have not passed. */
export async function discard(session: Session, checkout: Checkout, early: Early): Promise<void> {
  const { failures } = await attempt(session, discardPlan(targetsOfHosts(session, checkout), early));
  for (const { message } of failures) session.ports.log.warn(message);
}

function targetsOfHosts(session: Session, { project }: Checkout) {
  return reachedTargets(session, applicationFolder(session.config.path, project));
}
