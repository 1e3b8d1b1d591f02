import { join } from 'node:path/posix';
import { isRecord, parseJson } from '../model/release.ts';
import { bindsFolder, fromEnvironment, impossible, relativeDevices } from './impossible.ts';
import { type Json, pathOf, recordOf, recordsOf, textOf } from './printed.ts';
import { readYaml } from './yaml.ts';

/** A mount, config or secret that names a path of this machine (absolute, as Compose resolved it). */
export type NamedPath = {
  readonly service: string;
  readonly path: string;
  readonly writable: boolean;
  /** The named volume that binds the path. */
  readonly volume?: string;
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
  /** Those that name the platform of their image. */
  readonly onPlatform: readonly string[];
  readonly paths: readonly NamedPath[];
  /** The env_files that are named with a variable, as its value here has it, from the top of the repository. */
  readonly envFiles: readonly string[];
  /** Images that are not those of services: of volumes and of hooks, by what uses them. */
  readonly otherImages: Readonly<Record<string, string>>;
  /** The variables whose value is a config or secret of a service. */
  readonly fromEnvironment: readonly string[];
  /** What can never work on a server, one sentence each. */
  readonly problems: readonly string[];
};

/**
 * @param json what `docker compose config --format json` printed
 * @param folder where relative paths start that Compose does not expand
 */
export function readModel(json: string, folder: string): ComposeModel {
  const root = recordOf(parseJson(json));
  const services = recordOf(root['services']);
  const entries = Object.entries(services).map(([name, body]) => [name, recordOf(body)] as const);
  return {
    name: textOf(root['name']),
    services: entries.map(([name]) => name),
    onPlatform: entries.flatMap(([name, { platform }]) => (platform === undefined ? [] : [name])),
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
      ...deviceMounts(service, body, root['volumes']),
      ...seccompProfiles(service, body, folder),
      ...topLevel(service, body['configs'], root['configs']),
      ...topLevel(service, body['secrets'], root['secrets']),
    ]),
    envFiles: [root['x-env-files'] ?? []].flat().map(textOf).map(pathOf),
    otherImages: Object.fromEntries(entries.flatMap(([service, body]) => otherImages(service, body))),
    fromEnvironment: [
      ...new Set(entries.flatMap(([, body]) => fromEnvironment(body, root).map(({ variable }) => variable))),
    ],
    problems: [
      ...entries.flatMap(([service, body]) => impossible(service, body, root)),
      ...relativeDevices(root['volumes']),
    ],
  };
}

/**
 * The model with what its builds say to bake alone, which JSON leaves out.
 * @param yaml what `docker compose config` printed
 */
export function withBake(model: ComposeModel, yaml: string): ComposeModel {
  const read = readYaml(yaml);
  const services = recordOf(recordOf('documents' in read ? read.documents[0] : undefined)['services']);
  const builds = Object.entries(model.builds).map(([service, build]) => {
    const own = recordOf(recordOf(services[service])['build'])['x-bake'];
    return [service, own === undefined ? build : { ...build, 'x-bake': own }] as const;
  });
  const problems =
    'problem' in read ? [`x-bake: the output of \`docker compose config\` cannot be read: ${read.problem}`] : [];
  return { ...model, builds: Object.fromEntries(builds), problems: [...model.problems, ...problems] };
}

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

/** A named volume with `driver_opts: {o: bind, device: …}` is a mount of that path. */
function deviceMounts(service: string, body: Json, defined: unknown): readonly NamedPath[] {
  return recordsOf(body['volumes'])
    .filter(({ type }) => type === 'volume')
    .flatMap(({ source, read_only }) => {
      const volume = textOf(source);
      const options = recordOf(recordOf(recordOf(defined)[volume])['driver_opts']);
      if (!bindsFolder(options)) return [];
      return [{ service, path: pathOf(textOf(options['device'])), writable: read_only !== true, volume }];
    });
}

/** `seccomp:./profile.json`: Compose reads the file when it creates a container. */
function seccompProfiles(service: string, { security_opt: options }: Json, folder: string): readonly NamedPath[] {
  return (Array.isArray(options) ? options : []).flatMap((option: unknown) => {
    const [, path] = /^seccomp[=:](.+)$/.exec(textOf(option)) ?? [];
    if (path === undefined || path === 'unconfined' || path === 'builtin') return [];
    const plain = pathOf(path);
    return [{ service, path: plain.startsWith('/') ? plain : join(folder, plain), writable: false }];
  });
}

function otherImages(service: string, body: Json): readonly (readonly [string, string])[] {
  const volumes = recordsOf(body['volumes']).filter(({ type }) => type === 'image');
  return [
    ...volumes.map(({ source, target }) => [`${service}:${textOf(target)}`, textOf(source)] as const),
    ...recordsOf(body['pre_start']).map(
      ({ image }, index) => [`${service}:pre_start[${index}]`, textOf(image)] as const,
    ),
  ].filter(([, image]) => image !== '');
}
