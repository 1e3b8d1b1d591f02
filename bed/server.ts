/** A fresh server: a Debian with sshd and its own Docker Engine, in a container with an address of its own. */
import { connect } from 'node:net';
import { type Result, type RunOptions, run, until } from './process.ts';
import type { Registry } from './registry.ts';
import { containerArguments, type Place, prepareFolder, type ServerOptions } from './server-container.ts';

export type Server = {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  readonly user: 'deploy';
  /** ed25519, OpenSSH's PEM. */
  readonly privateKey: string;
  readonly privateKeyFile: string;
  /** A known_hosts line. */
  readonly hostKey: string;
  /** 'SHA256:…' of the host key. */
  readonly fingerprint: string;
  /** Runs a program on the server behind ssh's back (docker exec), as root unless `user` says otherwise. */
  readonly exec: (argv: readonly string[], options?: RunOptions & { readonly user?: string }) => Promise<Result>;
  /** Runs a command line over real ssh as deploy, with the host key checked. */
  readonly ssh: (command: string, options?: RunOptions & { readonly proxyCommand?: string }) => Promise<Result>;
  /** An orderly shutdown. */
  readonly stop: () => Promise<void>;
  /** Power loss. */
  readonly kill: () => Promise<void>;
  /** Boots it again, at the same address and with the same disks. */
  readonly start: () => Promise<void>;
  /** Freezes it: connections stay open and nobody answers. Containers of its engine go on. */
  readonly pause: () => Promise<void>;
  readonly unpause: () => Promise<void>;
  /** Pulls the network cable: everything on it goes on, unreachable. */
  readonly unplug: () => Promise<void>;
  readonly plug: () => Promise<void>;
  readonly remove: () => Promise<void>;
};

/** Starts a server and waits until ssh and its engine answer: about 2 s. */
export async function startServer(place: Place, options: ServerOptions): Promise<Server> {
  const { bed, engine, ip } = place;
  const port = options.sshPort ?? 22;
  const container = `${bed.id}-${place.name}`;
  const folder = `${bed.folder}/${place.name}`;
  const keys = await prepareFolder(place, folder, port, options);
  await engine.docker('create', ...containerArguments(place, container, folder, port, options), engine.images.server);

  const done = async (...args: string[]) => {
    await engine.docker(...args);
  };
  const server: Server = {
    name: place.name,
    ip,
    port,
    user: 'deploy',
    ...keys,
    exec: (argv, { user = 'root', ...rest } = {}) =>
      engine.tryDocker(['exec', '--interactive', '--user', user, container, ...argv], rest),
    ssh: (command, { proxyCommand = 'none', ...rest } = {}) =>
      run(['ssh', '-o', `ProxyCommand=${proxyCommand}`, ...sshArguments(folder, ip, port), command], rest),
    stop: () => done('stop', '--time', '20', container),
    kill: () => done('kill', container),
    start: async () => {
      await engine.docker('start', container);
      await until(`sshd of ${container}`, 20_000, () => greets(ip, port));
      if (options.docker ?? true) await engineReady(server, options);
    },
    pause: () => done('pause', container),
    unpause: () => done('unpause', container),
    unplug: () => done('network', 'disconnect', bed.id, container),
    plug: () => done('network', 'connect', '--ip', ip, bed.id, container),
    remove: () => done('rm', '--force', '--volumes', container),
  };
  await server.start();
  await preload(server, place.registry, options.preload ?? []);
  return server;
}

function sshArguments(folder: string, ip: string, port: number): string[] {
  const settings = ['BatchMode=yes', 'StrictHostKeyChecking=yes', `UserKnownHostsFile=${folder}/known_hosts`];
  const flags = settings.flatMap((setting) => ['-o', setting]);
  return ['-F', '/dev/null', '-i', `${folder}/key`, ...flags, '-p', String(port), `deploy@${ip}`];
}

/** sshd is ready when it greets, not when the port opens. */
function greets(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const done = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.on('data', (data) => done(data.toString().startsWith('SSH-')));
    socket.on('error', () => done(false));
    socket.on('timeout', () => done(false));
    socket.on('close', () => done(false));
  });
}

async function engineReady(server: Server, options: ServerOptions): Promise<void> {
  if (options.docker === 'stopped') return;
  try {
    await until(`engine of ${server.name}`, 30_000, async () => {
      return (await server.exec(['docker', 'version'], { user: 'deploy' })).code === 0;
    });
  } catch (cause) {
    const log = await server.exec(['tail', '-n', '20', '/var/log/dockerd.log']);
    throw new Error(`${log.stdout}${log.stderr}`, { cause });
  }
}

/** Pulled and not loaded: only a pulled image has the digest that releases name it by. */
async function preload(server: Server, registry: Registry, images: readonly string[]): Promise<void> {
  if (images.length === 0) return;
  const script = `set -e; export DOCKER_CONFIG=/root/.preload
    docker login --username "$1" --password-stdin "$2" >/dev/null; shift 2
    for image; do docker pull --quiet "$image"; done; rm -rf /root/.preload`;
  const argv = ['sh', '-c', script, 'preload', registry.username, registry.address, ...images];
  const result = await server.exec(argv, { stdin: registry.password });
  if (result.code !== 0) throw new Error(`preload: ${result.stderr}`);
}
