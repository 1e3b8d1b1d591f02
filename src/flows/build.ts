import { join } from 'node:path/posix';
import { testDown } from '../commands/compose.ts';
import { builderDriver } from '../commands/server.ts';
import { dockerfileOf } from '../compose/build-inputs.ts';
import { defaultCaches, hasGithubCache } from '../compose/cache.ts';
import {
  allowances,
  bakeDefinition,
  type BuildFacts as DefinitionFacts,
  secretProblems,
  tagsOf,
} from '../compose/definition.ts';
import { makeRelease, thirdParty } from '../compose/images.ts';
import { type BuildTarget, buildTargets } from '../compose/targets.ts';
import { ConfigError, DeployError } from '../errors.ts';
import { readPins, readPushedImage } from '../facts/images.ts';
import type { Release } from '../model/release.ts';
import { type BuildFacts, buildPlan, pushPlan } from '../plan/build.ts';
import { runnerLoginPlan } from '../plan/login.ts';
import { testDownPlan, testPlan } from '../plan/test.ts';
import type { Checkout } from './checkout.ts';
import { attempt, perform, type Session, throwProblems } from './session.ts';
import { noteUntracked } from './untracked.ts';

/** Removes what the tests made. Never throws for an expected failure. */
export type RemoveTests = (session: Session) => Promise<void>;

/**
 * Runs the test compose file. Throws when the tests fail, after everything of them is removed. When they pass, nobody has to
 * wait for that: it is left to the caller.
 */
export async function test(session: Session): Promise<RemoveTests> {
  const { config, ports } = session;
  const folder = join(ports.cwd, config.directory);
  const paths = config.test.files.map((file) => join(folder, file));
  for (const [index, path] of paths.entries()) {
    if (!(await ports.files.exists(path)))
      throw new ConfigError([`test-compose-file: ${config.test.files[index]} does not exist in ${folder}`]);
  }
  const files = { files: paths, project: `test-${ports.nonce()}` };
  ports.remember(testDown(files));
  const { service, timeoutSeconds } = config.test;
  const remove: RemoveTests = async (within) => {
    const { failures } = await attempt(within, testDownPlan(files));
    for (const { message } of failures) within.ports.log.warn(message);
  };
  try {
    await perform(session, testPlan({ files, service, timeoutSeconds, env: loginEnv(session) }));
    return remove;
  } catch (error) {
    await remove(session);
    throw error;
  }
}

export async function build(session: Session, checkout: Checkout): Promise<void> {
  session.known.dockerfiles = dockerfilesOf(checkout);
  const facts = await buildFacts(session, checkout, await cachesOf(session, checkout));
  if (facts.services.length === 0) {
    session.ports.log.info('no service has a build section: nothing to build');
    return;
  }
  await noteUntracked(session, checkout);
  await perform(session, buildPlan(facts));
}

/** What was sent to the registry while the tests still ran. */
export type Sent = {
  /** Target → `name@sha256:…` */
  readonly images: ReadonlyMap<string, string>;
  /** Whether the engine of this machine has them too, and so can give them tags. */
  readonly here: boolean;
};

export type Known = {
  readonly built: boolean;
  /** The digests of third-party images, as far as they were looked up in this run. */
  readonly pins: ReadonlyMap<string, string>;
  readonly sent: Sent;
};

/** Pushes every image and returns the release: all services by digest. */
export async function push(
  session: Session,
  checkout: Checkout,
  { built, pins: known, sent }: Known,
): Promise<Release> {
  // On its own first: a registry is tried again, a Dockerfile that fails is not.
  if (!built) await build(session, checkout);
  const { model } = checkout;
  const facts = await buildFacts(session, checkout);
  const others = thirdParty(model);
  const unknown = [...new Set(Object.values(others))].filter((image) => !known.has(image));
  const targets = targetsOf(session, checkout);
  const tags = sent.here ? tagsTo(targets, sent, definitionFacts(session, checkout).tags) : undefined;
  const { output } = await perform(session, pushPlan({ ...facts, thirdParty: unknown, tags }));
  const { pins: found, refused } = readPins(output('local', 'pins'));
  const pins = new Map([...known, ...found]);
  throwProblems(
    refused.toSorted().map(([image, why]) => `compose-file: image ${image} cannot be pulled: ${why}`),
    'Check the name, and that this user may read it. Nothing was deployed.',
  );
  const pushed = targets.map((target): [string, string] => {
    const image = tags === undefined ? undefined : sent.images.get(target.name);
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

/** `name:tag` → `name@digest`; undefined where something was not sent. */
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

export function targetsOf({ config }: Session, { model, project }: Checkout): readonly BuildTarget[] {
  return buildTargets(model, config.registry?.name ?? 'local', project);
}

/** The push and what is sent ahead find everything in the builder that has just built it. */
export async function buildFacts(
  session: Session,
  checkout: Checkout,
  caches?: DefinitionFacts['caches'],
): Promise<BuildFacts> {
  const { ports } = session;
  const { model } = checkout;
  const problems = [...secretProblems(model, ports.env), ...(await secretFileProblems(session, model))];
  if (problems.length > 0) throw new ConfigError(problems);
  const targets = targetsOf(session, checkout);
  return {
    definition: bakeDefinition(targets, {
      ...definitionFacts(session, checkout),
      ...(caches === undefined ? {} : { caches }),
    }),
    file: join(ports.scratch, 'bake.yml'),
    metadata: join(ports.scratch, 'metadata.json'),
    services: targets.flatMap(({ services }) => services),
    allow: allowances(targets),
    env: loginEnv(session),
  };
}

async function cachesOf(
  session: Session,
  { project, ref, defaultBranch: isDefault }: Checkout,
): Promise<DefinitionFacts['caches']> {
  const { env, ref: known } = session.ports;
  if (!hasGithubCache(env)) return undefined;
  const driver = await driverOf(session);
  const defaultBranch = isDefault ? ref : known.defaultBranch;
  return (target) => defaultCaches(target, { env, driver, project, ref, defaultBranch });
}

/** What stands behind the builder: `docker` is the engine itself. */
export async function driverOf({ ports }: Session): Promise<string> {
  const { stdout } = await ports.local.run(builderDriver, { signal: ports.signal });
  return /^Driver:\s*(\S+)/m.exec(stdout)?.[1] ?? 'docker';
}

/** What is the same in every image of a build. */
export function definitionFacts({ config, ports }: Session, checkout: Checkout): DefinitionFacts {
  const { project, commit, committedAt, ref, defaultBranch } = checkout;
  const tags = tagsOf({ custom: config.tags, commit, ref, defaultBranch });
  const { platforms, cacheFrom, cacheTo, attest } = config;
  return { project, commit, committedAt, source: ports.ref.source, tags, platforms, cacheFrom, cacheTo, attest };
}

/** BuildKit says it late, after other images are built. */
async function secretFileProblems({ ports }: Session, { builds, buildSecrets }: Checkout['model']) {
  const all = Object.keys(builds).flatMap((service) =>
    (buildSecrets[service] ?? []).flatMap(({ id, from }) => {
      const path = from?.startsWith('src=') ? from.slice('src='.length).replaceAll('$$', '$') : undefined;
      return path === undefined ? [] : [{ service, id, path }];
    }),
  );
  const problems = await Promise.all(
    all.map(async ({ service, id, path }) =>
      (await ports.files.exists(path))
        ? []
        : [`compose-file: the build of ${service} reads the secret ${id} from ${path}, which does not exist here`],
    ),
  );
  return problems.flat();
}

/** Logs this machine in to the registry, in a Docker configuration of the run's own. */
export async function login(session: Session): Promise<void> {
  const { registry } = session.config;
  if (registry?.login !== undefined) await perform(session, runnerLoginPlan(registry, loginFolder(session)));
}

const loginFolder = ({ ports }: Session): string => join(ports.scratch, 'docker');

export function loginEnv(session: Session): Readonly<Record<string, string>> {
  return session.config.registry?.login === undefined ? {} : { DOCKER_CONFIG: loginFolder(session) };
}

function dockerfilesOf({ model, top }: Checkout): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(model.builds).flatMap(([service, build]) => {
      const file = dockerfileOf(build, top);
      return file === undefined ? [] : [[service, file]];
    }),
  );
}
