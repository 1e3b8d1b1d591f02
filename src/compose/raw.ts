import { parseDocument } from 'yaml';
import { isRecord, parseJson } from '../model/release.ts';

/** What a compose file says before Compose resolves it: only what must be known to ship it and to let Compose read it. */
export type RawFile = {
  readonly name: string | undefined;
  readonly includes: readonly Include[];
  readonly extended: readonly string[];
  readonly services: readonly string[];
  /** Of services, as they are written. */
  readonly envFiles: readonly string[];
  readonly variables: Variables;
};

/** An entry of `include`. The paths start where those of this file do; what they name starts in the folder. */
export type Include = {
  readonly paths: readonly string[];
  /** By default that of the first path. */
  readonly folder: string | undefined;
  readonly envFiles: readonly string[];
};

export type Variables = {
  readonly image: readonly string[];
  readonly build: readonly string[];
  readonly elsewhere: readonly string[];
  /** Written as `${NAME:?…}` or `${NAME?…}`. */
  readonly required: readonly string[];
};

/** @param text YAML, with Compose's own tags such as `!reset`. A file that is no YAML is reported by Compose itself. */
export function readRawFile(text: string): RawFile {
  const root = parseYaml(text);
  const top = isRecord(root) ? root : {};
  const services = isRecord(top['services']) ? top['services'] : {};
  return {
    name: typeof top['name'] === 'string' ? top['name'] : undefined,
    includes: [top['include'] ?? []].flat().flatMap(includeOf),
    extended: Object.values(services).flatMap(extendedPath),
    services: Object.keys(services),
    envFiles: Object.values(services).flatMap(envFilesOf),
    variables: variablesOf(top, services),
  };
}

/** Plain data; undefined for what is no YAML, refers to nothing, or contains itself. */
function parseYaml(text: string): unknown {
  const document = parseDocument(text, { logLevel: 'silent', merge: true });
  if (document.errors.length > 0) return undefined;
  try {
    return parseJson(JSON.stringify(document.toJS()) ?? '');
  } catch {
    return undefined;
  }
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

function variablesOf(top: Readonly<Record<string, unknown>>, services: Readonly<Record<string, unknown>>): Variables {
  const bodies = Object.values(services).filter(isRecord);
  const rest = bodies.map(({ image: _image, build: _build, ...others }) => others);
  const { services: _services, ...elsewhere } = top;
  return {
    image: bodies.flatMap((body) => namesIn(body['image'])),
    build: bodies.flatMap((body) => namesIn(body['build'])),
    elsewhere: namesIn([rest, elsewhere]),
    required: namesIn(top, requiredVariable),
  };
}

const variable = /(?<!\$)(?:\$\$)*\$\{?([A-Za-z_]\w*)/g;
const requiredVariable = /(?<!\$)(?:\$\$)*\$\{([A-Za-z_]\w*):?\?/g;

function namesIn(value: unknown, pattern = variable): readonly string[] {
  if (typeof value === 'string') return [...value.matchAll(pattern)].flatMap((match) => match[1] ?? []);
  if (Array.isArray(value)) return value.flatMap((item) => namesIn(item, pattern));
  return isRecord(value) ? Object.values(value).flatMap((item) => namesIn(item, pattern)) : [];
}
