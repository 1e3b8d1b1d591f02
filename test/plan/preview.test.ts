import { describe, expect, it } from 'vitest';
import { containerOf, releaseOf } from '../../fixtures/builders.ts';
import { type Claims, noClaims } from '../../src/model/claims.ts';
import type { Fate, Preview } from '../../src/model/preview.ts';
import { forcedServices, renamedServices, serviceChanges } from '../../src/plan/services.ts';
import { reasonsText } from '../../src/report/reasons.ts';

type Given = {
  readonly hashes?: Readonly<Record<string, string>>;
  readonly fates?: Readonly<Record<string, Fate>>;
  readonly networks?: readonly string[];
  readonly claims?: Partial<Claims>;
  readonly built?: readonly string[];
  readonly shares?: Readonly<Record<string, readonly string[]>>;
  readonly compose?: string;
};

const depends = [
  { service: 'proxy', on: 'api', restart: false },
  { service: 'watcher', on: 'api', restart: true },
];
const services = ['api', 'proxy', 'watcher', 'db'];
const containers = services.map((service) => containerOf({ service }));

const changesOf = ({ hashes = {}, fates, networks = [], claims = {}, built = [], shares = {}, compose }: Given) => {
  const preview: Preview | undefined = fates && {
    containers: Object.fromEntries(Object.entries(fates).map(([service, fate]) => [`shop-${service}-1`, fate])),
    networks,
  };
  return serviceChanges(
    {
      hashes: { ...Object.fromEntries(services.map((service) => [service, `hash-of-${service}`])), ...hashes },
      differences: { api: [{ kind: 'environment', name: 'DEBUG' }] },
      shares,
      claims: { ...noClaims, depends, ...claims },
      ...(preview === undefined ? {} : { preview }),
    },
    containers,
    { ...releaseOf(), images: {}, built },
    'built',
    [],
    compose,
  );
};
const rows = (given: Given): readonly string[] =>
  changesOf(given).map((change) => `${change.service} ${change.action} ${reasonsText(change)}`.trim());

describe('a plan that is held against what Compose says', () => {
  it.each<readonly [string, Given, readonly string[]]>([
    [
      'takes along what depends on a service that changed',
      { hashes: { api: 'new' }, fates: { api: 'recreate', proxy: 'recreate', watcher: 'recreate', db: 'keep' } },
      ['api recreate environment DEBUG', 'proxy recreate depends on api', 'watcher recreate depends on api', 'db keep'],
    ],
    [
      'restarts only what is to be restarted, as later versions do',
      { hashes: { api: 'new' }, fates: { api: 'recreate', proxy: 'keep', watcher: 'restart', db: 'keep' } },
      ['api recreate environment DEBUG', 'proxy keep', 'watcher restart depends on api', 'db keep'],
    ],
    [
      'names the network that is made anew',
      {
        fates: { api: 'keep', proxy: 'restart', watcher: 'keep', db: 'recreate' },
        networks: ['shop_inner'],
        claims: {
          networks: [{ key: 'inner', name: 'shop_inner', external: false }],
          attached: [
            { service: 'proxy', network: 'inner' },
            { service: 'db', network: 'inner' },
          ],
        },
      },
      ['api keep', 'proxy restart network inner', 'watcher keep', 'db recreate network inner'],
    ],
    [
      'says that Compose has a reason of its own where none is known',
      { fates: { api: 'keep', proxy: 'keep', watcher: 'keep', db: 'recreate' } },
      ['api keep', 'proxy keep', 'watcher keep', 'db recreate decided by Compose'],
    ],
    [
      'keeps what Compose keeps',
      { hashes: { api: 'new' }, fates: { api: 'keep', proxy: 'keep', watcher: 'keep', db: 'keep' } },
      ['api keep', 'proxy keep', 'watcher keep', 'db keep'],
    ],
    [
      'stays as it is for what Compose did not come to',
      { hashes: { api: 'new' }, fates: { db: 'keep' } },
      ['api recreate environment DEBUG', 'proxy keep', 'watcher keep', 'db keep'],
    ],
  ])('%s', (_, given, expected) => {
    expect(rows(given)).toEqual(expected);
  });
});

describe('a service that Compose would restart on a network of another name', () => {
  const given: Given = {
    fates: { api: 'keep', proxy: 'restart', watcher: 'keep', db: 'keep' },
    networks: ['shop_renamed'],
    claims: {
      networks: [{ key: 'inner', name: 'shop_renamed', external: false }],
      attached: [{ service: 'proxy', network: 'inner' }],
    },
  };

  it.each(['2.40.3', undefined])('is restarted by Compose %s', (compose) => {
    const [, proxy] = changesOf(compose === undefined ? given : { ...given, compose });
    expect(proxy).toMatchObject({ action: 'restart', reasons: [{ kind: 'network' }] });
  });

  it('gets new containers with Compose 5, which could not start the old ones again', () => {
    expect(rows({ ...given, compose: '5.5.1' })).toContain('proxy recreate uses network shop_renamed now');
    const changes = changesOf({ ...given, compose: '5.5.1' });
    expect([renamedServices(changes), forcedServices(changes)]).toEqual([['proxy'], []]);
  });
});

describe('what is recreated by force', () => {
  const fates: Given['fates'] = { api: 'keep', proxy: 'keep', watcher: 'keep', db: 'keep' };

  it('takes along what is to be restarted with it, and nothing else that depends on it', () => {
    expect(rows({ fates, built: ['api'] })).toEqual([
      'api recreate force-recreate: built',
      'proxy keep',
      'watcher recreate depends on api',
      'db keep',
    ]);
    expect(forcedServices(changesOf({ fates, built: ['api'] }))).toEqual(['api', 'watcher']);
  });

  it('takes along what shares its container', () => {
    const given = { fates, built: ['api'], shares: { db: ['api'] } };
    expect(rows(given).at(-1)).toBe('db recreate shares the container of api');
    expect(forcedServices(changesOf(given))).toEqual(['api', 'watcher', 'db']);
  });

  it('is not recreated twice where Compose takes it along anyway', () => {
    const given: Given = {
      hashes: { api: 'new' },
      fates: { api: 'recreate', proxy: 'recreate', watcher: 'recreate', db: 'keep' },
      built: ['proxy', 'db'],
    };
    expect(rows(given)[1]).toBe('proxy recreate depends on api');
    expect(forcedServices(changesOf(given))).toEqual(['db']);
  });
});
