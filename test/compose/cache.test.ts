import { describe, expect, it } from 'vitest';
import { type CacheFacts, defaultCaches } from '../../src/compose/cache.ts';
import { bakeDefinition } from '../../src/compose/definition.ts';
import type { BuildTarget } from '../../src/compose/targets.ts';

const web: BuildTarget = {
  name: 'web',
  repository: 'ghcr.io/acme/shop-web',
  services: ['web'],
  build: { context: '/src' },
  secrets: [],
};
const github = { ACTIONS_RUNTIME_TOKEN: 'x', ACTIONS_RESULTS_URL: 'https://results.example.com/' };
const facts: CacheFacts = {
  env: github,
  driver: 'docker-container',
  project: 'shop',
  ref: 'main',
  defaultBranch: 'main',
};
const none = { from: [], to: [] };

describe('the caches of a build that nobody chose', () => {
  it('are those of GitHub, one for each image and branch', () => {
    expect(defaultCaches(web, facts)).toEqual({
      from: ['type=gha,scope=shop-web-main'],
      to: ['type=gha,mode=max,ignore-error=true,scope=shop-web-main'],
    });
  });

  it('are read from the default branch as well', () => {
    expect(defaultCaches(web, { ...facts, ref: 'fix/a,b' })).toEqual({
      from: ['type=gha,scope=shop-web-fix-a-b', 'type=gha,scope=shop-web-main'],
      to: ['type=gha,mode=max,ignore-error=true,scope=shop-web-fix-a-b'],
    });
  });

  it.each<readonly [string, Partial<CacheFacts>]>([
    ['the engine itself builds', { driver: 'docker' }],
    ['this is not GitHub', { env: {} }],
    ['there is only half of it', { env: { ACTIONS_RUNTIME_TOKEN: 'x' } }],
  ])('are none where %s', (_, more) => {
    expect(defaultCaches(web, { ...facts, ...more })).toEqual(none);
  });

  it.each<readonly [string, Readonly<Record<string, unknown>>, readonly string[], number]>([
    ['nobody says anything', {}, [], 1],
    ['an input names one', {}, ['type=registry,ref=x'], 0],
    ['the compose file names one', { cache_from: ['x'] }, [], 0],
    ['bake is told one', { 'x-bake': { 'cache-to': ['type=inline'] } }, [], 0],
  ])('are in the definition unless somebody says otherwise: %s', (_, build, cacheFrom, count) => {
    const target = { ...web, build: { ...web.build, ...build } };
    const text = bakeDefinition([target], {
      project: 'shop',
      commit: 'c0ffee',
      committedAt: '2026-02-03T04:00:00Z',
      source: undefined,
      tags: ['main'],
      platforms: [],
      cacheFrom,
      cacheTo: [],
      caches: (one) => defaultCaches(one, facts),
    });
    expect(text.split('type=gha,mode=max').length - 1).toBe(count);
  });
});
