/** The recipes of docs/zero-downtime.md for Caddy, HAProxy and a page for maintenance, while visitors send requests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { doorsFiles, maintenance } from '../../fixtures/doors.ts';
import { type Deployer, deployer, failureOf } from '../../fixtures/korrigo.ts';
import { startLoad } from '../../fixtures/load.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';

const { bed, repository } = await openBed();
const app = repository('doors');
let server: Server;
let deploy: Deployer;
const commands = ['build', 'push', 'deploy'];
const inputs = { strategy: 'rolling' };
const url = (port: number): string => `http://${server.ip}:${port}/`;

/** What a visitor sees, or why nothing. */
async function visit(page: string): Promise<string> {
  try {
    const answer = await fetch(page, { headers: { connection: 'close' } });
    const retry = answer.headers.get('retry-after') ?? 'never';
    return `${answer.status}, ${(await answer.text()).trim()}, retry after ${retry}`;
  } catch (error) {
    return String(error instanceof Error ? (error.cause ?? error) : error);
  }
}

beforeAll(async () => {
  server = await bed.server();
  deploy = deployer(app.folder, bed, server);
  app.commit(doorsFiles(bed, { web: 'one', app: 'one' }));
  succeeded(await deploy(commands, inputs));
});

describe('behind a door', () => {
  it('Caddy and HAProxy, and the web server behind them, are replaced without a failed request', async () => {
    app.commit(doorsFiles(bed, { web: 'two', app: 'one' }));
    const loads = [startLoad(url(8081), 25), startLoad(url(8082), 25)];
    const { all } = succeeded(await deploy(commands, inputs));
    const loaded = await Promise.all(loads.map((load) => load.stop()));
    expect(loaded.map(({ failed }) => failed)).toEqual([[], []]);
    for (const { requests, answers } of loaded) {
      expect(requests).toBeGreaterThan(100);
      expect(answers).toEqual(['one', 'two']);
    }
    for (const service of ['caddy', 'haproxy', 'web']) expect(all).toMatch(new RegExp(` ${service} +roll +image`));
  });

  it('nginx shows a page while an application that cannot roll is recreated, and that is too long for max-downtime: 0s', async () => {
    app.commit(doorsFiles(bed, { web: 'two', app: 'two' }));
    const seen = new Set<string>();
    const visiting = new AbortController();
    const visits = (async () => {
      while (!visiting.signal.aborted) {
        seen.add(await visit(url(8080)));
        await sleep(50);
      }
    })();
    const watched = { ...inputs, probe: 'http://127.0.0.1:8080/', 'max-downtime': '0s' };
    const outcome = await deploy(commands, watched);
    visiting.abort();
    await visits;
    expect([...seen]).toEqual([
      '200, one, retry after never',
      `503, ${maintenance}, retry after 5`,
      '200, two, retry after never',
    ]);
    expect(outcome.code, outcome.all).toBe(1);
    expect(outcome.all).toMatch(/ app +recreate +image/);
    expect(outcome.all).toMatch(/ [1-9]\d* of \d+ requests failed during the switch\n/);
    expect(outcome.all).toMatch(/UTC, \d+\.\d s, \d+ requests? \(HTTP 503\), during "recreate app"\n/);
    expect(failureOf(outcome)).toMatch(/the URL of probe did not answer for \d+\.\d s, and max-downtime is 0 s/);
    expect(failureOf(outcome)).toContain('rolled back');
    expect(await visit(url(8080))).toBe('200, one, retry after never');
  });
});
