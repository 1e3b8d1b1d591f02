/** The reference infrastructure with the example in it, run by Compose on the bed's engine, as a repository would. */
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bed } from '../bed/bed.ts';
import { output, type Result, run } from '../bed/process.ts';

const top = join(import.meta.dirname, '../..');

export const metricsToken = 'read-the-figures';

export type Texts = Readonly<Record<string, string>>;

export type Stack = {
  readonly folder: string;
  readonly project: string;
  /** `docker compose …`, whatever comes of it; `stdin` for those that read. */
  readonly tryCompose: (args: readonly string[], stdin?: string) => Promise<Result>;
  /** `docker compose …`, which has to succeed: its standard output. */
  readonly compose: (...args: readonly string[]) => Promise<string>;
  /** A line of shell as a person types it in the repository, with COMPOSE_FILE set, which has to succeed: what it prints. */
  readonly shell: (line: string) => Promise<string>;
  /** Python inside the running backend, with Django set up: what it prints. */
  readonly python: (code: string) => Promise<string>;
  /** Where a service answers, from this machine. */
  readonly address: (service: string) => Promise<string>;
  /** A shell as root in a container that has a folder of the bed mounted at /folder. */
  readonly asRoot: (folder: string, command: string) => Promise<string>;
  readonly down: () => Promise<void>;
};

/**
 * @param files of infra/docker, the first one complete, the others laid over it
 * @param extra a compose file of the test's own
 */
export async function assembleStack(
  bed: Bed,
  files: readonly string[],
  env: Texts = {},
  extra = 'services: {}\n',
): Promise<Stack> {
  const { images, tryDocker } = bed.engine;
  const folder = join(bed.folder, 'korrigo');
  const project = `infra-${bed.id}`;
  await cp(join(top, 'examples/korrigo'), folder, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  });
  await cp(join(top, 'infra'), join(folder, 'infra'), { recursive: true });
  await mkdir(join(folder, 'infra/docker/secrets'), { recursive: true });
  const secrets = {
    // Base64's characters, and a $. (A space or a quotation mark is too much for the PostgreSQL exporter.)
    db_password: 'p$ss/w+rd==',
    secret_key: 'only-for-this-test',
    metrics_token: metricsToken,
    alerts: 'WEBHOOK_URL=http://webhook:8080/hook',
    grafana_password: 'only-for-this-test',
  };
  for (const [name, value] of Object.entries(secrets)) {
    await writeFile(join(folder, `infra/docker/secrets/${name}.txt`), `${value}\n`, { mode: 0o600 });
  }
  await writeFile(join(folder, 'backend/.env.prod'), 'ALLOWED_HOSTS=*\n');
  await chmod(join(folder, 'infra/docker/prepare.sh'), 0o755);

  const docker = {
    ...bed.engine.env,
    REGISTRY: `${bed.id}.test`,
    PYTHON_IMAGE: images.python,
    NODE_IMAGE: images.node,
    NGINX_IMAGE: images.nginx,
    POSTGRES_IMAGE: images.postgres,
    POSTGRES_TOOLS_IMAGE: images.postgres_tools,
    REDIS_IMAGE: images.redis,
    ...env,
  };
  const labels = join(folder, 'labels.yml');
  const ownFile = join(folder, 'extra.yml');
  await writeFile(ownFile, extra);
  const chosen = [...files.map((file) => join(folder, 'infra/docker', file)), ownFile, labels];
  const typed = { ...docker, COMPOSE_FILE: chosen.join(':'), COMPOSE_PROJECT_NAME: project };
  const tryCompose = (args: readonly string[], stdin?: string) =>
    run(['docker', 'compose', ...args], { env: typed, ...(stdin === undefined ? {} : { stdin }) });
  await writeFile(labels, 'services: {}\n');
  const labelled = async (what: 'services' | 'volumes') => {
    const list = await tryCompose(['--profile', '*', 'config', `--${what}`]);
    if (list.code !== 0) throw new Error(list.stderr);
    const rows = list.stdout.trim().split('\n').filter(Boolean);
    // A look at the databases every 5 s is often enough for a server, and not for a test that starts them again and again.
    const hurry = (name: string) => (/^(db|redis)$/.test(name) ? ', healthcheck: {interval: 1s}' : '');
    return `${what}:\n${rows.map((name) => `  ${name}: {labels: {korrigo.bed: ${bed.id}}${hurry(name)}}\n`).join('')}`;
  };
  // So that all of it goes with the bed, however this process ends.
  const network = `networks: {default: {labels: {korrigo.bed: ${bed.id}}}, data: {labels: {korrigo.bed: ${bed.id}}}}\n`;
  await writeFile(labels, `${await labelled('services')}${await labelled('volumes')}${network}`);

  const compose = async (...args: readonly string[]) => {
    const result = await tryCompose(args);
    if (result.code !== 0) throw new Error(`compose ${args.join(' ')}\n${result.stdout}${result.stderr}`);
    return result.stdout.trim();
  };
  const asRoot = (path: string, command: string) =>
    output(['docker', 'run', '--rm', '--volume', `${path}:/folder`, images.busybox, 'sh', '-c', command], {
      env: docker,
    });
  return {
    folder,
    project,
    tryCompose,
    compose,
    asRoot,
    shell: (line) => output(['sh', '-c', line], { cwd: folder, env: typed }),
    python: (code) => compose('exec', '-T', 'backend', 'python', 'manage.py', 'shell', '--verbosity', '0', '-c', code),
    address: async (service) => {
      const id = await compose('ps', '--quiet', service);
      return await bed.engine.docker(
        'inspect',
        '--format',
        `{{with index .NetworkSettings.Networks "${project}_default"}}{{.IPAddress}}{{end}}`,
        id,
      );
    },
    down: async () => {
      await tryCompose(['--profile', '*', 'down', '--volumes', '--remove-orphans', '--timeout', '2']);
      await asRoot(bed.folder, 'find /folder -mindepth 1 -user 10001 -delete || true');
      const built = await tryDocker(['images', '--quiet', '--filter', `reference=${bed.id}.test/*`]);
      const ids = [...new Set(built.stdout.trim().split('\n').filter(Boolean))];
      if (ids.length > 0) await tryDocker(['rmi', '--force', ...ids]);
    },
  };
}
