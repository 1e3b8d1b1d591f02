import { createHash } from 'node:crypto';
import { repositoryOf } from './images.ts';
import type { BuildSecret, ComposeModel } from './model.ts';

/** An image that is built, for one service or for several that build the same. */
export type BuildTarget = {
  /** As bake calls it. */
  readonly name: string;
  /** Where it is pushed. */
  readonly repository: string;
  readonly services: readonly string[];
  readonly build: Readonly<Record<string, unknown>>;
  readonly secrets: readonly BuildSecret[];
};

type Built = Pick<ComposeModel, 'builds' | 'buildSecrets' | 'images'>;

/** Everything that is built, each image once. */
export function buildTargets(model: Built, registry: string, project: string): readonly BuildTarget[] {
  const groups = new Map<string, BuildTarget>();
  const services = Object.keys(model.builds);
  const targetNames = unique(services, targetName);
  const imageNames = unique(services, (service) => imageName(`${project}-${service}`));
  for (const [service, build] of Object.entries(model.builds)) {
    const own = ownRepository(model, service, registry);
    const secrets = model.buildSecrets[service] ?? [];
    const key = JSON.stringify([own, build, secrets]);
    const found = groups.get(key);
    const name = targetNames.get(service) ?? service;
    const repository = own ?? `${registry}/${imageNames.get(service) ?? service}`;
    groups.set(key, {
      ...(found ?? { name, repository, build, secrets }),
      services: [...(found?.services ?? []), service],
    });
  }
  return [...groups.values()];
}

/** A service's own `image:`, without its tag, if that is in our registry. */
function ownRepository({ images }: Built, service: string, registry: string): string | undefined {
  const image = images[service];
  return image?.startsWith(`${registry}/`) ? repositoryOf(image) : undefined;
}

/** Bake takes letters, digits, `_` and `-`, and calls all targets together `default`. */
function targetName(service: string): string {
  const name = service.replaceAll(/[^\w-]/g, '_');
  return name === 'default' ? 'default_' : name;
}

/** What a registry takes as a part of a name: no capitals, and only one separator at a time, in between. */
function imageName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[._-]+/g, (run) => (/^([.]|__?|-+)$/.test(run) ? run : '-'))
    .replace(/^[._-]+|[._-]+$/g, '');
}

/** Names of services, changed; those that are the same then, or another service's own, get a mark of their own. */
function unique(services: readonly string[], change: (service: string) => string): ReadonlyMap<string, string> {
  const changed = services.map((service) => ({ service, name: change(service) }));
  return new Map(
    changed.map(({ service, name }) => {
      const first = changed.find((other) => other.name === name && other.name.endsWith(other.service));
      const alone = changed.every((other) => other.name !== name || other.service === service);
      return [service, alone || first?.service === service ? name : `${name}-${mark(service)}`];
    }),
  );
}

const mark = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 6);
