/** The ways from a commit to a healthy server that are compared, each on a server of its own. */
import { join } from 'node:path';
import type { Bed, Server } from '../../bed/bed.ts';
import { output, until } from '../../bed/process.ts';
import type { Scene } from '../../fixtures/example/story.ts';

export type Way = {
  readonly name: string;
  readonly what: string;
  readonly url: string;
  /** The repository that is deployed. */
  readonly folder: string;
  /** Resolves when the new version is healthy, with the seconds since everything was pushed. */
  readonly deploy: () => Promise<number>;
  /** What is needed to deploy once more what is live. */
  readonly prepare: () => Promise<void>;
  /** Deploys that once more, with nothing changed. */
  readonly again: () => Promise<void>;
  /** Resolves when the release before is healthy, or where there is no such thing, when the containers are that were started anew. */
  readonly back: () => Promise<void>;
};

const since = (started: number): number => (performance.now() - started) / 1000;

const compose = 'infra/docker/docker-compose.local-prod.yml';
const tests = 'infra/docker/docker-compose.test.yml';

/** The action with all its commands. @param inputs besides those of the scene */
export function ours(scene: Scene, name: string, what: string, inputs: Readonly<Record<string, string>> = {}): Way {
  const korrigo = async (
    commands: readonly string[],
    more: Readonly<Record<string, string>> = {},
    onLine: (line: string) => void = () => {},
  ): Promise<readonly string[]> => {
    const lines: string[] = [];
    const listen = (line: string): void => {
      lines.push(line);
      onLine(line);
    };
    const code = await scene.deploy({ onLine: listen }, { ...inputs, ...more }, commands);
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${lines.slice(-60).join('\n')}`);
    return lines;
  };
  let release = '';
  return {
    name,
    what,
    url: scene.site.url,
    folder: scene.repository.folder,
    deploy: async () => {
      let pushed = performance.now();
      // The check of the servers connects as well, but before the push.
      await korrigo(['test', 'build', 'push', 'deploy'], {}, (line) => {
        if (line.startsWith('Connect to ')) pushed = performance.now();
      });
      return since(pushed);
    },
    prepare: async () => {
      release = (await korrigo(['build', 'push'])).findLast((line) => line.startsWith('{')) ?? '';
    },
    again: async () => void (await korrigo(['deploy'], { release, 'force-recreate': 'none' })),
    back: async () => {
      // Not `previous`: that is the same commit, which was deployed once more.
      const to = (await output(['git', 'rev-parse', 'HEAD~1'], { cwd: scene.repository.folder })).trim();
      await korrigo(['rollback'], { to });
    },
  };
}

/**
 * What teams paste around an SSH action, typed in full: test, build, push, and on the server pull, recreate everything,
 * migrate in the running container. Over one SSH connection that the commands share, which is kind to it.
 */
export async function recipe(bed: Bed, scene: Scene, server: Server): Promise<Way> {
  const { registry, engine, folder } = bed;
  const home = join(folder, 'recipe');
  const env: Readonly<Record<string, string>> = {
    ...scene.environment,
    REGISTRY: registry.address,
    DOCKER_CONFIG: home,
  };
  const here = async (...argv: string[]): Promise<string> =>
    await output(['docker', ...argv], { cwd: scene.repository.folder, env });
  const control = join(folder, 'recipe-ssh');
  const files = join(folder, server.name);
  const options = [
    '-F',
    '/dev/null',
    '-o',
    'BatchMode=yes',
    '-o',
    `UserKnownHostsFile=${join(files, 'known_hosts')}`,
    '-o',
    'ControlMaster=auto',
    '-o',
    'ControlPersist=600',
    '-o',
    `ControlPath=${control}`,
    '-i',
    server.privateKeyFile,
  ];
  const there = async (line: string, stdin: string | Uint8Array = ''): Promise<string> =>
    await output(['ssh', ...options, `deploy@${server.ip}`, line], { stdin });
  const login = ['login', '--username', registry.username, '--password-stdin', registry.address];
  await output([
    'sh',
    '-c',
    'mkdir -p "$1" && cp -r "$2"/. "$1"/',
    'sh',
    home,
    engine.env['DOCKER_CONFIG'] ?? '/nonexistent',
  ]);
  await output(['docker', ...login], { env, stdin: registry.password });
  await there(`docker ${login.join(' ')}`, registry.password);
  await there('mkdir -p /opt/korrigo');
  const own: Readonly<Record<string, string>> = {
    'infra/docker/.env': `${env['DOTENV']}REGISTRY=${registry.address}\nPOSTGRES_IMAGE=${env['POSTGRES_IMAGE']}\nREDIS_IMAGE=${env['REDIS_IMAGE']}\nDOOR_IMAGE=${env['DOOR_IMAGE']}\n`,
    'infra/docker/secrets/db_password.txt': env['DB_PASSWORD'] ?? '',
    'infra/docker/secrets/secret_key.txt': env['SECRET_KEY'] ?? '',
    'backend/.env.prod': `ALLOWED_HOSTS=${server.ip}\n`,
  };
  const onServer = `cd /opt/korrigo && docker compose -f ${compose}`;
  const isHealthy = async (): Promise<void> =>
    await until(
      'every container is healthy',
      120_000,
      async () => !(await there(`${onServer} ps --format '{{.Health}}'`)).match(/starting|unhealthy/),
    );
  return {
    name: 'the usual recipe',
    what: 'test, build, push; over SSH `pull`, `up --detach --force-recreate`, `exec … migrate`, one after the other',
    url: `http://${server.ip}`,
    folder: scene.repository.folder,
    deploy: async () => {
      await here('compose', '-f', tests, 'up', '--build', '--abort-on-container-exit', '--exit-code-from', 'tests');
      await here('compose', '-f', tests, 'down', '--volumes');
      await here('compose', '-f', compose, 'build');
      for (const name of ['backend', 'nginx']) await here('push', '--quiet', `${registry.address}/korrigo-${name}`);
      const pushed = performance.now();
      const ship = 'git archive HEAD | ssh "$@" "cd /opt/korrigo && tar xf - && mkdir -p infra/docker/secrets"';
      await output(['sh', '-c', ship, 'sh', ...options, `deploy@${server.ip}`], { cwd: scene.repository.folder });
      for (const [path, text] of Object.entries(own)) await there(`cat >/opt/korrigo/${path}`, text);
      await there(`${onServer} pull --quiet`);
      await there(`${onServer} up --detach --no-build --force-recreate`);
      await there(`${onServer} exec -T backend python manage.py migrate --noinput`);
      await isHealthy();
      return since(pushed);
    },
    prepare: async () => {},
    again: async () => void (await there(`${onServer} up --detach --no-build`)),
    back: async () => {
      await there(`${onServer} up --detach --no-build --force-recreate --no-deps backend celery nginx`);
      await isHealthy();
    },
  };
}
