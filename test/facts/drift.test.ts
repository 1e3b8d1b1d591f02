import { describe, expect, it } from 'vitest';
import { containerOf, releaseOf } from '../../fixtures/builders.ts';
import { driftOf } from '../../src/facts/drift.ts';
import type { Container } from '../../src/model/state.ts';

const { images } = releaseOf();
const drift = (...containers: readonly Container[]) => driftOf({ hashes: { web: 'hash-of-web' }, images }, containers);

describe('drift', () => {
  it.each<readonly [string, readonly Container[], readonly string[]]>([
    ['is none where everything is as it was deployed', [containerOf()], []],
    ['is none where a one-shot container ended well', [containerOf({ status: 'exited' })], []],
    ['is none where a one-off container is left', [containerOf(), containerOf({ oneOff: true, service: 'x' })], []],
    ['is a service without a container', [], ['web: has no container']],
    [
      'is another image',
      [containerOf({ image: 'nginx:1' })],
      [`web: shop-web-1 is running nginx:1, expected ${images['web']}`],
    ],
    [
      'is another configuration',
      [containerOf({ configHash: 'other' })],
      ['web: shop-web-1 was created with a different configuration (environment, mounts, labels or command)'],
    ],
    [
      'is a container that ended badly',
      [containerOf({ status: 'exited', exitCode: 3 })],
      ['web: shop-web-1 is exited (exit code 3)'],
    ],
    ['is a container that is paused', [containerOf({ status: 'paused' })], ['web: shop-web-1 is paused (exit code 0)']],
    ['is a container that is unhealthy', [containerOf({ health: 'unhealthy' })], ['web: shop-web-1 is unhealthy']],
    [
      'is a container that nobody deployed',
      [containerOf(), containerOf({ service: 'debug' })],
      ['debug: shop-debug-1 is not part of the release'],
    ],
    [
      'is each of several containers',
      [containerOf(), containerOf({ name: 'shop-web-2', health: 'unhealthy' })],
      ['web: has 2 containers, expected 1', 'web: shop-web-2 is unhealthy'],
    ],
  ])('%s', (_, containers, expected) => {
    expect(drift(...containers)).toEqual(expected);
  });

  it.each([
    [0, 0, []],
    [0, 2, ['web: has 0 containers, expected 2']],
    [1, 2, ['web: has 1 container, expected 2']],
    [2, 2, []],
    [3, 2, ['web: has 3 containers, expected 2']],
  ])('is %i containers of a service that has %i of them: %j', (count, wanted, expected) => {
    const containers = Array.from({ length: count }, () => containerOf());
    expect(driftOf({ hashes: { web: 'hash-of-web' }, images, replicas: { web: wanted } }, containers)).toEqual(
      expected,
    );
  });

  it('may be of a service called like a property of every object', () => {
    expect(drift(containerOf(), containerOf({ service: 'constructor' }))).toEqual([
      'constructor: shop-constructor-1 is not part of the release',
    ]);
  });
});
