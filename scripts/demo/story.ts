/** What the demo shows and the end-to-end test asserts: Korrigo on a server of the test bed, deployed by the bundle. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Bed, Server } from '../../test/bed/bed.ts';
import { node24, reach } from '../../test/support/korrigo.ts';
import { newRepository, type Repository } from './repository.ts';
import { type Site, site } from './site.ts';

const top = join(import.meta.dirname, '../..');

export const samplePdf = join(top, 'examples/korrigo/sample.pdf');

export type Container = {
  readonly id: string;
  readonly image: string;
  readonly health: string;
  /** ISO 8601. */
  readonly startedAt: string;
};

export type Scene = {
  readonly bed: Bed;
  readonly server: Server;
  readonly repository: Repository;
  readonly site: Site;
  /** An ssh configuration that knows the server as `server`. */
  readonly sshConfig: string;
  /** The inputs of each deploy, without those that are secret. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The environment of each deploy, with the secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * `korrigo test build push deploy` in the repository. Resolves with the exit code; an abort ends it in good order.
   * @param more inputs for this one deploy
   */
  readonly deploy: (
    listen: Listen,
    more?: Readonly<Record<string, string>>,
    commands?: readonly string[],
  ) => Promise<number | null>;
  /** The project's containers that run on the server, by service. */
  readonly containers: () => Promise<Readonly<Record<string, Container>>>;
};

export type Listen = { readonly onLine: (line: string) => void; readonly signal?: AbortSignal };

export async function setScene(bed: Bed): Promise<Scene> {
  const [server, repository] = await Promise.all([bed.server(), newRepository(join(bed.folder, 'korrigo'))]);
  const { inputs, env } = reach(bed, server);
  const url = `http://${server.ip}`;
  const all = { ...inputs, ...korrigoInputs(url) };
  // The runner has the databases already: its tests take them from here, without a login.
  for (const name of ['postgres', 'redis'] as const)
    await bed.engine.docker('tag', bed.engine.images[name], bed.image(name));
  const temporary = join(bed.folder, 'tmp');
  await mkdir(temporary);
  const environment = { ...env, ...variables(bed, server), TMPDIR: temporary };
  return {
    bed,
    server,
    repository,
    site: site(url),
    sshConfig: await writeSshConfig(bed, server),
    inputs: all,
    environment,
    deploy: async (listen, more, commands = ['test', 'build', 'push', 'deploy']) =>
      await runBundle(repository.folder, commands, { ...all, ...more }, environment, listen),
    containers: async () => await containersOf(server),
  };
}

async function writeSshConfig(bed: Bed, { ip, port, user, privateKeyFile }: Server): Promise<string> {
  const file = join(bed.folder, 'ssh');
  const known = privateKeyFile.replace(/key$/, 'known_hosts');
  const lines = [
    `HostName ${ip}`,
    `Port ${port}`,
    `User ${user}`,
    `IdentityFile ${privateKeyFile}`,
    `UserKnownHostsFile ${known}`,
  ];
  await writeFile(file, `Host server\n${lines.map((line) => `  ${line}\n`).join('')}`);
  return file;
}

/** What a workflow of Korrigo writes under `with:`. */
function korrigoInputs(url: string): Readonly<Record<string, string>> {
  return {
    // Production without TLS: its shape, and a name that certificates are for is what a demo has not.
    'compose-file': 'infra/docker/docker-compose.local-prod.yml',
    'test-compose-file': 'infra/docker/docker-compose.test.yml',
    'test-service': 'tests',
    'env-files': [
      'infra/docker/.env=DOTENV',
      'infra/docker/secrets/db_password.txt=DB_PASSWORD',
      'infra/docker/secrets/secret_key.txt=SECRET_KEY',
      'backend/.env.prod=ENV_PROD',
    ].join('\n'),
    migrate: 'backend: python manage.py migrate --noinput',
    'health-url': `${url}/api/health/ready/`,
  };
}

/** What a workflow has under `env:`: which images stand for the official ones here, and the server's own files. */
function variables({ engine, image }: Bed, server: Server): Readonly<Record<string, string>> {
  const secret = (): string => randomBytes(24).toString('base64url');
  return {
    PYTHON_IMAGE: engine.images.python,
    NODE_IMAGE: engine.images.node,
    NGINX_IMAGE: engine.images.nginx,
    POSTGRES_IMAGE: image('postgres'),
    POSTGRES_TOOLS_IMAGE: engine.images.postgres,
    REDIS_IMAGE: image('redis'),
    REGISTRY: image('redis').split('/')[0] ?? '',
    // The demo has no accounts.
    DOTENV: 'HTTP_PORT=80\nMEDIA_ACCESS=site\n',
    DB_PASSWORD: secret(),
    SECRET_KEY: secret(),
    ENV_PROD: `ALLOWED_HOSTS=${server.ip}\n`,
  };
}

async function runBundle(
  cwd: string,
  commands: readonly string[],
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  { onLine, signal }: Listen,
): Promise<number | null> {
  signal?.throwIfAborted();
  const flags = Object.entries(inputs).flatMap(([name, value]) => [`--${name}`, value]);
  const argv = [join(top, 'dist/cli.js'), ...commands, ...flags];
  const { PATH, HOME } = process.env;
  // In a group of its own: Ctrl-C in the terminal is for us, and we tell it once.
  const child = spawn(node24, argv, {
    cwd,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  signal?.removeEventListener('abort', stop);
  signal?.throwIfAborted();
  return code;
}

async function containersOf(server: Server): Promise<Readonly<Record<string, Container>>> {
  const fields = [
    '{{index .Config.Labels "com.docker.compose.service"}}',
    '{{.Id}}',
    '{{.Config.Image}}',
    '{{json .State}}',
  ];
  const script = 'docker inspect --format "$1" $(docker ps --quiet --filter label=com.docker.compose.project=korrigo)';
  const { code, stdout, stderr } = await server.exec(['sh', '-c', script, 'containers', fields.join('\t')]);
  if (code !== 0) throw new Error(`${server.name} has no containers of Korrigo: ${stderr}`);
  const rows = stdout.trim().split('\n');
  return Object.fromEntries(
    rows.sort().map((row) => {
      const [service = '', id = '', image = '', json = '{}'] = row.split('\t');
      const state = JSON.parse(json) as { readonly StartedAt: string; readonly Health?: { readonly Status: string } };
      return [service, { id, image, health: state.Health?.Status ?? 'none', startedAt: state.StartedAt }];
    }),
  );
}

/**
 * Removes what builds left in the engine that ran them: every name of an image in the bed's registry, which ends with it.
 * The builder's cache stays and makes the next run short.
 */
export async function removeImages({ engine, registry }: Bed): Promise<void> {
  const rows = await engine.docker('images', '--digests', '--format', '{{.Repository}}\t{{.Tag}}\t{{.Digest}}');
  const names = rows.split('\n').flatMap((row) => {
    const [repository = '', tag = '', digest = ''] = row.split('\t');
    if (!repository.startsWith(`${registry.address}/`)) return [];
    return [
      ...(tag === '<none>' ? [] : [`${repository}:${tag}`]),
      ...(digest === '<none>' ? [] : [`${repository}@${digest}`]),
    ];
  });
  // The last tag takes its digest along: that one is gone when its turn comes.
  for (const name of names) await engine.tryDocker(['rmi', name]);
}
