import { describe, expect, it } from 'vitest';
import { containerOf, releaseOf, resolutionOf } from '../../fixtures/builders.ts';
import { type Claims, type Mount, noClaims } from '../../src/model/claims.ts';
import type { Container } from '../../src/model/state.ts';
import { consentTo, dataOf } from '../../src/plan/data.ts';
import { dataText } from '../../src/report/data.ts';

type Given = {
  readonly claims?: Partial<Claims>;
  readonly containers?: readonly Container[];
  readonly services?: readonly string[];
  readonly shares?: Readonly<Record<string, readonly string[]>>;
  /** There is no release yet. */
  readonly first?: boolean;
  /** Networks that Compose said it would make anew; undefined: it was not asked. */
  readonly fresh?: readonly string[];
};

const volumeAt = (service: string, source: string, target = '/data'): Mount => ({
  service,
  kind: 'volume',
  source,
  target,
  writable: true,
});
const folderAt = (service: string, source: string, target = '/data'): Mount => ({
  ...volumeAt(service, source, target),
  kind: 'bind',
});
const named = (key: string, name = `shop_${key}`) => ({ key, name, external: false });
/** A container of the service, with what it has mounted. */
const running = (...mounts: readonly Mount[]): Container =>
  containerOf({ service: mounts[0]?.service ?? 'db', mounts });

const changesOf = ({ claims = {}, containers = [], services = ['db'], shares = {}, first = false, fresh }: Given) =>
  dataOf(
    resolutionOf({
      claims: { ...noClaims, ...claims },
      shares,
      ...(fresh === undefined ? {} : { preview: { containers: {}, networks: fresh } }),
    }),
    {
      root: '/opt/shop',
      containers,
      release: { ...releaseOf(), images: Object.fromEntries(services.map((service) => [service, 'x'])) },
      from: first ? undefined : 'r1',
    },
  );
/** Those that need consent with an exclamation mark. */
const told = (given: Given): readonly string[] =>
  changesOf(given).map((change) => `${consentTo(change) === undefined ? '' : `! `}${dataText(change)}`);

describe('data on a server', () => {
  const here = { shop_old: 'shop' };

  it.each<readonly [string, Given, readonly string[]]>([
    [
      'is left alone where the same volume is mounted',
      {
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: { mounts: [volumeAt('db', 'old')], volumes: [named('old')], volumesHere: here },
      },
      [],
    ],
    [
      'is left alone where a service has it from another one by volumes_from',
      {
        containers: [running(volumeAt('db', 'shop_old')), running(volumeAt('backup', 'shop_old'))],
        services: ['db', 'backup'],
        shares: { backup: ['db'] },
        claims: { mounts: [volumeAt('db', 'old')], volumes: [named('old')], volumesHere: here },
      },
      [],
    ],
    [
      'would be replaced by an empty volume: the key changed',
      {
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: { mounts: [volumeAt('db', 'new')], volumes: [named('new')], volumesHere: here },
      },
      ['! db gets a new, empty volume shop_new at /data; shop_old stays behind with its data'],
    ],
    [
      'would be replaced by an empty volume: the name below the key changed',
      {
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: { mounts: [volumeAt('db', 'data')], volumes: [named('data', 'pg-15')], volumesHere: here },
      },
      ['! db gets a new, empty volume pg-15 at /data; shop_old stays behind with its data'],
    ],
    [
      'is where it was when only the key changed and the name did not',
      {
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: { mounts: [volumeAt('db', 'new')], volumes: [named('new', 'shop_old')], volumesHere: here },
      },
      [],
    ],
    [
      'would be replaced by an empty volume: the service has another name, too',
      {
        services: ['postgres'],
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: { mounts: [volumeAt('postgres', 'new')], volumes: [named('new')], volumesHere: here },
      },
      ['! postgres gets a new, empty volume shop_new at /data; shop_old stays behind with its data'],
    ],
    [
      'would be replaced by an empty volume while nothing runs',
      {
        claims: {
          mounts: [volumeAt('db', 'new')],
          volumes: [named('new')],
          volumesHere: here,
          current: { mounts: [volumeAt('db', 'old')], volumes: [named('old')], networks: [] },
        },
      },
      ['! db gets a new, empty volume shop_new at /data; shop_old stays behind with its data'],
    ],
    [
      'is no longer there to be missed',
      {
        claims: {
          mounts: [volumeAt('db', 'new')],
          volumes: [named('new')],
          current: { mounts: [volumeAt('db', 'old')], volumes: [named('old')], networks: [] },
        },
      },
      [],
    ],
    [
      'would be replaced by an empty folder',
      {
        containers: [running(folderAt('db', '/opt/shop/shared/data'))],
        claims: { mounts: [folderAt('db', '/opt/shop/shared/pg')], empty: ['/opt/shop/shared/pg'] },
      },
      ['! db gets a new, empty folder /opt/shop/shared/pg at /data; /opt/shop/shared/data stays behind with its data'],
    ],
    [
      'of an application that ran by hand would be replaced by an empty folder',
      {
        containers: [running(folderAt('db', '/srv/shop/data'))],
        claims: { mounts: [folderAt('db', '/opt/shop/shared/data')], empty: ['/opt/shop/shared/data'] },
        first: true,
      },
      ['! db gets a new, empty folder /opt/shop/shared/data at /data; /srv/shop/data stays behind with its data'],
    ],
    [
      'was copied to another volume before',
      {
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: {
          mounts: [volumeAt('db', 'new')],
          volumes: [named('new')],
          volumesHere: { ...here, shop_new: '' },
        },
      },
      ['shop_old is no longer used and stays behind with its data'],
    ],
    [
      'is no longer mounted by a service that goes on',
      { containers: [running(volumeAt('db', 'shop_old'))], claims: { volumesHere: here } },
      ['! db mounts nothing at /data any more; shop_old stays behind with its data'],
    ],
    [
      'is no longer mounted by a service that has an anonymous volume there now',
      {
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: { mounts: [volumeAt('db', '-')], volumesHere: here },
      },
      ['! db mounts nothing at /data any more; shop_old stays behind with its data'],
    ],
    [
      'is mounted at another path of the same service, which is said',
      {
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: { mounts: [volumeAt('db', 'old', '/elsewhere')], volumes: [named('old')], volumesHere: here },
      },
      ['db has shop_old at /elsewhere now, not at /data: make sure that it looks for its data there'],
    ],
    [
      'stays behind when its service is gone',
      {
        services: ['web'],
        containers: [running(volumeAt('db', 'shop_old')), containerOf()],
        claims: { mounts: [volumeAt('web', 'new')], volumes: [named('new')], volumesHere: here },
      },
      ['shop_old is no longer used and stays behind with its data'],
    ],
    [
      'is used by another service when its own is gone',
      {
        services: ['web'],
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: { mounts: [volumeAt('web', 'old')], volumes: [named('old')], volumesHere: here },
      },
      [],
    ],
    [
      'would be replaced by an empty volume: until now it was in one that nobody named',
      {
        containers: [running(volumeAt('db', '0'.repeat(64)))],
        claims: { mounts: [volumeAt('db', 'new')], volumes: [named('new')] },
      },
      [`! db gets a new, empty volume shop_new at /data; ${'0'.repeat(64)} stays behind with its data`],
    ],
    [
      'is in a volume that nobody named, and its service has another name now',
      {
        services: ['postgres'],
        containers: [running(volumeAt('db', '0'.repeat(64)))],
        claims: { mounts: [volumeAt('postgres', '-')] },
      },
      [`! postgres gets a new, empty volume at /data; ${'0'.repeat(64)} stays behind with its data`],
    ],
    [
      'is in a volume that nobody named, and its service is gone',
      { services: ['web'], containers: [running(volumeAt('db', '0'.repeat(64))), containerOf()] },
      [`${'0'.repeat(64)} is no longer used and stays behind with its data`],
    ],
    [
      'is none in what is only read, shipped, handed on, or not the application’s own',
      {
        containers: [
          running(
            { ...volumeAt('db', 'shop_old'), writable: false },
            folderAt('db', '/opt/shop/files/0123456789abcdef/conf', '/conf'),
            volumeAt('db', '0'.repeat(64), '/anonymous'),
            folderAt('db', '/var/run/docker.sock', '/var/run/docker.sock'),
          ),
        ],
      },
      [],
    ],
    [
      'may be in a shipped file, which another one would replace',
      {
        containers: [running(folderAt('db', '/opt/shop/files/a/app.db', '/app.db'))],
        claims: {
          mounts: [folderAt('db', '/opt/shop/files/b/app.db', '/app.db')],
          written: ['/opt/shop/files/a/app.db'],
        },
      },
      [
        '! db has written to the file at /app.db, and this release ships another version; /opt/shop/files/a/app.db keeps what was written',
      ],
    ],
    [
      'was in a shipped file, and was copied to the server’s own',
      {
        containers: [running(folderAt('db', '/opt/shop/files/a/app.db', '/app.db'))],
        claims: {
          mounts: [folderAt('db', '/opt/shop/shared/app.db', '/app.db')],
          written: ['/opt/shop/files/a/app.db'],
        },
      },
      [],
    ],
    [
      'keeps a volume whose definition changed',
      {
        containers: [running(volumeAt('db', 'shop_old'))],
        claims: {
          mounts: [volumeAt('db', 'old')],
          volumes: [named('old')],
          volumesHere: here,
          current: { mounts: [], volumes: [named('old')], networks: [] },
          redefined: [
            { of: 'volumes', key: 'old', option: 'driver_opts' },
            { of: 'volumes', key: 'old', option: 'labels' },
          ],
        },
      },
      [
        '! volume shop_old is defined differently now (driver_opts), but an existing volume keeps the settings it was created with',
      ],
    ],
    [
      'may belong to another project',
      {
        claims: {
          mounts: [volumeAt('db', 'data')],
          volumes: [named('data', 'pgdata')],
          volumesHere: { pgdata: 'other' },
        },
      },
      ['! volume pgdata belongs to project other'],
    ],
    [
      'may belong to nobody, or be said to be somebody else’s',
      {
        claims: {
          mounts: [volumeAt('db', 'a'), volumeAt('db', 'b', '/b')],
          volumes: [named('a'), { key: 'b', name: 'b', external: true }],
          volumesHere: { shop_a: '', b: 'other' },
        },
      },
      [],
    ],
  ])('%s', (_, given, expected) => {
    expect(told(given)).toEqual(expected);
  });
});

describe('a network that is defined otherwise', () => {
  const claims: Partial<Claims> = {
    networks: [named('back')],
    current: { mounts: [], volumes: [], networks: [named('back')] },
    redefined: [{ of: 'networks', key: 'back', option: 'ipam' }],
  };

  it('is reported where this version of Compose leaves it as it is', () => {
    expect(told({ claims, fresh: [] })).toEqual([
      'network shop_back is defined differently now (ipam), but this version of Compose leaves it as it is; to apply that, run `docker compose down` in current/ on the server and deploy again',
    ]);
  });

  it('is a reason in the plan where it is made anew, or where Compose was not asked', () => {
    expect(told({ claims, fresh: ['shop_back'] })).toEqual([]);
    expect(told({ claims })).toEqual([]);
  });
});

describe('a project that may be this application', () => {
  const neighbour = (service: string, project: string, folder: string) => ({
    name: `${project}-${service}-1`,
    project,
    service,
    folder,
    published: [],
  });

  it.each([
    ['runs from a folder of its name', [neighbour('x', 'app', '/srv/shop')], ['db']],
    [
      'runs the same services',
      [neighbour('db', 'app', '/srv/app'), neighbour('web', 'app', '/srv/app')],
      ['db', 'web'],
    ],
  ])('%s', (_, neighbours, services) => {
    expect(changesOf({ claims: { neighbours }, services, first: true })).toMatchObject([
      { kind: 'twin', project: 'app' },
    ]);
    expect(changesOf({ claims: { neighbours }, services })).toEqual([]);
  });

  it('is none that is another one, this one, or no project', () => {
    const neighbours = [
      neighbour('db', 'app', '/srv/app'),
      neighbour('db', 'shop', '/srv/shop'),
      neighbour('db', '', '/srv/shop'),
    ];
    expect(changesOf({ claims: { neighbours }, services: ['db', 'web'], first: true })).toEqual([]);
  });
});
