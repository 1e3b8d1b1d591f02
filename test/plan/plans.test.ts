import { describe, expect, it } from 'vitest';
import {
  configOf,
  containerOf,
  digest,
  intentOf,
  observedOf,
  planLines,
  releaseOf,
  resolutionOf,
  stateOf,
} from '../../fixtures/builders.ts';
import type { InputTexts } from '../../src/config/inputs.ts';
import { noClaims } from '../../src/model/claims.ts';
import { bytesOf } from '../../src/model/command.ts';
import { type Attempt, readAttempt } from '../../src/model/history.ts';
import { type Container, noTraits } from '../../src/model/state.ts';
import { buildPlan, pushPlan, tagPlan } from '../../src/plan/build.ts';
import { pullPlan } from '../../src/plan/pull.ts';
import { script } from '../../src/plan/script.ts';
import { planSwitch } from '../../src/plan/switch.ts';
import { testDownPlan, testPlan } from '../../src/plan/test.ts';
import { undoPlan } from '../../src/plan/undo.ts';

const build = {
  definition: '{}',
  file: '/tmp/run/bake.yml',
  metadata: '/tmp/run/metadata.json',
  services: ['web', 'worker'],
  allow: ['fs=*', 'ssh'],
  entitlements: [],
  attests: [],
  env: {},
};
const login = { DOCKER_CONFIG: '/tmp/run/docker' };
const stepsOf = (plan: ReturnType<typeof pushPlan>) =>
  plan.stages.flatMap(({ tasks }) => tasks.flatMap(({ steps }) => steps));

describe('the plan to test', () => {
  it('runs the tests, and removes everything of them in a plan of its own', () => {
    const files = { files: ['/src/compose.test.yml'], project: 'test-1a' };
    expect(
      planLines(testPlan({ files, names: ['compose.test.yml'], service: 'tests', timeoutSeconds: 60, env: {} })),
    ).toMatchInlineSnapshot(`
      "# Test
      local: run the tests in compose.test.yml: korrigo-test test-1a tests --project-name test-1a --file /src/compose.test.yml"
    `);
    expect(planLines(testDownPlan(files))).toMatchInlineSnapshot(`
      "# Clean up
      local: remove the test containers, networks and volumes: docker compose --project-name test-1a --file /src/compose.test.yml down --volumes --remove-orphans --rmi local --timeout 2 [always]"
    `);
  });
});

describe('the plan to build', () => {
  it('lets one bake build all images', () => {
    expect(planLines(buildPlan(build))).toMatchInlineSnapshot(`
      "# Build
      local: write the build definition: write /tmp/run/bake.yml
      local: build web, worker: env BUILDX_NO_DEFAULT_ATTESTATIONS=1 korrigo-bake 'fs=* ssh' '' --file /tmp/run/bake.yml --progress plain --metadata-file /tmp/run/metadata.json"
    `);
  });

  it('sees the registry login and keeps what the builder gets anyway', () => {
    expect(planLines(buildPlan({ ...build, env: login }))).toContain('BUILDX_NO_DEFAULT_ATTESTATIONS=1');
    expect(planLines(buildPlan({ ...build, env: login }))).toContain('DOCKER_CONFIG=/tmp/run/docker');
  });
});

describe('the plan to push', () => {
  it('pushes what was built and looks up what was not', () => {
    expect(
      planLines(pushPlan({ ...build, env: login, thirdParty: ['redis:7', 'postgres:15'] })),
    ).toMatchInlineSnapshot(`
      "# Push
      local: write the build definition: write /tmp/run/bake.yml
      local: push web, worker: env BUILDX_NO_DEFAULT_ATTESTATIONS=1 DOCKER_CONFIG=/tmp/run/docker korrigo-bake 'fs=* ssh' '' --file /tmp/run/bake.yml --progress plain --metadata-file /tmp/run/metadata.json --push
      local: read the digests: cat /tmp/run/metadata.json
      local: look up the digests of third-party images: env DOCKER_CONFIG=/tmp/run/docker korrigo-pin redis:7 postgres:15"
    `);
  });

  it('writes only the tags of what the registry has already', () => {
    const tags = { 'registry.example.com/shop-web:main': releaseOf().images['web'] ?? '' };
    expect(planLines(tagPlan(tags, { ...build, env: login }))).toMatchInlineSnapshot(`
      "# Push
      local: push the tags of web, worker: env DOCKER_CONFIG=/tmp/run/docker korrigo-tag registry.example.com/shop-web:main=registry.example.com/shop-web@sha256:1000000000000000000000000000000000000000000000000000000000000000"
    `);
    expect(pushPlan({ ...build, services: [], thirdParty: [] }).stages).toEqual([]);
  });

  it('asks nobody about images of others when there are none', () => {
    expect(planLines(pushPlan({ ...build, thirdParty: [] }))).not.toContain('korrigo-pin');
  });

  it('builds nothing when there is nothing to build', () => {
    expect(planLines(pushPlan({ ...build, services: [], thirdParty: ['redis:7'] }))).toMatchInlineSnapshot(`
      "# Push
      local: look up the digests of third-party images: korrigo-pin redis:7"
    `);
  });

  it('tries everything that talks to a registry again', () => {
    const tried = stepsOf(pushPlan({ ...build, thirdParty: ['redis:7'] })).filter(
      (step) => step.kind === 'run' && step.retry,
    );
    expect(tried.map(({ title }) => title)).toEqual(['push web, worker', 'look up the digests of third-party images']);
  });
});

describe('the plan to pull', () => {
  const target = (host: string, folder?: string) => ({ host, root: '/opt/shop', login: folder });

  it('brings every image once to every host, and forgets the login whatever happened', () => {
    const { images } = releaseOf();
    const release = releaseOf({ images: { ...images, worker: images['web'] ?? '' } });
    const plan = pullPlan([target('web1', '/tmp/.login-1'), target('web2', '/tmp/.login-2')], release);
    expect(planLines(plan)).toMatchInlineSnapshot(`
      "# Pull
      web1: pull 2 images: env DOCKER_CONFIG=/tmp/.login-1 korrigo-pull /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml shop-20260203-040506-c0ffee012345 registry.example.com/shop-web@sha256:1000000000000000000000000000000000000000000000000000000000000000 docker.io/library/redis@sha256:2000000000000000000000000000000000000000000000000000000000000000
      web1: log out of the registry: rm -rf -- /tmp/.login-1 [always]
      web2: pull 2 images: env DOCKER_CONFIG=/tmp/.login-2 korrigo-pull /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml shop-20260203-040506-c0ffee012345 registry.example.com/shop-web@sha256:1000000000000000000000000000000000000000000000000000000000000000 docker.io/library/redis@sha256:2000000000000000000000000000000000000000000000000000000000000000
      web2: log out of the registry: rm -rf -- /tmp/.login-2 [always]"
    `);
  });

  it('needs no login where the registry has none', () => {
    expect(planLines(pullPlan([target('web1')], releaseOf()))).toMatchInlineSnapshot(`
      "# Pull
      web1: pull 2 images: korrigo-pull /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml shop-20260203-040506-c0ffee012345 registry.example.com/shop-web@sha256:1000000000000000000000000000000000000000000000000000000000000000 docker.io/library/redis@sha256:2000000000000000000000000000000000000000000000000000000000000000"
    `);
  });
});

type Given = {
  readonly hosts?: readonly string[];
  readonly containers?: readonly Container[];
  readonly current?: string;
  readonly hashes?: Readonly<Record<string, string>>;
  readonly inputs?: InputTexts;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: Attempt['command'];
};

/** By default `web` was built from this commit, and nothing else changed. */
const runs = [containerOf(), containerOf({ service: 'cache' })];
const plan = ({
  hosts = ['web1'],
  containers = runs,
  current = 'r1',
  hashes = { web: 'hash-of-web', cache: 'hash-of-cache' },
  inputs = {},
  env = {},
  command = 'deploy',
}: Given) =>
  planSwitch(
    observedOf(hosts.map((host) => stateOf({ host, containers, ...(current === '' ? {} : { current }) }))),
    hosts.map((host) => resolutionOf({ host, hashes })),
    intentOf({ command }),
    configOf(inputs, env),
  );

describe('the plan to switch', () => {
  const all = (given: Given) => planLines(plan(given)).split('\n');
  /** Without the stage that arms the rollback and notes that the switch begins. */
  const lines = (given: Given) =>
    all(given)
      .slice(1 + 2 * (given.hosts ?? ['web1']).length)
      .join('\n');
  const titles = (given: Given) =>
    lines(given)
      .split('\n')
      .map((line) => line.replace(/^(.*): (?:korrigo-|docker |https?:).*$/, '$1'));
  const migrate = { migrate: 'web: python manage.py migrate' };

  it('notes on every host that it begins before anything is changed', () => {
    expect(all({ hosts: ['web1', 'web2'] }).slice(0, 5)).toEqual([
      '# Begin',
      expect.stringMatching(/^web1: arm the rollback on the server: .* call \/opt\/shop abc123 arm /),
      'web1: record the start of the switch: korrigo-record /opt/shop',
      expect.stringMatching(/^web2: arm the rollback on the server: /),
      'web2: record the start of the switch: korrigo-record /opt/shop',
    ]);
  });

  it('recreates what was built, leaves the rest to Compose, and asks whether it is healthy', () => {
    expect(lines({})).toMatchInlineSnapshot(`
      "# Recreate
      web1: remove leftovers of interrupted deploys: korrigo-tidy shop /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml
      web1: bring up all services: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --remove-orphans
      web1: recreate web: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --force-recreate web
      web1: let proxies find the new containers: korrigo-refresh shop first
      # Verify
      web1: every container is healthy: korrigo-inspect shop
      web1: let proxies find the new containers: korrigo-refresh shop last
      # Finish
      web1: set current to 20260203-040506-c0ffee012345: korrigo-current /opt/shop 20260203-040506-c0ffee012345"
    `);
  });

  it('migrates on the first host after the containers are recreated', () => {
    expect(lines({ hosts: ['web1', 'web2'], inputs: migrate })).toMatchInlineSnapshot(`
      "# Recreate
      web1: remove leftovers of interrupted deploys: korrigo-tidy shop /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml
      web1: bring up all services: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --remove-orphans
      web1: recreate web: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --force-recreate web
      web1: let proxies find the new containers: korrigo-refresh shop first
      web2: remove leftovers of interrupted deploys: korrigo-tidy shop /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml
      web2: bring up all services: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --remove-orphans
      web2: recreate web: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --force-recreate web
      web2: let proxies find the new containers: korrigo-refresh shop first
      # Migrate
      web1: migrate: web: python manage.py migrate: korrigo-one-off 600 migrate-timeout shop shop-migrate-20260203-040506-c0ffee012345 /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml no web python manage.py migrate
      # Verify
      web1: every container is healthy: korrigo-inspect shop
      web1: let proxies find the new containers: korrigo-refresh shop last
      web2: every container is healthy: korrigo-inspect shop
      web2: let proxies find the new containers: korrigo-refresh shop last
      # Finish
      web1: set current to 20260203-040506-c0ffee012345: korrigo-current /opt/shop 20260203-040506-c0ffee012345
      web2: set current to 20260203-040506-c0ffee012345: korrigo-current /opt/shop 20260203-040506-c0ffee012345"
    `);
  });

  it('migrates before them when asked to', () => {
    expect(titles({ inputs: { ...migrate, 'migrate-when': 'before' } })).toMatchInlineSnapshot(`
      [
        "# Migrate",
        "web1: migrate: web: python manage.py migrate",
        "# Recreate",
        "web1: remove leftovers of interrupted deploys",
        "web1: bring up all services",
        "web1: recreate web",
        "web1: let proxies find the new containers",
        "# Verify",
        "web1: every container is healthy",
        "web1: let proxies find the new containers",
        "# Finish",
        "web1: set current to 20260203-040506-c0ffee012345",
      ]
    `);
  });

  it('brings up what a migration needs where nothing runs yet', () => {
    const empty = { containers: [], current: '' };
    expect(lines({ ...empty, inputs: { ...migrate, 'migrate-when': 'before' } })).toContain(
      'korrigo-one-off 600 migrate-timeout shop shop-migrate-20260203-040506-c0ffee012345 /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml',
    );
    expect(lines({ ...empty, inputs: migrate })).toContain(' yes web python manage.py migrate');
    expect(lines({ inputs: migrate })).toContain(' no web python manage.py migrate');
  });

  it('puts files in place on every host before anything else', () => {
    const text = lines({ hosts: ['web1', 'web2'], inputs: { 'env-files': '.env=DOTENV' }, env: { DOTENV: 'A=1' } });
    expect(text.split('\n').slice(0, 4)).toEqual([
      '# Write env files',
      'web1: write the env-files: korrigo-write-env-files /opt/shop 20260203-040506-c0ffee012345',
      'web2: write the env-files: korrigo-write-env-files /opt/shop 20260203-040506-c0ffee012345',
      '# Recreate',
    ]);
  });

  it('of a rollback writes no files, backs nothing up and does not migrate', () => {
    const inputs = { ...migrate, backup: 'cache', 'env-files': '.env=DOTENV' };
    const back = plan({ command: 'rollback', inputs, env: { DOTENV: 'A=1' } });
    expect([...back.before, ...back.stages].map(({ name }) => name)).toEqual(['Begin', 'Recreate', 'Verify', 'Finish']);
    expect([back.backup, back.migration]).toEqual([undefined, undefined]);
  });

  it('asks the URL from this machine when all hosts are healthy', () => {
    expect(titles({ inputs: { 'health-url': 'https://shop.example.com/' } })).toMatchInlineSnapshot(`
      [
        "# Recreate",
        "web1: remove leftovers of interrupted deploys",
        "web1: bring up all services",
        "web1: recreate web",
        "web1: let proxies find the new containers",
        "# Verify",
        "web1: every container is healthy",
        "web1: let proxies find the new containers",
        "# Check health-url",
        "local: https://shop.example.com/ answers",
        "# Finish",
        "web1: set current to 20260203-040506-c0ffee012345",
      ]
    `);
  });

  const [web, cache] = [containerOf(), containerOf({ service: 'cache' })];
  it.each<readonly [string, Given, readonly string[]]>([
    [
      'everything by force',
      { inputs: { 'force-recreate': 'all' } },
      ['recreate all services: --remove-orphans --force-recreate'],
    ],
    [
      'everything, some of it by force',
      { containers: [web] },
      ['recreate all services: --remove-orphans --force-recreate'],
    ],
    [
      'only what changed',
      { inputs: { 'force-recreate': 'none' }, hashes: { web: 'new', cache: 'hash-of-cache' } },
      ['recreate web: --remove-orphans'],
    ],
    [
      'some by force and some that changed',
      {
        containers: [web, cache, containerOf({ service: 'db' }), containerOf({ service: 'old' })],
        hashes: { web: 'hash-of-web', cache: 'hash-of-cache', db: 'new' },
      },
      ['recreate db, remove old: --remove-orphans', 'recreate web: --force-recreate web'],
    ],
    ['nothing', { inputs: { 'force-recreate': 'none' } }, ['bring up all services: --remove-orphans']],
    [
      'what is new, and what stopped',
      { inputs: { 'force-recreate': 'none' }, containers: [containerOf({ service: 'cache', status: 'exited' })] },
      ['create web, start cache: --remove-orphans'],
    ],
  ])('recreates %s', (_, given, expected) => {
    const recreate = lines(given)
      .split('\n')
      .filter((line) => line.includes(' up '));
    expect(recreate.map((line) => line.replace(/^web1: (.*): docker compose .* --pull never/, '$1:'))).toEqual(
      expected,
    );
  });

  it('gives Compose longer than the containers have to get healthy', () => {
    const limits = plan({ inputs: migrate })
      .stages.flatMap(({ tasks }) => tasks.flatMap(({ steps }) => steps))
      .map((step) => ('timeoutSeconds' in step ? step.timeoutSeconds : undefined));
    expect(limits).toEqual([undefined, undefined, 120, 240, 240, 120, 630, 180, 120, undefined]);
  });

  it('gives it as much more as the containers may take to stop', () => {
    const traits = { web: { ...noTraits, graceSeconds: 300 }, cache: { ...noTraits, graceSeconds: 600 } };
    const changed = resolutionOf({ hashes: { web: 'another', cache: 'hash-of-cache' }, traits });
    const [limit] = planSwitch(
      observedOf([stateOf({ containers: runs, current: 'r1' })]),
      [changed],
      intentOf(),
      configOf({ 'force-recreate': 'none' }),
    )
      .stages.flatMap(({ tasks }) => tasks.flatMap(({ steps }) => steps))
      .flatMap((step) => (step.kind === 'run' && step.id === 'up' ? [step.timeoutSeconds] : []));
    expect(limit).toBe(240 + 290);
  });

  it('gives it init-timeout more where others wait until a service has completed, and says which', () => {
    const up = (completes: readonly string[]) =>
      planSwitch(
        observedOf([stateOf({ containers: runs, current: 'r1' })]),
        [resolutionOf({ hashes: { web: 'hash-of-web', cache: 'hash-of-cache' }, completes })],
        intentOf(),
        configOf({ 'init-timeout': '1h' }),
      )
        .stages.flatMap(({ tasks }) => tasks.flatMap(({ steps, undo = [] }) => [...steps, ...undo]))
        .flatMap((step) => (step.kind === 'run' && /^(undo-)?up(-forced)?$/.test(step.id) ? [step] : []));
    expect(up([]).map(({ timeoutSeconds }) => timeoutSeconds)).toEqual([240, 240, 240]);
    expect(up(['init']).map(({ timeoutSeconds }) => timeoutSeconds)).toEqual([3840, 3840, 3840]);
    expect(up(['init'])[1]?.title).toBe('bring up all services (waits for init to complete)');
  });

  it('gives services on a network of another name new containers before Compose 5 would restart them', () => {
    const [first] = runs;
    const hashes = { web: 'hash-of-web', cache: 'hash-of-cache' };
    const claims = {
      ...noClaims,
      networks: [{ key: 'default', name: 'shop_new', external: false }],
      attached: [{ service: 'web', network: 'default' }],
    };
    const steps = planSwitch(
      observedOf([stateOf({ containers: runs, current: 'r1', compose: '5.5.1' })]),
      [
        resolutionOf({
          hashes,
          claims,
          preview: { containers: { [first?.name ?? '']: 'restart' }, networks: ['shop_new'] },
        }),
      ],
      intentOf(),
      configOf({ 'force-recreate': 'none' }),
    ).stages.flatMap(({ tasks }) => tasks.flatMap((task) => task.steps));
    const commands = steps.flatMap((step) => (step.kind === 'run' && step.changes ? [step.command.argv.slice(6)] : []));
    expect(commands).toEqual([
      ['create', '--no-build', '--pull', 'never', '--remove-orphans'],
      ['create', '--no-build', '--pull', 'never', '--force-recreate', 'web'],
      ['up', '--detach', '--no-build', '--pull', 'never', '--remove-orphans'],
    ]);
  });

  it('is patient with restarts where a service that comes with its image starts anew', () => {
    const patient = (given: Given) =>
      plan(given)
        .stages.flatMap(({ tasks }) => tasks.flatMap(({ steps }) => steps))
        .flatMap((step) => (step.kind === 'wait' && step.until.kind === 'services' ? [step.until.patient] : []));
    expect(patient({})).toEqual([false]);
    expect(patient({ containers: [], current: '' })).toEqual([true]);
    expect(patient({ hashes: { web: 'hash-of-web', cache: 'another' } })).toEqual([true]);
  });

  it('marks the steps that change what runs, and gives every step of a host an id of its own', () => {
    const steps = plan({ inputs: migrate }).stages.flatMap(({ tasks }) => tasks.flatMap((task) => task.steps));
    expect(steps.filter(({ changes }) => changes).map(({ id }) => id)).toEqual(['up', 'up-forced']);
    expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
  });
});

describe('the way back', () => {
  const was = releaseOf({ id: 'r1', images: { web: `x@${digest('7')}`, job: `y@${digest('8')}` } });
  const states = [stateOf({ current: 'r1', currentRelease: was, containers: runs })];
  const planWith = (inputs: InputTexts, given = states, env = {}) =>
    planSwitch(observedOf(given), [resolutionOf()], intentOf(), configOf(inputs, env));

  it('is `up` of the previous release, made current again and verified, by the steps that the server has for itself', () => {
    const made = planWith({});
    const undo = undoPlan(made);
    expect(planLines(undo)).toMatchInlineSnapshot(`
      "# Roll back
      web1: make r1 current: korrigo-current /opt/shop r1
      web1: wait for containers that are being stopped: korrigo-stopping shop
      web1: remove leftovers of interrupted deploys: korrigo-tidy shop /opt/shop/releases/r1/compose.yml
      web1: bring r1 back: docker compose --project-name shop --file /opt/shop/releases/r1/compose.yml up --detach --no-build --pull never --remove-orphans
      web1: let proxies find the new containers: korrigo-refresh shop first
      web1: every container is healthy: korrigo-inspect shop"
    `);
    const wait = undo.stages[0]?.tasks[0]?.steps.find((step) => step.kind === 'wait');
    // A service that did not run before need not run afterwards.
    expect(wait?.until).toMatchObject({ kind: 'services', images: { web: was.images['web'] } });
    const arm = made.stages[0]?.tasks[0]?.steps[0];
    const armed = arm?.kind === 'run' ? Buffer.from(bytesOf(arm.command.stdin ?? '')).toString() : '';
    expect(armed).toContain(script(undo.stages[0]?.tasks[0]?.steps ?? [], 'shop'));
    expect(
      armed
        .split('\n')
        .slice(0, 2)
        .map((line) => readAttempt(line)?.outcome),
    ).toEqual(['rolled-back', 'rollback-failed']);
  });

  it('of a first deploy removes the containers and networks, and no volume', () => {
    expect(planLines(undoPlan(planWith({}, [stateOf()])))).toMatchInlineSnapshot(`
      "# Roll back
      web1: make no release current: korrigo-current /opt/shop
      web1: remove leftovers of interrupted deploys: korrigo-tidy shop
      web1: remove the containers and networks: docker compose --project-name shop down --remove-orphans"
    `);
  });

  it('of a first deploy starts again what ran by hand, and verifies that, whatever its images', () => {
    const options = ['--project-directory', '/srv/shop', '--file', '/srv/shop/compose.yml'];
    const containers = [
      containerOf({ image: 'shop-web' }),
      containerOf({ image: 'shop-web', id: 'second' }),
      containerOf({ service: 'job', status: 'exited' }),
      containerOf({ service: 'slow', status: 'restarting' }),
      containerOf({ service: 'sick', health: 'unhealthy' }),
    ];
    const made = planWith({}, [stateOf({ byHand: { folder: '/srv/shop', options, changed: [] }, containers })]);
    expect(made.hosts[0]?.byHand?.folder).toBe('/srv/shop');
    const undo = undoPlan(made);
    expect(planLines(undo)).toMatchInlineSnapshot(`
      "# Roll back
      web1: make no release current: korrigo-current /opt/shop
      web1: wait for containers that are being stopped: korrigo-stopping shop
      web1: remove leftovers of interrupted deploys: korrigo-tidy shop
      web1: start again what ran from /srv/shop: korrigo-by-hand shop /srv/shop 'web slow sick' id-of-job docker compose --project-name shop --project-directory /srv/shop --file /srv/shop/compose.yml up --detach --no-build --pull never --scale web=2
      web1: let proxies find the new containers: korrigo-refresh shop first
      web1: every container is healthy: korrigo-inspect shop"
    `);
    const wait = undo.stages[0]?.tasks[0]?.steps.find((step) => step.kind === 'wait');
    expect(wait?.until).toMatchObject({ kind: 'services', images: { web: '' } });
    expect(script(undo.stages[0]?.tasks[0]?.steps ?? [], 'shop')).toMatch(/ korrigo-settled shop \d+ 5 web=\n$/);
  });

  it('puts back the files that env-files replaced, before anything starts', () => {
    const [first] =
      undoPlan(planWith({ 'env-files': '.env=A' }, states, { A: 'A=1' })).stages[0]?.tasks[0]?.steps ?? [];
    expect(first?.title).toBe('put the old files back');
  });

  it('is not armed and not gone where everything is to stay', () => {
    const kept = planWith({ 'on-failure': 'keep' });
    expect(undoPlan(kept).stages[0]?.tasks).toEqual([]);
    expect(planLines(kept)).not.toContain('arm the rollback');
  });
});

describe('the plan to back up', () => {
  const inputs = { backup: 'backup', 'backup-timeout': '1m' };
  const lines = (given: Given) => planLines({ stages: plan({ inputs, ...given }).before });

  it('runs once, on the first host, beside what runs', () => {
    expect(lines({ hosts: ['web1', 'web2'] })).toMatchInlineSnapshot(`
      "# Backup
      web1: back up: backup: korrigo-one-off 60 backup-timeout shop shop-backup-20260203-040506-c0ffee012345 /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml no backup"
    `);
  });

  it('brings up what it needs where a release is there and nothing runs', () => {
    expect(lines({ containers: [] })).toContain(' yes backup');
  });

  it('is empty where there is nothing to lose, which the plan says', () => {
    const first = plan({ inputs, containers: [], current: '' });
    expect([first.before, first.backup]).toEqual([[], { kind: 'nothing-to-lose', host: 'web1' }]);
  });
});
