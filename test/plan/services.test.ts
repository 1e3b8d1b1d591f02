import { describe, expect, it } from 'vitest';
import { containerOf } from '../../fixtures/builders.ts';
import type { Config } from '../../src/config/config.ts';
import type { Difference, Reason, ServiceChange } from '../../src/model/changes.ts';
import type { Container } from '../../src/model/state.ts';
import { forcedServices, serviceChanges } from '../../src/plan/services.ts';
import { reasonsText } from '../../src/report/reasons.ts';

type Given = {
  readonly replicas?: Readonly<Record<string, number>>;
  readonly shares?: Readonly<Record<string, readonly string[]>>;
  readonly hashes?: Readonly<Record<string, string>>;
  readonly differences?: Readonly<Record<string, readonly Difference[]>>;
  readonly containers?: readonly Container[];
  readonly built?: readonly string[];
  readonly force?: Config['forceRecreate'];
  /** Of the networks that there are. */
  readonly networks?: readonly string[];
};

/** One service `web` that runs as the release says, unless a test says otherwise. */
function changesOf({
  hashes = { web: 'hash-of-web' },
  differences = {},
  replicas = {},
  shares = {},
  containers = [containerOf()],
  built = [],
  force = 'none',
  networks = [],
}: Given) {
  return serviceChanges({ hashes, differences, replicas, shares }, containers, { built, images: {} }, force, networks);
}

const image: Difference = { kind: 'image' };
const variable = (name: string): Difference => ({ kind: 'environment', name });
const file = (name: string): Difference => ({ kind: 'file', name });
const label = (name: string): Difference => ({ kind: 'label', name });
const key = (name: string): Difference => ({ kind: 'key', name });

const is = (action: ServiceChange['action'], ...reasons: readonly Reason[]): ServiceChange => ({
  service: 'web',
  action,
  reasons,
});

describe('a service', () => {
  it.each<readonly [string, Given, ServiceChange]>([
    ['as Compose would make it is kept', {}, is('keep')],
    [
      'that has ended, and whose network was removed since, is recreated: Docker does not start it again',
      { containers: [containerOf({ status: 'exited', networkIds: ['a', 'old'] })], networks: ['a', 'b'] },
      is('recreate', { kind: 'lost-network' }),
    ],
    [
      'that has ended, and whose network is there, is started',
      { containers: [containerOf({ status: 'exited', networkIds: ['a'] })], networks: ['a', 'b'] },
      is('start', { kind: 'stopped', status: 'exited' }),
    ],
    [
      'that has ended is started where the networks are not known',
      { containers: [containerOf({ status: 'exited', networkIds: ['a'] })] },
      is('start', { kind: 'stopped', status: 'exited' }),
    ],
    ['without a container is created', { containers: [] }, is('create', { kind: 'new' })],
    [
      'with only a one-off container is created',
      { containers: [containerOf({ oneOff: true })] },
      is('create', { kind: 'new' }),
    ],
    [
      'with another hash is recreated, for what changed',
      { hashes: { web: 'new' }, differences: { web: [image, variable('DEBUG')] } },
      is('recreate', image, variable('DEBUG')),
    ],
    [
      'with another hash and no known reason is recreated',
      { hashes: { web: 'new' } },
      is('recreate', { kind: 'configuration' }),
    ],
    [
      'with one old container among several is recreated',
      { replicas: { web: 2 }, containers: [containerOf(), containerOf({ configHash: 'old' })] },
      is('recreate', { kind: 'configuration' }),
    ],
    [
      'with a changed file tells the file and not how Compose sees it',
      {
        hashes: { web: 'new' },
        differences: { web: [key('labels'), label('korrigo.files'), key('volumes'), file('nginx.conf')] },
      },
      is('recreate', file('nginx.conf')),
    ],
    [
      'with changed volumes and no changed file tells the volumes',
      { hashes: { web: 'new' }, differences: { web: [key('volumes'), key('ports')] } },
      is('recreate', key('volumes'), key('ports')),
    ],
    [
      'with its first variables tells the variables',
      { hashes: { web: 'new' }, differences: { web: [key('environment'), variable('A'), variable('B')] } },
      is('recreate', variable('A'), variable('B')),
    ],
    [
      'with only our label changed has a changed configuration',
      { hashes: { web: 'new' }, differences: { web: [label('korrigo.files')] } },
      is('recreate', { kind: 'configuration' }),
    ],
    [
      'that was built is recreated by force',
      { built: ['web'], force: 'built' },
      is('recreate', { kind: 'forced', by: 'built' }),
    ],
    ['that was not built is not recreated by that force', { built: ['api'], force: 'built' }, is('keep')],
    ['is recreated by force with all others', { force: 'all' }, is('recreate', { kind: 'forced', by: 'all' })],
    [
      'that changed tells why, even where force is asked for',
      { hashes: { web: 'new' }, differences: { web: [image] }, built: ['web'], force: 'built' },
      is('recreate', image),
    ],
    [
      'that stopped is started',
      { containers: [containerOf({ status: 'exited' })] },
      is('start', { kind: 'stopped', status: 'exited' }),
    ],
    [
      'of which one container stopped is started',
      { replicas: { web: 2 }, containers: [containerOf(), containerOf({ status: 'paused' })] },
      is('start', { kind: 'stopped', status: 'paused' }),
    ],
    [
      'with a changed config in the compose file tells the config',
      {
        hashes: { web: 'new' },
        differences: { web: [label('korrigo.files'), label('korrigo.config'), { kind: 'config', name: 'page' }] },
      },
      is('recreate', { kind: 'config', name: 'page' }),
    ],
    ['with too few containers is scaled', { replicas: { web: 3 } }, is('scale', { kind: 'scale', from: 1, to: 3 })],
    [
      'with too many containers is scaled',
      { containers: [containerOf(), containerOf()] },
      is('scale', { kind: 'scale', from: 2, to: 1 }),
    ],
    [
      'that is recreated tells that it is scaled, too',
      { hashes: { web: 'new' }, differences: { web: [image] }, replicas: { web: 2 } },
      is('recreate', image, { kind: 'scale', from: 1, to: 2 }),
    ],
    [
      'that is recreated by force tells that it is scaled, too',
      { force: 'all', replicas: { web: 2 } },
      is('recreate', { kind: 'forced', by: 'all' }, { kind: 'scale', from: 1, to: 2 }),
    ],
    [
      'that is to have no container is removed',
      { hashes: {}, replicas: { web: 0 } },
      is('remove', { kind: 'unwanted' }),
    ],
    ['that is not in the release is removed', { hashes: {} }, is('remove', { kind: 'gone' })],
    [
      'that is not in the release is removed once, however many containers it has',
      { hashes: {}, containers: [containerOf(), containerOf()] },
      is('remove', { kind: 'gone' }),
    ],
    ['has its name for itself', { hashes: { web: 'hash-of-web' }, differences: { toString: [image] } }, is('keep')],
  ])('%s', (_, given, change) => {
    expect(changesOf(given)).toEqual([change]);
  });

  it('called like a property of every object is a service like any other', () => {
    const containers = [containerOf({ service: 'constructor' })];
    expect(changesOf({ hashes: {}, containers })).toEqual([
      { service: 'constructor', action: 'remove', reasons: [{ kind: 'gone' }] },
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
      ({ service, action, reasons }) => `${action} ${service}: ${reasonsText({ reasons })}`,
    );

  it('is kept with it', () => {
    expect(told({})).toEqual(['keep backup: ', 'keep agent: ', 'keep web: ']);
  });

  it('is recreated with it, and what shares that one’s in turn', () => {
    expect(told({ hashes: { ...hashes, web: 'new' }, differences: { web: [image] } })).toEqual([
      'recreate backup: shares the container of agent',
      'recreate agent: shares the container of web',
      'recreate web: image',
    ]);
  });

  it('is recreated when it gets one at last', () => {
    expect(told({ containers: containers.slice(1) })).toEqual([
      'recreate backup: shares the container of agent',
      'recreate agent: shares the container of web',
      'create web: no container yet',
    ]);
  });

  it('reports its own reason first, and does not take the other one along', () => {
    expect(told({ hashes: { ...hashes, agent: 'new' }, differences: { agent: [image] } })).toEqual([
      'recreate backup: shares the container of agent',
      'recreate agent: image',
      'keep web: ',
    ]);
  });

  it('is recreated by name with one that is forced, and needs no name where Compose recreates that one anyway', () => {
    const changes = changesOf({ containers, hashes, shares, built: ['web'], force: 'built' });
    expect(forcedServices(changes)).toEqual(['web', 'agent', 'backup']);
    const anyway = changesOf({ containers, hashes: { ...hashes, web: 'new' }, shares, built: ['web'], force: 'built' });
    expect(forcedServices(anyway)).toEqual([]);
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
