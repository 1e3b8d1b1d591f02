import { builtRepository } from './images.ts';
import type { ComposeModel } from './model.ts';

export type BuildFacts = {
  readonly registry: string;
  readonly project: string;
  readonly commit: string;
  /** Of the commit, ISO 8601: the same commit gives the same image. */
  readonly committedAt: string;
  readonly source: string | undefined;
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
};

/**
 * The bake definition of everything that is built: Compose's own resolved `build:` sections, with our names, tags and
 * labels. JSON, which is YAML too; bake reads a compose file only from a name that ends in .yml.
 */
export function bakeDefinition(model: ComposeModel, facts: BuildFacts): string {
  const { registry, project, tags } = facts;
  const services = Object.entries(model.builds).map(([service, build]) => {
    const repository = builtRepository(model, service, registry, project);
    const names = tags.map((tag) => `${repository}:${tag}`);
    const xBake = {
      ...(facts.platforms.length > 0 ? { platforms: facts.platforms } : {}),
      ...(facts.cacheFrom.length > 0 ? { 'cache-from': facts.cacheFrom } : {}),
      ...(facts.cacheTo.length > 0 ? { 'cache-to': facts.cacheTo } : {}),
    };
    const labels = { ...labelsOf(build['labels']), ...ociLabels(facts) };
    return [service, { image: names[0], build: { ...build, tags: names, labels, 'x-bake': xBake } }];
  });
  return JSON.stringify({ name: project, services: Object.fromEntries(services) }, undefined, 2);
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
