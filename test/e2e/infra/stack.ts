/** Korrigo's reference infrastructure, started with docker compose as a person would, on the engine of the bed. */
import { randomBytes } from 'node:crypto';
import { appendFile, chown, mkdir, writeFile } from 'node:fs/promises';
import { request as http, type IncomingHttpHeaders } from 'node:http';
import { request as https } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Bed } from '../../../bed/bed.ts';
import { type Result, run, until } from '../../../bed/process.ts';
import { exampleRepository } from '../../../fixtures/example/repository.ts';
import { quickStart } from '../../../fixtures/quick-start.ts';

export type Stack = {
  readonly folder: string;
  readonly project: string;
  readonly ports: Readonly<Record<'http' | 'https' | 'backend' | 'frontend' | 'db' | 'redis', number>>;
  /** `docker compose -f infra/docker/docker-compose.<file>.yml …`, which has to succeed: its standard output. */
  readonly compose: (...args: readonly string[]) => Promise<string>;
  readonly tryCompose: (...args: readonly string[]) => Promise<Result>;
  /** The line of nginx's log that tells of this answer. */
  readonly logged: (answer: Answer) => Promise<Readonly<Record<string, unknown>>>;
  /** What `docker inspect` says of the service's first container. */
  readonly inspect: (service: string) => Promise<Inspected>;
  /** SIGKILL to the container's first process, as a crash would: `docker kill` counts as a wish and nothing restarts. */
  readonly crash: (service: string) => Promise<void>;
  /** A signal to all its processes, to its children only, or to the first one. */
  readonly signal: (service: string, name: Signal, to: 'all' | 'children' | 'first') => Promise<void>;
  /** Migrates, and makes a token of a user called `teacher` with which the API may be used: as headers. */
  readonly migrate: () => Promise<Readonly<Record<string, string>>>;
  /** Waits until every container that has a healthcheck is healthy. */
  readonly healthy: (timeout?: number) => Promise<void>;
  readonly addEnv: (lines: string) => Promise<void>;
  /** What Compose itself fills in, instead of what was there. */
  readonly writeDotenv: (lines: string) => Promise<void>;
  readonly down: () => Promise<void>;
};

export type Signal = 'KILL' | 'STOP' | 'CONT';

export type Inspected = {
  readonly Id: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly Config: { readonly User: string };
  readonly State: { readonly Pid: number; readonly Status: string; readonly Health?: { readonly Status: string } };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string }[] | null>>;
  };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Privileged: boolean;
    readonly NetworkMode: string;
    readonly CapDrop: readonly string[] | null;
    readonly CapAdd: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Memory: number;
    readonly NanoCpus: number;
    readonly PidsLimit: number;
    readonly RestartPolicy: { readonly Name: string };
    readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  };
};

export type File = 'dev' | 'local-prod' | 'prod' | 'test';

/**
 * A repository with the infrastructure in it, the server's own files as a deploy leaves them (0600, uid 1000), free
 * ports. @param override more compose YAML, laid over the file
 */
export async function newStack(
  bed: Bed,
  file: File,
  more: { readonly env?: Readonly<Record<string, string>>; readonly override?: string } = {},
): Promise<Stack> {
  const project = `infra-${file}-${randomBytes(3).toString('hex')}`;
  const folder = join(bed.folder, project);
  await exampleRepository(folder);
  const docker = join(folder, 'infra/docker');
  await mkdir(join(docker, 'secrets'));
  for (const name of ['db_password', 'secret_key']) {
    const path = join(docker, 'secrets', `${name}.txt`);
    await writeFile(path, `${randomBytes(24).toString('base64')}\n`, { mode: 0o600 });
    if (process.getuid?.() === 0) await chown(path, 1000, 1000);
  }
  await writeFile(join(folder, 'backend/.env.prod'), 'ALLOWED_HOSTS=korrigo.example\n', { mode: 0o600 });
  const names = ['http', 'https', 'backend', 'frontend', 'db', 'redis'] as const;
  const free = await freePorts(names.length);
  const ports = Object.fromEntries(names.map((name, index) => [name, free[index]])) as Stack['ports'];
  const files = ['-f', `infra/docker/docker-compose.${file}.yml`];
  if (more.override !== undefined) {
    await writeFile(join(docker, 'override.yml'), more.override);
    files.push('-f', 'infra/docker/override.yml');
  }
  const env = {
    ...bed.engine.env,
    ...Object.fromEntries(
      (['python', 'node', 'nginx', 'postgres', 'redis'] as const).map((name) => [
        `${name.toUpperCase()}_IMAGE`,
        bed.engine.images[name],
      ]),
    ),
    ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [`${name.toUpperCase()}_PORT`, String(port)])),
    DOOR_IMAGE: bed.engine.images.busybox,
    REGISTRY: project,
    COMPOSE_PROJECT_NAME: project,
    DEV_UID: String(process.getuid?.() ?? 1000),
    DEV_GID: String(process.getgid?.() ?? 1000),
    ...more.env,
  };
  const tryCompose = (...args: readonly string[]) =>
    run(['docker', 'compose', '--ansi', 'never', ...files, ...args], { cwd: folder, env });
  const compose = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await tryCompose(...args);
    if (code !== 0) throw new Error(`docker compose ${args.join(' ')} exited with ${code}: ${stderr}${stdout}`);
    return stdout;
  };
  await writeFile(join(docker, 'quick.yml'), quickStart(await compose('--profile', '*', 'config', '--format', 'json')));
  files.push('-f', 'infra/docker/quick.yml');
  const ids = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await compose('ps', '--all', '--quiet', ...args)).split('\n').filter((id) => id !== '');
  const inspectAll = async (containers: readonly string[]): Promise<readonly Inspected[]> =>
    JSON.parse(await bed.engine.docker('inspect', ...containers)) as readonly Inspected[];
  const inspect = async (service: string): Promise<Inspected> => {
    const [found] = await inspectAll(await ids(service));
    if (found === undefined) throw new Error(`${service} has no container`);
    return found;
  };
  const signal: Stack['signal'] = async (service, name, to) => {
    const { Id, State } = await inspect(service);
    const rows = to === 'first' ? [] : (await bed.engine.docker('top', Id, '-o', 'pid')).split('\n').slice(1);
    const others = rows.map((row) => row.trim()).filter((pid) => pid !== '' && pid !== String(State.Pid));
    const pids = to === 'children' ? others : [String(State.Pid), ...others];
    const rights = ['--pid', 'host', '--user', '0', '--network', 'none'];
    // One that ended meanwhile is nobody's failure.
    const kill = ['sh', '-c', `kill -${name} ${pids.join(' ')} || true`];
    await bed.engine.docker('run', '--rm', ...rights, bed.engine.images.busybox, ...kill);
  };
  return {
    folder,
    project,
    ports,
    compose,
    tryCompose,
    inspect,
    logged: async ({ headers }) => {
      const lines = (await compose('logs', '--no-log-prefix', '--tail', '50', 'nginx')).split('\n');
      const line = lines.find((text) => text.includes(String(headers['x-request-id'])));
      // Some versions of Compose begin each line with an escape sequence.
      return JSON.parse(line?.replace(/^[^{]*/, '') ?? '{}') as Readonly<Record<string, unknown>>;
    },
    migrate: async () => {
      const manage = ['exec', '-T', 'backend', 'python', 'manage.py'];
      await compose(...manage, 'migrate', '--noinput');
      const token = await compose(...manage, 'token', 'teacher', 'tests', '--create', '--write');
      return { authorization: `Bearer ${token.trim()}` };
    },
    crash: async (service) => await signal(service, 'KILL', 'first'),
    signal,
    healthy: async (timeout = 90_000) =>
      await until(`${project} healthy`, timeout, async () => {
        const all = await inspectAll(await ids());
        return all.every(({ State }) =>
          State.Health ? State.Health.Status === 'healthy' : State.Status !== 'restarting',
        );
      }),
    writeDotenv: async (lines) => await writeFile(join(docker, '.env'), lines),
    addEnv: async (lines) => await appendFile(join(folder, 'backend/.env.prod'), lines),
    down: async () => {
      await tryCompose('down', '--volumes', '--remove-orphans', '--timeout', '2');
      const images = ['nginx', 'backend', 'backup'].map((name) => `${project}/korrigo-${name}`);
      await bed.engine.tryDocker(['rmi', ...images]);
    },
  };
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '0.0.0.0', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The serial number of the certificate, of HTTPS. */
  readonly serial: string | undefined;
};

export type Question = {
  /** Default: this machine. */
  readonly host?: string;
  readonly port: number;
  readonly path?: string;
  readonly tls?: boolean;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Milliseconds of silence; default 60 s. */
  readonly timeout?: number;
};

/** One request on a connection of its own, to this machine unless told otherwise. Certificates are looked at, not trusted. */
export function ask(question: Question): Promise<Answer> {
  const {
    host = '127.0.0.1',
    port,
    path = '/',
    tls = false,
    method = 'GET',
    headers = {},
    body,
    timeout = 60_000,
  } = question;
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const send = tls ? https : http;
    const options = { rejectUnauthorized: false, servername: 'korrigo.example', agent: false };
    const asked = send(
      { host, port, path, method, headers: { ...length, ...headers }, timeout, ...options },
      (response) => {
        const chunks: Buffer[] = [];
        const serial = 'getPeerCertificate' in response.socket ? serialOf(response.socket) : undefined;
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks), serial }),
        );
      },
    );
    asked.on('error', reject);
    asked.on('timeout', () => asked.destroy(new Error(`no answer from ${path} within ${timeout / 1000} s`)));
    asked.end(body);
  });
}

function serialOf(socket: object): string | undefined {
  const read = (socket as { getPeerCertificate?: () => { serialNumber?: string } }).getPeerCertificate;
  return read?.call(socket).serialNumber;
}

/** A multipart form with a file called `file`. */
export function form(fields: Readonly<Record<string, string>>, file: Uint8Array): Pick<Question, 'headers' | 'body'> {
  const boundary = 'korrigo-boundary';
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\ncontent-type: application/pdf\r\n\r\n`;
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(parts.join('') + head), file, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}
