/** Disks that are full: what visitors get, what is said, and that all comes back by itself when there is room again. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { samplePdf } from '../../fixtures/example/story.ts';
import { type Answer, ask, form, newStack, type Question, type Stack } from './infra/stack.ts';

let bed: Bed;
let stack: Stack;
let authorization: Readonly<Record<string, string>>;

beforeAll(async () => {
  bed = await upBed();
  // Small disks in memory, and somebody who keeps them there while the others restart.
  const postgres = ['run', '--rm', '--network', 'none', '--entrypoint', 'id', bed.engine.images.postgres];
  const owner = await bed.engine.docker(...postgres, '-u', 'postgres');
  const disk = (megabytes: number, uid: string) =>
    `{ driver_opts: { type: tmpfs, device: tmpfs, o: "size=${megabytes}m,uid=${uid},gid=${uid},mode=0700" } }`;
  const override = `services:
  holder:
    image: ${bed.engine.images.busybox}
    init: true
    command: [sleep, infinity]
    volumes: ["postgres_data:/db:nocopy", "backend_media:/media:nocopy"]
    depends_on: [db, backend]
volumes:
  postgres_data: ${disk(200, owner.trim())}
  backend_media: ${disk(32, '10001')}
`;
  stack = await newStack(bed, 'local-prod', { override, env: { LIMIT_APPLICATION: 'off', LIMIT_UPLOAD: 'off' } });
  await stack.compose('up', '-d', '--build');
  await stack.healthy();
  authorization = await stack.migrate();
  const made = await write('Algebra');
  expect(made.status).toBe(201);
});
afterAll(async () => {
  await stack?.down();
  await bed?.down();
});

it('that of the media: a paper is refused with a reason, nothing else is, and the next one is accepted', async () => {
  await fill('/media');
  const refused = await upload();
  expect(refused.status, refused.body.toString()).toBe(507);
  expect(refused.body.toString()).toContain("The server's disk is full");
  expect((await get('/api/exams/')).status).toBe(200);
  expect(await stack.compose('logs', '--no-log-prefix', 'backend')).toContain('the disk is full: [Errno 28]');
  await empty('/media');
  expect((await upload()).status).toBe(201);
});

it('that of the database: visitors are told to come again, and it goes on when there is room', async () => {
  await fill('/db');
  const seen = new Set<number>();
  // Until it notices: there is room in what it has already.
  await until('it noticed', 120_000, async () => {
    const { status } = await write('x'.repeat(150));
    seen.add(status);
    await psql('CREATE TABLE IF NOT EXISTS filler AS SELECT generate_series(1, 200000)');
    return status === 503;
  });
  for (let n = 0; n < 5; n++) seen.add((await get('/api/exams/')).status);
  expect([...seen].filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
  expect(await stack.compose('logs', '--no-log-prefix', 'db')).toContain('No space left on device');
  await empty('/db');
  await until('all is well', 180_000, async () => (await write('Geometry')).status === 201);
  await stack.healthy();
  const { exams } = JSON.parse((await get('/api/exams/')).body.toString()) as { exams: { title: string }[] };
  expect(exams.map(({ title }) => title)).toEqual(expect.arrayContaining(['Algebra', 'Geometry']));
});

const fill = async (folder: string): Promise<void> => {
  // Until nothing more fits: dd ends with a failure.
  await stack.tryCompose('exec', '-T', 'holder', 'dd', 'if=/dev/zero', `of=${folder}/fill`, 'bs=4k');
};
const empty = async (folder: string): Promise<void> => {
  await stack.compose('exec', '-T', 'holder', 'rm', `${folder}/fill`);
};
const get = (path: string, more: Partial<Question> = {}): Promise<Answer> =>
  ask({ port: stack.ports.http, path, ...more, headers: { ...authorization, ...more.headers } });
const write = (title: string): Promise<Answer> =>
  get('/api/exams/', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title, date: '2026-06-15' }),
  });
const upload = async (): Promise<Answer> =>
  await get('/api/exams/1/copies/', { method: 'POST', ...form({ student: 'Amira' }, await readFile(samplePdf)) });
/** Whatever comes of it. */
const psql = (sql: string) =>
  stack.tryCompose(...['exec', '-T', 'db', 'psql', '-h', '127.0.0.1', '-U', 'korrigo_admin', '-c', sql, 'korrigo_db']);
