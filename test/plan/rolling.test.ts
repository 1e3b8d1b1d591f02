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
import type { ServiceChange } from '../../src/model/changes.ts';
import { noClaims } from '../../src/model/claims.ts';
import { shellLine } from '../../src/model/command.ts';
import type { Step } from '../../src/model/plan.ts';
import { type Container, noTraits, type Traits } from '../../src/model/state.ts';
import { type RollingFacts, withRolling } from '../../src/plan/rolling.ts';
import { planSwitch } from '../../src/plan/switch.ts';
import { planLines } from '../../src/report/changes.ts';
import { obstacleText } from '../../src/report/obstacles.ts';

const plain: Traits = { ...noTraits, healthcheck: true };

const healthy = containerOf({ health: 'healthy' });
const changed = (service: string): ServiceChange => ({ service, action: 'recreate', reasons: [{ kind: 'image' }] });

const factsOf = (traits: Partial<Traits>, more: Partial<RollingFacts> = {}): RollingFacts => ({
  traits: { web: { ...plain, ...traits } },
  replicas: {},
  shares: {},
  claims: noClaims,
  containers: [healthy],
  built: ['web'],
  canRollBack: true,
  kernel: '6.1.0',
  freeKib: 1024 * 1024,
  drainSeconds: 3,
  ...more,
});

/** `roll`, or why not, in words. */
function decisionOf(facts: RollingFacts, change = changed('web')): readonly string[] {
  const [decided] = withRolling([change], facts);
  return decided?.obstacles?.map(obstacleText) ?? [decided?.action ?? ''];
}

describe('a service that changed', () => {
  it.each<readonly [string, RollingFacts, readonly string[]]>([
    ['with a healthcheck, built here', factsOf({}), ['roll']],
    ['with several containers', factsOf({}, { replicas: { web: 3 } }), ['roll']],
    ['with the healthcheck of its image', factsOf({ healthcheck: false }), ['roll']],
    [
      'without a healthcheck',
      factsOf({ healthcheck: false }, { containers: [containerOf()] }),
      ['it has no healthcheck to tell when the new container is ready: add one'],
    ],
    [
      'that publishes ports',
      factsOf({ ports: ['80', '443'] }),
      ['it publishes ports 80 and 443 itself: put it behind a door (docs/zero-downtime.md)'],
    ],
    [
      'with a fixed name, a fixed address and a port, all of which can be changed',
      factsOf({ ports: ['80'], containerName: 'shop', address: '10.0.0.5' }),
      [
        'it publishes port 80 itself: put it behind a door (docs/zero-downtime.md)',
        'container_name: shop allows only one container: remove it',
        'its fixed address 10.0.0.5 allows only one container: remove it',
      ],
    ],
    [
      'with a fixed name',
      factsOf({ containerName: 'shop' }),
      ['container_name: shop allows only one container: remove it'],
    ],
    [
      'in the network of the server',
      factsOf({ network: 'host' }),
      [
        'it uses the network of the server (network_mode: host), where two containers cannot listen on the same port: use a Compose network',
      ],
    ],
    [
      'that is not built here',
      factsOf({ ports: ['5432'] }, { built: [] }),
      ['it is not built here; if two of its containers may run at once, set the label korrigo.rolling: "true"'],
    ],
    ['that is not built here, with the label', factsOf({ rolling: true }, { built: [] }), ['roll']],
    ['that is taken out by its label', factsOf({ rolling: false }), ['its label says korrigo.rolling: "false"']],
    [
      'that alone writes to a volume',
      factsOf({ writes: ['data'] }),
      [
        'it is the only one that writes to data; if two of its containers may do so at once, set the label korrigo.rolling: "true"',
      ],
    ],
    [
      'that writes to a volume without a name',
      factsOf({ writes: [''] }),
      ['it keeps data in an anonymous volume, which a new container would not have: name the volume'],
    ],
    [
      'whose image has a volume without a name',
      factsOf(
        {},
        {
          containers: [
            { ...healthy, mounts: [{ kind: 'volume', source: '0'.repeat(64), target: '/data', writable: true }] },
          ],
        },
      ),
      ['it keeps data in an anonymous volume, which a new container would not have: name the volume'],
    ],
    ['that alone writes to a volume, with the label', factsOf({ rolling: true, writes: ['data'] }), ['roll']],
    ['whose several containers write to a volume', factsOf({ writes: ['data'] }, { replicas: { web: 2 } }), ['roll']],
    [
      'that writes to a volume to which another service writes, too',
      factsOf({}, { traits: { web: { ...plain, writes: ['media'] }, worker: { ...plain, writes: ['media'] } } }),
      ['roll'],
    ],
    [
      'that runs once and ends',
      factsOf({}, { containers: [containerOf({ status: 'exited', exitCode: 0 })] }),
      ['it runs once and exits'],
    ],
    ['that others wait for to end', factsOf({ completes: true }), ['it runs once and exits']],
    [
      'that does not run',
      factsOf({}, { containers: [containerOf({ status: 'exited', exitCode: 1 })] }),
      ['none of its containers is running'],
    ],
    [
      'behind a door',
      factsOf({}, { traits: { web: { ...plain, network: 'service:door' }, door: { ...plain, migrates: true } } }),
      ['roll'],
    ],
    [
      'behind a door that loses connections, on an old kernel',
      factsOf({ network: 'service:door' }, { kernel: '5.10.0-28-amd64' }),
      [
        'it shares a network, which needs Linux 5.14 or later, and the server has 5.10.0-28-amd64',
        'waiting connections would be lost: add sysctls net.ipv4.tcp_migrate_req: "1" to door',
      ],
    ],
    [
      'that is a door itself',
      factsOf({}, { shares: { nginx: ['web'] }, traits: { web: plain, nginx: { ...plain, network: 'service:web' } } }),
      ['it holds the network of nginx, and requests fail while it is replaced: leave its definition as it is'],
    ],
    [
      'whose processes another service shares',
      factsOf({}, { shares: { debug: ['web'] }, traits: { web: plain, debug: plain } }),
      ['debug shares its container'],
    ],
    [
      'for which there is too little memory',
      factsOf({ memoryBytes: 800 * 1024 * 1024 }, { replicas: { web: 2 } }),
      [
        'the server has 1024 MiB of memory free, and its new containers may need 1600 MiB beside the old: free memory, or lower its memory limit',
      ],
    ],
    ['with room for both', factsOf({ memoryBytes: 800 * 1024 * 1024 }), ['roll']],
    [
      'of which nobody knows how much memory is free',
      factsOf({ memoryBytes: 2 ** 40 }, { freeKib: undefined }),
      ['roll'],
    ],
    [
      'without a release to go back to',
      factsOf({}, { canRollBack: false }),
      ['there is no current release to roll back to; from the next deploy on it can'],
    ],
  ])('%s: %#', (_, facts, decision) => {
    expect(decisionOf(facts)).toEqual(decision);
  });

  it.each(['create', 'remove', 'start', 'scale'] as const)(
    'only in that there is to be one, none or more of it, as when a profile is enabled or not, does not roll: %s',
    (action) => {
      const change: ServiceChange = { service: 'web', action, reasons: [] };
      expect(withRolling([change], factsOf({}))).toEqual([change]);
    },
  );

  it('and shares a container that is recreated, is recreated for that reason alone', () => {
    const change: ServiceChange = {
      service: 'web',
      action: 'recreate',
      reasons: [{ kind: 'shares', service: 'door' }],
    };
    expect(withRolling([change], factsOf({ network: 'service:door' }))).toEqual([change]);
  });
});

describe('a service behind a door', () => {
  const door = { ...plain, healthcheck: false, migrates: true };
  const behind = factsOf(
    {},
    { traits: { web: { ...plain, network: 'service:door', after: ['door'] }, door }, shares: { web: ['door'] } },
  );

  it('rolls while the door is kept', () => {
    const [, web] = withRolling([{ service: 'door', action: 'keep', reasons: [] }, changed('web')], behind);
    expect(web?.action).toBe('roll');
  });

  it.each<ServiceChange>([
    { service: 'door', action: 'create', reasons: [{ kind: 'new' }] },
    { service: 'door', action: 'recreate', reasons: [{ kind: 'image' }] },
  ])('is recreated with it, because the old one holds the port: $action', (change) => {
    const [, web] = withRolling([change, changed('web')], behind);
    expect(web).toEqual({
      service: 'web',
      action: 'recreate',
      reasons: [{ kind: 'image' }, { kind: 'shares', service: 'door' }],
    });
  });
});

describe('a service that did not change', () => {
  const along: ServiceChange = { service: 'web', action: 'recreate', reasons: [{ kind: 'depends', service: 'db' }] };
  const depends = (restart: boolean): Partial<RollingFacts> => ({
    claims: { depends: [{ service: 'web', on: 'db', restart }] },
  });

  it('stays, although Compose would take it along with what it depends on', () => {
    expect(decisionOf(factsOf({}, depends(false)), along)).toEqual(['keep']);
  });

  it('rolls where it asks to be restarted with what it depends on', () => {
    expect(decisionOf(factsOf({}, depends(true)), along)).toEqual(['roll']);
    expect(decisionOf(factsOf({}, depends(true)), { ...along, action: 'restart' })).toEqual(['roll']);
  });
});

describe('a rolling switch', () => {
  const images = {
    web: releaseOf().images['web'] ?? '',
    api: `registry.example.com/shop-api@sha256:${'3'.repeat(64)}`,
  };
  const release = releaseOf({ images: { ...images, cache: releaseOf().images['cache'] ?? '' }, built: ['web', 'api'] });
  const containers: readonly Container[] = [
    containerOf({ id: 'old-web', health: 'healthy' }),
    containerOf({ id: 'old-api-1', service: 'api', health: 'healthy', image: 'old' }),
    containerOf({ id: 'old-api-2', service: 'api', health: 'healthy', image: 'old' }),
    containerOf({ service: 'cache' }),
  ];
  const resolution = resolutionOf({
    hashes: { web: 'new', api: 'new', cache: 'new' },
    replicas: { api: 2 },
    differences: { web: [{ kind: 'image' }], api: [{ kind: 'image' }], cache: [{ kind: 'key', name: 'command' }] },
    traits: {
      web: { ...plain, after: ['api'], drainSeconds: 10 },
      api: { ...plain, after: ['cache'], graceSeconds: 30 },
      cache: plain,
    },
  });
  const state = stateOf({ containers, current: '20260101-000000-000000000000', currentRelease: release });
  const plan = planSwitch(
    observedOf([state]),
    [resolution],
    intentOf({ release }),
    configOf({ strategy: 'rolling', migrate: 'web: migrate' }),
  );
  const lineOf = (step: Step): string => {
    if (step.kind !== 'run') return step.title;
    const [, , , name, ...args] = step.command.argv;
    const line = name?.startsWith('korrigo-') ? [name, ...args].join(' ') : shellLine(step.command);
    return `${step.title}: ${line.replaceAll(/\/opt\/shop\/releases\/|docker compose --project-name shop --file /g, '')}`;
  };
  const steps = (name: string): readonly string[] =>
    plan.stages
      .filter((stage) => stage.name === name)
      .flatMap(({ tasks }) => tasks.flatMap((t) => t.steps.map(lineOf)));

  it('migrates first, and says what happens to each service', () => {
    expect(plan.stages.map(({ name }) => name)).toEqual(['Begin', 'Migrate', 'Roll', 'Verify', 'Finish']);
    expect(planLines(plan)).toEqual([
      'web1, currently 20260101-000000-000000000000:',
      '  web    roll      image',
      '  api    roll      image',
      '  cache  recreate  command',
      '  cache does not roll: it is not built here; if two of its containers may run at once, set the label korrigo.rolling: "true"',
      'migrate on web1 before the containers are replaced: web: migrate',
    ]);
  });

  it('takes one service after the other, behind what it depends on', () => {
    const up = `${release.id}/compose.yml up --detach --no-build --pull never`;
    expect(steps('Roll')).toEqual([
      `remove leftovers of interrupted deploys: korrigo-tidy shop ${release.id}/compose.yml`,
      `recreate cache: ${up} cache`,
      'cache is ready',
      `start the new api beside the old: ${up} --no-recreate --scale api=4 api`,
      'the new api is healthy',
      'let proxies find the new containers: korrigo-refresh shop first',
      'stop the old api after 3 s: korrigo-retire 3 old-api-1 old-api-2',
      `start the new web beside the old: ${up} --no-recreate --scale web=2 web`,
      'the new web is healthy',
      'let proxies find the new containers: korrigo-refresh shop first',
      'stop the old web after 10 s: korrigo-retire 10 old-web',
      `bring up all services: ${up} --remove-orphans`,
    ]);
  });

  it('rolls back in the same order, before everything else', () => {
    const [task] = plan.stages[0]?.tasks ?? [];
    const old = '20260101-000000-000000000000/compose.yml';
    const up = `${old} up --detach --no-build --pull never`;
    const back = (service: string, ids: string, drain: number, count: number): string =>
      `bring the old ${service} back: korrigo-roll-back shop ${service} ${old} ${release.id}/compose.yml ${count} ${drain} 180 ${ids}`;
    expect((task?.undo ?? []).map(lineOf)).toEqual([
      'make 20260101-000000-000000000000 current: korrigo-current /opt/shop 20260101-000000-000000000000',
      back('api', 'old-api-1 old-api-2', 3, 2),
      back('web', 'old-web', 10, 1),
      'wait for containers that are being stopped: korrigo-stopping shop',
      'remove leftovers of interrupted deploys: korrigo-tidy shop 20260101-000000-000000000000/compose.yml',
      `recreate cache: ${up} cache`,
      `bring 20260101-000000-000000000000 back: ${up} --remove-orphans`,
      'let proxies find the new containers: korrigo-refresh shop first',
      'every container is healthy',
    ]);
  });
});

describe('a service that is renamed', () => {
  const image = (name: string): string => `registry.example.com/${name}@sha256:${'5'.repeat(64)}`;
  const current = '20260101-000000-000000000000';
  const old = releaseOf({ images: { site: image('site'), proxy: image('old') }, built: ['site', 'proxy'] });
  const stepsOf = (after: readonly string[], more: Partial<Traits> = {}) => {
    const release = releaseOf({ images: { page: image('site'), proxy: image('proxy') }, built: ['page', 'proxy'] });
    const containers = ['site', 'proxy'].map((service) =>
      containerOf({ id: `old-${service}`, service, health: 'healthy', image: image('old') }),
    );
    const traits = { page: { ...plain, ...more }, proxy: { ...plain, after } };
    const plan = planSwitch(
      observedOf([stateOf({ containers, current, currentRelease: old })]),
      [resolutionOf({ hashes: { page: 'new', proxy: 'new' }, differences: { proxy: [{ kind: 'image' }] }, traits })],
      intentOf({ release }),
      configOf({ strategy: 'rolling' }),
    );
    const of = (name: string) => plan.stages.find((stage) => stage.name === name)?.tasks[0];
    const titles = (steps: readonly Step[] = []): readonly string[] => steps.map(({ title }) => title);
    const lines = (of('Roll')?.steps ?? []).flatMap((step) => (step.kind === 'run' ? [shellLine(step.command)] : []));
    return { lines, there: titles(of('Roll')?.steps).slice(1), back: titles(of('Begin')?.undo).slice(1, 3) };
  };
  const proxyRolls = [
    'start the new proxy beside the old',
    'the new proxy is healthy',
    'let proxies find the new containers',
    'stop the old proxy after 3 s',
  ];

  it('is healthy under its new name before what depends on it rolls, and goes last under the old one', () => {
    expect(stepsOf(['page']).there).toEqual(['create page', 'page is ready', ...proxyRolls, 'remove site']);
  });

  it('is so where nobody says that it is needed, too', () => {
    expect(stepsOf([]).there).toEqual(['create page', 'page is ready', ...proxyRolls, 'remove site']);
  });

  it('comes first without a healthcheck, and nobody waits for it', () => {
    expect(stepsOf([], { healthcheck: false }).there).toEqual(['create page', ...proxyRolls, 'remove site']);
  });

  it.each<readonly [string, Partial<Traits>]>([
    ['it needs what is still old', { after: ['proxy'] }],
    ['it publishes a port, which the other one may hold', { ports: ['80'] }],
    ['its container has a name, which the other one may have', { containerName: 'site' }],
    ['its container has an address, which the other one may have', { address: '10.0.0.2' }],
  ])('comes last where %s', (_, traits) => {
    expect(stepsOf([], traits).there).toEqual([...proxyRolls, 'create page', 'remove site']);
  });

  it.each<readonly [string, Partial<Traits>, string]>([
    ['goes under the old name before a port is needed that it may hold', { ports: ['80'] }, 'up --remove-orphans page'],
    ['stays under the old name until the end where it holds nothing', {}, 'up page'],
  ])('%s', (_, traits, line) => {
    const up = stepsOf(['page'], traits).lines.find((text) => text.endsWith(' page')) ?? '';
    expect(up.replace(/.*compose\.yml |--detach --no-build --pull never /g, '')).toBe(line);
  });

  it('is back under its old name before the others go back', () => {
    expect(stepsOf(['page']).back).toEqual(['bring site back', 'bring the old proxy back']);
  });
});

describe('the way to a door, and back', () => {
  const web = releaseOf().images['web'] ?? '';
  const door = `registry.example.com/door@sha256:${'4'.repeat(64)}`;
  const without = releaseOf({ images: { web }, built: ['web'] });
  const behind = releaseOf({ images: { web, door }, built: ['web'] });
  const upLines = (target: typeof without, containers: readonly Container[], shares: RollingFacts['shares']) => {
    const plan = planSwitch(
      observedOf([stateOf({ containers, current: '20260101-000000-000000000000', currentRelease: without })]),
      [
        resolutionOf({
          hashes: Object.fromEntries(Object.keys(target.images).map((service) => [service, 'new'])),
          differences: { web: [{ kind: 'key', name: 'network_mode' }] },
          shares,
          traits: Object.fromEntries(
            Object.keys(target.images).map((service) => [
              service,
              service === 'web' && Object.hasOwn(shares, 'web')
                ? { ...plain, network: 'service:door', after: ['door'] }
                : { ...plain, ports: ['80'], migrates: true },
            ]),
          ),
        }),
      ],
      intentOf({ release: target }),
      configOf({ strategy: 'rolling' }),
    );
    const tasks = plan.stages.flatMap((stage) => stage.tasks);
    const lines = (steps: readonly Step[] | undefined) =>
      (steps ?? [])
        .map((step) => (step.kind === 'run' ? shellLine(step.command) : ''))
        .filter((line) => line.includes(' up --detach') && /(web|door)$/.test(line))
        .map((line) => line.replace(/.* up --detach --no-build --pull never/, 'up'));
    return { there: lines(tasks.flatMap(({ steps }) => steps)), back: lines(tasks[0]?.undo) };
  };

  it('is one call of Compose, which frees the port before the door takes it, and so is the way back', () => {
    const { there, back } = upLines(behind, [containerOf({ health: 'healthy' })], { web: ['door'] });
    expect(there).toEqual(['up web door']);
    expect(back).toEqual(['up --remove-orphans web']);
  });

  it('takes a door away that is no longer part of it before the port is needed', () => {
    const containers = [containerOf({ health: 'healthy' }), containerOf({ id: 'door', service: 'door', image: door })];
    expect(upLines(without, containers, {}).there).toEqual(['up --remove-orphans web']);
  });
});
