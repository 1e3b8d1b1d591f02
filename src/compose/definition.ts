import { isRecord } from '../model/release.ts';
import type { Environment } from '../model/surroundings.ts';
import type { Caches } from './cache.ts';
import type { ComposeModel } from './model.ts';
import type { BuildTarget } from './targets.ts';

export type BuildFacts = {
  readonly project: string;
  readonly commit: string;
  /** Of the commit, ISO 8601: the same commit gives the same image. */
  readonly committedAt: string;
  readonly source: string | undefined;
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  /** Of a target with default caches. */
  readonly caches?: (target: BuildTarget) => Caches;
  /** Pushes every image without a tag. */
  readonly byDigest?: boolean;
};

/**
 * The bake definition of everything that is built: Compose's own resolved `build:` sections, with our names, tags and
 * labels. JSON, which is YAML too; bake reads a compose file only from a name that ends in .yml.
 */
export function bakeDefinition(targets: readonly BuildTarget[], facts: BuildFacts): string {
  const services = targets.map((target) => {
    const { name, repository, secrets } = target;
    const { secrets: _secrets, ssh, ...build } = target.build;
    const tags = facts.byDigest ? [repository] : facts.tags.map((tag) => `${repository}:${tag}`);
    const own = ownBake(build['x-bake']);
    // In bake's own form: it has no word for the `target` of a secret, nor for one that only another service uses.
    const secret = [
      ...(Array.isArray(own['secret']) ? own['secret'] : []),
      ...secrets.map(({ id, from = '' }) => [`id=${id}`, from].map(field).join()),
    ];
    const caches = isCached(build, own, facts) ? undefined : facts.caches?.(target);
    const xBake = {
      // Bake up to 0.13 does not read it where Compose has it.
      ...(ssh === undefined ? {} : { ssh }),
      ...own,
      ...(caches !== undefined && caches.from.length > 0 ? { 'cache-from': caches.from } : {}),
      ...(caches !== undefined && caches.to.length > 0 ? { 'cache-to': caches.to } : {}),
      ...(facts.platforms.length > 0 ? { platforms: facts.platforms } : {}),
      ...(facts.cacheFrom.length > 0 ? { 'cache-from': facts.cacheFrom } : {}),
      ...(facts.cacheTo.length > 0 ? { 'cache-to': facts.cacheTo } : {}),
      ...(secret.length > 0 ? { secret } : {}),
      ...(facts.byDigest ? { output: [`type=image,push-by-digest=true,name-canonical=true,push=true`] } : {}),
    };
    const labels = { ...labelsOf(build['labels']), ...ociLabels(facts) };
    const contexts = contextsOf(build['additional_contexts'], targets);
    return [name, { image: tags[0], build: { ...build, ...contexts, tags, labels, 'x-bake': xBake } }];
  });
  return JSON.stringify({ name: facts.project, services: Object.fromEntries(services) }, undefined, 2);
}

type Json = Readonly<Record<string, unknown>>;

/** Whether the inputs or the compose file say which caches a build has. */
function isCached(build: Json, own: Json, { cacheFrom, cacheTo }: BuildFacts): boolean {
  const written = [build['cache_from'], build['cache_to'], own['cache-from'], own['cache-to']];
  return cacheFrom.length > 0 || cacheTo.length > 0 || written.some((value) => value !== undefined);
}

/**
 * What bake would ask a person for: whatever these files ask of a build is meant. Files outside of the working directory are
 * among it, such as a secret in the home directory or the folder of a cache.
 */
export function allowances(targets: readonly BuildTarget[]): readonly string[] {
  const asked = targets.flatMap(({ build }) => {
    const own = ownBake(build['x-bake']);
    return [
      ...(build['network'] === 'host' ? ['network.host'] : []),
      ...(build['ssh'] !== undefined || own['ssh'] !== undefined ? ['ssh'] : []),
      ...entitlementsOf(build),
    ];
  });
  return [...new Set(['fs=*', ...asked])];
}

/** What the steps of a build may ask for, in the words of bake's `--set`: it does not read them in a compose file. */
export const entitlements = (targets: readonly BuildTarget[]): readonly string[] =>
  targets.flatMap(({ name, build }) => entitlementsOf(build).map((one) => `${name}.entitlements=${one}`));

function entitlementsOf(build: Json): readonly string[] {
  const written = [build['entitlements'], ownBake(build['x-bake'])['entitlements']].flat();
  const names = written.filter((one) => typeof one === 'string');
  return [...new Set([...(build['privileged'] === true ? ['security.insecure'] : []), ...names])];
}

/** What BuildKit says of each image. As an option: bake does not read it in a compose file, nor old ones what Compose has for it. */
export const attestations = (targets: readonly BuildTarget[]): readonly string[] =>
  targets.flatMap(({ name, build }) => [
    ...(build['provenance'] === undefined ? [`${name}.attest=type=provenance,mode=max`] : []),
    ...(build['sbom'] === undefined ? [`${name}.attest=type=sbom`] : []),
  ]);

/** The image of another service is what bake builds for that one. */
function contextsOf(written: unknown, targets: readonly BuildTarget[]): Readonly<Record<string, unknown>> {
  if (!isRecord(written)) return {};
  const contexts = Object.entries(written).map(([name, from]) => {
    const service = /^service:(.+)$/.exec(String(from))?.[1];
    const target = targets.find(({ services }) => service !== undefined && services.includes(service));
    return [name, target === undefined ? from : `target:${target.name}`];
  });
  return { additional_contexts: Object.fromEntries(contexts) };
}

/** What is wrong with the secrets of builds: BuildKit would take an empty one. */
export function secretProblems({ builds, buildSecrets }: ComposeModel, env: Environment): readonly string[] {
  return Object.keys(builds).flatMap((service) =>
    (buildSecrets[service] ?? []).flatMap(({ id, from }) => {
      if (from === undefined)
        return [`compose-file: the secret ${id} of the build of ${service} has neither \`file:\` nor \`environment:\``];
      const name = from.startsWith('env=') ? from.slice('env='.length) : undefined;
      if (name === undefined || env[name]) return [];
      return [
        `compose-file: the build of ${service} needs the secret ${id}, and ${name} is not set; set it with \`env:\` on this step`,
      ];
    }),
  );
}

/** One field of a line of comma-separated values. */
const field = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** What the user asks of bake, but for the names of what is pushed and where it goes. */
function ownBake(written: unknown): Readonly<Record<string, unknown>> {
  if (typeof written !== 'object' || written === null) return {};
  const { tags: _tags, output: _output, ...own }: Record<string, unknown> = { ...written };
  return own;
}

function ociLabels({ commit, committedAt, source, tags }: BuildFacts): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.revision': commit,
    'org.opencontainers.image.created': committedAt,
    'org.opencontainers.image.version': tags[0] ?? commit,
    ...(source === undefined ? {} : { 'org.opencontainers.image.source': source }),
  };
}

function labelsOf(labels: unknown): Readonly<Record<string, unknown>> {
  return typeof labels === 'object' && labels !== null ? { ...labels } : {};
}

/** `sha-<12>`, the branch or git tag, and `latest` on the default branch; `custom` replaces them all. */
export function tagsOf(facts: {
  readonly custom: readonly string[];
  readonly commit: string;
  readonly ref: string | undefined;
  readonly defaultBranch: boolean;
}): readonly string[] {
  if (facts.custom.length > 0) return facts.custom;
  const ref = facts.ref
    ?.replaceAll(/[^\w.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 128);
  const tags = [`sha-${facts.commit.slice(0, 12)}`, ...(ref ? [ref] : []), ...(facts.defaultBranch ? ['latest'] : [])];
  return [...new Set(tags)];
}
