import { describe, expect, it } from 'vitest';
import { containerOf } from '../../fixtures/builders.ts';
import type { Config } from '../../src/config/config.ts';
import type { ServiceChange } from '../../src/model/report.ts';
import type { Container } from '../../src/model/state.ts';
import { forcedServices, serviceChanges } from '../../src/plan/services.ts';

type Given = {
  readonly replicas?: Readonly<Record<string, number>>;
  readonly shares?: Readonly<Record<string, readonly string[]>>;
  readonly hashes?: Readonly<Record<string, string>>;
  readonly changes?: Readonly<Record<string, readonly string[]>>;
  readonly containers?: readonly Container[];
  readonly built?: readonly string[];
  readonly force?: Config['forceRecreate'];
};

/** One service `web` that runs as the release says, unless a test says otherwise. */
function changesOf({
  hashes = { web: 'hash-of-web' },
  changes = {},
  replicas = {},
  shares = {},
  containers = [containerOf()],
  built = [],
  force = 'none',
}: Given) {
  return serviceChanges({ hashes, changes, replicas, shares }, containers, { built, images: {} }, force);
}

const is = (action: ServiceChange['action'], ...reasons: readonly string[]): ServiceChange => ({
  service: 'web',
  action,
  reasons,
});

describe('a service', () => {
  it.each<readonly [string, Given, ServiceChange]>([
    ['as Compose would make it is kept', {}, is('keep')],
    ['without a container is created', { containers: [] }, is('create', 'not running here yet')],
    [
      'with only a one-off container is created',
      { containers: [containerOf({ oneOff: true })] },
      is('create', 'not running here yet'),
    ],
    [
      'with another hash is recreated, for what changed',
      { hashes: { web: 'new' }, changes: { web: ['image', 'environment DEBUG'] } },
      is('recreate', 'image', 'environment DEBUG'),
    ],
    ['with another hash and no known reason is recreated', { hashes: { web: 'new' } }, is('recreate', 'configuration')],
    [
      'with one old container among several is recreated',
      { replicas: { web: 2 }, containers: [containerOf(), containerOf({ configHash: 'old' })] },
      is('recreate', 'configuration'),
    ],
    [
      'with a changed file tells the file and not how Compose sees it',
      { hashes: { web: 'new' }, changes: { web: ['labels', 'labels korrigo.files', 'volumes', 'file nginx.conf'] } },
      is('recreate', 'file nginx.conf'),
    ],
    [
      'with changed volumes and no changed file tells the volumes',
      { hashes: { web: 'new' }, changes: { web: ['volumes', 'ports'] } },
      is('recreate', 'volumes', 'ports'),
    ],
    [
      'with only our label changed has a changed configuration',
      { hashes: { web: 'new' }, changes: { web: ['labels korrigo.files'] } },
      is('recreate', 'configuration'),
    ],
    [
      'that was built is recreated by force',
      { built: ['web'], force: 'built' },
      is('recreate', 'force-recreate: built'),
    ],
    ['that was not built is not recreated by that force', { built: ['api'], force: 'built' }, is('keep')],
    ['is recreated by force with all others', { force: 'all' }, is('recreate', 'force-recreate: all')],
    [
      'that changed tells why, even where force is asked for',
      { hashes: { web: 'new' }, changes: { web: ['image'] }, built: ['web'], force: 'built' },
      is('recreate', 'image'),
    ],
    ['that stopped is started', { containers: [containerOf({ status: 'exited' })] }, is('start', 'is exited')],
    [
      'of which one container stopped is started',
      { replicas: { web: 2 }, containers: [containerOf(), containerOf({ status: 'paused' })] },
      is('start', 'is paused'),
    ],
    [
      'with a changed config in the compose file tells the config',
      { hashes: { web: 'new' }, changes: { web: ['labels korrigo.files', 'labels korrigo.config', 'config page'] } },
      is('recreate', 'config page'),
    ],
    ['with too few containers is scaled', { replicas: { web: 3 } }, is('scale', 'from 1 to 3 containers')],
    [
      'with too many containers is scaled',
      { containers: [containerOf(), containerOf()] },
      is('scale', 'from 2 to 1 container'),
    ],
    [
      'that is recreated tells that it is scaled, too',
      { hashes: { web: 'new' }, changes: { web: ['image'] }, replicas: { web: 2 } },
      is('recreate', 'image', 'from 1 to 2 containers'),
    ],
    [
      'that is recreated by force tells that it is scaled, too',
      { force: 'all', replicas: { web: 2 } },
      is('recreate', 'force-recreate: all', 'from 1 to 2 containers'),
    ],
    [
      'that is to have no container is removed',
      { hashes: {}, replicas: { web: 0 } },
      is('remove', 'is to have no container'),
    ],
    ['that is not in the release is removed', { hashes: {} }, is('remove', 'not in this release')],
    [
      'that is not in the release is removed once, however many containers it has',
      { hashes: {}, containers: [containerOf(), containerOf()] },
      is('remove', 'not in this release'),
    ],
    ['has its name for itself', { hashes: { web: 'hash-of-web' }, changes: { toString: ['image'] } }, is('keep')],
  ])('%s', (_, given, change) => {
    expect(changesOf(given)).toEqual([change]);
  });

  it('called like a property of every object is a service like any other', () => {
    const containers = [containerOf({ service: 'constructor' })];
    expect(changesOf({ hashes: {}, containers })).toEqual([
      { service: 'constructor', action: 'remove', reasons: ['not in this release'] },
    ]);
  });

  it('whose only container is a one-off is not removed', () => {
    expect(changesOf({ hashes: {}, containers: [containerOf({ oneOff: true })] })).toEqual([]);
  });
});

it('the services of a release come first, those to remove last', () => {
  const containers = [containerOf({ service: 'old' }), containerOf({ service: 'web' })];
  const changes = changesOf({ hashes: { web: 'hash-of-web', api: 'x' }, containers });
  expect(changes.map(({ service, action }) => `${action} ${service}`)).toEqual([
    'keep web',
    'create api',
    'remove old',
  ]);
});

describe('a service that shares the container of another one', () => {
  const containers = ['web', 'agent', 'backup'].map((service) => containerOf({ service }));
  const hashes = { backup: 'hash-of-backup', agent: 'hash-of-agent', web: 'hash-of-web' };
  const shares = { agent: ['web'], backup: ['gone', 'agent'] };
  const told = (given: Given): readonly string[] =>
    changesOf({ containers, hashes, shares, ...given }).map(
      ({ service, action, reasons }) => `${action} ${service}: ${reasons.join(', ')}`,
    );

  it('is kept with it', () => {
    expect(told({})).toEqual(['keep backup: ', 'keep agent: ', 'keep web: ']);
  });

  it('is recreated with it, and what shares that one’s in turn', () => {
    expect(told({ hashes: { ...hashes, web: 'new' }, changes: { web: ['image'] } })).toEqual([
      'recreate backup: agent is another container',
      'recreate agent: web is another container',
      'recreate web: image',
    ]);
  });

  it('is recreated when it gets one at last', () => {
    expect(told({ containers: containers.slice(1) })).toEqual([
      'recreate backup: agent is another container',
      'recreate agent: web is another container',
      'create web: not running here yet',
    ]);
  });

  it('tells its own reason first, and does not take the other one along', () => {
    expect(told({ hashes: { ...hashes, agent: 'new' }, changes: { agent: ['image'] } })).toEqual([
      'recreate backup: agent is another container',
      'recreate agent: image',
      'keep web: ',
    ]);
  });

  it('needs no force of its own', () => {
    const changes = changesOf({ containers, hashes, shares, built: ['web'], force: 'built' });
    expect(forcedServices(changes)).toEqual(['web']);
  });

  it('may share in a circle, which Compose refuses', () => {
    const circle = { web: ['agent'], agent: ['web'] };
    expect(told({ shares: circle })).toEqual(['keep backup: ', 'keep agent: ', 'keep web: ']);
  });
});

it('only services that up would leave alone need force', () => {
  const changes = changesOf({
    hashes: { web: 'hash-of-web', api: 'new', db: 'x' },
    containers: [containerOf(), containerOf({ service: 'api' })],
    built: ['web', 'api', 'db'],
    force: 'built',
  });
  expect(forcedServices(changes)).toEqual(['web']);
});
