import { describe, expect, it } from 'vitest';
import { commit, digest } from '../../fixtures/builders.ts';
import { makeRelease, repositoryOf, thirdParty } from '../../src/compose/images.ts';
import type { ComposeModel } from '../../src/compose/model.ts';

/** @param builds the services that are built */
const modelOf = (images: Readonly<Record<string, string>>, ...builds: readonly string[]): ComposeModel => ({
  name: 'shop',
  services: [...new Set([...Object.keys(images), ...builds])],
  images,
  builds: Object.fromEntries(builds.map((service) => [service, { context: '.' }])),
  paths: [],
  buildSecrets: {},
  onPlatform: [],
  envFiles: [],
  otherImages: {},
  fromEnvironment: [],
  problems: [],
});

describe('the repository of an image', () => {
  it.each([
    ['redis', 'redis'],
    ['redis:7', 'redis'],
    ['ghcr.io/acme/web:v1', 'ghcr.io/acme/web'],
    ['localhost:5000/web', 'localhost:5000/web'],
    ['localhost:5000/web:v1', 'localhost:5000/web'],
    [`localhost:5000/web:v1@${digest('1')}`, 'localhost:5000/web'],
    [`redis@${digest('1')}`, 'redis'],
    ['[::1]:5000/web:v1', '[::1]:5000/web'],
  ])('of %s is %s', (image, repository) => {
    expect(repositoryOf(image)).toBe(repository);
  });
});

describe('images of others', () => {
  it('are those that nothing here builds', () => {
    expect(thirdParty(modelOf({ web: 'site', worker: 'site', cache: 'redis:7' }, 'web'))).toEqual({ cache: 'redis:7' });
  });

  it('may belong to a service called like a property of every object', () => {
    expect(thirdParty(modelOf({ constructor: 'redis:7' }))).toEqual({ constructor: 'redis:7' });
  });
});

describe('a release', () => {
  const made = { time: new Date('2026-02-03T04:05:06Z'), commit, committedAt: '2026-02-03T04:00:00Z', project: 'shop' };
  const [web, cache] = [`ghcr.io/acme/shop-web@${digest('1')}`, `redis@${digest('2')}`];

  it('names every service by digest, and what was built', () => {
    const model = modelOf({ web: 'site', cache: 'redis:7' }, 'web');
    expect(makeRelease(model, { ...made, pushed: { web }, pinned: { cache } })).toEqual({
      id: '20260203-040506-c0ffee012345',
      commit,
      committedAt: '2026-02-03T04:00:00Z',
      project: 'shop',
      images: { cache, web },
      built: ['web'],
    });
  });

  it('gives services that share an image the one that was built', () => {
    const model = modelOf({ web: 'site', worker: 'site', beat: 'site' }, 'web');
    const { images, built } = makeRelease(model, { ...made, pushed: { web }, pinned: {} });
    expect(images).toEqual({ web, worker: web, beat: web });
    expect(built).toEqual(['web', 'worker', 'beat']);
  });

  it('keeps services apart that are built on their own, even with one name', () => {
    const model = modelOf({ web: 'site', worker: 'site' }, 'web', 'worker');
    const worker = `ghcr.io/acme/shop-worker@${digest('3')}`;
    const { images, built } = makeRelease(model, { ...made, pushed: { web, worker }, pinned: {} });
    expect(images).toEqual({ web, worker });
    expect(built).toEqual(['web', 'worker']);
  });

  it('with an image that has no digest is a bug, not a release', () => {
    const model = modelOf({ cache: 'redis:7' });
    expect(() => makeRelease(model, { ...made, pushed: {}, pinned: { cache: 'redis:7' } })).toThrow(
      /^made a release that has an image that is not of the form name@sha256:<64 digits>: \{/,
    );
  });
});
