import { describe, expect, it } from 'vitest';
import { buildTargets } from '../../src/compose/targets.ts';

type Built = Parameters<typeof buildTargets>[0];

/** Services with a folder of their own each, unless `builds` says otherwise. */
const targetsOf = (services: readonly string[], more: Partial<Built> = {}, project = 'shop') => {
  const builds = Object.fromEntries(services.map((service) => [service, { context: `/src/${service}` }]));
  return buildTargets({ images: {}, builds, buildSecrets: {}, ...more }, 'ghcr.io/acme', project);
};
const repositories = (...given: Parameters<typeof targetsOf>) => targetsOf(...given).map((one) => one.repository);

describe('a built image is pushed to', () => {
  it.each([
    ['where its image says, in our registry', { web: 'ghcr.io/acme/site:old' }, 'ghcr.io/acme/site'],
    ['a name of its own, if its image is not in our registry', { web: 'site:1' }, 'ghcr.io/acme/shop-web'],
    [
      'a name of its own, if its image only starts like our registry',
      { web: 'ghcr.io/acme2/site' },
      'ghcr.io/acme/shop-web',
    ],
    ['a name of its own, if it has none', {}, 'ghcr.io/acme/shop-web'],
  ])('%s', (_, images, repository) => {
    expect(repositories(['web'], { images })).toEqual([repository]);
  });

  it.each([
    ['MongoConnector', 'shop-mongoconnector'],
    ['web_', 'shop-web'],
    ['a__b', 'shop-a__b'],
    ['a___b', 'shop-a-b'],
    ['a..b', 'shop-a-b'],
    ['a.-b', 'shop-a-b'],
    ['a--b', 'shop-a--b'],
    ['web.v2', 'shop-web.v2'],
    ['_x', 'shop-x'],
  ])('a name that a registry takes, for %s', (service, name) => {
    expect(repositories([service])).toEqual([`ghcr.io/acme/${name}`]);
  });

  it('a name that a registry takes, for a project that ends in a separator', () => {
    expect(repositories(['web'], {}, 'shop_')).toEqual(['ghcr.io/acme/shop-web']);
  });

  it('another name than that of a service which is written almost the same', () => {
    const all = repositories(['Web', 'web', 'web_', 'WEB']);
    expect(all[1]).toBe('ghcr.io/acme/shop-web');
    expect(new Set(all).size).toBe(4);
    for (const name of all) expect(name).toMatch(/^ghcr\.io\/acme\/shop-web(-[0-9a-f]{6})?$/);
  });
});

describe('a target of bake', () => {
  it('has a name that bake takes, and no other has', () => {
    const names = targetsOf(['a.b', 'a_b', 'MongoConnector', 'web_', 'default']).map(({ name }) => name);
    expect(names.slice(1)).toEqual(['a_b', 'MongoConnector', 'web_', 'default_']);
    expect(names[0]).toMatch(/^a_b-[0-9a-f]{6}$/);
  });

  it('is one for all services that build the same', () => {
    const same = { context: '/src', args: { A: '1' } };
    const services = ['beat', 'web', 'worker'];
    const builds = Object.fromEntries(services.map((service) => [service, same]));
    expect(targetsOf([], { builds })).toMatchObject([
      { name: 'beat', repository: 'ghcr.io/acme/shop-beat', services, build: same },
    ]);
    const images = Object.fromEntries(services.map((service) => [service, 'ghcr.io/acme/app:1']));
    expect(targetsOf([], { builds, images })).toMatchObject([{ repository: 'ghcr.io/acme/app', services }]);
  });

  it.each<readonly [string, Partial<Built>]>([
    ['other arguments', { builds: { a: { args: { A: '1' } }, b: { args: { A: '2' } } } }],
    ['other secrets', { builds: { a: {}, b: {} }, buildSecrets: { a: [{ id: 'x', from: 'env=X' }] } }],
    ['another place in our registry', { builds: { a: {}, b: {} }, images: { b: 'ghcr.io/acme/b' } }],
  ])('is a different one with %s', (_, given) => {
    expect(targetsOf([], given)).toHaveLength(2);
  });
});
