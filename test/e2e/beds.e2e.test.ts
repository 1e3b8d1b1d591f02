/** One life of an application on each kind of bed: other engines at both ends, another userland and another sshd. */
import { beforeAll, describe, expect, it } from 'vitest';
import { chosenKind, type KindName, type Server } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { type Deployer, deployer, failureOf, type Outcome, type Texts } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { announced, planOf, touched } from '../../fixtures/plan.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { impatient, quickHealth, shopFiles } from '../../fixtures/shop.ts';
import { output, page, type State, shell, stateOf } from '../../fixtures/state.ts';

/** Two that differ most from the bed of every other test; KORRIGO_BED asks for another. */
const chosen = process.env['KORRIGO_BED'];
const kinds: readonly KindName[] = chosen ? [chosenKind()] : ['containerd', 'alpine-like'];

const everything = ['build', 'push', 'deploy'];

describe.each(kinds)('on the bed %s', async (kind) => {
  const { bed, repository } = await openBed(kind);
  let server: Server;
  let shop: Repository;
  let deploy: Deployer;
  /** The first release that is kept. */
  let first: State;

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    deploy = deployer(shop.folder, bed, server);
  });

  const services = `  proxy:
    image: ${bed.image('busybox')}
    command: ["sh", "-c", "sleep infinity"]
    init: true
    stop_grace_period: 1s
    depends_on: [web]
${quickHealth}  jobs:
    image: ${bed.image('busybox')}
    pull_policy: always
    command: ["sleep", "infinity"]
    init: true
    stop_grace_period: 1s
    secrets: [token]
${quickHealth}`;
  const files = (text: string, web = ''): Record<string, string> =>
    impatient(shopFiles(bed, text, { web, services, top: 'secrets:\n  token:\n    file: secrets/token\n' }));
  const inputs: Texts = { 'env-files': 'secrets/token=TOKEN', 'keep-releases': '20' };
  const values = { TOKEN: 'one' };
  const run = async (commands: readonly string[], more: Texts = {}, env: Texts = values): Promise<Outcome> =>
    await deploy(commands, { ...inputs, ...more }, env);
  const release = async (): Promise<string> => await output(server, 'cat', '/opt/shop/current/release.json');

  /** The run succeeds, and the containers that changed are those of its plan. */
  async function keepsItsWord(attempt: () => Promise<Outcome>): Promise<Readonly<Record<string, string>>> {
    const before = await stateOf(server);
    const plan = planOf(succeeded(await attempt()));
    expect(Object.keys(plan)).not.toEqual([]);
    expect(touched(before, await stateOf(server))).toEqual(announced(plan));
    return plan;
  }

  /** BusyBox's `timeout` has a second process, which looks once a second whether the program has ended. */
  const nothingIsLeft = async (): Promise<void> =>
    await until('nothing is left', 30_000, async () => (await stateOf(server)).left.length === 0);

  /** The run fails, says why, and what ran before runs again. */
  async function goesBack(attempt: () => Promise<Outcome>): Promise<string> {
    const before = await stateOf(server);
    const text = await page(server);
    const outcome = await attempt();
    expect(outcome.code, outcome.all).toBe(1);
    expect(await page(server)).toBe(text);
    await nothingIsLeft();
    expect((await stateOf(server)).current).toBe(before.current);
    return failureOf(outcome);
  }

  it('a first deploy with an env-file and a migration', async () => {
    shop.commit(files('one'));
    succeeded(
      await run(everything, {
        migrate: "web: sh -c 'echo migrated >>/data/migrations'",
        'health-url': `http://${server.ip}:8080/`,
      }),
    );
    first = await stateOf(server);
    expect(await page(server)).toBe('one');
    expect(Object.keys(first.containers)).toEqual(['shop-cache-1', 'shop-jobs-1', 'shop-proxy-1', 'shop-web-1']);
    expect(await output(server, 'docker', 'exec', 'shop-web-1', 'cat', '/data/migrations')).toBe('migrated\n');
    expect(await output(server, 'docker', 'exec', 'shop-jobs-1', 'cat', '/run/secrets/token')).toBe('one');
    await nothingIsLeft();
  });

  it('nothing changed', async () => {
    const again = { release: await release(), 'force-recreate': 'none' };
    const plan = await keepsItsWord(async () => await run(['deploy'], again));
    expect(plan).toEqual({ cache: 'keep', jobs: 'keep', proxy: 'keep', web: 'keep' });
    first = await stateOf(server); // a commit is kept once
  });

  it('a plan says what the deploy then does', async () => {
    shop.commit(files('two'));
    const said = succeeded(await run(['plan'])).all;
    expect(said).toMatch(/ web +recreate +/);
    const plan = await keepsItsWord(async () => await run(everything));
    expect(plan).toMatchObject({ cache: 'keep', jobs: 'keep', web: 'recreate image' });
    expect(await page(server)).toBe('two');
  });

  it('a changed secret reaches the service that reads it, and no other', async () => {
    const again = { release: await release(), 'force-recreate': 'none' };
    const plan = await keepsItsWord(async () => await run(['deploy'], again, { TOKEN: 'two' }));
    expect(announced(plan)).toEqual(['jobs']);
    expect(await output(server, 'docker', 'exec', 'shop-jobs-1', 'cat', '/run/secrets/token')).toBe('two');
    values.TOKEN = 'two';
  });

  it('a changed environment, and what depends on it', async () => {
    shop.commit(files('two', '    labels: {note: changed}\n'));
    const plan = await keepsItsWord(async () => await run(everything, { 'force-recreate': 'none' }));
    expect(plan).toMatchObject({ cache: 'keep', jobs: 'keep', web: expect.stringMatching(/^recreate /) });
  });

  it('a version that does not become healthy', async () => {
    shop.commit({
      ...files('three'),
      Dockerfile: `FROM ${bed.engine.images.busybox}\nCMD ["sh", "-c", "echo broken; exit 3"]\n`,
    });
    expect(await goesBack(async () => await run(everything))).toMatch(/web .*code 3[\s\S]*rolled back/);
  });

  it('a migration that fails', async () => {
    shop.commit(files('four'));
    const said = await goesBack(async () => await run(everything, { migrate: "web: sh -c 'echo no table; exit 4'" }));
    expect(said).toMatch(/no table[\s\S]*rolled back/);
  });

  it('a migration that takes too long', async () => {
    const timing = { migrate: "web: sh -c 'sleep 600'", 'migrate-timeout': '5s' };
    expect(await goesBack(async () => await run(everything, timing))).toMatch(/5 s[\s\S]*rolled back/);
  });

  it('a rolling deploy', async () => {
    const rolling = files('five', '    labels: {korrigo.rolling: "true"}\n');
    // A published port of its own keeps a service from rolling.
    const compose = (rolling['compose.yml'] ?? '').replace(/ {4}ports:\n.*\n/, '    expose: [80]\n');
    shop.commit({ ...rolling, 'compose.yml': compose });
    const before = await stateOf(server);
    succeeded(await run(everything, { strategy: 'rolling' }));
    shop.commit({ 'www/index.html': 'six\n' });
    const plan = planOf(succeeded(await run(everything, { strategy: 'rolling' })));
    expect(plan).toMatchObject({ cache: 'keep', web: expect.stringMatching(/^roll /) });
    const after = await stateOf(server);
    expect(Object.keys(after.containers)).toHaveLength(4);
    expect(after.containers['shop-cache-1']).toEqual(before.containers['shop-cache-1']);
  });

  it('a rollback to the first release, with what nobody else keeps from a prune', async () => {
    await shell(server, 'docker image prune --force');
    await keepsItsWord(async () => await run(['rollback'], { to: first.current }));
    expect(await page(server)).toBe('one');
    expect((await stateOf(server)).current).toBe(first.current);
  });

  it('prune leaves what a kept release needs, and nothing of the others', async () => {
    shop.commit(files('seven'));
    succeeded(await run(everything, { 'keep-releases': '2' }));
    const { current, releases } = await stateOf(server);
    expect(releases).toEqual([first.current, current]);
    const tags = await shell(server, "docker image ls --format '{{.Tag}}' | grep '^shop-' | sort -u");
    expect(tags.trim().split('\n')).toEqual(releases.map((id) => `shop-${id}`));
    expect(await page(server)).toBe('seven');
  });

  it('a status that sees drift', async () => {
    expect(succeeded(await run(['status'])).all).toContain('no drift');
    await shell(server, 'docker stop shop-cache-1');
    expect(succeeded(await run(['status'])).all).toMatch(/drift[\s\S]*cache/);
  });
});
