/** Applications as they are found in the world, on a real engine. */
import { join } from 'node:path';
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

describe('a proxy that looks its upstream up once', () => {
  it('finds the new container, after a deploy and after a failed one', async () => {
    const server = await bed.server();
    const app = repository('stale');
    // Stand-ins for nginx: it reads the address when it starts, and when it is told to.
    const nginx = `FROM ${bed.engine.images.busybox}
RUN printf '%s\\n' '#!/bin/sh' 'look() { nslookup backend | sed -n "s/^Address: *//p" | grep -v :53 | tail -n 1 >/address; }' \\
  'case "$*" in *reload*) look; exit 0 ;; esac' 'until look; [ -s /address ]; do sleep 1; done; exec httpd -f -p 80 -h /www' >/bin/nginx && chmod +x /bin/nginx && \\
  mkdir -p /www/cgi-bin && printf '%s\\n' '#!/bin/sh' 'echo "Content-Type: text/plain"; echo; wget -q -T 2 -O - http://$(cat /address):8000/ || echo 502' >/www/cgi-bin/page && \\
  chmod +x /www/cgi-bin/page
CMD ["nginx"]
`;
    const files = (page: string, health = 'true') => ({
      Dockerfile: dockerfile(`RUN mkdir /www && echo ${page} >/www/index.html\n`),
      'proxy/Dockerfile': nginx,
      'compose.yml': `name: stale
services:
  proxy:
    image: "\${PROXY}"
    init: true
    ports: ["8080:80"]
  backend:
    build: .
    init: true
    healthcheck: {test: ["CMD", "${health}"], interval: 1s, retries: 2}
    command: ["httpd", "-f", "-p", "8000", "-h", "/www"]
  worker: {build: ., init: true, command: ["sleep", "1000"]}
`,
    });
    const deploy = deployer(app.folder, bed, server);
    const { address, username, password } = bed.registry;
    const PROXY = `${address}/stale-nginx:1`;
    app.commit(files('one'));
    await bed.engine.docker('build', '--quiet', '--tag', PROXY, join(app.folder, 'proxy'));
    await bed.engine.docker('login', '--username', username, '--password', password, address);
    await bed.engine.docker('push', '--quiet', PROXY);
    await bed.engine.docker('logout', address);
    const answer = async (): Promise<string> =>
      (await (await fetch(`http://${server.ip}:8080/cgi-bin/page`)).text()).trim();
    succeeded(await deploy(everything, {}, { PROXY }));
    expect(await answer()).toBe('one');
    for (const text of ['two', 'three', 'four']) {
      app.commit(files(text));
      const { all } = succeeded(await deploy(everything, {}, { PROXY }));
      expect(await answer(), all).toBe(text);
    }
    app.commit(files('five', 'false'));
    expect((await deploy(everything, {}, { PROXY })).code).toBe(1);
    expect(await answer()).toBe('four');
  });
});
