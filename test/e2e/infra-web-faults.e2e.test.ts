/** What crashes, hangs or is away in the reference infrastructure: it is noticed, it comes back, and nothing is lost. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { samplePdf } from '../../fixtures/example/story.ts';
import { ask, form, newStack, type Question, type Stack } from './infra/stack.ts';

type Copy = { readonly id: number; readonly file: string; readonly status: string; readonly error: string };

let bed: Bed;
let stack: Stack;
let pdf: Buffer;
let authorization: Readonly<Record<string, string>>;

beforeAll(async () => {
  pdf = await readFile(samplePdf);
  bed = await upBed();
  // Everything here comes from one address.
  stack = await newStack(bed, 'local-prod', { env: { LIMIT_APPLICATION: 'off', LIMIT_UPLOAD: 'off' } });
  // Longer than any task of these tests is in the worker's hands, else it is handed out twice.
  await stack.addEnv('CELERY_VISIBILITY_TIMEOUT=20\nAPI_REQUESTS_PER_MINUTE=100000\n');
  await stack.compose('up', '-d', '--build');
  await stack.healthy();
  authorization = await stack.migrate();
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ title: 'Algebra', date: '2026-06-15' });
  expect((await get('/api/exams/', { method: 'POST', headers, body })).status).toBe(201);
});
afterAll(async () => {
  await stack?.down();
  await bed?.down();
});

const get = (path: string, more: Partial<Question> = {}) =>
  ask({ port: stack.ports.http, path, ...more, headers: { ...authorization, ...more.headers } });
const psql = async (sql: string) =>
  await stack.compose('exec', '-T', 'db', 'psql', '-U', 'korrigo_owner', '-d', 'korrigo_db', '-c', sql);
const copies = async (): Promise<readonly Copy[]> =>
  (JSON.parse((await get('/api/copies/')).body.toString()) as { copies: Copy[] }).copies;
const redis = async (...args: readonly string[]) =>
  Number(await stack.compose('exec', '-T', 'redis', 'redis-cli', ...args));
const inMedia = async (script: string) => await stack.compose('exec', '-T', 'backend', 'sh', '-ec', script);

const idle = async () =>
  await until('nothing left to do', 60_000, async () => {
    return (await redis('llen', 'celery')) + (await redis('hlen', 'unacked')) === 0;
  });

/** Stops the worker and hands in copies, which all have to be accepted. Their ids. */
async function queue(count: number): Promise<readonly number[]> {
  await idle();
  await stack.compose('stop', '--timeout', '20', 'celery');
  const upload = { method: 'POST', ...form({ student: 'Amira' }, pdf) };
  const answers = await Promise.all(Array.from({ length: count }, () => get('/api/exams/1/copies/', upload)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  expect(await redis('llen', 'celery')).toBe(count);
  return answers.map(({ body }) => (JSON.parse(body.toString()) as Copy).id);
}

/** The container alone: `docker compose start` would start what it depends on, too. */
const startWorker = async () => await bed.engine.docker('start', (await stack.inspect('celery')).Id);
const processed = async (ids: readonly number[]): Promise<boolean> => {
  const all = new Map((await copies()).map(({ id, status }) => [id, status]));
  const found = ids.map((id) => all.get(id));
  if (found.includes('failed') || found.includes(undefined)) throw new Error(`lost: ${found.join()}`);
  return found.every((status) => status === 'processed');
};
/** Opening a file that is a pipe waits for somebody to write: the task stays in the middle until it is killed. */
const makePipe = (file: string) => inMedia(`cd /app && mv .${file} .${file}.kept && mkfifo .${file}`);
const makeFile = (file: string) => inMedia(`cd /app && mv .${file}.kept .${file}`);
const crashAndReturn = async (service: string): Promise<void> => {
  const { RestartCount } = await stack.inspect(service);
  await stack.crash(service);
  await until(`${service} back`, 60_000, async () => (await stack.inspect(service)).RestartCount > RestartCount);
};
const answers = async (): Promise<boolean> =>
  (await get('/')).status === 200 && (await get('/api/health/ready/')).status === 200;

describe('no row and no queued task is lost', () => {
  it.each(['nginx', 'backend', 'redis', 'db'])('when %s crashes', async (service) => {
    const before = (await copies()).length;
    const ids = await queue(20);
    await crashAndReturn(service);
    await until('the site answers', 30_000, answers);
    expect((await copies()).length).toBe(before + 20);
    expect(await redis('llen', 'celery')).toBe(20);
    await startWorker();
    await until('all processed', 60_000, async () => await processed(ids));
    await stack.healthy();
  });

  it('when celery crashes in the middle of four and with others in its hands', async () => {
    const ids = await queue(20);
    const all = await copies();
    const files = ids.slice(0, 4).map((id) => all.find((copy) => copy.id === id)?.file ?? 'none');
    for (const file of files) await makePipe(file);
    await startWorker();
    await until('tasks taken', 120_000, async () => (await redis('hlen', 'unacked')) > 4);
    await crashAndReturn('celery');
    for (const file of files) await makeFile(file);
    await until('all processed', 90_000, async () => await processed(ids));
    await stack.healthy();
  });

  const putBack = async (): Promise<number> =>
    (await stack.compose('logs', '--since', '60s', 'celery')).match(/back to the queue/g)?.length ?? 0;

  it('when the database is away', async () => {
    const ids = await queue(20);
    await stack.compose('stop', '--timeout', '10', 'db');
    await startWorker();
    const before = await putBack();
    await until('tasks put back', 60_000, async () => (await putBack()) > before + 4);
    await stack.compose('start', 'db');
    await until('all processed', 90_000, async () => await processed(ids));
  });

  it('when the database is not migrated yet', async () => {
    const ids = await queue(8);
    await psql('ALTER TABLE exams_copy RENAME TO later');
    const before = await putBack();
    await startWorker();
    await until('tasks put back', 60_000, async () => (await putBack()) > before + 4);
    await psql('ALTER TABLE later RENAME TO exams_copy');
    await until('all processed', 60_000, async () => await processed(ids));
  });
});

it('a task whose process is killed each time is given up, and says why', async () => {
  const [id = 0] = await queue(1);
  const one = async () => (await copies()).find((copy) => copy.id === id);
  await makePipe((await one())?.file ?? 'none');
  const received = async () => (await stack.compose('logs', 'celery')).match(/\] received/g)?.length ?? 0;
  const before = await received();
  await startWorker();
  let kills = 0;
  await until('given up', 120_000, async () => {
    if ((await one())?.status === 'failed') return true;
    // Waiting for its next try it is in the worker's hands, too, and in no process that could be killed.
    if ((await received()) > before + kills) {
      await new Promise((resolve) => setTimeout(resolve, 6000));
      await stack.signal('celery', 'KILL', 'children');
      kills += 1;
    }
    return false;
  });
  expect(kills).toBe(4);
  expect((await one())?.error).toContain('WorkerLostError');
  await idle();
  const [next = 0] = await queue(1);
  await startWorker();
  await until('the next one processed', 60_000, async () => await processed([next]));
});

describe('a paper that is handed in while Redis is away', () => {
  it('is accepted once, waits, and is processed when Redis is back', async () => {
    await idle();
    const before = (await copies()).length;
    await stack.compose('stop', '--timeout', '5', 'redis');
    const sent = await get('/api/exams/1/copies/', { method: 'POST', ...form({ student: 'Karim' }, pdf) });
    const copy = JSON.parse(sent.body.toString()) as Copy;
    expect([sent.status, copy.status, copy.error]).toEqual([202, 'pending', '']);
    expect((await copies()).length).toBe(before + 1);
    await stack.compose('start', 'redis');
    await until('processed', 120_000, async () => await processed([copy.id]));
    expect((await copies()).length).toBe(before + 1);
  });

  it('is not lost either when Redis loses what it had', async () => {
    const ids = await queue(3);
    await stack.compose('exec', '-T', 'redis', 'redis-cli', 'flushall');
    // Some may have been in the queue for so long.
    await psql("UPDATE exams_copy SET queued_at = queued_at - interval '2 hours' WHERE status = 'pending'");
    await startWorker();
    await until('processed', 120_000, async () => await processed(ids));
  });
});

it('a database that restarts is a reason to come again, and no error', async () => {
  await stack.healthy();
  const seen = new Map<number, string | undefined>();
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      const { status, headers } = await get('/api/exams/');
      seen.set(status, headers['retry-after']);
    }
  };
  const clients = Array.from({ length: 3 }, client);
  await stack.compose('restart', '--timeout', '10', 'db');
  await stack.compose('stop', '--timeout', '10', 'db');
  await until('nobody answered', 30_000, async () => seen.has(503));
  await stack.compose('start', 'db');
  await stack.healthy();
  await until('all is well', 30_000, answers);
  isOver = true;
  await Promise.all(clients);
  expect(Object.fromEntries(seen)).toEqual({ 200: undefined, 503: '5' });
});

describe('a healthcheck notices', () => {
  const health = async (service: string) => (await stack.inspect(service)).State.Health?.Status;
  const untilAll = async (status: string, services: readonly string[]): Promise<void> => {
    for (const service of services)
      await until(`${service} ${status}`, 120_000, async () => (await health(service)) === status);
  };

  it('nginx, db and redis that hang, and a worker without its broker', async () => {
    await stack.healthy();
    for (const service of ['nginx', 'db', 'redis']) await stack.signal(service, 'STOP', 'all');
    await untilAll('unhealthy', ['nginx', 'db', 'redis', 'celery']);
    expect(await health('backend')).toBe('healthy');
    for (const service of ['nginx', 'db', 'redis']) await stack.signal(service, 'CONT', 'all');
    await untilAll('healthy', ['nginx', 'db', 'redis', 'celery']);
  });

  it('a backend and a worker that hang', async () => {
    for (const service of ['backend', 'celery']) await stack.signal(service, 'STOP', 'all');
    await untilAll('unhealthy', ['backend', 'celery']);
    for (const service of ['backend', 'celery']) await stack.signal(service, 'CONT', 'all');
    await untilAll('healthy', ['backend', 'celery', 'nginx', 'db', 'redis']);
  });
});
