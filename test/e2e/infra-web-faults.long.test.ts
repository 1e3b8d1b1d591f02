/** What hangs, or crashes again and again, in the reference infrastructure: it is noticed, and it comes back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { type Desk, openDesk } from './infra/desk.ts';

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

it('a database that is not migrated yet loses no task', async () => {
  const ids = await desk.queue(8);
  await desk.psql('ALTER TABLE exams_copy RENAME TO later');
  const before = await desk.putBack();
  await desk.startWorker();
  await until('tasks put back', 60_000, async () => (await desk.putBack()) > before + 4);
  await desk.psql('ALTER TABLE later RENAME TO exams_copy');
  await until('all processed', 60_000, async () => await desk.processed(ids));
});

it('a task whose process is killed each time is given up, and says why', async () => {
  const [id = 0] = await desk.queue(1);
  const one = async () => (await desk.papers()).find((copy) => copy.id === id);
  await desk.makePipe((await one())?.file ?? 'none');
  const received = async () => (await desk.stack.compose('logs', 'celery')).match(/\] received/g)?.length ?? 0;
  const before = await received();
  await desk.startWorker();
  let kills = 0;
  await until('given up', 120_000, async () => {
    if ((await one())?.status === 'failed') return true;
    // Waiting for its next try it is in the worker's hands, too, and in no process that could be killed.
    if ((await received()) > before + kills) {
      await new Promise((resolve) => setTimeout(resolve, 6000));
      await desk.stack.signal('celery', 'KILL', 'children');
      kills += 1;
    }
    return false;
  });
  expect(kills).toBe(4);
  expect((await one())?.error).toContain('WorkerLostError');
  await desk.idle();
  const [next = 0] = await desk.queue(1);
  await desk.startWorker();
  await until('the next one processed', 60_000, async () => await desk.processed([next]));
});

describe('a healthcheck notices', () => {
  const health = async (service: string) => (await desk.stack.inspect(service)).State.Health?.Status;
  const untilAll = async (status: string, services: readonly string[]): Promise<void> => {
    for (const service of services)
      await until(`${service} ${status}`, 120_000, async () => (await health(service)) === status);
  };

  it('nginx, db and redis that hang, and a worker without its broker', async () => {
    await desk.stack.healthy();
    for (const service of ['nginx', 'db', 'redis']) await desk.stack.signal(service, 'STOP', 'all');
    await untilAll('unhealthy', ['nginx', 'db', 'redis', 'celery']);
    expect(await health('backend')).toBe('healthy');
    for (const service of ['nginx', 'db', 'redis']) await desk.stack.signal(service, 'CONT', 'all');
    await untilAll('healthy', ['nginx', 'db', 'redis', 'celery']);
  });
});
