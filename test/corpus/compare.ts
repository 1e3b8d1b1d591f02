/** What two projects have in common, one read by plain Compose and one that was sealed. */
import { isRecord } from '../../src/model/release.ts';

type Json = Readonly<Record<string, unknown>>;

/** Paths of one side → paths that both have. The longest match counts. */
export type Places = readonly (readonly [from: string, to: string])[];

/**
 * A project without what a release has of its own: images by digest, nothing to build, nothing that asks a registry, our
 * labels, secrets that only a build reads, and paths that moved. What Compose prints for what is not there (null) is not there, and so is a dependency on a
 * service of a profile that is off, which nobody waits for.
 */
export function comparable(project: unknown, places: Places): unknown {
  const root = recordOf(project);
  const services = recordOf(root['services']);
  const bodies = Object.entries(services).map(([name, body]) => [name, service(recordOf(body), services)] as const);
  const { services: _services, 'x-korrigo-environment': _given, ...rest } = root;
  const used = bodies.flatMap(([, { secrets }]) => (Array.isArray(secrets) ? secrets : [])).map(sourceOf);
  const secrets = filtered(rest['secrets'], (name) => used.includes(name));
  return moved({ ...rest, secrets, services: Object.fromEntries(bodies) }, places);
}

const sourceOf = (used: unknown): unknown => recordOf(used)['source'];
const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});

function service(body: Json, services: Json): Json {
  const { image: _i, build: _b, pull_policy: _p, profiles: _f, label_file: _l, ...rest } = body;
  const without = {
    environment: (value: unknown): Json => filtered(value, (_, text) => text !== null),
    labels: (value: unknown): Json => filtered(value, (name) => name !== 'korrigo.files' && name !== 'korrigo.config'),
    depends_on: (value: unknown): Json => filtered(value, (name) => Object.hasOwn(services, name)),
  };
  const entries = Object.entries(rest).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    if (value === null) return [];
    if (key === 'volumes' && Array.isArray(value)) return [[key, value.map(imageApart('source', 'image'))]];
    if (key === 'pre_start' && Array.isArray(value)) return [[key, value.map(imageApart('image'))]];
    if (key === 'security_opt' && Array.isArray(value)) return [[key, value.map(profile)]];
    if (key !== 'environment' && key !== 'labels' && key !== 'depends_on') return [[key, value]];
    const left = without[key](value);
    return Object.keys(left).length === 0 ? [] : [[key, left]];
  });
  return Object.fromEntries(entries);
}

/** Without the image that it names, which is one by digest in a release. @param type of the mounts that name one */
const imageApart =
  (key: string, type?: string) =>
  (value: unknown): unknown => {
    const { [key]: _image, ...rest } = recordOf(value);
    return type === undefined || rest['type'] === type ? rest : value;
  };

const filtered = (value: unknown, keep: (name: string, value: unknown) => boolean): Json =>
  Object.fromEntries(Object.entries(recordOf(value)).filter(([name, text]) => keep(name, text)));

/** Compose takes either sign, and completes the path of a profile only when it reads it. */
const profile = (option: unknown): unknown =>
  typeof option === 'string'
    ? option
        .replace(/^seccomp[=:](?:\.\/)?(?!unconfined|builtin|\/)/, 'seccomp=<repository>/')
        .replace(/^seccomp:/, 'seccomp=')
    : option;

function moved(value: unknown, places: Places): unknown {
  if (typeof value === 'string') return movedText(value, places);
  if (Array.isArray(value)) return value.map((item) => moved(item, places));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, moved(item, places)]));
}

function movedText(text: string, places: Places): string {
  const sorted = places.toSorted(([a], [b]) => b.length - a.length);
  let rest = text;
  let done = '';
  for (;;) {
    const found = sorted
      .map(([from, to]) => ({ from, to, at: rest.indexOf(from) }))
      .filter(({ at }) => at >= 0)
      .toSorted((a, b) => a.at - b.at || b.from.length - a.from.length)[0];
    if (found === undefined) return done + rest;
    done += rest.slice(0, found.at) + found.to;
    rest = rest.slice(found.at + found.from.length);
  }
}
