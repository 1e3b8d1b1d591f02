/** What a server's container is made of: the files that it boots with, and the rights that an engine in it needs. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Engine } from './engine.ts';
import { output } from './process.ts';
import type { Registry } from './registry.ts';

export type ServerOptions = {
  /** true (default): dockerd runs. 'stopped': it is installed and down. false: there is no docker at all. */
  readonly docker?: boolean | 'stopped';
  /** Size of the disk under /var/lib/docker in MB: a small one, to fill. Such a disk is empty again after stop(). */
  readonly dockerDiskMb?: number;
  /** The same for /opt. */
  readonly optDiskMb?: number;
  /** What the engine's daemon.json says. */
  readonly daemon?: Readonly<Record<string, unknown>> | undefined;
  /** Whether systemd is to start everything: the image must have it. */
  readonly systemd?: true | undefined;
  /** Default 22. */
  readonly sshPort?: number;
  /** More public keys that may log in as deploy. */
  readonly authorizedKeys?: readonly string[];
  /** Images of the bed that are there from the start, already pulled, e.g. [bed.image('busybox')]. */
  readonly preload?: readonly string[];
};

export type Place = {
  readonly bed: { readonly id: string; readonly folder: string };
  readonly engine: Engine;
  readonly registry: Registry;
  readonly privileged: boolean;
  readonly name: string;
  readonly ip: string;
};

/** Makes the folder that the container sees as /bed: keys, name servers, the registry's CA. */
export async function prepareFolder(place: Place, folder: string, port: number, options: ServerOptions) {
  const { registry, ip } = place;
  await mkdir(`${folder}/certs.d/${registry.address}`, { recursive: true });
  await writeFile(`${folder}/certs.d/${registry.address}/ca.crt`, registry.ca);
  const keygen = (file: string, comment: string) =>
    output(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', `${folder}/${file}`]);
  await Promise.all([keygen('host_key', place.name), keygen('key', 'deploy')]);
  const publicKey = await readFile(`${folder}/key.pub`, 'utf8');
  await writeFile(`${folder}/authorized_keys`, [publicKey.trim(), ...(options.authorizedKeys ?? []), ''].join('\n'));
  await writeFile(`${folder}/resolvers`, (await resolvers()).map((address) => `${address}\n`).join(''));
  if (options.daemon) await writeFile(`${folder}/daemon.json`, JSON.stringify(options.daemon));
  const hostKeyLine = (await readFile(`${folder}/host_key.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
  const hostKey = `${port === 22 ? ip : `[${ip}]:${port}`} ${hostKeyLine}`;
  await writeFile(`${folder}/known_hosts`, `${hostKey}\n`);
  await chmod(folder, 0o755);
  return {
    privateKey: await readFile(`${folder}/key`, 'utf8'),
    privateKeyFile: `${folder}/key`,
    hostKey,
    fingerprint: (await output(['ssh-keygen', '-l', '-f', `${folder}/host_key.pub`])).split(' ')[1] ?? '',
  };
}

/**
 * The arguments of `docker create`. For the engine inside, the container is privileged where that works, and otherwise
 * gets what it takes on machines that lack CAP_SYS_RESOURCE themselves.
 */
export function containerArguments(
  place: Place,
  container: string,
  folder: string,
  port: number,
  options: ServerOptions,
) {
  const docker = { true: 'running', stopped: 'stopped', false: 'missing' }[`${options.docker ?? true}`];
  const rights = place.privileged
    ? ['--privileged', '--cgroupns=private']
    : [
        ...['--cap-add=ALL', '--cap-drop=SYS_RESOURCE', '--cgroupns=host', '--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw'],
        ...['seccomp', 'apparmor', 'systempaths'].map((name) => `--security-opt=${name}=unconfined`),
      ];
  const disk = (path: string, mb: number | undefined) => (mb ? ['--tmpfs', `${path}:exec,mode=755,size=${mb}m`] : []);
  return [
    ...(options.systemd ? bySystemd(container) : ['--init']),
    ...['--name', container, '--hostname', place.name, '--label', `korrigo.bed=${place.bed.id}`],
    ...['--network', place.bed.id, '--ip', place.ip, '--volume', `${folder}:/bed:ro`, ...rights],
    ...(options.daemon ? ['--volume', `${folder}/daemon.json:/etc/docker/daemon.json:ro`] : []),
    ...disk('/var/lib/docker', options.dockerDiskMb),
    ...disk('/opt', options.optDiskMb),
    ...['--env', `BED_DOCKER=${docker}`, '--env', `BED_SSH_PORT=${port}`],
    ...['--env', `BED_CGROUP=${place.privileged ? '' : `/korrigo-bed/${container}`}`],
  ];
}

/** It must be process 1, with folders of its own in memory, and a name for its part of the cgroups. */
const bySystemd = (container: string): readonly string[] => [
  ...['/run', '/run/lock', '/tmp'].flatMap((path) => ['--tmpfs', path === '/tmp' ? '/tmp:exec' : path]),
  ...['--env', 'container=docker', '--env', `BED_PART=${container}`],
];

/** The machine's name servers: a container's own one is Docker's and out of reach for the containers in it. */
async function resolvers(): Promise<string[]> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const addresses = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '');
  return addresses.filter((address) => !/^(127\.|::1)/.test(address));
}
