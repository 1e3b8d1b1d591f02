import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { addressOf, type Deployer, deployer, failureOf, korrigo, reach, releaseOf } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { quickHealth, shopFiles } from '../../fixtures/shop.ts';
import { output, page, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();

describe('one server, from nothing to the third release', () => {
  let server: Server;
  let shop: Repository;
  let deploy: Deployer;

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    deploy = deployer(shop.folder, bed, server);
  });

  it('puts a first release on a bare server, and the application answers', async () => {
    const commit = shop.commit(shopFiles(bed));
    const { all } = succeeded(await deploy(['build', 'push', 'deploy']));
    expect(await page(server)).toBe('one');
    expect((await stateOf(server)).current).toMatch(new RegExp(`^\\d{8}-\\d{6}-${commit.slice(0, 12)}$`));
    expect(all).toContain(`${server.ip}, first release:\n    cache  create    no container yet\n`);
  });

  it('lets only the deploy user read the sealed release', async () => {
    const modes = await shell(server, "cd /opt/shop/current/ && stat -c '%a %U %n' . compose.yml release.json");
    expect(modes).toBe('700 deploy .\n600 deploy compose.yml\n600 deploy release.json\n');
  });

  it('seals every image by digest and keeps it from a prune by a tag of the release', async () => {
    const { current } = await stateOf(server);
    const images = (await shell(server, "sed -n 's/^    image: //p' /opt/shop/current/compose.yml | tr -d '\"'"))
      .trim()
      .split('\n');
    expect(images).toHaveLength(2);
    for (const image of images) {
      expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
      const [name = ''] = image.split('@');
      const tagged = await output(
        server,
        'docker',
        'image',
        'inspect',
        '-f',
        '{{.RepoDigests}}',
        `${name}:shop-${current}`,
      );
      expect(tagged).toContain(image);
    }
    await shell(server, 'docker compose -p shop stop && docker container prune -f && docker image prune -f');
    expect(await shell(server, 'cd /opt/shop/current && docker compose up --detach --pull never 2>&1')).toContain(
      'Started',
    );
  });

  it('answers a person who types docker compose in the current release', async () => {
    const listed = await server.ssh('cd /opt/shop/current && docker compose ps --format "{{.Service}}"');
    expect(listed).toMatchObject({ code: 0, stdout: 'cache\nweb\n', stderr: '' });
  });

  it('replaces it by a new commit, keeps the old release, and shares what was shipped', async () => {
    const first = await stateOf(server);
    shop.commit(shopFiles(bed, 'two'));
    const { all } = succeeded(await deploy(['build', 'push', 'deploy'], { 'health-url': `http://${server.ip}:8080/` }));
    expect(await page(server)).toBe('two');
    const second = await stateOf(server);
    expect(second.releases).toEqual([first.current, second.current]);
    expect(second.containers['shop-cache-1']).toEqual(first.containers['shop-cache-1']);
    expect(await shell(server, 'ls /opt/shop/files | wc -l')).toBe('1\n');
    expect(all).toMatch(/currently .*:\n {4}cache {2}keep\n {4}web {4}recreate {2}image\n/);
    // Less than a probe takes may go unseen.
    expect(all).toMatch(
      /downtime: (?:\d+\.\d s \(\d+ of \d+ health-url probes failed|health-url answered all \d+ probes)/,
    );
    expect(second.left).toEqual([]);
  });

  it('ships a file again only when its content changed', async () => {
    shop.commit({ 'site.conf': 'colour = green\n' });
    succeeded(await deploy(['build', 'push', 'deploy']));
    expect(await output(server, 'docker', 'exec', 'shop-web-1', 'cat', '/site.conf')).toBe('colour = green\n');
    expect(await shell(server, 'cat /opt/shop/files/*/site.conf | sort')).toBe('colour = blue\ncolour = green\n');
  });

  it('hands a release from the job that pushed to the job that deploys', async () => {
    shop.commit(shopFiles(bed, 'three'));
    const pushed = releaseOf(succeeded(await deploy(['build', 'push'])));
    expect(await page(server)).toBe('two');
    succeeded(await deploy(['deploy'], { release: pushed }));
    expect(await page(server)).toBe('three');
    expect((await stateOf(server)).current).toBe(JSON.parse(pushed).id);
  });

  it('deploys the same release again as a new one of the same images', async () => {
    const before = await stateOf(server);
    const pushed = await output(server, 'cat', '/opt/shop/current/release.json');
    succeeded(await deploy(['deploy'], { release: pushed }));
    const after = await stateOf(server);
    expect(after.releases).toEqual([...before.releases, after.current]);
    const again = JSON.parse(await output(server, 'cat', '/opt/shop/current/release.json'));
    expect(again).toEqual({ ...JSON.parse(pushed), id: after.current });
  });

  it('refuses to deploy a release from the checkout of another commit', async () => {
    const before = await stateOf(server);
    const release = await output(server, 'cat', '/opt/shop/current/release.json');
    const commit = shop.commit({ 'www/index.html': 'four\n' });
    const outcome = await deploy(['deploy'], { release });
    expect(outcome.code).toBe(1);
    expect(failureOf(outcome)).toBe(
      `release: it was built from commit ${before.current.slice(-12)}, but commit ${commit.slice(0, 12)} is checked out\n→ Check out that commit: with actions/checkout, \`ref: <commit>\`.`,
    );
    expect(await stateOf(server)).toEqual(before);
  });

  it('waits until a container without a healthcheck has run for a while', async () => {
    shop.commit(
      shopFiles(bed, 'five', {
        services: `  tail:\n    image: ${bed.image('busybox')}\n    command: ["sleep", "infinity"]\n    init: true\n    stop_grace_period: 1s\n`,
      }),
    );
    const { all } = succeeded(await deploy(['build', 'push', 'deploy']));
    expect(all).toContain('tail is up, waiting to see whether it stays up');
    const { containers } = await stateOf(server);
    expect(Date.now() - Date.parse(containers['shop-tail-1']?.startedAt ?? '')).toBeGreaterThan(4000);
  });

  it('removes a service that the release no longer has, and keeps its volumes', async () => {
    shop.commit(shopFiles(bed, 'six'));
    const { all } = succeeded(await deploy(['build', 'push', 'deploy']));
    expect(all).toContain('tail   remove    not in this release');
    expect(Object.keys((await stateOf(server)).containers)).toEqual(['shop-cache-1', 'shop-web-1']);
    expect(await output(server, 'docker', 'volume', 'ls', '-q')).toContain('shop_data');
  });
});

describe('values that only the server knows', () => {
  const value = `P@$$w0rd $HOME "double" it's #not-a-comment`;
  const secret = `first line $1 \${2} 'single' "double"\n\tpässwörd ✓ \\n\nP@$$w0rd`;
  let server: Server;
  let deploy: Deployer;
  let shop: Repository;
  const inWeb = async (line: string) => await output(server, 'docker', 'exec', 'shop-web-1', 'sh', '-c', line);

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    deploy = deployer(shop.folder, bed, server);
    shop.commit(
      shopFiles(bed, 'one', {
        web: '    env_file: web.env\n    secrets: [token]\n',
        top: 'secrets:\n  token:\n    file: secrets/token\n',
      }),
    );
    await server.ssh('mkdir -p /opt/shop/shared && cat >/opt/shop/shared/.env', {
      stdin: `COLOUR='${value.replaceAll("'", "\\'")}'\nWEB_PORT="8081" # a comment\n`,
    });
  });

  const files = { 'env-files': 'secrets/token=TOKEN\nweb.env=WEB_ENV' };
  const values = { TOKEN: secret, WEB_ENV: `PASSWORD='P@$$w0rd'\nPLAIN=plain\n` };

  it('takes .env on the server as Compose does: quotes and dollars arrive as they were meant', async () => {
    succeeded(await deploy(['build', 'push', 'deploy'], files, values));
    expect(await inWeb('echo "$COLOUR"')).toBe(`${value}\n`);
    expect(await page(server, 8081)).toBe('one');
  });

  it('writes env-files byte for byte, for the deploy user alone', async () => {
    const bytes = await shell(server, 'base64 -w0 /opt/shop/shared/secrets/token');
    expect(Buffer.from(bytes, 'base64').toString()).toBe(secret);
    expect(await shell(server, "cd /opt/shop/shared && stat -c '%a %U %n' secrets/token web.env")).toBe(
      '600 deploy secrets/token\n600 deploy web.env\n',
    );
    expect(await inWeb('cat /run/secrets/token')).toBe(secret);
    expect(await inWeb('echo "$PASSWORD $PLAIN"')).toBe('P@$$w0rd plain\n');
  });

  it('brings a changed secret into the service that reads it, and says so without showing it', async () => {
    const before = await stateOf(server);
    const release = await output(server, 'cat', '/opt/shop/current/release.json');
    const rotated = { TOKEN: `${secret}2`, WEB_ENV: `PASSWORD='N3w-$$ecret'\nPLAIN=plain\n` };
    const outcome = succeeded(await deploy(['deploy'], { ...files, release, 'force-recreate': 'none' }, rotated));
    expect(await inWeb('cat /run/secrets/token')).toBe(`${secret}2`);
    expect(await inWeb('echo "$PASSWORD"')).toBe('N3w-$$ecret\n');
    expect(outcome.all).toContain('web    recreate  file secrets/token, environment PASSWORD');
    expect(outcome.all).not.toMatch(/N3w|P@\$\$w0rd|pässwörd|first line/);
    expect((await stateOf(server)).containers['shop-cache-1']).toEqual(before.containers['shop-cache-1']);
  });
});

describe('several servers', () => {
  let first: Server;
  let second: Server;
  let shop: Repository;
  let deploy: Deployer;

  beforeAll(async () => {
    first = await bed.server();
    const key = await readFile(`${first.privateKeyFile}.pub`, 'utf8');
    second = await bed.server({ authorizedKeys: [key.trim()], sshPort: 2222 });
    shop = repository();
    deploy = deployer(shop.folder, bed, first, second);
    shop.commit(shopFiles(bed));
  });

  const migrations = async (server: Server) =>
    await shell(server, 'cat "$(docker volume inspect -f "{{.Mountpoint}}" shop_data)/migrations" 2>/dev/null || true');
  const migrate = { migrate: "web: sh -c 'wget -qO- http://web/ >>/data/migrations'" };

  it('deploys to two servers side by side', async () => {
    const { all } = succeeded(await deploy(['build', 'push', 'deploy']));
    expect([await page(first), await page(second)]).toEqual(['one', 'one']);
    const rehearsed = ['Check the servers', 'Rehearse', 'Clean up', 'Build'];
    const inOrder = [
      ...rehearsed,
      'Check the servers',
      'Ship and resolve',
      'Pull',
      'Plan',
      'Recreate',
      'Verify',
      'Finish',
    ];
    const stages = all.match(/^\S.*$/gm)?.map((line) => line.replace(/^Plan: .*/, 'Plan'));
    expect(stages?.filter((stage) => inOrder.includes(stage))).toEqual(inOrder);
    for (const server of [first, second]) expect(all).toContain(`✓ ${addressOf(server)}: create cache, create web`);
    expect((await stateOf(first)).current).toBe((await stateOf(second)).current);
  });

  it('migrates once for the whole fleet, on its first server, in the running new version', async () => {
    shop.commit({ 'www/index.html': 'two\n' });
    const { all } = succeeded(await deploy(['build', 'push', 'deploy'], migrate));
    expect(await migrations(first)).toBe('two\n');
    expect(await migrations(second)).toBe('');
    expect(all.indexOf('\nMigrate\n')).toBeGreaterThan(all.indexOf('\nRecreate\n'));
  });

  it('migrates before the switch when asked to, while the old version still runs', async () => {
    shop.commit({ 'www/index.html': 'three\n' });
    const { all } = succeeded(await deploy(['build', 'push', 'deploy'], { ...migrate, 'migrate-when': 'before' }));
    expect(await migrations(first)).toBe('two\ntwo\n');
    expect(await migrations(second)).toBe('');
    expect(all.indexOf('\nMigrate\n')).toBeLessThan(all.indexOf('\nRecreate\n'));
    expect([await page(first), await page(second)]).toEqual(['three', 'three']);
    const { containers, left } = await stateOf(first);
    expect([Object.keys(containers), left]).toEqual([['shop-cache-1', 'shop-web-1'], []]);
  });

  it('stops before the switch when the migration before it fails', async () => {
    const before = [await stateOf(first), await stateOf(second)];
    const back = [first, second].map(
      (host, n) => `${addressOf(host)}: rolled back, ${before[n]?.current} is running again`,
    );
    shop.commit({ 'www/index.html': 'four\n' });
    const outcome = await deploy(['build', 'push', 'deploy'], {
      migrate: "web: sh -c 'echo no such column >&2; exit 7'",
      'migrate-when': 'before',
    });
    expect(outcome.code).toBe(1);
    expect(failureOf(outcome)).toBe(
      `${first.ip}: migrate: web: sh -c 'echo no such column >&2; exit 7' failed with exit code 7\nno such column\n→ Migrations are not rolled back. Check the database, fix the migration, and deploy again.\n${back.join('\n')}\n${first.ip}: the migration was started and is not undone`,
    );
    expect([await page(first), await page(second)]).toEqual(['three', 'three']);
    const after = [await stateOf(first), await stateOf(second)];
    expect(after.map(({ containers, current }) => [containers, current])).toEqual(
      before.map(({ containers, current }) => [containers, current]),
    );
  });

  it('reaches a server through a jump host', async () => {
    const jump = await bed.jump();
    const key = await readFile(`${jump.privateKeyFile}.pub`, 'utf8');
    const server = await bed.server({ authorizedKeys: [key.trim()] });
    const { inputs, env } = reach(bed, jump, server);
    const outcome = await korrigo(
      shop.folder,
      ['build', 'push', 'deploy'],
      { ...inputs, hosts: server.ip, 'jump-host': jump.ip },
      env,
    );
    succeeded(outcome);
    expect(await page(server)).toBe('four');
    await Promise.all([jump.remove(), server.remove()]);
  });
});

describe('this machine as the server', () => {
  it('deploys to local without a connection', async () => {
    const shop = repository(`local-${bed.id}`);
    const files = shopFiles(bed);
    const project = `shop-${bed.id}`;
    const root = join(bed.folder, 'opt', project);
    shop.commit({ ...files, 'compose.yml': (files['compose.yml'] ?? '').replace('name: shop', `name: ${project}`) });
    const { inputs, env } = reach(bed);
    const { 'known-hosts': _none, ...reachable } = inputs;
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      const outcome = await korrigo(
        shop.folder,
        ['build', 'push', 'deploy'],
        { ...reachable, hosts: 'local', path: root, 'env-files': '.env=DOTENV' },
        { ...env, DOTENV: `WEB_PORT=${port}\n` },
      );
      succeeded(outcome);
      expect(await page({ ip: '127.0.0.1' }, port)).toBe('one');
      expect(await readFile(join(root, 'current/release.json'), 'utf8')).toContain(project);
    } finally {
      await bed.engine.docker('compose', '-p', project, 'down', '--volumes', '--rmi', 'all');
    }
  });
});

describe('what a compose file can be', () => {
  let server: Server;

  beforeAll(async () => {
    server = await bed.server();
  });

  it('takes two compose files, profiles, a folder of the repository, include and extends', async () => {
    const app = repository('mono');
    const files = shopFiles(bed);
    const idle = `command: ["sleep", "infinity"]\n    init: true\n    stop_grace_period: 1s\n`;
    app.commit({
      'apps/shop/Dockerfile': files['Dockerfile'] ?? '',
      'apps/shop/www/index.html': 'mono\n',
      'apps/shop/site.conf': 'here\n',
      'apps/shop/compose.yml': `name: mono
include:
  - path: ../common/queue.yml
services:
  web:
    extends:
      file: ../common/base.yml
      service: base
    build:
      context: .
      args:
        BASE: ${bed.engine.images.busybox}
    volumes:
      - ./site.conf:/site.conf:ro
      - ./data:/data
  admin:
    image: ${bed.image('busybox')}
    profiles: [admin]
    ${idle}${quickHealth}  debug:
    image: ${bed.image('busybox')}
    profiles: [debug]
    ${idle}`,
      'apps/shop/production.yml': `services:
  web:
    ports: ["8080:80"]
    environment:
      STAGE: production
`,
      'apps/common/base.yml': `services:
  base:
    environment:
      BASE: common
      STAGE: none
    volumes:
      - ./base.conf:/base.conf:ro
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"]
      interval: 1s
    stop_grace_period: 1s
`,
      'apps/common/base.conf': 'base\n',
      'apps/common/queue.yml': `services:
  queue:
    image: ${bed.image('busybox')}
    volumes:
      - ./queue.conf:/queue.conf:ro
    ${idle}${quickHealth}`,
      'apps/common/queue.conf': 'queue\n',
    });
    const deploy = deployer(app.folder, bed, server);
    const { all } = succeeded(
      await deploy(['build', 'push', 'deploy'], {
        'working-directory': 'apps/shop',
        'compose-file': 'compose.yml\nproduction.yml',
        profiles: 'admin',
      }),
    );
    expect(await page(server)).toBe('mono');
    expect(Object.keys((await stateOf(server, '/opt/mono')).containers)).toEqual([
      'mono-admin-1',
      'mono-queue-1',
      'mono-web-1',
    ]);
    const web = async (...argv: readonly string[]) => await output(server, 'docker', 'exec', 'mono-web-1', ...argv);
    expect(await web('sh', '-c', 'echo $BASE $STAGE')).toBe('common production\n');
    expect(await web('cat', '/base.conf', '/site.conf')).toBe('base\nhere\n');
    expect(await output(server, 'docker', 'exec', 'mono-queue-1', 'cat', '/queue.conf')).toBe('queue\n');
    expect(await shell(server, 'ls -d /opt/mono/shared/apps/shop/data')).toBe('/opt/mono/shared/apps/shop/data\n');
    expect(all).not.toContain('debug');
    await shell(server, 'cd /opt/mono/current && docker compose down --timeout 1');
  });

  it('builds an image once and runs it in every service that names it', async () => {
    const app = repository('shared');
    const files = shopFiles(bed);
    const image = `${bed.registry.address}/shared/app`;
    app.commit({
      ...files,
      'compose.yml': `name: shared
services:
  web:
    image: ${image}
    build:
      context: .
      args:
        BASE: ${bed.engine.images.busybox}
    ports: ["8082:80"]
    stop_grace_period: 1s
${quickHealth}  worker:
    image: ${image}
    command: ["sh", "-c", "sleep infinity"]
    init: true
    stop_grace_period: 1s
${quickHealth}`,
    });
    const deploy = deployer(app.folder, bed, server);
    const outcome = succeeded(await deploy(['build', 'push', 'deploy']));
    expect(await page(server, 8082)).toBe('one');
    const release = JSON.parse(await output(server, 'cat', '/opt/shared/current/release.json'));
    expect(release.built).toEqual(['web', 'worker']);
    expect(release.images.worker).toBe(release.images.web);
    expect(release.images.web).toMatch(new RegExp(`^${image}@sha256:`));
    expect(outcome.all).toContain('✓ local: push web (');
  });
});
