import { describe, expect, it } from 'vitest';
import { containerOf, releaseOf } from '../../fixtures/builders.ts';
import { type Claims, noClaims } from '../../src/model/claims.ts';
import type { Container } from '../../src/model/state.ts';
import { otherResource } from '../../src/plan/resources.ts';
import { forcedServices, serviceChanges } from '../../src/plan/services.ts';
import { reasonsText } from '../../src/report/reasons.ts';

const claims: Claims = {
  ...noClaims,
  mounts: [
    { service: 'web', kind: 'volume', source: 'data', target: '/data', writable: true },
    { service: 'web', kind: 'volume', source: '-', target: '/scratch', writable: true },
    { service: 'web', kind: 'bind', source: '/srv/x', target: '/x', writable: true },
  ],
  volumes: [{ key: 'data', name: 'shop_data', external: false }],
  attached: [{ service: 'web', network: 'inner' }],
  networks: [{ key: 'inner', name: 'shop_inner', external: false }],
};
const volume = (source: string) => ({ kind: 'volume', source, target: '/data', writable: true });
const web = (overrides: Partial<Container> = {}) =>
  containerOf({ mounts: [volume('shop_data')], networks: ['shop_inner'], ...overrides });

describe('what a container is to use and does not', () => {
  it.each<readonly [string, readonly Container[], string | undefined]>([
    ['is nothing where it uses all of it', [web()], undefined],
    ['is nothing where there is no container', [], undefined],
    ['is a volume of another name', [web(), web({ mounts: [volume('shop_old')] })], 'volume shop_data'],
    ['is a network of another name', [web({ networks: ['shop_old', 'more'] })], 'network shop_inner'],
    ['is no network of a container that stopped', [web({ networks: [], status: 'exited' })], undefined],
  ])('%s', (_, containers, expected) => {
    expect(otherResource('web', containers, claims)).toBe(expected);
  });

  it('is a reason to recreate it by name, since Compose does not notice', () => {
    const containers = [web({ mounts: [volume('shop_old')] })];
    const changes = serviceChanges(
      { hashes: { web: 'hash-of-web' }, differences: {}, claims },
      containers,
      { ...releaseOf(), built: [], images: {} },
      'none',
    );
    expect(changes.map((change) => `${change.service} ${change.action} ${reasonsText(change)}`)).toEqual([
      'web recreate uses volume shop_data now',
    ]);
    expect(forcedServices(changes)).toEqual(['web']);
  });
});
