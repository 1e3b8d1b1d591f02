import { join, relative } from 'node:path/posix';
import { builderDriver } from '../commands/images.ts';
import { dockerfileOf, type Needed, neededOf } from '../compose/build-inputs.ts';
import { defaultCaches, hasGithubCache } from '../compose/cache.ts';
import {
  allowances,
  attestations,
  bakeDefinition,
  type BuildFacts as DefinitionFacts,
  entitlements,
  secretProblems,
  tagsOf,
} from '../compose/definition.ts';
import { type BuildTarget, buildTargets } from '../compose/targets.ts';
import { ConfigError } from '../errors.ts';
import { readBuildCache } from '../facts/build-cache.ts';
import { type BuildFacts, buildPlan } from '../plan/build.ts';
import { runnerLoginPlan } from '../plan/login.ts';
import type { Checkout } from './checkout.ts';
import { perform, type Session } from './session.ts';
import { noteUntracked } from './untracked.ts';

export async function build(session: Session, checkout: Checkout): Promise<void> {
  session.known.dockerfiles = dockerfilesOf(checkout);
  const facts = await buildFacts(session, checkout, await cachesOf(session, checkout));
  if (facts.services.length === 0) {
    session.ports.log.info('no service has a build section: nothing to build');
    return;
  }
  await noteUntracked(session, checkout);
  const { output } = await perform(session, buildPlan(facts));
  session.known.buildCache = readBuildCache(output('local', 'build'));
}

export function targetsOf({ config }: Session, { model, project }: Checkout): readonly BuildTarget[] {
  return buildTargets(model, config.registry?.name ?? 'local', project);
}

/** The push and sending ahead find everything in the builder that has just built it. */
export async function buildFacts(
  session: Session,
  checkout: Checkout,
  caches?: DefinitionFacts['caches'],
): Promise<BuildFacts> {
  const { ports } = session;
  const { model } = checkout;
  const problems = [...secretProblems(model, ports.env), ...(await absentProblems(session, checkout))];
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
    entitlements: entitlements(targets),
    attests: session.config.attest ? attestations(targets) : [],
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

/** The builder's driver: `docker` is the engine itself. */
export async function driverOf({ ports }: Session): Promise<string> {
  const { stdout } = await ports.local.run(builderDriver, { signal: ports.signal });
  return /^Driver:\s*(\S+)/m.exec(stdout)?.[1] ?? 'docker';
}

/** What is the same for every image of a build. */
export function definitionFacts({ config, ports }: Session, checkout: Checkout): DefinitionFacts {
  const { project, commit, committedAt, ref, defaultBranch } = checkout;
  const tags = tagsOf({ custom: config.tags, commit, ref, defaultBranch });
  const { platforms, cacheFrom, cacheTo } = config;
  return { project, commit, committedAt, source: ports.ref.source, tags, platforms, cacheFrom, cacheTo };
}

/** BuildKit reports it late, after other images are built, and for one service only. */
async function absentProblems({ ports }: Session, { top, model }: Checkout): Promise<readonly string[]> {
  const { builds, buildSecrets } = model;
  const secrets = (service: string): readonly Needed[] =>
    (buildSecrets[service] ?? []).flatMap(({ id, from }) =>
      from?.startsWith('src=')
        ? [{ what: `secret ${id}`, paths: [from.slice('src='.length).replaceAll('$$', '$')] }]
        : [],
    );
  const shown = (path: string): string => (path.startsWith(`${top}/`) ? relative(top, path) : path);
  const problems = Object.entries(builds).map(async ([service, build]) => {
    const missing: string[] = [];
    for (const { what, paths } of [...neededOf(build), ...secrets(service)]) {
      const found = await Promise.all(paths.map(async (path) => await ports.files.exists(path)));
      if (found.includes(true)) continue;
      missing.push(
        `compose-file: the build of ${service} reads its ${what} from ${shown(paths[0] ?? '')}, which does not exist here`,
      );
      if (what === 'context') break;
    }
    return missing;
  });
  return (await Promise.all(problems)).flat();
}

/** Logs this machine in to the registry, in a Docker configuration of this run only. */
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
