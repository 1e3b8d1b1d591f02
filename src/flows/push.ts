import { makeRelease, thirdParty } from '../compose/images.ts';
import type { BuildTarget } from '../compose/targets.ts';
import { DeployError } from '../errors.ts';
import { readPins, readPushedImage } from '../facts/images.ts';
import type { Release } from '../model/release.ts';
import { type BuildFacts, pushPlan, tagPlan } from '../plan/build.ts';
import { build, buildFacts, definitionFacts, targetsOf } from './build.ts';
import type { Checkout } from './checkout.ts';
import { attempt, perform, type Session, throwCancelled, throwProblems } from './session.ts';

/** What was sent to the registry while the tests still ran. */
export type Sent = {
  /** Target → `name@sha256:…` */
  readonly images: ReadonlyMap<string, string>;
  /** Whether this machine's engine has them too, and so can tag them. */
  readonly here: boolean;
};

export type Known = {
  readonly built: boolean;
  /** The digests of third-party images that were looked up in this run. */
  readonly pins: ReadonlyMap<string, string>;
  readonly sent: Sent;
};

/** Pushes every image and returns the release: all services by digest. */
export async function push(
  session: Session,
  checkout: Checkout,
  { built, pins: known, sent }: Known,
): Promise<Release> {
  // Built separately first: a registry is retried, a failing Dockerfile is not.
  if (!built) await build(session, checkout);
  const { model } = checkout;
  const facts = await buildFacts(session, checkout);
  const others = thirdParty(model);
  const unknown = [...new Set(Object.values(others))].filter((image) => !known.has(image));
  const targets = targetsOf(session, checkout);
  const tagged = await writeTags(session, checkout, facts, sent);
  const services = tagged ? [] : facts.services;
  const { output } = await perform(session, pushPlan({ ...facts, services, thirdParty: unknown }));
  const { pins: found, refused } = readPins(output('local', 'pins'));
  const pins = new Map([...known, ...found]);
  throwProblems(
    refused.toSorted().map(([image, why]) => `compose-file: image ${image} cannot be pulled: ${why}`),
    'Check the name, and that this user may read it. Nothing was deployed.',
  );
  const pushed = targets.map((target): [string, string] => {
    const image = tagged ? sent.images.get(target.name) : undefined;
    return [target.name, image ?? pushedImage(output('local', 'metadata'), target)];
  });
  const release = releaseFrom(session, checkout, new Map(pushed), pins);
  for (const [service, image] of Object.entries(release.images)) session.ports.log.info(`${service}: ${image}`);
  return release;
}

/** @param images by target @param pins third-party images by digest */
export function releaseFrom(
  session: Session,
  checkout: Checkout,
  images: ReadonlyMap<string, string>,
  pins: ReadonlyMap<string, string>,
): Release {
  const { model, commit, committedAt, project } = checkout;
  const pushed = targetsOf(session, checkout).flatMap(({ name, services }) =>
    services.map((service): [string, string] => [service, images.get(name) ?? '']),
  );
  const pinned = Object.entries(thirdParty(model)).map(([service, image]) => [service, pins.get(image) ?? image]);
  return makeRelease(model, {
    time: new Date(session.ports.clock.now()),
    commit,
    committedAt,
    project,
    pushed: Object.fromEntries(pushed),
    pinned: Object.fromEntries(pinned),
  });
}

/** Whether the images sent ahead have their tags now. A failure stops nothing: bake pushes them. */
async function writeTags(session: Session, checkout: Checkout, facts: BuildFacts, sent: Sent): Promise<boolean> {
  const targets = targetsOf(session, checkout);
  const tags = sent.here ? tagsTo(targets, sent, definitionFacts(session, checkout).tags) : undefined;
  if (tags === undefined) return false;
  const { failures } = await attempt(session, tagPlan(tags, facts));
  throwCancelled(failures);
  for (const { message } of failures) session.ports.log.info(`pushing with bake instead: ${message}`);
  return failures.length === 0;
}

/** `name:tag` → `name@digest`; undefined if something was not sent. */
function tagsTo(
  targets: readonly BuildTarget[],
  { images }: Sent,
  tags: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (targets.length === 0 || targets.some(({ name }) => !images.has(name))) return undefined;
  const pairs = targets.flatMap(({ name, repository }) =>
    tags.map((tag): [string, string] => [`${repository}:${tag}`, images.get(name) ?? '']),
  );
  return Object.fromEntries(pairs);
}

function pushedImage(metadata: string, { name, services }: BuildTarget): string {
  const image = readPushedImage(metadata, name);
  if (image !== undefined) return image;
  throw new DeployError(`docker buildx bake did not report the digest of ${services.join(', ')}`, {
    kind: 'command',
    hint: 'buildx 0.10 or later is required. Check `docker buildx version` on the runner.',
  });
}
