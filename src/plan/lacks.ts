import { isBefore } from '../facts/versions.ts';
import type { Claims, Lack, Mount } from '../model/claims.ts';
import type { HostState } from '../model/state.ts';
import { ignoredKeys } from './ignored.ts';

export type Versions = Pick<HostState, 'docker' | 'compose'>;

/** What Docker would not find when it creates a container, a volume or a network, after the old containers are gone. */
export function lackProblems(claims: Claims, { compose }: Versions): readonly string[] {
  const { networks, networksHere, volumes, volumesHere } = claims;
  const ignored = ignoredKeys(claims, compose);
  const isNeeded = ({ service, kind }: Claims['lacks'][number]): boolean => {
    // What exists already is used as it is.
    if (kind === 'volume') return !volumes.some(({ key, name }) => key === service && Object.hasOwn(volumesHere, name));
    if (kind === 'network')
      return !networks.some(({ key, name }) => key === service && Object.hasOwn(networksHere, name));
    return kind !== 'gpus' || !ignored.some(({ of, key }) => of === service && key === 'gpus');
  };
  return claims.lacks.filter(isNeeded).map(({ service, kind, name }) => lackTexts[kind](service, name));
}

const gpu = (service: string): string =>
  `${service} needs a GPU, but Docker has none to offer on this server: install the driver and the NVIDIA Container Toolkit there, or remove the GPU from the compose file for this server`;

const lackTexts: Readonly<Record<Lack, (of: string, name: string) => string>> = {
  device: (service, name) =>
    `${service} uses the device ${name}, which this server does not have: remove it from \`devices\` for this server`,
  runtime: (service, name) =>
    `${service} has \`runtime: ${name}\`, which Docker on this server does not have: install the runtime there, or remove the line`,
  logging: (service, name) =>
    `${service} logs with the driver ${name}, which Docker on this server does not have: install its plugin there, or choose another driver`,
  gpu,
  gpus: gpu,
  volume: (volume, name) =>
    `the volume ${volume} has \`driver: ${name}\`, which Docker on this server does not have: install and enable its plugin there (\`docker plugin ls\` lists the plugins), or choose another driver`,
  network: (network, name) =>
    name === 'overlay'
      ? `the network ${network} has \`driver: overlay\`, which only a Swarm manager can create: use bridge, or create it there and declare it \`external: true\``
      : `the network ${network} has \`driver: ${name}\`, which Docker on this server does not have: install and enable its plugin there (\`docker plugin ls\` lists the plugins), or choose another driver`,
};

/** Mounts that Docker would refuse when it creates a container. */
export function mountProblems({ mounts }: Claims, { docker }: Versions): readonly string[] {
  return mounts.flatMap((mount) => imageProblem(mount, docker) ?? pathProblem(mount) ?? []);
}

const firstWithImages = '28.0.0';

function imageProblem({ service, kind, source }: Mount, docker: string | undefined): string | undefined {
  if (kind !== 'image' || docker === undefined || !isBefore(docker, firstWithImages)) return undefined;
  return `${service} mounts the image ${source} (\`type: image\`), which Docker Engine ${docker} cannot do: update it to ${firstWithImages} or later`;
}

const drive = /^[a-z]:(?=[\\/])/i;

/** Compose reads a letter and a colon as a Windows drive, even where a volume of that name is meant. */
function pathProblem({ service, kind, source, target }: Mount): string | undefined {
  if (kind === 'tmpfs') return undefined;
  const named = source === '-' ? target : source;
  const [letter = ''] = drive.exec(named) ?? [];
  if (letter !== '') {
    if (target.startsWith('/'))
      return `${service} mounts ${source}, which is a Windows path: use a path on this server`;
    const volume = letter.slice(0, 1);
    const path = named.slice(2).replaceAll('\\', '/');
    return `${service} mounts ${named}, which Compose reads as a Windows path: for a volume of that name, write \`{type: volume, source: ${volume}, target: ${path}}\`, or give it a longer name`;
  }
  if (target.startsWith('/')) return undefined;
  return `${service} mounts ${source === '-' ? 'a volume' : source} at ${target}, which is not an absolute path: the path in the container must start with /`;
}
