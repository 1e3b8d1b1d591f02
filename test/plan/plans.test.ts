import { describe, expect, it } from 'vitest';
import { planLines, releaseOf } from '../../fixtures/builders.ts';
import type { ServiceChange } from '../../src/model/report.ts';
import { buildPlan, pushPlan } from '../../src/plan/build.ts';
import { pullPlan, type SwitchFacts, switchPlan } from '../../src/plan/deploy.ts';
import { backupPlan } from '../../src/plan/one-off.ts';
import { renderChanges } from '../../src/plan/render.ts';
import { testPlan } from '../../src/plan/test.ts';

const build = {
  definition: '{}',
  file: '/tmp/run/bake.yml',
  metadata: '/tmp/run/metadata.json',
  services: ['web', 'worker'],
  env: {},
};
const login = { DOCKER_CONFIG: '/tmp/run/docker' };
const stepsOf = (plan: ReturnType<typeof pushPlan>) =>
  plan.stages.flatMap(({ tasks }) => tasks.flatMap(({ steps }) => steps));

describe('the plan to test', () => {
  it('runs the tests and removes everything of them, whatever happened', () => {
    const files = { files: ['/src/compose.test.yml'], project: 'test-1a' };
    expect(planLines(testPlan({ files, service: 'tests', timeoutSeconds: 60, env: {} }))).toMatchInlineSnapshot(`
      "# Test
      local: run the tests of /src/compose.test.yml: korrigo-test test-1a tests --project-name test-1a --file /src/compose.test.yml
      local: remove the test containers, networks and volumes: docker compose --project-name test-1a --file /src/compose.test.yml down --volumes --remove-orphans --rmi local --timeout 2 [always]"
    `);
  });
});

describe('the plan to build', () => {
  it('lets one bake build all images', () => {
    expect(planLines(buildPlan(build))).toMatchInlineSnapshot(`
      "# Build
      local: write the bake definition: write /tmp/run/bake.yml
      local: build web, worker: env BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker buildx bake --file /tmp/run/bake.yml --progress plain --metadata-file /tmp/run/metadata.json"
    `);
  });

  it('sees the registry login and keeps what the builder is told anyway', () => {
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
      local: write the bake definition: write /tmp/run/bake.yml
      local: push web, worker: env BUILDX_NO_DEFAULT_ATTESTATIONS=1 DOCKER_CONFIG=/tmp/run/docker docker buildx bake --file /tmp/run/bake.yml --progress plain --metadata-file /tmp/run/metadata.json --push
      local: read the digests: cat /tmp/run/metadata.json
      local: look up the digests of the other images: env DOCKER_CONFIG=/tmp/run/docker korrigo-pin redis:7 postgres:15"
    `);
  });

  it('asks nobody about images of others when there are none', () => {
    expect(planLines(pushPlan({ ...build, thirdParty: [] }))).not.toContain('korrigo-pin');
  });

  it('builds nothing when there is nothing to build', () => {
    expect(planLines(pushPlan({ ...build, services: [], thirdParty: ['redis:7'] }))).toMatchInlineSnapshot(`
      "# Push
      local: look up the digests of the other images: korrigo-pin redis:7"
    `);
  });

  it('tries everything that talks to a registry again', () => {
    const tried = stepsOf(pushPlan({ ...build, thirdParty: ['redis:7'] })).filter(
      (step) => step.kind === 'run' && step.retry,
    );
    expect(tried.map(({ title }) => title)).toEqual(['push web, worker', 'look up the digests of the other images']);
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
      web1: pull 2 images: env DOCKER_CONFIG=/tmp/.login-1 korrigo-pull shop-20260203-040506-c0ffee012345 registry.example.com/shop-web@sha256:1000000000000000000000000000000000000000000000000000000000000000 docker.io/library/redis@sha256:2000000000000000000000000000000000000000000000000000000000000000
      web1: forget the registry login: rm -rf -- /tmp/.login-1 [always]
      web2: pull 2 images: env DOCKER_CONFIG=/tmp/.login-2 korrigo-pull shop-20260203-040506-c0ffee012345 registry.example.com/shop-web@sha256:1000000000000000000000000000000000000000000000000000000000000000 docker.io/library/redis@sha256:2000000000000000000000000000000000000000000000000000000000000000
      web2: forget the registry login: rm -rf -- /tmp/.login-2 [always]"
    `);
  });

  it('needs no login where the registry has none', () => {
    expect(planLines(pullPlan([target('web1')], releaseOf()))).toMatchInlineSnapshot(`
      "# Pull
      web1: pull 2 images: korrigo-pull shop-20260203-040506-c0ffee012345 registry.example.com/shop-web@sha256:1000000000000000000000000000000000000000000000000000000000000000 docker.io/library/redis@sha256:2000000000000000000000000000000000000000000000000000000000000000"
    `);
  });
});

describe('the plan to switch', () => {
  const change = (service: string, action: ServiceChange['action'], ...reasons: string[]): ServiceChange => ({
    service,
    action,
    reasons,
  });
  const forced = [change('web', 'recreate', 'force-recreate: built'), change('cache', 'keep')];
  const on = (host: string, ...changes: readonly ServiceChange[]) => ({
    host,
    root: '/opt/shop',
    login: undefined,
    changes,
  });
  const migrate = {
    service: 'web',
    argv: ['python', 'manage.py', 'migrate'],
    when: 'after',
    timeoutSeconds: 600,
  } as const;
  const lines = (facts: Partial<SwitchFacts>) =>
    planLines(
      switchPlan({
        switches: [on('web1', ...forced)],
        release: releaseOf(),
        places: false,
        migrate: undefined,
        health: { url: undefined, timeoutSeconds: 180 },
        ...facts,
      }),
    );
  const titles = (facts: Partial<SwitchFacts>) =>
    lines(facts)
      .split('\n')
      .map((line) => line.replace(/^(.*): (?:korrigo-|docker |https?:).*$/, '$1'));

  it('recreates what was built, leaves the rest to Compose, and asks whether it is well', () => {
    expect(lines({})).toMatchInlineSnapshot(`
      "# Recreate
      web1: recreate web: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --force-recreate web
      web1: bring everything else up: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --remove-orphans
      # Verify
      web1: every container is healthy: korrigo-inspect shop
      # Finish
      web1: make 20260203-040506-c0ffee012345 current: korrigo-current /opt/shop 20260203-040506-c0ffee012345"
    `);
  });

  it('migrates on the first host after the containers are recreated', () => {
    expect(lines({ switches: [on('web1', ...forced), on('web2', ...forced)], migrate })).toMatchInlineSnapshot(`
      "# Recreate
      web1: recreate web: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --force-recreate web
      web1: bring everything else up: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --remove-orphans
      web2: recreate web: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --force-recreate web
      web2: bring everything else up: docker compose --project-name shop --file /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml up --detach --no-build --pull never --remove-orphans
      # Migrate
      web1: migrate: web: python manage.py migrate: korrigo-once 600 migrate-timeout shop shop-migrate-20260203-040506-c0ffee012345 /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml no web python manage.py migrate
      # Verify
      web1: every container is healthy: korrigo-inspect shop
      web2: every container is healthy: korrigo-inspect shop
      # Finish
      web1: make 20260203-040506-c0ffee012345 current: korrigo-current /opt/shop 20260203-040506-c0ffee012345
      web2: make 20260203-040506-c0ffee012345 current: korrigo-current /opt/shop 20260203-040506-c0ffee012345"
    `);
  });

  it('migrates before them when asked to', () => {
    expect(titles({ migrate: { ...migrate, when: 'before' } })).toMatchInlineSnapshot(`
      [
        "# Migrate",
        "web1: migrate: web: python manage.py migrate",
        "# Recreate",
        "web1: recreate web",
        "web1: bring everything else up",
        "# Verify",
        "web1: every container is healthy",
        "# Finish",
        "web1: make 20260203-040506-c0ffee012345 current",
      ]
    `);
  });

  it('brings up what a migration needs where nothing runs yet', () => {
    const switches = [on('web1', change('web', 'create', 'not running here yet'))];
    expect(lines({ switches, migrate: { ...migrate, when: 'before' } })).toContain(
      'korrigo-once 600 migrate-timeout shop shop-migrate-20260203-040506-c0ffee012345 /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml',
    );
    expect(lines({ switches, migrate })).toContain(' yes web python manage.py migrate');
    expect(lines({ migrate })).toContain(' no web python manage.py migrate');
  });

  it('puts files in place on every host before anything else', () => {
    const text = lines({ switches: [on('web1', ...forced), on('web2', ...forced)], places: true });
    expect(text.split('\n').slice(0, 4)).toEqual([
      '# Write the files',
      'web1: put the files of env-files in place: korrigo-place /opt/shop 20260203-040506-c0ffee012345',
      'web2: put the files of env-files in place: korrigo-place /opt/shop 20260203-040506-c0ffee012345',
      '# Recreate',
    ]);
  });

  it('asks the URL from this machine when all hosts are well', () => {
    expect(titles({ health: { url: 'https://shop.example.com/', timeoutSeconds: 60 } })).toMatchInlineSnapshot(`
      [
        "# Recreate",
        "web1: recreate web",
        "web1: bring everything else up",
        "# Verify",
        "web1: every container is healthy",
        "# Ask from outside",
        "local: https://shop.example.com/ answers",
        "# Finish",
        "web1: make 20260203-040506-c0ffee012345 current",
      ]
    `);
  });

  it.each<readonly [string, readonly ServiceChange[], readonly string[]]>([
    [
      'everything by force',
      [change('web', 'recreate', 'force-recreate: all'), change('db', 'recreate', 'force-recreate: all')],
      ['recreate all services: --remove-orphans --force-recreate'],
    ],
    [
      'everything, some of it by force',
      [change('web', 'recreate', 'force-recreate: built'), change('db', 'create', 'new')],
      ['recreate all services: --remove-orphans --force-recreate'],
    ],
    [
      'only what changed',
      [change('web', 'recreate', 'image'), change('db', 'keep')],
      ['recreate web: --remove-orphans'],
    ],
    [
      'some by force and some that changed',
      [...forced, change('db', 'recreate', 'environment A'), change('old', 'remove', 'gone')],
      ['recreate web: --force-recreate web', 'recreate db, remove old: --remove-orphans'],
    ],
    ['nothing', [change('web', 'keep'), change('db', 'keep')], ['bring everything else up: --remove-orphans']],
    [
      'what is new, and what stopped',
      [change('web', 'create', 'new'), change('job', 'start', 'is exited')],
      ['create web, start job: --remove-orphans'],
    ],
  ])('recreates %s', (_, changes, expected) => {
    const recreate = lines({ switches: [on('web1', ...changes)] })
      .split('\n')
      .filter((line) => line.includes(' up '));
    expect(recreate.map((line) => line.replace(/^web1: (.*): docker compose .* --pull never/, '$1:'))).toEqual(
      expected,
    );
  });

  it('gives Compose longer than the containers have to get healthy', () => {
    const { stages } = switchPlan({
      switches: [on('web1', ...forced)],
      release: releaseOf(),
      places: false,
      migrate,
      health: { url: undefined, timeoutSeconds: 180 },
    });
    const limits = stages
      .flatMap(({ tasks }) => tasks.flatMap(({ steps }) => steps))
      .map((step) => ('timeoutSeconds' in step ? step.timeoutSeconds : undefined));
    expect(limits).toEqual([240, 240, 630, 180, undefined]);
  });
});

describe('the plan to back up', () => {
  const change = (action: ServiceChange['action']): ServiceChange => ({ service: 'web', action, reasons: [] });
  const on = (host: string, action: ServiceChange['action']) => ({
    host,
    root: '/opt/shop',
    login: undefined,
    changes: [change(action)],
  });
  const backup = { service: 'backup', argv: [], timeoutSeconds: 60 };

  it('runs once, on the first host, beside what runs', () => {
    const plan = backupPlan(backup, [on('web1', 'recreate'), on('web2', 'recreate')], releaseOf());
    expect(planLines(plan)).toMatchInlineSnapshot(`
      "# Backup
      web1: back up: backup: korrigo-once 60 backup-timeout shop shop-backup-20260203-040506-c0ffee012345 /opt/shop/releases/20260203-040506-c0ffee012345/compose.yml no backup"
    `);
  });

  it('brings up what it needs where a release is there and nothing runs', () => {
    expect(planLines(backupPlan(backup, [on('web1', 'create')], releaseOf()))).toContain(' yes backup');
  });
});

describe('what will happen to the services', () => {
  it('is told as a table', () => {
    const changes: readonly ServiceChange[] = [
      { service: 'web', action: 'recreate', reasons: ['image', 'environment DEBUG'] },
      { service: 'database', action: 'keep', reasons: [] },
    ];
    expect(renderChanges('web1, now r1', changes).join('\n')).toMatchInlineSnapshot(`
      "web1, now r1:
        web       recreate  image, environment DEBUG
        database  keep"
    `);
  });

  it('is told of a host without services too', () => {
    expect(renderChanges('web1', [])).toEqual(['web1:']);
  });
});
