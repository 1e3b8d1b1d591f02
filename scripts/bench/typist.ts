/** Somebody who types fast: docker on this machine, and commands over one SSH connection that they share. */
import { join } from 'node:path';
import type { Bed } from '../../bed/bed.ts';
import { output, until } from '../../bed/process.ts';
import type { Scene } from '../../fixtures/example/story.ts';

export type Typist = {
  readonly url: string;
  readonly commit: Scene['repository']['add'];
  /** `docker …` in the repository. */
  readonly here: (...argv: readonly string[]) => Promise<string>;
  /** A line in the project's folder on the server. */
  readonly there: (line: string, stdin?: string | Uint8Array) => Promise<string>;
  /** `docker compose …` there. */
  readonly compose: (args: string) => Promise<string>;
  readonly testBuildPush: () => Promise<void>;
  /** The files of the commit, and those of the server's own. */
  readonly ship: () => Promise<void>;
  readonly healthy: () => Promise<void>;
};

const composeFile = 'infra/docker/docker-compose.local-prod.yml';
const testFile = 'infra/docker/docker-compose.test.yml';

/** Logs in here and there, where Korrigo will be in /opt/korrigo. */
export async function typist({ registry, engine, folder }: Bed, scene: Scene): Promise<Typist> {
  const { server } = scene;
  const home = join(folder, `typist-${server.name}`);
  const env: Readonly<Record<string, string>> = {
    ...scene.environment,
    REGISTRY: registry.address,
    DOCKER_CONFIG: home,
  };
  const cwd = scene.repository.folder;
  const here = async (...argv: readonly string[]): Promise<string> => await output(['docker', ...argv], { cwd, env });
  const settings = [
    'BatchMode=yes',
    `UserKnownHostsFile=${join(folder, server.name, 'known_hosts')}`,
    'ControlMaster=auto',
    'ControlPersist=600',
    `ControlPath=${home}-ssh`,
  ];
  const options = ['-F', '/dev/null', '-i', server.privateKeyFile, ...settings.flatMap((setting) => ['-o', setting])];
  const ssh = async (line: string, stdin: string | Uint8Array = ''): Promise<string> =>
    await output(['ssh', ...options, `deploy@${server.ip}`, line], { stdin });
  const there = async (line: string, stdin?: string | Uint8Array): Promise<string> =>
    await ssh(`cd /opt/korrigo && ${line}`, stdin);
  const compose = async (args: string): Promise<string> => await there(`docker compose -f ${composeFile} ${args}`);

  const login = ['login', '--username', registry.username, '--password-stdin', registry.address];
  const copy = 'mkdir -p "$1" && cp -r "$2"/. "$1"/';
  await output(['sh', '-c', copy, 'sh', home, engine.env['DOCKER_CONFIG'] ?? '/nonexistent']);
  await output(['docker', ...login], { env, stdin: registry.password });
  await ssh(`mkdir -p /opt/korrigo && docker ${login.join(' ')}`, registry.password);

  const images = ['POSTGRES_IMAGE', 'REDIS_IMAGE', 'DOOR_IMAGE'].map((name) => `${name}=${env[name]}\n`);
  const own: Readonly<Record<string, string>> = {
    'infra/docker/.env': `${env['DOTENV']}REGISTRY=${registry.address}\n${images.join('')}`,
    'infra/docker/secrets/db_password.txt': env['DB_PASSWORD'] ?? '',
    'infra/docker/secrets/secret_key.txt': env['SECRET_KEY'] ?? '',
    'backend/.env.prod': `ALLOWED_HOSTS=${server.ip}\n`,
  };
  return {
    url: `http://${server.ip}`,
    commit: scene.repository.add,
    here,
    there,
    compose,
    testBuildPush: async () => {
      await here('compose', '-f', testFile, 'up', '--build', '--abort-on-container-exit', '--exit-code-from', 'tests');
      await here('compose', '-f', testFile, 'down', '--volumes');
      await here('compose', '-f', composeFile, 'build');
      for (const name of ['backend', 'nginx']) await here('push', '--quiet', `${registry.address}/korrigo-${name}`);
    },
    ship: async () => {
      const send = 'git archive HEAD | ssh "$@" "cd /opt/korrigo && tar xf - && mkdir -p infra/docker/secrets"';
      await output(['sh', '-c', send, 'sh', ...options, `deploy@${server.ip}`], { cwd });
      for (const [path, text] of Object.entries(own)) await there(`cat >${path}`, text);
    },
    healthy: async () =>
      await until(
        'every container is healthy',
        120_000,
        async () => !(await compose("ps --format '{{.Health}}'")).match(/starting|unhealthy/),
      ),
  };
}
