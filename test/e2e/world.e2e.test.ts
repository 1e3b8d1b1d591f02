/** Applications as they are found in the world, on a real engine. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { type Deployer, deployer } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { push } from '../../fixtures/push.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { output, page, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
const everything = ['build', 'push', 'deploy'];
const busybox = (): string => `image: ${bed.image('busybox')}`;
const dockerfile = (more = ''): string => `FROM ${bed.engine.images.busybox}\n${more}`;

describe('an engine that keeps its images with containerd', () => {
  let server: Server;
  let app: Repository;
  let deploy: Deployer;
  const files = (page: string): Record<string, string> => ({
    Dockerfile: dockerfile('COPY page /www/index.html\nCMD ["httpd", "-f", "-p", "80", "-h", "/www"]\n'),
    page: `${page}\n`,
    'compose.yml': `name: always
services:
  web:
    build: .
    init: true
    pull_policy: always
    container_name: the-web
    mac_address: 02:42:ac:1f:07:05
    labels: [traefik.enable=true]
    ports: ["8080:80"]
    networks: {default: {ipv4_address: 172.31.7.5}}
networks:
  default: {ipam: {config: [{subnet: 172.31.7.0/24}]}}
`,
  });

  beforeAll(async () => {
    server = await bed.server();
    app = repository('always');
    deploy = deployer(app.folder, bed, server);
    await shell(server, `echo '{"features": {"containerd-snapshotter": true}}' >/etc/docker/daemon.json`);
    await server.stop();
    await server.start();
    expect(await output(server, 'docker', 'info', '--format', '{{.DriverStatus}}')).toContain('containerd');
  });

  it('runs what was pulled, and a migration and a backup beside it, whatever pull_policy says', async () => {
    const inputs = { migrate: 'web: cat /www/index.html', backup: "web: sh -c 'echo saved by $(hostname -i)'" };
    app.commit(files('one'));
    succeeded(await deploy(everything, { ...inputs, path: '/opt/always' }));
    expect(await page(server)).toBe('one');
    app.commit(files('two'));
    const { all } = succeeded(await deploy(everything, { ...inputs, path: '/opt/always' }));
    expect(await page(server)).toBe('two');
    expect(all).toMatch(/saved by 172\.31\.7\.(?!5$)\d+$/m);
    expect(Object.keys((await stateOf(server, '/opt/always')).containers)).toEqual(['the-web']);
  });

  it('starts it again for a person who has no login, after a prune as well', async () => {
    const up = 'cd /opt/always/current && docker compose up --detach --force-recreate 2>&1';
    await shell(server, 'docker rm --force the-web && docker image prune --force');
    for (let times = 0; times < 2; times++) expect(await server.ssh(up)).toMatchObject({ code: 0 });
    expect(await page(server)).toBe('two');
    succeeded(await deploy(['rollback']));
    expect(await page(server)).toBe('one');
    expect(succeeded(await deploy(['status'])).all).toContain('no drift');
  });
});

it('a healthcheck that Docker runs every ten minutes does not hold up a deploy', async () => {
  const server = await bed.server();
  const app = repository('seldom');
  const deploy = deployer(app.folder, bed, server);
  const files = (page: string, check: string): Record<string, string> => ({
    Dockerfile: dockerfile('COPY page /www/index.html\n'),
    page: `${page}\n`,
    'compose.yml': `name: seldom
services:
  web:
    build: .
    command: sh -c "sleep 2; exec httpd -f -p 80 -h /www"
    init: true
    ports: ["8080:80"]
    healthcheck:
      test: ${check}
      interval: 10m
`,
  });
  const inputs = { path: '/opt/seldom', 'health-timeout': '60s' };
  app.commit(files('one', '["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"]'));
  succeeded(await deploy(everything, inputs));
  expect(await page(server)).toBe('one');
  app.commit(files('two', 'wget -q -O - http://127.0.0.1/ | grep -q two'));
  succeeded(await deploy(everything, inputs));
  expect(await page(server)).toBe('two');
});

it('an application that ends until its database answers, on a first deploy', async () => {
  const server = await bed.server();
  const app = repository('impatient');
  app.commit({
    'compose.yml': `name: impatient
services:
  app:
    ${busybox()}
    init: true
    restart: unless-stopped
    volumes: [data:/data]
    depends_on: [db]
    command: ["sh", "-c", "[ -e /data/ready ] || exit 1; exec sleep 1000"]
  init:
    ${busybox()}
    command: ["sleep", "2"]
  db:
    ${busybox()}
    init: true
    volumes: [data:/data]
    depends_on: {init: {condition: service_completed_successfully}}
    command: ["sh", "-c", "sleep 12; touch /data/ready; exec sleep 1000"]
volumes:
  data: {}
`,
  });
  const { all } = succeeded(await deployer(app.folder, bed, server)(['push', 'deploy']));
  expect(all).toContain('(waits for init to complete)');
  expect(all).toMatch(/app is restarting \(exit code 1\)/);
});

it('a service that others wait for until it has completed may take longer than health-timeout, and is named', async () => {
  const server = await bed.server();
  const app = repository('slowinit');
  app.commit({
    'compose.yml': `name: slowinit
services:
  init:
    ${busybox()}
    init: true
    command: ["sleep", "15"]
  app:
    ${busybox()}
    init: true
    healthcheck: {test: ["CMD", "true"], interval: 1s}
    command: ["sleep", "1000"]
    depends_on: {init: {condition: service_completed_successfully}}
`,
  });
  const limits = { 'health-timeout': '5s', 'init-timeout': '2m' };
  const { all } = succeeded(await deployer(app.folder, bed, server)(['push', 'deploy'], limits));
  expect(all).toContain('(waits for init to complete)');
  expect(Object.keys((await stateOf(server, '/opt/slowinit')).containers)).toEqual([
    'slowinit-app-1',
    'slowinit-init-1',
  ]);
});

describe('nginx with a plain upstream', () => {
  it('finds the new container, after a deploy and after one that failed', async () => {
    const server = await bed.server();
    const app = repository('stale');
    const deploy = deployer(app.folder, bed, server);
    const calm = 'interval: 30s, start_period: 30s, start_interval: 500ms';
    // Each release has another address, where Docker alone might give the new container the old one's.
    const files = (text: string, host: number, health = 'true'): Record<string, string> => ({
      Dockerfile: dockerfile(`RUN mkdir /www && echo ${text} >/www/index.html\n`),
      'proxy.conf': 'server { listen 80; location / { proxy_pass http://backend:8000; proxy_connect_timeout 2s; } }\n',
      'compose.yml': `name: stale
services:
  proxy:
    image: ${bed.image('nginx')}
    ports: ["8080:80"]
    volumes: ["./proxy.conf:/etc/nginx/conf.d/default.conf:ro"]
    healthcheck: {test: ["CMD", "true"], ${calm}}
    restart: unless-stopped
  backend:
    build: .
    init: true
    healthcheck: {test: ["CMD", "${health}"], interval: 1s, retries: 2}
    command: ["httpd", "-f", "-p", "8000", "-h", "/www"]
    networks: {default: {ipv4_address: 10.213.7.${host}}}
  worker:
    build: .
    init: true
    healthcheck: {test: ["CMD", "true"], ${calm}}
    command: ["sleep", "1000"]
networks:
  default: {ipam: {config: [{subnet: 10.213.7.0/24}]}}
`,
    });
    const address = async (): Promise<string> =>
      (await output(server, 'docker', 'exec', 'stale-backend-1', 'hostname', '-i')).trim();
    const proxy = async () => (await stateOf(server, '/opt/stale')).containers['stale-proxy-1'];
    let same = await proxy();
    for (const [text, host] of [
      ['one', 101],
      ['two', 102],
      ['three', 103],
    ] as const) {
      app.commit(files(text, host));
      const { all } = succeeded(await deploy(everything));
      expect(await page(server), all).toBe(text);
      expect(await address()).toBe(`10.213.7.${host}`);
      same ??= await proxy();
    }
    expect((await proxy())?.id).toBe(same?.id);
    app.commit(files('four', 104, 'false'));
    expect((await deploy(everything)).code).toBe(1);
    expect(await page(server)).toBe('three');
  });
});

it('an image for another platform, where the service asks for it and the server can run it', async () => {
  const { address } = bed.registry;
  const other = (await bed.engine.docker('version', '--format', '{{.Server.Arch}}')) === 'amd64' ? 'arm64' : 'amd64';
  const image = `${address}/emulated:1`;
  const app = repository('emulated');
  // It says that it is of another platform, and is of this one: as if the kernel had an emulator.
  app.commit({
    Dockerfile: `FROM --platform=$BUILDPLATFORM ${bed.engine.images.busybox} AS own\nFROM scratch\nCOPY --from=own / /\n`,
    'compose.yml': `name: emulated
services:
  app:
    image: ${image}
    platform: linux/${other}
    init: true
    healthcheck: {test: ["CMD", "true"], interval: 1s}
    command: ["sleep", "1000"]
`,
  });
  await bed.engine.docker('buildx', 'build', '--quiet', '--platform', `linux/${other}`, '--tag', image, app.folder);
  await push(bed, image);
  await bed.engine.docker('image', 'rm', image);
  const server = await bed.server();
  const deploy = deployer(app.folder, bed, server);
  succeeded(await deploy(['push', 'deploy']));
  const looked = ['docker', 'image', 'inspect', '--format', '{{.Architecture}}'];
  const id = await output(server, 'docker', 'inspect', '--format', '{{.Image}}', 'emulated-app-1');
  expect(await output(server, ...looked, id.trim())).toBe(`${other}\n`);
  expect(succeeded(await deploy(['status'])).all).toContain('no drift');
  app.commit({ 'compose.yml': app.git('show', 'HEAD:compose.yml').replace(/ +platform: .*\n/, '') });
  const { code, all } = await deploy(['push', 'deploy']);
  expect(code).toBe(1);
  expect(all).toContain(`is built for ${other}, but the server is`);
});

describe('an application whose containers have ended', () => {
  let server: Server;
  let app: Repository;
  let deploy: Deployer;
  const files = (value: string): Record<string, string> => ({
    'compose.yml': `name: asleep
services:
  web:
    ${busybox()}
    init: true
    environment: {VALUE: "${value}"}
    healthcheck: {test: ["CMD", "true"], interval: 1s}
    command: ["sleep", "1000"]
    depends_on: [db]
  db:
    ${busybox()}
    init: true
    volumes: [/data]
    healthcheck: {test: ["CMD", "true"], interval: 1s}
    command: ["sh", "-c", "[ -e /data/written ] || echo ours >/data/written; exec sleep 1000"]
`,
  });
  const value = async (): Promise<string> =>
    await output(server, 'docker', 'exec', 'asleep-web-1', 'sh', '-c', 'echo "$VALUE"');
  const prune = async (): Promise<string> =>
    await shell(server, 'docker stop --time 1 asleep-web-1 asleep-db-1 && docker network prune --force');

  it('and whose network somebody has removed runs again after a deploy, with its data', async () => {
    server = await bed.server();
    app = repository('asleep');
    deploy = deployer(app.folder, bed, server);
    for (const value of ['one', 'two']) {
      app.commit(files(value));
      succeeded(await deploy(['push', 'deploy']));
    }
    await prune();
    const { all } = succeeded(await deploy(['push', 'deploy']));
    expect(all).toMatch(/web +recreate +its network was removed\n.*\n?/);
    expect(await output(server, 'docker', 'exec', 'asleep-db-1', 'cat', '/data/written')).toBe('ours\n');
  });

  it('and after a rollback, and after a deploy that failed', async () => {
    await prune();
    succeeded(await deploy(['rollback'], { to: app.git('rev-parse', 'HEAD~1') }));
    expect(await value()).toBe('one\n');
    await prune();
    const broken = (files('three')['compose.yml'] ?? '').replace('["sleep", "1000"]', '["false"]');
    app.commit({ 'compose.yml': broken });
    expect((await deploy(['push', 'deploy'], { 'health-timeout': '5s' })).code).toBe(1);
    expect(await value()).toBe('one\n');
    expect(await output(server, 'docker', 'exec', 'asleep-db-1', 'cat', '/data/written')).toBe('ours\n');
  });
});

it('what another service waits for without a healthcheck is named before anything that runs is touched', async () => {
  const server = await bed.server();
  const app = repository('waiting');
  const deploy = deployer(app.folder, bed, server);
  const files = (api: string, health = 'HEALTHCHECK --interval=1s CMD true\n'): Record<string, string> => ({
    Dockerfile: dockerfile(`${health}CMD ["sleep", "1000"]\n`),
    'compose.yml': `name: waiting
services:
  web:
    ${busybox()}
    init: true
    command: ["sleep", "1000"]
    depends_on: {api: {condition: ${api}}, cache: {condition: service_healthy}}
  cache: {build: ., init: true}
  api:
    ${busybox()}
    init: true
    command: ["sleep", "1000"]
`,
  });
  const without = (name: string): string =>
    `web waits until ${name} is healthy, but neither its image nor the compose file has a healthcheck`;
  app.commit(files('service_started'));
  succeeded(await deploy(everything));
  app.commit(files('service_healthy'));
  const early = await deploy(everything);
  expect([early.code, early.all]).toEqual([1, expect.stringContaining(without('api'))]);
  // Its image is on the server, so nothing is pushed.
  expect(early.all).not.toContain('\nPush\n');
  app.commit(files('service_started', ''));
  const late = await deploy(everything);
  expect([late.code, late.all]).toEqual([1, expect.stringContaining(without('cache'))]);
  expect(late.all).not.toContain('\nBegin\n');
});
