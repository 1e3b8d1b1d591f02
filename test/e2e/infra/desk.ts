/** Local production with papers in it, for tests of what crashes, hangs or is away. */
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Bed } from '../../../bed/bed.ts';
import { until } from '../../../bed/process.ts';
import { samplePdf } from '../../../fixtures/example/story.ts';
import { type Answer, ask, form, newStack, type Question, type Stack } from './stack.ts';

export type Paper = { readonly id: number; readonly file: string; readonly status: string; readonly error: string };

export type Desk = {
  readonly stack: Stack;
  readonly pdf: Buffer;
  /** As a program that may write. */
  readonly get: (path: string, more?: Partial<Question>) => Promise<Answer>;
  readonly psql: (sql: string) => Promise<string>;
  readonly papers: () => Promise<readonly Paper[]>;
  /** Waits until Celery has nothing left to do. */
  readonly idle: () => Promise<void>;
  /** Stops the worker and hands in papers, which all have to be accepted. Their ids. */
  readonly queue: (count: number) => Promise<readonly number[]>;
  readonly queued: () => Promise<number>;
  /** Tasks that the worker has in its hands. */
  readonly inHands: () => Promise<number>;
  /** The container alone: `docker compose start` would start what it depends on, too. */
  readonly startWorker: () => Promise<unknown>;
  readonly processed: (ids: readonly number[]) => Promise<boolean>;
  /** Opening a file that is a pipe waits for somebody to write: the task stays in the middle until it is killed. */
  readonly makePipe: (file: string) => Promise<string>;
  readonly makeFile: (file: string) => Promise<string>;
  readonly crashAndReturn: (service: string) => Promise<void>;
  readonly answers: () => Promise<boolean>;
  /** How often the worker put a task back within the last minute. */
  readonly putBack: () => Promise<number>;
};

export async function openDesk(bed: Bed): Promise<Desk> {
  // Everything here comes from one address.
  const stack = await newStack(bed, 'local-prod', { env: { LIMIT_APPLICATION: 'off', LIMIT_UPLOAD: 'off' } });
  try {
    return await furnish(bed, stack);
  } catch (error) {
    await stack.down();
    throw error;
  }
}

async function furnish(bed: Bed, stack: Stack): Promise<Desk> {
  const pdf = await readFile(samplePdf);
  // Longer than any task of these tests is in the worker's hands, else it is handed out twice.
  await stack.addEnv('CELERY_VISIBILITY_TIMEOUT=20\nAPI_REQUESTS_PER_MINUTE=100000\n');
  await stack.compose('up', '-d', '--build');
  await stack.healthy();
  const authorization = await stack.migrate();

  const get: Desk['get'] = (path, more = {}) =>
    ask({ port: stack.ports.http, path, ...more, headers: { ...authorization, ...more.headers } });
  const psql = async (sql: string) =>
    await stack.compose('exec', '-T', 'db', 'psql', '-U', 'korrigo_owner', '-d', 'korrigo_db', '-c', sql);
  const papers = async (): Promise<readonly Paper[]> =>
    (JSON.parse((await get('/api/copies/')).body.toString()) as { copies: Paper[] }).copies;
  const redis = async (...args: readonly string[]) =>
    Number(await stack.compose('exec', '-T', 'redis', 'redis-cli', ...args));
  const inMedia = async (script: string) => await stack.compose('exec', '-T', 'backend', 'sh', '-ec', script);

  const idle = async () =>
    await until('nothing left to do', 60_000, async () => {
      return (await redis('llen', 'celery')) + (await redis('hlen', 'unacked')) === 0;
    });

  const queue = async (count: number): Promise<readonly number[]> => {
    await idle();
    await stack.compose('stop', '--timeout', '20', 'celery');
    const upload = { method: 'POST', ...form({ student: 'Amira' }, pdf) };
    const replies = await Promise.all(Array.from({ length: count }, () => get('/api/exams/1/copies/', upload)));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 201));
    expect(await redis('llen', 'celery')).toBe(count);
    return replies.map(({ body }) => (JSON.parse(body.toString()) as Paper).id);
  };

  const startWorker = async () => await bed.engine.docker('start', (await stack.inspect('celery')).Id);
  const processed = async (ids: readonly number[]): Promise<boolean> => {
    const all = new Map((await papers()).map(({ id, status }) => [id, status]));
    const found = ids.map((id) => all.get(id));
    if (found.includes('failed') || found.includes(undefined)) throw new Error(`lost: ${found.join()}`);
    return found.every((status) => status === 'processed');
  };
  const makePipe = (file: string) => inMedia(`cd /app && mv .${file} .${file}.kept && mkfifo .${file}`);
  const makeFile = (file: string) => inMedia(`cd /app && mv .${file}.kept .${file}`);
  const crashAndReturn = async (service: string): Promise<void> => {
    const { RestartCount } = await stack.inspect(service);
    await stack.crash(service);
    await until(`${service} back`, 60_000, async () => (await stack.inspect(service)).RestartCount > RestartCount);
  };
  const answers = async (): Promise<boolean> =>
    (await get('/')).status === 200 && (await get('/api/health/ready/')).status === 200;

  const putBack = async (): Promise<number> =>
    (await stack.compose('logs', '--since', '60s', 'celery')).match(/back to the queue/g)?.length ?? 0;

  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ title: 'Algebra', date: '2026-06-15' });
  expect((await get('/api/exams/', { method: 'POST', headers, body })).status).toBe(201);
  return {
    stack,
    pdf,
    get,
    psql,
    papers,
    idle,
    queue,
    queued: () => redis('llen', 'celery'),
    inHands: () => redis('hlen', 'unacked'),
    startWorker,
    processed,
    makePipe,
    makeFile,
    crashAndReturn,
    answers,
    putBack,
  };
}
