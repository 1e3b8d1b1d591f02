import { isRecord } from '../model/release.ts';
import { readYaml } from './yaml.ts';

/** A compose file before Compose resolves it: only what we need to ship it and to let Compose read it. */
export type RawFile = {
  readonly name: string | undefined;
  readonly includes: readonly Include[];
  readonly extended: readonly string[];
  readonly services: readonly string[];
  /** Services from other files that this one removes, with `!reset`. */
  readonly removed: readonly string[];
  /** Profiles that services name. */
  readonly profiles: readonly string[];
  /** Of services, as they are written. */
  readonly envFiles: readonly string[];
  readonly labelFiles: readonly string[];
  readonly variables: Variables;
  /** Whether a build has settings for bake only. */
  readonly bakes: boolean;
  /** Why this is not YAML; then nothing else is known. */
  readonly problem: string | undefined;
};

/** An entry of `include`. Its paths are relative to where this file's are; the paths inside are relative to the folder. */
export type Include = {
  readonly paths: readonly string[];
  /** Default: the folder of the first path. */
  readonly folder: string | undefined;
  readonly envFiles: readonly string[];
};

export type Variables = {
  /** In images of services, volumes and hooks: these belong to the release. */
  readonly image: readonly string[];
  readonly build: readonly string[];
  /** Including those that a config or secret comes from. */
  readonly elsewhere: readonly string[];
  /** Written as `${NAME:?…}` or `${NAME?…}`. */
  readonly required: readonly string[];
};

/** @param text YAML, with Compose's own tags such as `!reset`, one document or several. */
export function readRawFile(text: string): RawFile {
  const yaml = readYaml(text);
  const tops = ('documents' in yaml ? yaml.documents : []).filter(isRecord);
  const services = tops.flatMap((top) => Object.entries(isRecord(top['services']) ? top['services'] : {}));
  const bodies = services.map(([, body]) => body);
  const last = new Map(services);
  const names = [...last.keys()];
  return {
    name: tops.map(({ name }) => name).findLast((name) => typeof name === 'string'),
    includes: tops.flatMap((top) => [top['include'] ?? []].flat().flatMap(includeOf)),
    extended: bodies.flatMap(extendedPath),
    services: names.filter((name) => last.get(name) !== null),
    removed: names.filter((name) => last.get(name) === null),
    profiles: [...new Set(bodies.flatMap((body) => (isRecord(body) ? textsOf(body['profiles']) : [])))],
    envFiles: bodies.flatMap(envFilesOf),
    labelFiles: bodies.flatMap((body) => (isRecord(body) ? textsOf(body['label_file']) : [])),
    variables: variablesOf(tops, bodies.filter(isRecord)),
    bakes: bodies.some((body) => isRecord(body) && isRecord(body['build']) && 'x-bake' in body['build']),
    problem: 'problem' in yaml ? yaml.problem : undefined,
  };
}

function includeOf(entry: unknown): readonly Include[] {
  if (typeof entry === 'string') return [{ paths: [entry], folder: undefined, envFiles: [] }];
  if (!isRecord(entry)) return [];
  const folder = entry['project_directory'];
  return [
    {
      paths: textsOf(entry['path']),
      folder: typeof folder === 'string' ? folder : undefined,
      envFiles: textsOf(entry['env_file']),
    },
  ];
}

const textsOf = (value: unknown): readonly string[] =>
  [value].flat().filter((item): item is string => typeof item === 'string');

function extendedPath(service: unknown): readonly string[] {
  const from = isRecord(service) ? service['extends'] : undefined;
  const file = isRecord(from) ? from['file'] : undefined;
  return typeof file === 'string' ? [file] : [];
}

function envFilesOf(service: unknown): readonly string[] {
  if (!isRecord(service)) return [];
  return [service['env_file'] ?? []].flat().flatMap((entry: unknown) => {
    if (typeof entry === 'string') return [entry];
    return isRecord(entry) && typeof entry['path'] === 'string' ? [entry['path']] : [];
  });
}

type Json = Readonly<Record<string, unknown>>;

function variablesOf(tops: readonly Json[], bodies: readonly Json[]): Variables {
  const split = bodies.map(imagesApart);
  const elsewhere = tops.map(({ services: _services, ...others }) => others);
  return {
    image: bodies.flatMap(({ image }, index) => namesIn([image, split[index]?.images])),
    build: bodies.flatMap((body) => namesIn(body['build'])),
    elsewhere: [...namesIn([split.map(({ rest }) => rest), elsewhere]), ...tops.flatMap(givenByName)],
    required: namesIn(tops, requiredVariable),
  };
}

/** Images that a service uses besides its own: volumes that are images, and hooks with their own container. */
function imagesApart({ image: _image, build: _build, volumes, pre_start: hooks, ...others }: Json): {
  readonly images: unknown;
  readonly rest: unknown;
} {
  const mounts = [volumes ?? []].flat();
  const isImage = (mount: unknown): mount is Json => isRecord(mount) && mount['type'] === 'image';
  const starts = [hooks ?? []].flat();
  return {
    images: [mounts.filter(isImage).map(({ source }) => source), starts.filter(isRecord).map((hook) => hook['image'])],
    rest: [
      others,
      mounts.map((mount) => (isImage(mount) ? { ...mount, source: '' } : mount)),
      starts.map((hook) => (isRecord(hook) ? { ...hook, image: '' } : hook)),
    ],
  };
}

/** The variables whose value is a config or a secret. */
function givenByName(top: Json): readonly string[] {
  return [top['configs'], top['secrets']].flatMap((defined) =>
    Object.values(isRecord(defined) ? defined : {}).flatMap((one) =>
      isRecord(one) && typeof one['environment'] === 'string' ? [one['environment']] : [],
    ),
  );
}

const variable = /(?<!\$)(?:\$\$)*\$\{?([A-Za-z_]\w*)/g;
const requiredVariable = /(?<!\$)(?:\$\$)*\$\{([A-Za-z_]\w*):?\?/g;

/** @param seen values already visited: an alias may appear in hundreds of places */
function namesIn(value: unknown, pattern = variable, seen = new Set<unknown>()): readonly string[] {
  if (typeof value === 'string') return [...value.matchAll(pattern)].flatMap((match) => match[1] ?? []);
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  return Object.values(value).flatMap((item) => namesIn(item, pattern, seen));
}
