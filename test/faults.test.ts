import { describe, expect, it } from 'vitest';
import type { Evidence } from '../fixtures/faults/evidence.ts';
import { type Expected, unsettled, untrue } from '../fixtures/faults/judgment.ts';
import { faultNames, isBroken, scenarioOf } from '../fixtures/faults/scenario.ts';

const images = { web: 'shop-web@sha256:a', cache: 'busybox@sha256:b' };
const container = (service: 'web' | 'cache', more: Partial<Evidence['containers'][number]> = {}) => ({
  name: `shop-${service}-1`,
  service,
  image: images[service],
  state: 'running',
  health: 'healthy',
  oneOff: false,
  error: '',
  ...more,
});

const well: Evidence = {
  containers: [container('web'), container('cache')],
  current: 'new',
  images,
  lease: [],
  logins: [],
  processes: [],
  networks: ['shop_default'],
  history: [
    { release: 'old', outcome: 'succeeded' },
    { release: 'new', outcome: 'started' },
    { release: 'new', outcome: 'succeeded' },
  ],
  rows: new Set(['1', '2']),
  files: new Set(['1', '2']),
  troubles: [],
};

describe('a server that has settled', () => {
  it('has nothing to complain of, nor has one that is empty', () => {
    expect(unsettled(well)).toEqual([]);
    expect(unsettled({ ...well, current: undefined, images: {}, containers: [], networks: [] })).toEqual([]);
  });

  it.each<[string, Partial<Evidence>, string]>([
    [
      'a container of another release',
      { containers: [container('web', { image: 'x' }), container('cache')] },
      'shop-web-1 runs x, but current has shop-web@sha256:a',
    ],
    [
      'a container that is not healthy',
      { containers: [container('web', { health: 'starting' }), container('cache')] },
      'shop-web-1 is running, starting',
    ],
    [
      'a container that has ended',
      { containers: [container('web', { state: 'exited' }), container('cache')] },
      'shop-web-1 is exited, healthy',
    ],
    ['a container that is missing', { containers: [container('cache')] }, 'web has no container'],
    [
      'a container that Compose has not named yet',
      { containers: [...well.containers, container('web', { name: '0123456789ab_shop-web-1' })] },
      'unexpected container 0123456789ab_shop-web-1',
    ],
    [
      'two containers of a service',
      { containers: [...well.containers, container('web', { name: 'shop-web-2' })] },
      'web has a second container, shop-web-2',
    ],
    [
      'a migration',
      { containers: [...well.containers, container('web', { name: 'shop-web-run-1', oneOff: true })] },
      'container shop-web-run-1 (running) belongs to no release',
    ],
    [
      'a network where nothing runs',
      { current: undefined, images: {}, containers: [] },
      'networks were left over: shop_default',
    ],
    ['a lease that is not free', { lease: ['locked'] }, 'the lease is not free: locked'],
    ['a login', { logins: ['/tmp/.login-x'] }, 'a login was left over: /tmp/.login-x'],
    ['a process', { processes: ['sleep 1'] }, 'a process was left over: sleep 1'],
    [
      'an attempt without an end',
      { history: [{ release: 'new', outcome: 'started' }] },
      'the history has an attempt that started and never finished',
    ],
    ['an engine that is down', { troubles: ['the engine does not answer'] }, 'the engine does not answer'],
  ])('is not one with %s', (_, more, says) => {
    expect(unsettled({ ...well, ...more })).toEqual([says]);
  });
});

describe('a run of the faults', () => {
  const expected: Expected = {
    before: 'old',
    deployed: images,
    attempts: 1,
    written: new Set(['1', '2']),
    code: 0,
    said: '',
  };
  const old: Partial<Evidence> = { current: 'old', images: { web: 'before' }, history: well.history.slice(0, 1) };

  it('is right when the new release runs, and when the old one does and says so', () => {
    expect(untrue(well, expected)).toEqual([]);
    expect(untrue({ ...well, ...old }, { ...expected, code: 1, said: 'rolled back, old is running again' })).toEqual(
      [],
    );
  });

  it.each<[string, Partial<Evidence>, Partial<Expected>, string]>([
    [
      'runs a third release',
      { current: 'other', images: {} },
      { code: 1 },
      'current is other, which is neither the old release nor the deployed one',
    ],
    [
      'runs a version that cannot be well',
      {},
      { code: 1, deployed: undefined },
      'current is new, which is neither the old release nor the deployed one',
    ],
    ['runs the old release after a success', old, {}, 'the program exited with 0, but the new release does not run'],
    [
      'says that it went back and did not',
      {},
      { code: 1, said: 'rolled back, old is running again' },
      'the program says that it rolled back, but the new release runs',
    ],
    [
      'has no success in the history',
      { history: well.history.slice(0, 2) },
      {},
      'the new release runs, but the history does not say so',
    ],
    [
      'has a success in the history that is none',
      { ...old, history: well.history },
      { code: 1 },
      'the history says that it succeeded, but the old release runs',
    ],
    [
      'has a rollback that failed',
      { ...old, history: [{ release: 'new', outcome: 'rollback-failed' }] },
      { code: 1, attempts: 0 },
      'the history says that the rollback failed',
    ],
    ['has lost a row', { rows: new Set(['1']) }, {}, '1 of 2 acknowledged rows or files are gone'],
    ['has lost a file', { files: new Set(['2']) }, {}, '1 of 2 acknowledged rows or files are gone'],
  ])('is wrong when the server %s', (_, evidence, more, says) => {
    expect(untrue({ ...well, ...evidence }, { ...expected, ...more })).toContain(says);
  });
});

describe('a scenario', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(scenarioOf(7)).toEqual(scenarioOf(7));
    expect(new Set(Array.from({ length: 50 }, (_, seed) => scenarioOf(seed).delay)).size).toBeGreaterThan(40);
  });

  it('has each fault once in twelve, and a third of the versions is broken', () => {
    const twelve = Array.from({ length: 12 }, (_, n) => scenarioOf(100 + n).fault);
    expect(twelve.toSorted()).toEqual([...faultNames].sort());
    const broken = Array.from({ length: 3000 }, (_, seed) => scenarioOf(seed)).filter(isBroken).length;
    expect(broken / 3000).toBeCloseTo(1 / 3, 1);
  });
});
