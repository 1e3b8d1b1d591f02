import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  configOf,
  containerOf,
  intentOf,
  observedOf,
  releaseOf,
  resolutionOf,
  stateOf,
} from '../../fixtures/builders.ts';
import type { Reason, ServiceChange } from '../../src/model/changes.ts';
import { shellLine } from '../../src/model/command.ts';
import { noTraits, type Traits } from '../../src/model/state.ts';
import { planSwitch } from '../../src/plan/switch.ts';
import { type WaveFacts, wavesOf } from '../../src/plan/waves.ts';

const plain: Traits = { ...noTraits, healthcheck: true };
const trait = (more: Partial<Traits>): Traits => ({ ...plain, ...more });
const changed = (service: string, reason: Reason = { kind: 'image' }): ServiceChange => ({
  service,
  action: 'recreate',
  reasons: [reason],
});
const stopped: ServiceChange = {
  service: 'prepare',
  action: 'start',
  reasons: [{ kind: 'stopped', status: 'exited' }],
};
const shop: WaveFacts = {
  traits: {
    prepare: trait({ completes: true }),
    db: plain,
    web: trait({ after: ['prepare', 'db'], waits: ['db'] }),
    worker: trait({ after: ['prepare', 'db'], waits: ['db'] }),
    proxy: trait({ after: ['web'] }),
  },
  shares: {},
  containers: ['db', 'web', 'worker', 'proxy'].map((service) => containerOf({ service })),
  built: ['web', 'worker', 'proxy'],
  canRollBack: true,
};
const all = [stopped, changed('web'), changed('worker'), changed('proxy')];

describe('waves of a switch', () => {
  it('follow depends_on, and wait for what ends and for what has to be healthy', () => {
    const waiting = { ...shop, traits: { ...shop.traits, proxy: trait({ after: ['web'], waits: ['web'] }) } };
    expect(wavesOf(all, waiting)).toEqual([
      { services: ['prepare'], awaited: ['prepare'] },
      { services: ['web', 'worker'], awaited: ['web'] },
      { services: ['proxy'], awaited: [] },
    ]);
  });

  it('do not wait where it is enough that the other one has started', () => {
    expect(wavesOf(all, shop)?.map(({ awaited }) => awaited)).toEqual([['prepare'], [], []]);
  });

  it('replace what shares the network of one that stays', () => {
    expect(wavesOf(all, { ...shop, shares: { proxy: ['db'] } })).toEqual(wavesOf(all, shop));
  });

  it('find the order also by way of a service that stays', () => {
    const changes = [changed('db'), { ...changed('web'), action: 'keep' } as const, changed('proxy')];
    expect(wavesOf(changes, shop)?.map(({ services }) => services)).toEqual([['db'], ['proxy']]);
  });

  it.each<readonly [string, readonly ServiceChange[], Partial<WaveFacts>]>([
    ['nothing ran before', all, { canRollBack: false }],
    ['one change is forced', [...all, changed('db', { kind: 'forced', by: 'all' })], {}],
    ['Compose takes one along', [changed('web'), changed('proxy', { kind: 'depends', service: 'web' })], {}],
    ['one goes', [...all, { service: 'old', action: 'remove', reasons: [{ kind: 'gone' }] }], {}],
    ['one has hooks', all, { traits: { ...shop.traits, proxy: trait({ after: ['web'], hooks: true }) } }],
    ['one shares the network of another that changes', all, { shares: { proxy: ['web'] } }],
    ['one that was built prepares the data', all, { built: ['prepare', 'web'] }],
    ['one was paused', [{ ...stopped, reasons: [{ kind: 'stopped', status: 'paused' }] }, changed('web')], {}],
    ['all are replaced at once', [changed('web'), changed('worker')], {}],
    ['nothing changes', [], {}],
  ])('are left to Compose where %s', (_, changes, facts) => {
    expect(wavesOf(changes, { ...shop, ...facts })).toBeUndefined();
  });

  it('start what has ended without Compose, though nothing else changes', () => {
    expect(wavesOf([stopped], shop)).toEqual([{ services: ['prepare'], awaited: [] }]);
    const ended = containerOf({ service: 'web', status: 'exited' });
    const host = planSwitch(
      observedOf([stateOf({ current: releaseOf().id, containers: [ended, containerOf({ service: 'cache' })] })]),
      [resolutionOf({ hashes: { web: 'hash-of-web', cache: 'hash-of-cache' }, traits: shop.traits })],
      intentOf(),
      configOf({ 'force-recreate': 'none' }),
    );
    const lines = host.stages.flatMap(({ tasks }) =>
      tasks.flatMap(({ steps }) =>
        steps.flatMap((one) => (one.kind === 'run' && one.id === 'replace-1' ? [one.command.argv.slice(3)] : [])),
      ),
    );
    expect(lines).toEqual([['korrigo-replace', 'shop', 'web']]);
  });

  it('are none where Compose itself says that it would leave all as it is', () => {
    const keeps = { containers: { 'shop-web-1': 'keep' }, networks: [] } as const;
    expect(wavesOf([], { ...shop, preview: keeps })).toEqual([]);
    expect(wavesOf([], { ...shop, preview: { ...keeps, networks: ['shop_new'] } })).toBeUndefined();
    expect(wavesOf([], { ...shop, preview: { ...keeps, containers: { 'shop-db-1': 'start' } } })).toBeUndefined();
  });

  it('hold everything that changes once, and each after all that it depends on, whatever depends on what', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const edges = fc.array(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 })), { maxLength: 10 });
    fc.assert(
      fc.property(edges, fc.subarray(names, { minLength: 2 }), (pairs, touched) => {
        const after = (index: number): readonly string[] =>
          pairs.flatMap(([x, y]) => (Math.max(x, y) === index && x !== y ? [names[Math.min(x, y)] ?? ''] : []));
        const traits = Object.fromEntries(names.map((name, index) => [name, trait({ after: after(index) })]));
        const containers = names.map((service) => containerOf({ service }));
        const changes = touched.map((service) => changed(service));
        const waves = wavesOf(changes, { ...shop, traits, containers, built: [] });
        if (waves === undefined) return;
        const order = waves.flatMap(({ services }, level) => services.map((service) => ({ service, level })));
        expect(order.map(({ service }) => service).toSorted()).toEqual([...touched].sort());
        const levelOf = (service: string): number => order.find((one) => one.service === service)?.level ?? -1;
        for (const { service, level } of order)
          for (const other of traits[service]?.after ?? []) expect(levelOf(other)).toBeLessThan(level);
      }),
    );
  });

  it('are carried out one after the other, and undone by one `up` of the previous release', () => {
    const state = stateOf({
      current: 'r1',
      containers: [containerOf(), containerOf({ service: 'cache' })],
    });
    const hashes = { web: 'another', cache: 'another' };
    const traits = { web: trait({ after: ['cache'], waits: ['cache'] }), cache: plain };
    const plan = planSwitch(
      observedOf([state]),
      [resolutionOf({ hashes, traits })],
      intentOf(),
      configOf({ 'force-recreate': 'none' }),
    );
    const steps = plan.stages.find(({ name }) => name === 'Recreate')?.tasks[0]?.steps ?? [];
    expect(
      steps.map(
        (step) =>
          `${step.title}${step.kind === 'run' ? `: ${shellLine(step.command).replace(/^.*korrigo-/s, '')}` : ''}`,
      ),
    ).toMatchInlineSnapshot(`
      [
        "remove leftovers of interrupted deploys: tidy shop /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml",
        "recreate cache: replace shop cache docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml create --no-build --pull never cache",
        "cache is healthy",
        "let proxies find the new containers: refresh shop first",
        "recreate web: replace shop web docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml create --no-build --pull never web",
      ]
    `);
  });
});
