import { isRecord, parseJson } from '../model/release.ts';

type Json = Readonly<Record<string, unknown>>;

/** A mount, config or secret that names a path of this machine (absolute, as Compose resolved it). */
export type NamedPath = {
  readonly service: string;
  readonly path: string;
  readonly writable: boolean;
};

/** A secret that a build reads. */
export type BuildSecret = {
  /** Of `RUN --mount=type=secret,id=…`. */
  readonly id: string;
  /** As bake takes it: `env=TOKEN` or `src=/path`, every `$` doubled; undefined when it comes from nowhere. */
  readonly from: string | undefined;
};

export type ComposeModel = {
  readonly name: string;
  readonly images: Readonly<Record<string, string>>;
  /** Service → its `build:` section, resolved. */
  readonly builds: Readonly<Record<string, Json>>;
  /** Service → the secrets that its build reads. */
  readonly buildSecrets: Readonly<Record<string, readonly BuildSecret[]>>;
  readonly services: readonly string[];
  readonly paths: readonly NamedPath[];
  /** The env_files that are named with a variable, as its value here has it, from the top of the repository. */
  readonly envFiles: readonly string[];
  /** What services take from an environment variable: `secret token`. */
  readonly fromEnvironment: readonly string[];
};

/** @param json what `docker compose config --format json` printed. */
export function readModel(json: string): ComposeModel {
  const root = recordOf(parseJson(json));
  const services = recordOf(root['services']);
  const entries = Object.entries(services).map(([name, body]) => [name, recordOf(body)] as const);
  return {
    name: textOf(root['name']),
    services: entries.map(([name]) => name),
    images: Object.fromEntries(
      entries.flatMap(([name, { image }]) => (typeof image === 'string' ? [[name, image]] : [])),
    ),
    builds: Object.fromEntries(entries.flatMap(([name, { build }]) => (isRecord(build) ? [[name, build]] : []))),
    buildSecrets: Object.fromEntries(
      entries
        .map(([name, { build }]) => [name, secretsOfBuild(recordOf(build), root['secrets'])] as const)
        .filter(([, secrets]) => secrets.length > 0),
    ),
    paths: entries.flatMap(([service, body]) => [
      ...mounts(service, body),
      ...topLevel(service, body['configs'], root['configs']),
      ...topLevel(service, body['secrets'], root['secrets']),
    ]),
    envFiles: [root['x-env-files'] ?? []].flat().map(textOf).map(pathOf),
    fromEnvironment: [
      ...entries.flatMap(([, body]) => fromEnvironment('config', body['configs'], root['configs'])),
      ...entries.flatMap(([, body]) => fromEnvironment('secret', body['secrets'], root['secrets'])),
    ],
  };
}

const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const recordsOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);

function mounts(service: string, body: Json): readonly NamedPath[] {
  return recordsOf(body['volumes'])
    .filter(({ type }) => type === 'bind')
    .map((mount) => ({ service, path: pathOf(textOf(mount['source'])), writable: mount['read_only'] !== true }));
}

function topLevel(service: string, used: unknown, defined: unknown): readonly NamedPath[] {
  return recordsOf(used).flatMap(({ source }) => {
    const file = recordOf(recordOf(defined)[textOf(source)])['file'];
    return typeof file === 'string' ? [{ service, path: pathOf(file), writable: false }] : [];
  });
}

function secretsOfBuild({ secrets }: Json, defined: unknown): readonly BuildSecret[] {
  return recordsOf(secrets).map(({ source, target }) => {
    const { environment, file } = recordOf(recordOf(defined)[textOf(source)]);
    const from =
      typeof environment === 'string' ? `env=${environment}` : typeof file === 'string' ? `src=${file}` : undefined;
    return { id: textOf(target) || textOf(source), from };
  });
}

function fromEnvironment(kind: string, used: unknown, defined: unknown): readonly string[] {
  const names = recordsOf(used).map(({ source }) => textOf(source));
  return names.filter((name) => 'environment' in recordOf(recordOf(defined)[name])).map((name) => `${kind} ${name}`);
}

/** Compose doubles every `$` that it prints. */
const pathOf = (printed: string): string => printed.replaceAll('$$', '$');
