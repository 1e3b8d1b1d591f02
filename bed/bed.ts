/**
 * The test bed: a real Docker Engine, a private registry, and as many fresh servers as a test wants.
 *
 *     const bed = await upBed();
 *     const server = await bed.server();
 *     await server.ssh('docker compose version');
 *     await bed.down();
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { type Engine, script, upEngine } from './engine.ts';
import { BEDS, startGuard } from './guard.ts';
import { chosenKind, type KindName, kindOf, withKind } from './kinds.ts';
import { output } from './process.ts';
import { type Registry, startRegistry } from './registry.ts';
import { type Server, startServer } from './server.ts';
import type { ServerOptions } from './server-container.ts';

export type { Engine, ImageName } from './engine.ts';
export { chosenKind, KINDS, type KindName } from './kinds.ts';
export type { Result } from './process.ts';
export type { Registry } from './registry.ts';
export type { Server } from './server.ts';
export type { ServerOptions } from './server-container.ts';

export type Bed = {
  readonly id: string;
  /** The bed's own files, gone after down(). */
  readonly folder: string;
  readonly engine: Engine;
  readonly registry: Registry;
  /** The name under which servers pull a base image from the bed's registry. */
  readonly image: (name: 'busybox' | 'nginx' | 'postgres' | 'redis') => string;
  readonly server: (options?: ServerOptions) => Promise<Server>;
  /** A server without docker, to go through. */
  readonly jump: () => Promise<Server>;
  /** Removes everything of this bed. Not called, it happens all the same as soon as this process ends. */
  readonly down: () => Promise<void>;
};

export type BedOptions = {
  /** Leave the engine running when the last bed is down. Default: whether KORRIGO_BED_KEEP is 1. */
  readonly keep?: boolean;
  /** Default: what KORRIGO_BED says, else `oldest`. */
  readonly kind?: KindName;
};

/** 2 s with a running engine, 5 s with a stopped one, about 90 s on a machine that never had a bed. */
export async function upBed(options: BedOptions = {}): Promise<Bed> {
  const id = `bed-${randomBytes(3).toString('hex')}`;
  const folder = `${BEDS}/${id}`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const guard = await startGuard(id, folder);
  try {
    const chosen = kindOf(options.kind ?? chosenKind());
    const shared = await upEngine(options.keep ?? process.env['KORRIGO_BED_KEEP'] === '1', folder);
    const engine = await withKind(shared, chosen, folder);
    await output([script('guard.sh'), 'sweep']);
    const [prefix, privileged] = await Promise.all([createNetwork(engine, id), canBePrivileged(engine)]);
    const registry = await startRegistry(engine, { id, folder }, `${prefix}.2`);

    const counts = { server: 0, jump: 0 };
    let address = 10;
    const start = (kind: keyof typeof counts, serverOptions: ServerOptions) => {
      const name = `${kind}-${++counts[kind]}`;
      const place = { bed: { id, folder }, engine, registry, privileged, name, ip: `${prefix}.${address++}` };
      return startServer(place, { daemon: chosen.daemon, systemd: chosen.systemd, ...serverOptions });
    };
    return {
      id,
      folder,
      engine,
      registry,
      image: (name) => `${registry.address}/${engine.images[name]}`,
      server: (serverOptions = {}) => start('server', serverOptions),
      jump: () => start('jump', { docker: false }),
      down: guard.release,
    };
  } catch (error) {
    await guard.release();
    throw error;
  }
}

/** A bridge network with a subnet of our choice, since only in such a one containers can keep their address. */
async function createNetwork(engine: Engine, id: string): Promise<string> {
  let refused = '';
  for (let attempt = 0; attempt < 20; attempt++) {
    const prefix = `10.214.${Math.floor(Math.random() * 256)}`;
    // A bed on another engine of this machine has it.
    if (existsSync(`/etc/docker/certs.d/${prefix}.2:5000`)) continue;
    const label = `korrigo.bed=${id}`;
    const result = await engine.tryDocker(['network', 'create', '--label', label, '--subnet', `${prefix}.0/24`, id]);
    if (result.code === 0) return prefix;
    refused = result.stderr;
  }
  throw new Error(`No network for the bed: ${refused}`);
}

async function canBePrivileged(engine: Engine): Promise<boolean> {
  const result = await engine.tryDocker(['run', '--rm', '--privileged', engine.images.busybox, 'true']);
  return result.code === 0;
}
