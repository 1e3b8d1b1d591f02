/** The Docker Engine and the base images, as engine.sh and images.sh provide them. */
import { mkdir, symlink } from 'node:fs/promises';
import { output, type Result, type RunOptions, run } from './process.ts';

export const IMAGE_NAMES = [
  'python',
  'node',
  'nginx',
  'nginx_next',
  'postgres',
  'postgres_tools',
  'redis',
  'busybox',
  'registry',
  'proxies',
  'server',
] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];

export type Engine = {
  /** What a child process needs to use this engine: DOCKER_HOST, DOCKER_CONFIG and PATH; empty for the machine's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly images: Readonly<Record<ImageName, string>>;
  /** A registry image that holds what servers need to pull. */
  readonly seed: string;
  /** `docker …`, which has to succeed: its standard output. */
  readonly docker: (...args: readonly string[]) => Promise<string>;
  /** `docker …`, whatever comes of it. */
  readonly tryDocker: (args: readonly string[], options?: RunOptions) => Promise<Result>;
};

/** Makes the engine and the images available: 0.5 s when they are, about a minute the first time. */
export async function upEngine(keep: boolean, folder?: string): Promise<Engine> {
  await output([script('engine.sh'), 'up', ...(keep ? [] : ['--for-bed'])]);
  await output([script('images.sh'), 'up']);
  return currentEngine(folder);
}

/**
 * The engine that is up. Throws when there is none. With `folder`, a DOCKER_CONFIG of its own is made there, so that
 * nobody's logins are seen by somebody else (of the bed's own engine only: the machine's may be told where to find it).
 */
export async function currentEngine(folder?: string): Promise<Engine> {
  const env = await engineEnv();
  if (folder && env['DOCKER_CONFIG']) {
    await mkdir(`${folder}/docker-config`, { recursive: true });
    await symlink(`${env['DOCKER_CONFIG']}/cli-plugins`, `${folder}/docker-config/cli-plugins`);
    env['DOCKER_CONFIG'] = `${folder}/docker-config`;
  }
  const table = assignments(await output([script('images.sh'), 'print']));
  const tryDocker = (args: readonly string[], options: RunOptions = {}) =>
    run(['docker', ...args], { ...options, env: { ...env, ...options.env } });
  const images = Object.fromEntries(IMAGE_NAMES.map((name) => [name, table[`${name.toUpperCase()}_IMAGE`] ?? '']));
  return {
    env,
    images: images as Record<ImageName, string>,
    seed: table['SEED_IMAGE'] ?? '',
    docker: (...args) => output(['docker', ...args], { env }),
    tryDocker,
  };
}

export function script(name: string): string {
  return `${import.meta.dirname}/${name}`;
}

async function engineEnv(): Promise<Record<string, string>> {
  const exports = await output([script('engine.sh'), 'env']);
  if (!exports.includes('DOCKER_HOST')) return {};
  const all = await output(['bash', '-c', 'eval "$0" && env -0', exports]);
  const entries = all.split('\0').map((line) => line.split(/=(.*)/s).slice(0, 2));
  return Object.fromEntries(entries.filter(([name = '']) => ['DOCKER_HOST', 'DOCKER_CONFIG', 'PATH'].includes(name)));
}

function assignments(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => /^\w+=/.test(line));
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}
