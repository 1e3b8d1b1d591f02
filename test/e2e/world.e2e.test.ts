/** Applications as they are found in the world, on a real engine. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { type Deployer, deployer } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
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

it('an image for another platform, where the service asks for it and the server can run it', async () => {
  const { address, username, password } = bed.registry;
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
  await bed.engine.docker('login', '--username', username, '--password', password, address);
  await bed.engine.docker('push', '--quiet', image);
  await bed.engine.docker('logout', address);
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
