/** Korrigo is deployed to while people work with it: a good version, and one that cannot start. Nobody notices either. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import type { Outcome } from '../../fixtures/korrigo.ts';
import { succeeded } from '../../fixtures/open-bed.ts';
import { newProduction, type Papers, type Production } from './infra/rolling.ts';
import type { Visited } from './infra/visitors.ts';

describe('rolling deploys of Korrigo while people work with it', () => {
  let bed: Bed;
  let production: Production;
  let good: Outcome;
  let broken: Outcome;
  let visited: Visited;
  let papers: Papers;
  const containers: Readonly<Record<string, readonly string[]>>[] = [];

  beforeAll(async () => {
    bed = await upBed();
    production = await newProduction(bed);
    succeeded(await production.deploy(1));
    containers.push(await production.containers());
    const visitors = await production.visitors(100);
    good = await production.deploy(2);
    containers.push(await production.containers());
    broken = await production.deploy(3, { 'infra/nginx/nginx.conf': (text) => `${text}nonsense;\n` });
    await until('somebody slow is through', 60_000, async () => visitors.slow() > 1);
    visited = await visitors.stop();
    papers = await production.papers(visited);
    if (process.env['KORRIGO_SHOW'] === '1')
      console.log(JSON.stringify({ ...visited, accepted: visited.accepted.length }));
  });
  afterAll(async () => {
    await bed?.down();
  });

  it('replace what changed and leave the door, the databases and the certificate alone', () => {
    expect(good.code, good.all).toBe(0);
    for (const service of ['backend', 'celery', 'nginx'])
      expect(good.all).toMatch(new RegExp(` ${service} +roll +(file|image)`));
    const [before = {}, after = {}] = containers;
    for (const service of ['door', 'db', 'redis', 'certbot']) expect(after[service], service).toEqual(before[service]);
    for (const service of ['backend', 'celery', 'nginx']) {
      expect(after[service], service).toHaveLength(1);
      expect(after[service], service).not.toEqual(before[service]);
    }
  });

  it('roll back from a version whose nginx cannot start', () => {
    expect(broken.code, broken.all).toBe(1);
    expect(broken.all).toMatch(/rolled back, \d{8}-\d{6}-[0-9a-f]{12} is running again/);
  });

  it('fail no request', () => {
    expect(visited.failed).toEqual([]);
    expect(visited.requests).toBeGreaterThan(500);
    expect(Object.values(visited.kinds)).not.toContain(0);
  });

  it('are seen: the pages, nginx and the backend of both versions', () => {
    expect(visited.versions.nginx).toEqual(['1', '2']);
    expect(visited.versions.page).toHaveLength(2);
    // The third one answered until its nginx failed.
    expect(visited.versions.backend).toHaveLength(3);
  });

  it('lose no paper and no task, and do none twice', () => {
    expect(visited.accepted.length).toBeGreaterThan(20);
    expect(papers).toEqual({ lost: [], surplus: [], notDoneOnce: [] });
  });
});
