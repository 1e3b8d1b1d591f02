/** What a stranger does to a rolling deploy: no request fails, or the plan has said that it would. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { type Deployer, deployer, reach, startKorrigo } from '../../fixtures/korrigo.ts';
import { startLoad } from '../../fixtures/load.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { rollingFiles } from '../../fixtures/rolling.ts';
import { page, shell, stateOf } from '../../fixtures/state.ts';

type Files = Record<string, string>;
type Edit = (files: Files) => Files;

const { bed, repository } = await openBed();
const app = repository('rolls');
const inputs = { strategy: 'rolling', probe: 'http://127.0.0.1:8080/' };
const commands = ['build', 'push', 'deploy'];
let server: Server;
let deploy: Deployer;
let count = 0;

beforeAll(async () => {
  server = await bed.server();
  deploy = deployer(app.folder, bed, server);
});

/** Replaces something that must be there, in the compose file or in another one. */
const edit =
  (from: string, to: string, path = 'compose.yml'): Edit =>
  (files) => {
    const old = files[path] ?? '';
    expect(old).toContain(from);
    return { ...files, [path]: old.replace(from, to) };
  };
const all =
  (...edits: readonly Edit[]): Edit =>
  (files) =>
    edits.reduce((done, next) => next(done), files);
const web = (more: string): Edit => edit('  web:\n', `  web:\n${more}`);
const startsAfter = (seconds: number): string =>
  `    entrypoint: ["sh", "-c", "sleep ${seconds}; exec nginx -g 'daemon off;'"]\n`;
const renamed = (more = ''): Edit =>
  all(edit('  web:\n', `  site:\n${more}`), edit('set $web web;', 'set $web site;', 'proxy/proxy.conf'));
const dependent = edit('depends_on: [web]', 'depends_on: [site]');
const independent = edit('    depends_on: [web]\n', '');
const worker: Edit = edit(
  '  web:\n',
  '  worker:\n    build: { context: web }\n    entrypoint: ["sleep", "infinity"]\n    init: true\n  web:\n',
);
const dockerfile: Edit = (files) => ({
  ...files,
  'web/Dockerfile': (files['web/Dockerfile'] ?? '').replace('ARG BASE', `ARG BASE=${bed.engine.images.nginx_next}`),
});
const throughProxy: Edit = (files) => ({
  ...files,
  'compose.yml': (files['compose.yml'] ?? '').replace(/(\n {2}web:[\s\S]*)127\.0\.0\.1/, '$1door'),
});
const same: Edit = (files) => files;

type Row = readonly [
  name: string,
  change: { readonly before?: Edit; readonly after: Edit; readonly inputs?: Readonly<Record<string, string>> },
  plan: readonly RegExp[],
];

/** Deploys a version as it was before, and then the changed one under load. */
async function roll({ before = same, after, inputs: more = {} }: Row[1]) {
  app.commit(before(rollingFiles(bed, `version ${++count}`)));
  succeeded(await deploy(commands, inputs));
  app.commit(after(rollingFiles(bed, `version ${++count}`)));
  const load = startLoad(`http://${server.ip}:8080/`);
  const outcome = succeeded(await deploy(commands, { ...inputs, ...more }));
  const loaded = await load.stop();
  expect(await page(server)).toBe(`version ${count}`);
  return { ...loaded, all: outcome.all };
}

describe('a rolling deploy', () => {
  it.each<Row>([
    ['with more containers than before', { after: web('    deploy: { replicas: 3 }\n') }, [/ web +roll .*from 1 to 3/]],
    [
      'with fewer containers than before',
      { before: web('    deploy: { replicas: 3 }\n'), after: same },
      [/ web +roll .*from 3 to 1/],
    ],
    [
      'of a service with another name',
      { after: all(renamed(startsAfter(8)), dependent) },
      [/ site +create /, / proxy +roll /, / web +remove /],
    ],
    [
      'of a service with another name on which nobody depends',
      { before: independent, after: all(renamed(startsAfter(8)), independent) },
      [/ site +create /, / proxy +roll /, / web +remove /],
    ],
    ['without a drain', { after: same, inputs: { drain: '0s' } }, [/ web +roll /]],
    ['of a service that is healthy after 20 s', { after: web(startsAfter(20)) }, [/ web +roll /]],
    [
      'of a service whose healthcheck asks through the proxy',
      { before: throughProxy, after: throughProxy },
      [/ web +roll /],
    ],
    [
      'with a worker that has no port and no healthcheck',
      { before: all(worker, dockerfile), after: all(worker, dockerfile) },
      [/ worker +recreate /, /worker does not roll: it has no healthcheck/],
    ],
  ])('%s fails no request', async (_, change, plan) => {
    const { requests, failed, all: said } = await roll(change);
    expect(failed).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    for (const line of plan) expect(said).toMatch(line);
  });

  it.each<Row>([
    [
      'a door that changed',
      { after: edit('"infinity"', '"999999"') },
      [/ door +recreate +command/, /door does not roll: it holds the network of proxy/],
    ],
    ['a port that the door gets', { after: edit('["8080:80"]', '["8080:80", "8090:80"]') }, [/ door +recreate +ports/]],
    [
      'a memory limit that is too much for two',
      { after: web('    mem_limit: 900g\n') },
      [/ web +recreate /, /web does not roll: the server has \d+ MiB of memory free/],
    ],
  ])('says before that requests will fail: %s', async (_, change, plan) => {
    const { all: said } = await roll(change);
    for (const line of plan) expect(said).toMatch(line);
    expect(said).toMatch(/short downtime for /);
  });
});

describe('a rolling deploy that is cancelled', () => {
  beforeAll(async () => {
    app.commit(rollingFiles(bed, 'good'));
    succeeded(await deploy(commands, inputs));
  });

  it.each([
    'arm the rollback',
    'start the new web',
    'the new web is healthy',
    'stop the old web',
    'start the new proxy',
    'the new proxy is healthy',
    'stop the old proxy',
  ])('after "%s" rolls back without a failed request', async (step) => {
    const { current } = await stateOf(server, '/opt/rolls');
    app.commit(rollingFiles(bed, `bad ${++count}`));
    const reached = reach(bed, server);
    const load = startLoad(`http://${server.ip}:8080/`);
    const run = startKorrigo(app.folder, commands, { ...reached.inputs, ...inputs }, reached.env);
    await run.says(step);
    run.kill('SIGINT');
    expect((await run.done).code).toBe(1);
    await until('the server has gone back', 180_000, async () =>
      (await shell(server, 'flock -n /opt/rolls/lease/lock echo free || true')).includes('free'),
    );
    const { failed } = await load.stop();
    expect(failed).toEqual([]);
    expect(await page(server)).toBe('good');
    const state = await stateOf(server, '/opt/rolls');
    expect(state.current).toBe(current);
    expect(Object.keys(state.containers)).toHaveLength(3);
  });
});

describe('a connection without an end', () => {
  it('lasts until the grace period of its container is over, and fails no other request', async () => {
    const streaming: Edit = (files) => ({
      ...files,
      'web/Dockerfile': `${files['web/Dockerfile']}RUN head -c 2000000 /dev/zero >/stream\n`,
      'web/web.conf': (files['web/web.conf'] ?? '').replace(
        'location /',
        'location = /stream { root /; limit_rate 1k; } location /',
      ),
    });
    app.commit(streaming(rollingFiles(bed, 'streams')));
    succeeded(await deploy(commands, inputs));
    app.commit(streaming(rollingFiles(bed, 'streams on')));
    let [open, bytes] = [true, 0];
    const stream = request({ host: server.ip, port: 8080, path: '/stream', agent: false }, (answer) => {
      answer
        .on('data', (part: Buffer) => {
          bytes += part.length;
        })
        .on('error', () => {})
        .on('close', () => {
          open = false;
        });
    });
    stream.on('error', () => {}).end();
    await until('the stream has begun', 10_000, async () => bytes > 0);
    const load = startLoad(`http://${server.ip}:8080/`);
    succeeded(await deploy(commands, inputs));
    const { failed } = await load.stop();
    expect(failed).toEqual([]);
    await sleep(500);
    expect(open).toBe(false);
    expect(await page(server)).toBe('streams on');
  });
});
