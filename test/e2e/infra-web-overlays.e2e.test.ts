/** Backups and monitoring are laid over a site that runs: they change nothing of it, and their failure is theirs alone. */
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { script } from '../../bed/engine.ts';
import { output, type Result, until } from '../../bed/process.ts';
import { ask, newStack, type Stack } from './infra/stack.ts';

const site = ['backend', 'celery', 'db', 'door', 'nginx', 'prepare', 'redis'] as const;
const backup = ['-f', 'infra/docker/docker-compose.backup.yml'];
const monitoring = [...backup, '-f', 'infra/docker/docker-compose.monitoring.yml', '--profile', 'monitoring'];
/** Stand-ins for what takes long to build or is nowhere to be had, and matters not here. */
const small = ['--scale', 'grafana=0'];

let bed: Bed;
let images: Readonly<Record<string, string>>;
beforeAll(async () => {
  bed = await upBed();
  const lines = (await output([script('images.sh'), 'monitoring'])).split('\n').filter(Boolean);
  images = Object.fromEntries(lines.map((line) => line.split('=')));
});
afterAll(() => bed?.down());

const answers = async (stack: Stack): Promise<boolean> =>
  (await ask({ port: stack.ports.http, path: '/api/health/live/' }).catch(() => undefined))?.status === 200;
const containers = async (stack: Stack) =>
  Object.fromEntries(
    await Promise.all(
      site.map(async (service) => {
        const { Id, State } = await stack.inspect(service);
        // The one that runs once has been started again, and nothing depends on when.
        return [service, service === 'prepare' ? Id : `${Id} ${State.Pid}`] as const;
      }),
    ),
  );

/** With the folder of the backups and the secrets that the monitoring wants. */
async function newStackWithOverlays(more: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const backups = join(bed.folder, `backups-${Math.random().toString(36).slice(2, 8)}`);
  await mkdir(backups);
  if (process.getuid?.() === 0) await chown(backups, 10001, 10001);
  const none = Object.fromEntries(['PROMETHEUS', 'ALERTMANAGER', 'GRAFANA'].map((name) => [`${name}_PORT`, '0']));
  const env = {
    ...images,
    ...none,
    POSTGRES_TOOLS_IMAGE: bed.engine.images.postgres_tools,
    BACKUP_DIR: backups,
    ...more,
  };
  return await newStack(bed, 'local-prod', { env });
}

async function addSecrets(stack: Stack): Promise<void> {
  for (const name of ['alerts', 'grafana_password'])
    await writeFile(join(stack.folder, `infra/docker/secrets/${name}.txt`), 'WEBHOOK_URL=http://nobody.invalid/\n', {
      mode: 0o600,
    });
}

/** What the check says where Docker would refuse to mount `/`; undefined where it would not. */
const refusal = async (stack: Stack): Promise<string | undefined> => {
  const said = await stack.tryCompose(...monitoring, 'logs', '--no-log-prefix', 'host-root-check');
  return said.stdout === '' ? undefined : said.stdout;
};
const isShared = async (): Promise<boolean> => (await output(['findmnt', '-no', 'PROPAGATION', '/'])) !== 'private';

describe('a site that runs', () => {
  let stack: Stack;
  let before: Awaited<ReturnType<typeof containers>>;

  beforeAll(async () => {
    stack = await newStackWithOverlays();
    await stack.compose('up', '-d', '--build');
    await stack.healthy();
    before = await containers(stack);
  });
  afterAll(() => stack?.tryCompose(...monitoring, 'down', '--volumes', '--timeout', '2').then(() => stack.down()));

  it('runs on when the backups are added', async () => {
    await stack.compose(...backup, 'up', '-d', '--build');
    expect(await containers(stack)).toEqual(before);
    expect((await stack.inspect('backup-timer')).State.Status).toBe('running');
  });

  it('runs on when the monitoring is added, also when that fails, and says what to do before Docker refuses', async () => {
    await addSecrets(stack);
    const { code, stderr } = await stack.tryCompose(...monitoring, 'up', '-d', ...small);
    expect(await containers(stack)).toEqual(before);
    expect(await answers(stack)).toBe(true);
    if (await isShared()) return expect(code, stderr).toBe(0);
    expect(code).not.toBe(0);
    expect(stderr).toContain('host-root-check');
    expect(stderr).not.toContain('not a shared or slave mount');
    expect(await refusal(stack)).toContain('mount --make-rshared /');
    expect(await refusal(stack)).toContain('HOST_ROOT=/srv');
  });

  it('is watched with what the check proposed, without a restart', async () => {
    await stack.writeDotenv('HOST_ROOT=/srv\nHOST_ROOT_PROPAGATION=rprivate\n');
    await stack.compose(...monitoring, 'up', '-d', ...small);
    expect(await containers(stack)).toEqual(before);
    await until('figures of the disk, and of Django by the token that nobody had to make up', 60_000, async () => {
      const asked = await Promise.all(
        ['node_filesystem_size_bytes{mountpoint="/"}', 'up{job="backend"} == 1', 'up{job="celery"} == 1'].map(query),
      );
      return asked.every((found) => found.length === 1);
    });
  });

  it('runs on when the overlays are left out again', async () => {
    await stack.compose('up', '-d');
    expect(await containers(stack)).toEqual(before);
  });

  const query = async (expression: string): Promise<readonly unknown[]> => {
    const url = `http://127.0.0.1:9090/api/v1/query?${new URLSearchParams({ query: expression })}`;
    const asked = ['exec', '-T', 'backend', 'python', '-c', fetched, url.replace('127.0.0.1', 'prometheus')];
    return (JSON.parse(await stack.compose(...asked)) as { data: { result: unknown[] } }).data.result;
  };
});

const fetched = 'import sys, urllib.request as web; print(web.urlopen(sys.argv[1], timeout=5).read().decode())';

it('a first start with an overlay that fails brings up the site all the same', async () => {
  const somebody = createServer();
  await new Promise<void>((resolve) => somebody.listen(0, '127.0.0.1', resolve));
  const { port } = somebody.address() as AddressInfo;
  const stack = await newStackWithOverlays({
    PROMETHEUS_PORT: String(port),
    HOST_ROOT: '/srv',
    HOST_ROOT_PROPAGATION: 'rprivate',
  });
  try {
    await addSecrets(stack);
    const { code, stderr } = await stack.tryCompose(...monitoring, 'up', '-d', '--build', ...small);
    expect([code, stderr]).toEqual([1, expect.stringContaining('address already in use')]);
    await until('the site', 60_000, async () => await answers(stack));
    for (const service of ['backend', 'celery', 'db', 'door', 'nginx', 'redis'])
      expect((await stack.inspect(service)).State.Status, service).toBe('running');
  } finally {
    await stack.tryCompose(...monitoring, 'down', '--volumes', '--timeout', '2');
    await stack.down();
    somebody.close();
  }
});

describe('secrets', () => {
  it('that are not there yet are asked for by name', async () => {
    const stack = await newStack(bed, 'local-prod');
    const secret = join(stack.folder, 'infra/docker/secrets/secret_key.txt');
    try {
      await stack.compose('build', '--quiet', 'backend', 'nginx');
      await writeFile(secret, '');
      const empty: Result = await stack.tryCompose('up', '-d', 'prepare');
      expect(empty.code, empty.stderr).toBe(0);
      await until('prepare ended', 20_000, async () => (await stack.inspect('prepare')).State.Status === 'exited');
      expect(await stack.compose('logs', 'prepare')).toContain('secret_key.txt is empty.');
    } finally {
      await stack.down();
    }
  });
});
