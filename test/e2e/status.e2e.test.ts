import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import {
  addressOf,
  type Deployer,
  deployer,
  failureOf,
  type Outcome,
  reach,
  releaseOf,
  startKorrigo,
} from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { startStep } from '../../fixtures/runner.ts';
import { impatient, shopFiles } from '../../fixtures/shop.ts';
import { output, shell, stateOf } from '../../fixtures/state.ts';
import type { HostStatus } from '../../src/model/state.ts';

const { bed, repository } = await openBed();
const shop = repository();
let server: Server;
let second: Server;
let deploy: Deployer;

beforeAll(async () => {
  server = await bed.server();
  const key = await readFile(`${server.privateKeyFile}.pub`, 'utf8');
  second = await bed.server({ authorizedKeys: [key.trim()], sshPort: 2222 });
  deploy = deployer(shop.folder, bed, server);
});

const everything = ['build', 'push', 'deploy'];

/** What is said at the end, without times and people, and with short digests. */
const textOf = ({ stdout }: Outcome): string =>
  (stdout.split('\nDone\n')[1] ?? '')
    .replaceAll(/ {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}([\w ]+) by \S+@[\w.-]+/g, '  $1')
    .replaceAll(/, \d{4}-\d\d-\d\d \d\d:\d\d by \S+/g, '')
    .replace(/^ {2}/gm, '')
    .trimEnd();

async function status(from: Deployer = deploy): Promise<string> {
  const before = await stateOf(server);
  const text = textOf(succeeded(await from(['status'])));
  expect(await stateOf(server)).toEqual(before);
  return text;
}

const json = async (from: Deployer = deploy): Promise<readonly HostStatus[]> =>
  JSON.parse(succeeded(await from(['status'], { format: 'json' })).stdout);
const driftNow = async (): Promise<readonly string[]> => (await json()).flatMap(({ drift }) => drift);

describe('status', () => {
  let one: string;
  let two: string;

  it('of a server that was never deployed to is one line, and a failure', async () => {
    shop.commit(shopFiles(bed));
    const nothing = `${server.ip}: nothing has been deployed to /opt/shop\n→ If that is wrong, check project-name, path and hosts.`;
    const said = await deploy(['status']);
    expect(said.code).toBe(1);
    expect(failureOf(said)).toContain(nothing);
    const root = '/opt/shop';
    const { code, stdout } = await deploy(['status'], { format: 'json' });
    expect(code).toBe(1);
    const empty = { host: server.ip, root, problems: [], releases: [], containers: [], drift: [] };
    expect(JSON.parse(stdout)).toEqual([empty]);
  });

  it('lists what can be rolled back to, what is current and how it came there, and what runs', async () => {
    succeeded(await deploy(everything));
    one = (await stateOf(server)).current;
    shop.commit(shopFiles(bed, 'two'));
    succeeded(await deploy(everything));
    two = (await stateOf(server)).current;
    succeeded(await deploy(['rollback'], { reason: 'two is slow' }));
    const short = async (service: string): Promise<string> =>
      (await output(server, 'docker', 'inspect', '-f', '{{.Config.Image}}', `shop-${service}-1`)).replace(
        /(@sha256:.{12}).*\n/,
        '$1…',
      );
    expect(await status()).toBe(
      `${server.ip}: release ${one}
  releases:
  * ${one}  succeeded  rollback: two is slow
    ${two}  succeeded  deploy
  containers:
    shop-web-1  running (healthy)  ${await short('web')}
    shop-cache-1  running (healthy)  ${await short('cache')}
  no drift: the running containers match the current release`,
    );
  });

  it('prints nothing but JSON to stdout when it is asked for', async () => {
    const [first, ...others] = await json();
    expect(others).toEqual([]);
    const by = { actor: expect.stringContaining('@'), time: expect.stringMatching(/^\d{4}-.*Z$/) };
    expect(first).toMatchObject({
      host: server.ip,
      current: one,
      releases: [
        { release: one, current: true, command: 'rollback', outcome: 'succeeded', reason: 'two is slow', ...by },
        {
          release: two,
          current: false,
          command: 'deploy',
          outcome: 'succeeded',
          commit: expect.stringMatching(/^\w{40}$/),
        },
      ],
      lastAttempt: { command: 'rollback', release: one, previous: two },
      drift: [],
    });
    expect(first?.containers.map(({ service, status: how, health }) => [service, how, health]).sort()).toEqual([
      ['cache', 'running', 'healthy'],
      ['web', 'running', 'healthy'],
    ]);
  });

  it('is an output of the action', async () => {
    const { env } = reach(bed, server);
    const { KORRIGO_SSH_KEY: key = '', KORRIGO_REGISTRY_PASSWORD: _, ...rest } = env;
    const step = startStep(
      shop.folder,
      { command: 'status', hosts: server.ip, 'known-hosts': server.hostKey, 'ssh-key': key, 'project-name': 'shop' },
      rest,
    );
    const outcome = await step.done;
    expect(outcome.code, outcome.all).toBe(0);
    expect(JSON.parse(step.outputs()['status'] ?? '')).toEqual(await json());
    expect(step.outputs()).toMatchObject({ outcome: 'succeeded', release: '' });
    expect(outcome.stdout).toContain(`${server.ip}: release ${one}\n`);
    step.remove();
  });

  it('reports each of several servers', async () => {
    const text = await status(deployer(shop.folder, bed, server, second));
    expect(text).toContain(`${server.ip}: release ${one}\n`);
    expect(text).toContain(
      `\n${addressOf(second)}: nothing has been deployed to /opt/shop\n  drift:\n    current is no release, but on ${server.ip} it is ${one}`,
    );
  });

  it('says which server cannot be reached, and tells of the other', async () => {
    const both = deployer(shop.folder, bed, second, server);
    const [texts, env] = [{ 'connect-timeout': '1s' }, { KORRIGO_SSH_KEY: server.privateKey }];
    await second.unplug();
    const [text, data] = [
      await both(['status'], texts, env),
      await both(['status'], { ...texts, format: 'json' }, env),
    ];
    await second.plug();
    const dead = `${addressOf(second)}: no answer`;
    expect([text.code, data.code]).toEqual([1, 1]);
    expect(text.stdout.split('\nFailed\n')[1]).toMatch(
      new RegExp(`^  ${dead}[^]*\n  ${server.ip}: release ${one}\n[^]*\n  → .*\n  ✗ status failed after `),
    );
    expect(JSON.parse(data.stdout)).toMatchObject([
      { host: addressOf(second), problems: [expect.stringContaining(dead)], releases: [], drift: [] },
      { host: server.ip, current: one, problems: [] },
    ]);
  });

  it('doubts that a project of another name is the right one', async () => {
    const said = await deploy(['status'], { 'project-name': 'shopp' });
    expect(said.code).toBe(1);
    expect(failureOf(said)).toContain(
      `${server.ip}: nothing has been deployed to /opt/shopp\n→ If that is wrong, check project-name, path and hosts.`,
    );
  });
});

describe('after somebody has typed on the server, the drift', () => {
  /** A line in the folder of the current release, as the deploy user. */
  const typed = async (line: string): Promise<void> => {
    const result = await server.ssh(`cd /opt/shop/current && ${line}`);
    expect(result.code, result.stderr).toBe(0);
  };
  /** `docker compose up` with a compose file that is not quite the release's. */
  const otherwise = async (sed: string): Promise<void> =>
    await typed(`sed '${sed}' compose.yml >/tmp/mine.yml && docker compose -f /tmp/mine.yml up -d && rm /tmp/mine.yml`);
  const put = 'docker compose up --detach --remove-orphans --wait';
  const web = 'web: shop-web-1';

  beforeAll(async () => {
    shop.commit(impatient(shopFiles(bed, 'three', { web: '    restart: always\n    init: true\n' })));
    succeeded(await deploy(everything));
  });

  it.each([
    [
      'is another image',
      () => otherwise('s|^    image: .*/shop-web@.*|    image: httpd:mine|'),
      'docker tag "$(docker inspect -f "{{.Image}}" shop-web-1)" httpd:mine',
      [expect.stringMatching(/^web: shop-web-1 is running httpd:mine, expected \S+\/shop-web@sha256:\w{64}$/)],
    ],
    [
      'is another environment',
      () => otherwise('s|COLOUR: blue|COLOUR: red|'),
      '',
      [`${web} was created with a different configuration (environment, mounts, labels or command)`],
    ],
    ['is a container that was removed', () => typed('docker rm --force shop-cache-1'), '', ['cache: has no container']],
    [
      'is a container that was added',
      () => otherwise('s|^services:|services:\\n  debug:\\n    image: httpd:mine\\n    command: sleep 1000|'),
      '',
      ['debug: shop-debug-1 is not part of the release'],
    ],
    [
      'is one container more of a service',
      () => typed('docker compose up --detach --scale cache=2'),
      '',
      ['cache: has 2 containers, expected 1'],
    ],
    [
      'is a container that was stopped',
      () => typed('docker compose stop web'),
      '',
      [`${web} is exited (exit code 143)`],
    ],
    ['is a container that was paused', () => typed('docker compose pause web'), '', [`${web} is paused (exit code 0)`]],
    [
      'is a container that was broken from within',
      async () => {
        await typed('docker compose exec -T web rm /www/index.html');
        await shell(server, 'until docker ps | grep -q unhealthy; do sleep 0.5; done');
      },
      '',
      [`${web} is unhealthy`],
    ],
    [
      'is everything that is wrong',
      async () => {
        await otherwise('s|COLOUR: blue|COLOUR: red|');
        await typed('docker compose rm --force --stop cache');
      },
      '',
      [
        'cache: has no container',
        `${web} was created with a different configuration (environment, mounts, labels or command)`,
      ],
    ],
    [
      'is none for a container that runs a command once',
      () => typed('docker compose run -d --rm web sleep 1000'),
      '',
      [],
    ],
    ['is none for the release itself, put up by hand', () => typed(`docker compose down && ${put}`), '', []],
  ])('%s', async (_, type, before, drift) => {
    if (before) await shell(server, before);
    await type();
    expect(await driftNow()).toEqual(drift);
    const told = await status();
    for (const line of drift) if (typeof line === 'string') expect(told).toContain(`\n    ${line}`);
    await typed('docker compose unpause 2>/dev/null || true');
    await typed('docker ps -aq --filter label=com.docker.compose.oneoff=True | xargs -r docker rm -f');
    await typed(told.includes('unhealthy') ? `${put} --force-recreate` : put);
    expect(await driftNow()).toEqual([]);
  });

  it('is the version that failed, after a deploy that did', async () => {
    const { current } = await stateOf(server);
    shop.commit({ Dockerfile: 'ARG BASE\nFROM ${BASE}\nCMD ["sleep", "infinity"]\n' });
    expect((await deploy(everything, { 'on-failure': 'keep' })).code).toBe(1);
    const sick = (await stateOf(server)).releases.at(-1);
    const told = await status();
    expect(told).toContain(`${server.ip}: release ${current}\n`);
    expect(told).toContain(`\n    ${sick}  failed  deploy\n`);
    expect(told).toMatch(/\n {2}the last attempt failed: deploy of \d{8}-\S+\n/);
    expect(told).toMatch(/\n {2}drift:\n {4}web: shop-web-1 is running \S+\/shop-web@sha256:\w{64}, expected \S+$/);
    shop.commit(shopFiles(bed, 'x', { web: '    env_file: nowhere.env\n' }));
    const release = releaseOf(succeeded(await deploy(['build', 'push'])));
    expect((await deploy(['deploy'], { release })).code).toBe(1);
    expect(await status()).toMatch(
      new RegExp(
        `\n {2}the last attempt failed: deploy of \\S+ \\(refused, nothing was touched\\)\n {2}the last switch failed: deploy of ${sick}\n`,
      ),
    );
    succeeded(await deploy(['rollback']));
    expect(await driftNow()).toEqual([]);
  });

  it('is none of a service with several containers, until one is missing', async () => {
    const files = shopFiles(bed, 'four');
    const compose = files['compose.yml']?.replace(
      '    command: ["sleep"',
      '    deploy:\n      replicas: 2\n    command: ["sleep"',
    );
    shop.commit({ ...files, 'compose.yml': compose ?? '' });
    succeeded(await deploy(everything));
    expect(await driftNow()).toEqual([]);
    await typed('docker rm --force shop-cache-2');
    expect(await driftNow()).toEqual(['cache: has 1 container, expected 2']);
  });
});

describe('a deploy whose runner and keeper were killed', () => {
  it('is named by status, and finished by `heal`, once', async () => {
    const before = await stateOf(server);
    shop.commit({ 'www/index.html': 'never\n' });
    const release = releaseOf(succeeded(await deploy(['build', 'push'])));
    const { inputs, env } = reach(bed, server);
    const migrate = "web: sh -c 'echo begins; sleep 1000'";
    const run = startKorrigo(shop.folder, ['deploy'], { ...inputs, release, migrate }, env);
    await run.says(' | begins');
    run.kill('SIGKILL');
    await run.done;
    await shell(server, 'read -r pid rest </opt/shop/lease/keeper && kill -KILL "$pid"');
    const told = textOf(succeeded(await deploy(['status'])));
    expect(told).toMatch(/\n {2}interrupted: deploy of \S+ by \S+; finish its rollback with `status` and `heal: true`/);
    const healed = succeeded(await deploy(['status'], { heal: 'true' }));
    expect(healed.stdout).toContain(`\nFinish the rollback on ${server.ip}\n`);
    expect(healed.stdout).not.toContain('interrupted:');
    const after = await stateOf(server);
    expect([after.current, after.left]).toEqual([before.current, []]);
    expect(await driftNow()).toEqual([]);
    expect(await shell(server, 'tail -n 1 /opt/shop/history.jsonl')).toContain('"outcome":"rolled-back"');
    expect(succeeded(await deploy(['status'], { heal: 'true' })).stdout).not.toContain('Finish the rollback');
  });
});
