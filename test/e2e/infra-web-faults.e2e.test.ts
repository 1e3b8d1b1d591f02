/** What crashes or is away in the reference infrastructure: it comes back, and nothing is lost. More: infra-web-faults.long.test.ts */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { type Desk, openDesk, type Paper } from './infra/desk.ts';
import { form } from './infra/stack.ts';

let bed: Bed;
let desk: Desk;

beforeAll(async () => {
  bed = await upBed();
  desk = await openDesk(bed);
});
afterAll(async () => {
  await desk?.stack.down();
  await bed?.down();
});

describe('no row and no queued task is lost', () => {
  it.each(['nginx', 'backend', 'redis', 'db'])('when %s crashes', async (service) => {
    const before = (await desk.papers()).length;
    const ids = await desk.queue(20);
    await desk.crashAndReturn(service);
    await until('the site answers', 30_000, desk.answers);
    expect((await desk.papers()).length).toBe(before + 20);
    expect(await desk.queued()).toBe(20);
    await desk.startWorker();
    await until('all processed', 60_000, async () => await desk.processed(ids));
    await desk.stack.healthy();
  });

  it('when celery crashes in the middle of four and with others in its hands', async () => {
    const ids = await desk.queue(20);
    const all = await desk.papers();
    const files = ids.slice(0, 4).map((id) => all.find((copy) => copy.id === id)?.file ?? 'none');
    for (const file of files) await desk.makePipe(file);
    await desk.startWorker();
    await until('tasks taken', 120_000, async () => (await desk.inHands()) > 4);
    await desk.crashAndReturn('celery');
    for (const file of files) await desk.makeFile(file);
    await until('all processed', 90_000, async () => await desk.processed(ids));
    await desk.stack.healthy();
  });

  it('when the database is away', async () => {
    const ids = await desk.queue(20);
    await desk.stack.compose('stop', '--timeout', '10', 'db');
    await desk.startWorker();
    const before = await desk.putBack();
    await until('tasks put back', 60_000, async () => (await desk.putBack()) > before + 4);
    await desk.stack.compose('start', 'db');
    await until('all processed', 90_000, async () => await desk.processed(ids));
  });
});

describe('a paper that is handed in while Redis is away', () => {
  it('is accepted once, waits, and is processed when Redis is back', async () => {
    await desk.idle();
    const before = (await desk.papers()).length;
    await desk.stack.compose('stop', '--timeout', '5', 'redis');
    const sent = await desk.get('/api/exams/1/copies/', { method: 'POST', ...form({ student: 'Karim' }, desk.pdf) });
    const copy = JSON.parse(sent.body.toString()) as Paper;
    expect([sent.status, copy.status, copy.error]).toEqual([202, 'pending', '']);
    expect((await desk.papers()).length).toBe(before + 1);
    await desk.stack.compose('start', 'redis');
    await until('processed', 120_000, async () => await desk.processed([copy.id]));
    expect((await desk.papers()).length).toBe(before + 1);
  });

  it('is not lost either when Redis loses what it had', async () => {
    const ids = await desk.queue(3);
    await desk.stack.compose('exec', '-T', 'redis', 'redis-cli', 'flushall');
    // Some may have been in the queue for so long.
    await desk.psql("UPDATE exams_copy SET queued_at = queued_at - interval '2 hours' WHERE status = 'pending'");
    await desk.startWorker();
    await until('processed', 120_000, async () => await desk.processed(ids));
  });
});

it('a database that restarts is a reason to come again, and no error', async () => {
  await desk.stack.healthy();
  const seen = new Map<number, string | undefined>();
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      const { status, headers } = await desk.get('/api/exams/');
      seen.set(status, headers['retry-after']);
    }
  };
  const clients = Array.from({ length: 3 }, client);
  await desk.stack.compose('restart', '--timeout', '10', 'db');
  await desk.stack.compose('stop', '--timeout', '10', 'db');
  await until('nobody answered', 30_000, async () => seen.has(503));
  await desk.stack.compose('start', 'db');
  await desk.stack.healthy();
  await until('all is well', 30_000, desk.answers);
  isOver = true;
  await Promise.all(clients);
  expect(Object.fromEntries(seen)).toEqual({ 200: undefined, 503: '5' });
});

describe('a healthcheck notices', () => {
  const health = async (service: string) => (await desk.stack.inspect(service)).State.Health?.Status;
  const untilAll = async (status: string, services: readonly string[]): Promise<void> => {
    for (const service of services)
      await until(`${service} ${status}`, 120_000, async () => (await health(service)) === status);
  };

  it('a backend and a worker that hang', async () => {
    for (const service of ['backend', 'celery']) await desk.stack.signal(service, 'STOP', 'all');
    await untilAll('unhealthy', ['backend', 'celery']);
    for (const service of ['backend', 'celery']) await desk.stack.signal(service, 'CONT', 'all');
    await untilAll('healthy', ['backend', 'celery', 'nginx', 'db', 'redis']);
  });
});
