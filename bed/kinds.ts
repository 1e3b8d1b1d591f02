/** The kinds of beds: which versions are at both ends, and what servers are made of. `KORRIGO_BED` names one. */
import { mkdir, rm, symlink } from 'node:fs/promises';
import { type Engine, script } from './engine.ts';
import { output } from './process.ts';

type Kind = {
  /** For tables and the titles of tests. */
  readonly title: string;
  /** The recipe in images.sh; none: what every bed has. */
  readonly recipe?: string;
  /** Whether systemd starts everything on servers, instead of the bed. */
  readonly systemd?: true;
  /** The daemon.json of servers. */
  readonly daemon?: Readonly<Record<string, unknown>>;
};

export const KINDS = {
  oldest: { title: 'the oldest that is supported' },
  newest: { title: 'the newest of Debian', recipe: 'newest' },
  containerd: {
    title: 'the newest of Debian, with the containerd image store',
    recipe: 'newest',
    daemon: { features: { 'containerd-snapshotter': true } },
  },
  /** Needs Go, and minutes the first time. */
  'compose-5': { title: 'the newest of Debian, with Compose 5', recipe: 'compose_5' },
  'alpine-like': { title: 'a server with BusyBox and Dropbear', recipe: 'alpine_like' },
  systemd: { title: 'a server with systemd and cgroup v2', recipe: 'systemd', systemd: true },
} as const satisfies Readonly<Record<string, Kind>>;
export type KindName = keyof typeof KINDS;

/** What `KORRIGO_BED` says. Throws for a name that there is none of. */
export function chosenKind(): KindName {
  const name = process.env['KORRIGO_BED'] || 'oldest';
  if (name in KINDS) return name as KindName;
  throw new Error(`KORRIGO_BED: there is no bed ${JSON.stringify(name)}. There are ${Object.keys(KINDS).join(', ')}.`);
}

export const kindOf = (name: KindName): Kind => KINDS[name];

/** The engine with the server of this kind, and with its docker, Compose and buildx for the runner. Minutes, once. */
export async function withKind(engine: Engine, { recipe }: Kind, folder: string): Promise<Engine> {
  if (recipe === undefined) return engine;
  const made = await output([script('images.sh'), 'bed', recipe]);
  const value = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(made)?.[1];
  const images = { ...engine.images, server: value('SERVER_IMAGE') ?? '' };
  const tools = value('TOOLS');
  if (tools === undefined) return { ...engine, images };
  const config = `${folder}/docker-config`;
  await mkdir(config, { recursive: true });
  await rm(`${config}/cli-plugins`, { force: true });
  await symlink(`${tools}/cli-plugins`, `${config}/cli-plugins`);
  const path = `${tools}/bin:${engine.env['PATH'] ?? process.env['PATH'] ?? ''}`;
  return { ...engine, images, env: { ...engine.env, PATH: path, DOCKER_CONFIG: config } };
}
