import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import {
  addressOf,
  type Deployer,
  deployer,
  failureOf,
  korrigo,
  type Outcome,
  reach,
  releaseOf,
  type Texts,
} from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { impatient, quickHealth, shopFiles } from '../../fixtures/shop.ts';
import { output, page, type State, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();

/** Refused: nothing on the server is another than before. */
async function refused(server: Server, attempt: () => Promise<Outcome>): Promise<string> {
  const before = await stateOf(server);
  const outcome = await attempt();
  expect(outcome.code, outcome.all).toBe(1);
  expect(await stateOf(server)).toEqual(before);
  return failureOf(outcome);
}

async function withoutRegistry(attempt: () => Promise<Outcome>): Promise<Outcome> {
  await bed.registry.stop();
  try {
    return await attempt();
  } finally {
    await bed.registry.start();
  }
}

const checkOut = (shop: Repository, commit: string): void =>
  void execFileSync('git', ['checkout', '--quiet', commit], { cwd: shop.folder });

const everything = ['build', 'push', 'deploy'];
const servicesOf = ({ containers }: State): readonly string[] =>
  Object.keys(containers).map((name) => name.replace(/^[a-z]+-(.*)-1$/, '$1'));
const inWeb = async (server: Server, line: string): Promise<string> =>
  await output(server, 'docker', 'exec', 'shop-web-1', 'sh', '-c', line);

type Line = Texts & { readonly switched: boolean };
const historyOf = async (server: Server): Promise<readonly Line[]> =>
  (await output(server, 'cat', '/opt/shop/history.jsonl'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('between two releases that differ in everything', () => {
  let server: Server;
  let shop: Repository;
  let deploy: Deployer;
  let one: State;
  let two: State;

  const worker = (): string => `  worker:
    image: ${bed.image('busybox')}
    command: ["sleep", "infinity"]
    init: true
    stop_grace_period: 1s
    volumes: ["jobs:/jobs"]
${quickHealth}`;
  const shared = async (colour: string): Promise<void> => {
    await server.ssh(`mkdir -p /opt/shop/shared && cat >/opt/shop/shared/.env`, { stdin: `COLOUR='${colour}'\n` });
  };
  const looks = async (): Promise<readonly string[]> => [
    await page(server),
    ...(await inWeb(server, 'echo "$COLOUR"; cat /site.conf /data/kept')).trim().split('\n'),
  ];

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    deploy = deployer(shop.folder, bed, server);
    await shared('$blue "as" it was');
    shop.commit(shopFiles(bed));
    succeeded(await deploy(everything));
    one = await stateOf(server);
    await inWeb(server, 'echo data of one >/data/kept');
    await shared('green');
    const top = '  jobs: {}\n';
    shop.commit({ ...shopFiles(bed, 'two', { services: worker(), top }), 'site.conf': 'colour = green\n' });
    succeeded(await deploy(everything));
    two = await stateOf(server);
    await output(server, 'docker', 'exec', 'shop-worker-1', 'sh', '-c', 'echo a job >/jobs/1');
  });

  it('brings images, services, environment and shipped files back while the registry is down', async () => {
    expect(servicesOf(two)).toEqual(['cache', 'web', 'worker']);
    expect(await looks()).toEqual(['two', 'green', 'colour = green', 'data of one']);
    const { all } = succeeded(await withoutRegistry(() => deploy(['rollback'], { reason: 'two is too green' })));
    expect(await looks()).toEqual(['one', '$blue "as" it was', 'colour = blue', 'data of one']);
    const state = await stateOf(server);
    expect(servicesOf(state)).toEqual(['cache', 'web']);
    expect(state.current).toBe(one.current);
    expect(state.releases).toEqual([one.current, two.current]);
    expect(state.left).toEqual([]);
    expect(all).toMatch(/ {4}web +recreate .*\n {4}worker +remove +not in this release\n/);
    expect(all).not.toMatch(/log in to|✓ .*: pull/);
  });

  it('leaves the volumes, of services that went as well, with what is in them', async () => {
    expect(await output(server, 'docker', 'volume', 'ls', '--quiet')).toBe('shop_data\nshop_jobs\n');
    expect(await shell(server, 'cat "$(docker volume inspect -f "{{.Mountpoint}}" shop_jobs)/1"')).toBe('a job\n');
  });

  it('does not restart what is the same in both releases', async () => {
    expect((await stateOf(server)).containers['shop-cache-1']).toEqual(one.containers['shop-cache-1']);
  });

  it('writes into the history who rolled back, when and why', async () => {
    expect((await historyOf(server)).at(-1)).toMatchObject({
      release: one.current,
      command: 'rollback',
      outcome: 'succeeded',
      switched: true,
      previous: two.current,
      commit: one.current.slice(-12) + (await commitOf(one.current)).slice(12),
      reason: 'two is too green',
    });
  });

  it('rolls back from a rollback to where it came from', async () => {
    succeeded(await deploy(['rollback']));
    expect(await looks()).toEqual(['two', 'green', 'colour = green', 'data of one']);
    expect(servicesOf(await stateOf(server))).toEqual(['cache', 'web', 'worker']);
    expect(await output(server, 'docker', 'exec', 'shop-worker-1', 'cat', '/jobs/1')).toBe('a job\n');
    expect((await stateOf(server)).current).toBe(two.current);
  });

  it('does nothing but say so when the release is the current one already', async () => {
    const before = await stateOf(server);
    const { all } = succeeded(await deploy(['rollback'], { to: two.current, 'force-recreate': 'none' }));
    expect(all).toMatch(/ {4}cache +keep\n {4}web +keep\n {4}worker +keep\n/);
    expect(await stateOf(server)).toEqual(before);
  });

  it('needs a file under shared/ that the release used, and says which one is gone', async () => {
    const service = `    env_file: shared.env\n    volumes: ["data:/data", "./site.conf:/site.conf:ro", "./letter:/letter:ro"]\n`;
    const files = shopFiles(bed, 'three', { web: '    # more\n' });
    const compose = files['compose.yml']?.replace(/ {4}volumes:\n.*\n.*\n/, service) ?? '';
    shop.commit({ ...files, 'compose.yml': compose });
    const envFiles = { 'env-files': 'shared.env=A\nletter=B' };
    succeeded(await deploy(everything, envFiles, { A: 'A=1\n', B: 'Dear server,\n' }));
    const three = (await stateOf(server)).current;
    shop.commit(shopFiles(bed, 'four'));
    succeeded(await deploy(everything));
    await server.ssh('rm /opt/shop/shared/letter /opt/shop/shared/shared.env');
    // What an env_file said is part of the release. A mounted file is not.
    expect(await refused(server, () => deploy(['rollback'], { to: three }))).toBe(
      `${server.ip}: /opt/shop/shared/letter is missing (read by web): restore it on the server, or roll back to another release\n→ Nothing was changed.`,
    );
    await server.ssh('echo again >/opt/shop/shared/letter');
    succeeded(await deploy(['rollback'], { to: three }));
    expect(await inWeb(server, 'echo $A; cat /letter')).toBe('1\nagain\n');
  });

  const commitOf = async (release: string): Promise<string> =>
    JSON.parse(await output(server, 'cat', `/opt/shop/releases/${release}/release.json`)).commit;
});

describe('what a deploy does after a rollback', () => {
  let server: Server;
  let shop: Repository;
  let deploy: Deployer;
  const commits: string[] = [];

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    deploy = deployer(shop.folder, bed, server);
    for (const front of ['zero', 'one', 'two']) {
      commits.push(shop.commit(shopFiles(bed, front)));
      succeeded(await deploy(everything));
    }
    succeeded(await deploy(['rollback'], { reason: 'two loses orders' }));
  });

  const short = (index: number): string => (commits[index] ?? '').slice(0, 12);
  const withoutTime = (said: string): string =>
    said.replace(/on \d{4}-\d\d-\d\d \d\d:\d\d by \S+@[^\s:]+/, 'on … by …');

  it('refuses the commit that was rolled back from, and says by whom and why', async () => {
    const said = await refused(server, () => deploy(everything));
    expect(withoutTime(said)).toBe(
      `${server.ip}: commit ${short(2)} was rolled back on … by …: two loses orders\n→ Push a newer commit, or set allow-older to true if you mean it. Nothing was changed.`,
    );
    expect(await page(server)).toBe('one');
  });

  it('refuses an older one, too', async () => {
    checkOut(shop, commits[0] ?? '');
    const said = await refused(server, () => deploy(everything));
    expect(said).toMatch(
      new RegExp(
        `^${server.ip}: commit ${short(0)} \\(.*\\) is older than ${short(2)} \\(.*\\), which was deployed here on `,
      ),
    );
  });

  it('takes the one that is current', async () => {
    checkOut(shop, commits[1] ?? '');
    succeeded(await deploy(everything));
    expect(await page(server)).toBe('one');
    checkOut(shop, 'main');
    expect(await refused(server, () => deploy(everything))).toContain(`commit ${short(2)} was rolled back on `);
  });

  it('takes the commit that was rolled back from with allow-older', async () => {
    succeeded(await deploy(everything, { 'allow-older': 'true' }));
    expect(await page(server)).toBe('two');
    succeeded(await deploy(everything)); // and from then on it is as good as any
  });

  it('takes a newer commit', async () => {
    succeeded(await deploy(['rollback'], { to: commits[1] ?? '' }));
    expect(await page(server)).toBe('one');
    commits.push(shop.commit(shopFiles(bed, 'three')));
    succeeded(await deploy(everything));
    expect(await page(server)).toBe('three');
  });

  it('never lets an older commit replace a newer one in silence', async () => {
    checkOut(shop, commits[2] ?? '');
    expect(await refused(server, () => deploy(everything))).toContain(`commit ${short(2)} (`);
    succeeded(await deploy(everything, { 'allow-older': 'true' }));
    expect(await page(server)).toBe('two');
    checkOut(shop, 'main');
  });

  it('refuses one that failed and would now succeed, until a newer one comes', async () => {
    commits.push(shop.commit(shopFiles(bed, 'four')));
    expect((await deploy(everything, { migrate: "web: sh -c 'exit 7'", 'on-failure': 'keep' })).code).toBe(1);
    expect(await page(server)).toBe('four');
    succeeded(await deploy(['rollback'], { reason: 'four half migrated' }));
    expect(await page(server)).toBe('two');
    const before = await stateOf(server);
    const again = await deploy(everything);
    expect(again.code, again.all).toBe(1);
    const after = await stateOf(server); // but for the files of the one that failed, which nothing needs any more
    expect([after.containers, after.current]).toEqual([before.containers, before.current]);
    expect(withoutTime(failureOf(again))).toBe(
      `${server.ip}: commit ${short(4)} was rolled back on … by …: four half migrated\n→ Push a newer commit, or set allow-older to true if you mean it. Nothing was changed.`,
    );
    commits.push(shop.commit(shopFiles(bed, 'five')));
    succeeded(await deploy(everything));
    expect(await page(server)).toBe('five');
  });
});

describe('what a rollback finds', () => {
  let server: Server;
  let shop: Repository;
  let deploy: Deployer;
  const ids: string[] = [];

  const put = async (files: Texts, inputs: Texts = {}): Promise<string> => {
    shop.commit(files);
    succeeded(await deploy(everything, inputs));
    return (await stateOf(server)).current;
  };
  /** Never healthy. */
  const sick = (): Texts => ({
    Dockerfile: 'ARG BASE\nFROM ${BASE}\nCMD ["sh", "-c", "echo cannot read settings; exit 3"]\n',
  });
  /** The releases that a refusal offers, without when and by whom. */
  const offered = (said: string): readonly string[] =>
    [...said.matchAll(/^ {2}(\d{8}-\S+) {2}(.*)$/gm)].map(([, id, notes = '']) =>
      `${id} ${notes.startsWith('current, ') ? 'current' : ''}`.trim(),
    );

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    deploy = deployer(shop.folder, bed, server);
  });

  it('has nothing to roll back to on a bare server', async () => {
    shop.commit(shopFiles(bed));
    const said = await refused(server, () => deploy(['rollback']));
    expect(said).toBe(
      `rollback: nothing has been deployed to /opt/shop on ${server.ip}: check project-name or path\n→ Nothing was changed.`,
    );
  });

  it('has nothing to roll back to after the first deploy', async () => {
    ids.push(await put(shopFiles(bed)));
    const said = await refused(server, () => deploy(['rollback']));
    expect(said).toContain('there is no earlier release to roll back to\navailable releases:\n');
    expect(offered(said)).toEqual([`${ids[0]} current`]);
  });

  it('refuses a release that is no longer kept, and lists those that are', async () => {
    ids.push(await put(shopFiles(bed, 'two')));
    ids.push(await put(shopFiles(bed, 'three'), { 'keep-releases': '2' }));
    for (const to of [ids[0] ?? '', ids[0]?.slice(-12) ?? '']) {
      const said = await refused(server, () => deploy(['rollback'], { to }));
      expect(said).toMatch(/^rollback: \S+ has been pruned \(keep-releases\)\n/);
      expect(offered(said)).toEqual([`${ids[2]} current`, ids[1]]);
    }
  });

  it('refuses a release and a commit that were never deployed', async () => {
    for (const to of ['20200101-000000-0123456789ab', '0123456789abcdef']) {
      const said = await refused(server, () => deploy(['rollback'], { to }));
      expect(said).toContain(`rollback: ${to} was never deployed here\navailable releases:\n`);
    }
  });

  it('goes from a version that failed to the last good one, and calls the other one by its name', async () => {
    shop.commit(sick());
    expect((await deploy(everything, { 'on-failure': 'keep' })).code).toBe(1);
    const failed = (await historyOf(server)).at(-1)?.['release'] ?? '';
    expect((await stateOf(server)).containers['shop-web-1']?.status).not.toBe('running');
    const said = await refused(server, () => deploy(['rollback'], { to: failed }));
    expect(said).toContain(`rollback: ${failed} was tried here, but never became healthy\n`);
    const { all } = succeeded(await deploy(['rollback'], { 'force-recreate': 'none' }));
    expect(all).toMatch(/ {4}web +recreate +image\n/);
    expect(await page(server)).toBe('three');
    expect((await stateOf(server)).current).toBe(ids[2]);
  });

  it('goes to the last good one when the next deploy after the one that failed got nowhere', async () => {
    shop.commit({ ...sick(), 'www/index.html': 'sick again\n' });
    expect((await deploy(everything, { 'on-failure': 'keep' })).code).toBe(1);
    const files = shopFiles(bed, 'mended', { web: '    env_file: nowhere.env\n' });
    shop.commit(files);
    const release = releaseOf(succeeded(await deploy(['build', 'push'])));
    const outcome = await deploy(['deploy'], { release });
    expect(failureOf(outcome)).toContain('/opt/shop/shared/nowhere.env is missing');
    expect((await historyOf(server)).slice(-2).map(({ outcome: how, switched }) => [how, switched])).toEqual([
      ['failed', true],
      ['failed', false],
    ]);
    succeeded(await deploy(['rollback']));
    expect(await page(server)).toBe('three');
    expect((await stateOf(server)).current).toBe(ids[2]);
  });

  it('pulls an image that somebody removed from the server', async () => {
    const image = await removeImagesOf(ids[1] ?? '');
    const said = await refused(server, () => withoutRegistry(() => deploy(['rollback'], { to: ids[1] ?? '' })));
    expect(said).toContain(`log in to ${bed.registry.address} as korrigo failed`);
    expect(said).toContain('→ ');
    const { all } = succeeded(await deploy(['rollback'], { to: ids[1] ?? '' }));
    expect(all).toContain(`✓ ${server.ip}: log in to ${bed.registry.address} as korrigo`);
    expect(all).toContain(`✓ ${server.ip}: log out of the registry`);
    expect(await page(server)).toBe('two');
    expect(await output(server, 'docker', 'image', 'ls', '--digests')).toContain(image.split('@')[1]);
    expect((await stateOf(server)).left).toEqual([]);
  });

  it('says so when an old release is no longer healthy, and rolls back to what ran before', async () => {
    // An application whose new version changes the data so that the old one cannot read them.
    const health = (test: string): Texts => {
      const files = impatient(shopFiles(bed, test === 'old' ? 'four' : 'five'));
      const check = test === 'old' ? 'test ! -e /data/new' : 'touch /data/new';
      const compose = files['compose.yml']?.replace(
        / {6}test: \["CMD", "wget".*\n/,
        `      test: ["CMD-SHELL", "${check}"]\n`,
      );
      return { ...files, 'compose.yml': compose ?? '' };
    };
    const four = await put(health('old'));
    const five = await put(health('new'));
    const outcome = await deploy(['rollback'], { reason: 'let us see' });
    expect(outcome.code).toBe(1);
    expect(failureOf(outcome)).toMatch(new RegExp(`^${server.ip}: web is unhealthy\n`));
    expect((await stateOf(server)).current).toBe(five);
    expect((await historyOf(server)).at(-1)).toMatchObject({ release: four, outcome: 'rolled-back', switched: true });
    expect((await deploy(['status'])).stdout).toContain(
      `the last attempt failed and was rolled back: rollback of ${four}`,
    );
    expect(await page(server)).toBe('five');
    expect((await stateOf(server)).current).toBe(five);
  });

  /** Of the built service, with the containers that use it: none do. */
  async function removeImagesOf(release: string): Promise<string> {
    const text = await output(server, 'cat', `/opt/shop/releases/${release}/release.json`);
    const image: string = JSON.parse(text).images.web;
    await output(server, 'docker', 'rmi', `${image.split('@')[0]}:shop-${release}`);
    expect((await server.exec(['docker', 'image', 'inspect', image])).code).not.toBe(0);
    return image;
  }
});

describe('on two servers', () => {
  let first: Server;
  let second: Server;
  let shop: Repository;
  let alone: Deployer;
  let both: Deployer;
  const ids: string[] = [];

  beforeAll(async () => {
    first = await bed.server();
    const key = await readFile(`${first.privateKeyFile}.pub`, 'utf8');
    second = await bed.server({ authorizedKeys: [key.trim()], sshPort: 2222 });
    shop = repository();
    alone = deployer(shop.folder, bed, first);
    both = deployer(shop.folder, bed, first, second);
    for (const [front, deploy] of [
      ['one', alone],
      ['two', both],
    ] as const) {
      shop.commit(shopFiles(bed, front));
      succeeded(await deploy(everything));
      ids.push((await stateOf(first)).current);
    }
  });

  it('refuses a release that is not on every one of them, and says where it is missing', async () => {
    const said = await refused(second, () => refusedToo(() => both(['rollback'], { to: ids[0] ?? '' })));
    expect(said).toContain(
      `rollback: ${ids[0]} is not on ${addressOf(second)}: a rollback needs the release on every host\n`,
    );
    expect(said).toMatch(new RegExp(`  ${ids[0]}  .*, not on ${addressOf(second)}\n`));
    const previous = await refused(second, () => refusedToo(() => both(['rollback'])));
    expect(previous).toContain('rollback: there is no earlier release to roll back to\n');
  });

  it('rolls back on all of them, side by side', async () => {
    shop.commit(shopFiles(bed, 'three'));
    succeeded(await both(everything));
    succeeded(await both(['rollback']));
    expect([await page(first), await page(second)]).toEqual(['two', 'two']);
    expect([(await stateOf(first)).current, (await stateOf(second)).current]).toEqual([ids[1], ids[1]]);
  });

  it('does nothing on any of them when one cannot be reached', async () => {
    await second.unplug();
    const said = await refused(first, () => both(['rollback'], { 'connect-timeout': '1s' })).finally(second.plug);
    expect(said).toContain(`${addressOf(second)}: `);
    expect([await page(first), await page(second)]).toEqual(['two', 'two']);
  });

  it('has no previous release when one of them rolled back alone, whichever is named first', async () => {
    succeeded(await alone(['rollback']));
    expect([await page(first), await page(second)]).toEqual(['three', 'two']);
    const three = (await stateOf(first)).current;
    for (const servers of [
      [first, second],
      [second, first],
    ] as const) {
      const rows = servers.map((server) => `  ${addressOf(server)}  ${server === first ? three : ids[1]}\n`).join('');
      const said = await refused(second, () =>
        refusedToo(() =>
          deployer(shop.folder, bed, ...servers)(['rollback'], {}, { KORRIGO_SSH_KEY: first.privateKey }),
        ),
      );
      expect(said).toContain(
        `rollback: the hosts have different current releases, so there is no \`previous\`:\n${rows}available releases:\n`,
      );
    }
    const { stdout } = succeeded(await both(['status']));
    expect(stdout).toContain(`\n      current is ${ids[1]}, but on ${first.ip} it is ${three}\n`);
    succeeded(await both(['rollback'], { to: ids[1] ?? '' }));
    expect([await page(first), await page(second)]).toEqual(['two', 'two']);
  });

  /** On the first one, that is: `refused` looks at the second. */
  async function refusedToo(attempt: () => Promise<Outcome>): Promise<Outcome> {
    const before = await stateOf(first);
    const outcome = await attempt();
    expect(await stateOf(first)).toEqual(before);
    return outcome;
  }
});

describe('without a checkout', () => {
  let server: Server;
  let shop: Repository;
  let elsewhere: string;

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    elsewhere = mkdtempSync(join(tmpdir(), 'korrigo-elsewhere-'));
    const deploy = deployer(shop.folder, bed, server);
    for (const front of ['one', 'two']) {
      shop.commit(shopFiles(bed, front));
      succeeded(await deploy(everything));
    }
  });
  afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

  it('goes by the name of the project', async () => {
    succeeded(await deployer(elsewhere, bed, server)(['rollback'], { 'project-name': 'shop' }));
    expect(await page(server)).toBe('one');
  });

  it('asks for that name when it is not given', async () => {
    const said = await refused(server, () => deployer(elsewhere, bed, server)(['rollback']));
    expect(said).toBe(
      'project-name: is not set, and there is no checkout to read it from; set it to the name of the Compose project\n→ It is the name of the folder below /opt on the servers.',
    );
  });

  it('finds nothing of a project that is not there', async () => {
    const rollback = deployer(elsewhere, bed, server);
    expect(await refused(server, () => rollback(['rollback'], { 'project-name': 'shopp' }))).toBe(
      `rollback: nothing has been deployed to /opt/shopp on ${server.ip}: check project-name or path\n→ Nothing was changed.`,
    );
  });
});

describe('this machine as the server', () => {
  it('rolls back without a connection', async () => {
    const project = `shop-${bed.id}`;
    const shop = repository(`local-${bed.id}`);
    const root = join(bed.folder, 'opt', project);
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const { inputs, env } = reach(bed);
    const { 'known-hosts': _none, ...reachable } = inputs;
    const here = async (commands: readonly string[]): Promise<Outcome> =>
      await korrigo(
        shop.folder,
        commands,
        { ...reachable, hosts: 'local', path: root, 'env-files': '.env=DOTENV' },
        { ...env, DOTENV: `WEB_PORT=${port}\n` },
      );
    try {
      for (const front of ['one', 'two']) {
        const files = shopFiles(bed, front);
        shop.commit({
          ...files,
          'compose.yml': (files['compose.yml'] ?? '').replace('name: shop', `name: ${project}`),
        });
        succeeded(await here(everything));
        expect(await page({ ip: '127.0.0.1' }, port)).toBe(front);
      }
      succeeded(await here(['rollback']));
      expect(await page({ ip: '127.0.0.1' }, port)).toBe('one');
    } finally {
      await bed.engine.tryDocker(['compose', '--project-name', project, 'down', '--volumes', '--timeout', '1']);
      const tags = await bed.engine.docker('images', '--format', '{{.Repository}}:{{.Tag}}');
      const own = tags.split('\n').filter((name) => name.includes(`:${project}-`));
      if (own.length > 0) await bed.engine.tryDocker(['rmi', '--force', ...own]);
    }
  });
});
