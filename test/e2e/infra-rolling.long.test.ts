/**
 * A working day: from the infrastructure without a door to that with one, then five rolling deploys and two that fail, while
 * people work all the time. How many requests there were, and what became of those that failed.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import type { Outcome } from '../../fixtures/korrigo.ts';
import { succeeded } from '../../fixtures/open-bed.ts';
import { newProduction, type Papers, type Production } from './infra/rolling.ts';
import type { Visited } from './infra/visitors.ts';

const versions = ['3', '4', '5', '6', '7'];

describe('a day of rolling deploys', () => {
  let bed: Bed;
  let production: Production;
  const good: Outcome[] = [];
  let deadBackend: Outcome;
  let deadNginx: Outcome;
  let visited: Visited;
  let papers: Papers;
  let toTheDoor: Outcome;
  let door: readonly string[] | undefined;

  beforeAll(async () => {
    bed = await upBed();
    production = await newProduction(bed);
    succeeded(await production.deploy(1, withoutDoor));
    toTheDoor = await production.deploy(2, withDoor);
    door = (await production.containers())['door'];
    const visitors = await production.visitors();
    for (const version of versions) good.push(await production.deploy(Number(version)));
    deadBackend = await production.deploy(8, {
      'backend/core/health.py': (text) => text.replace('{"status": "live"}', '{"status": "dead"}, status=500'),
    });
    deadNginx = await production.deploy(9, { 'infra/nginx/nginx.conf': (text) => `${text}nonsense;\n` });
    await until('twenty thousand requests', 600_000, async () => visitors.requests() > 20_000);
    visited = await visitors.stop();
    papers = await production.papers(visited);
    const { accepted, ...rest } = visited;
    console.log(JSON.stringify({ ...rest, accepted: accepted.length, slow: visitors.slow() }, null, 2));
  });
  afterAll(async () => {
    await bed?.down();
  });

  it('begins with one that recreates nginx, because the port goes to the door', () => {
    expect(toTheDoor.code, toTheDoor.all).toBe(0);
    expect(toTheDoor.all).toMatch(/ door +create +no container yet/);
    expect(toTheDoor.all).toMatch(/ nginx +recreate +.*shares the container of door/);
  });

  it('replaces what changed five times, and the door never', async () => {
    for (const { code, all } of good) expect(code, all).toBe(0);
    expect((await production.containers())['door']).toEqual(door);
  });

  it.each([
    ['never healthy', () => deadBackend, /backend/],
    ['with an nginx that cannot start', () => deadNginx, /nginx/],
  ])('rolls back from a version that is %s', (_, outcome, who) => {
    const { code, all } = outcome();
    expect(code, all).toBe(1);
    expect(all).toMatch(who);
    expect(all).toMatch(/rolled back, \d{8}-\d{6}-[0-9a-f]{12} is running again/);
  });

  it('fails no request of twenty thousand', () => {
    expect(visited.failed).toEqual([]);
    expect(visited.requests).toBeGreaterThan(20_000);
  });

  it('shows every version', () => {
    expect(visited.versions.nginx).toEqual(['2', ...versions]);
    expect(visited.versions.page.length).toBeGreaterThanOrEqual(1 + versions.length);
    expect(visited.versions.backend.length).toBeGreaterThanOrEqual(1 + versions.length);
  });

  it('loses no paper and no task, and does none twice', () => {
    expect(visited.accepted.length).toBeGreaterThan(200);
    expect(papers).toEqual({ lost: [], surplus: [], notDoneOnce: [] });
  });
});

const compose = 'infra/docker/docker-compose.prod.yml';
const withDoor = { [compose]: (text: string): string => text };
/** As it was: nginx publishes its ports itself. */
const withoutDoor = {
  [compose]: (text: string): string => {
    const [, ports = ''] = /( {4}ports:\n(?: {6}- .*\n)+)/.exec(text) ?? [];
    return text
      .replace(/ {2}door:\n(?: {4,}.*\n)+\n/, '')
      .replace(/( {2}nginx:\n.*\n)/, (start) => `${start}    network_mode: !reset null\n${ports}`);
  },
};
