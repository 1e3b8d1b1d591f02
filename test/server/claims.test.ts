import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sandbox } from '../../fixtures/server.ts';
import { readClaims } from '../../src/facts/claims.ts';
import { factsMarker } from '../../src/facts/facts.ts';

const sealed = (
  more: { readonly subnet?: string; readonly volume?: string; readonly options?: string } = {},
): string => {
  const { subnet = '10.1.0.0/24', volume = 'shop_data', options = '' } = more;
  return `name: shop
services:
  db:
    container_name: the-db
    image: postgres@sha256:1
    networks:
      back: null
    tmpfs:
      - /run
    volumes:
      - type: volume
        source: data
        target: /var/lib/postgresql/data/
        volume: {}
      - type: volume
        target: /scratch
  "1":
    depends_on:
      db:
        condition: service_healthy
        required: true
        restart: true
      web.api:
        condition: service_started
        required: true
    environment:
      volumes: "- type: volume"
      A: |
        ports:
          - published: "1"
    networks:
      back: null
      front:
        ipv4_address: 10.1.0.2
    ports:
      - mode: ingress
        target: 80
        published: "8080"
        protocol: tcp
      - mode: ingress
        host_ip: 127.0.0.1
        target: 53
        published: "53"
        protocol: udp
      - mode: ingress
        target: 90
        published: 9000-9010
        protocol: tcp
      - mode: ingress
        target: 91
    volumes:
      - type: bind
        source: ROOT/shared/it''s media
        target: /media
        bind:
          create_host_path: true
      - type: bind
        source: /etc/localtime
        target: /etc/localtime
        read_only: true
networks:
  back:
    name: shop_back
    ipam:
      config:
        - subnet: ${subnet}
  front:
    name: proxy
    external: true
volumes:
  data:
    name: ${volume}
${options}configs:
  x:
    name: shop_x
`;
};

const docker = `
case "$1 $2" in
  'volume ls') printf 'shop_data\\tshop\\nother\\t\\n%064d\\tshop\\n' 0 ;;
  'network ls') printf 'n1\\there-network\\tbridge\\t\\t\\nn2\\there-network\\tshop_back\\tshop\\tback\\n' ;;
  'network inspect') printf 'here-subnet\\tbridge\\t172.17.0.0/16\\n\\n' ;;
  'ps --all') printf 'container\\tapp-web-1\\tapp\\tweb\\t/srv/app\\trunning\\t0.0.0.0:8080->80/tcp, :::8080->80/tcp, 443/tcp\\ncontainer\\tby-hand\\t\\t\\t\\texited\\t\\n' ;;
esac`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function claimsOf(files: Readonly<Record<string, string>>, program = docker) {
  const server = sandbox({ docker: program });
  server.write(
    Object.fromEntries(Object.entries(files).map(([path, text]) => [path, text.replaceAll('ROOT', server.root)])),
  );
  const { code, stdout, stderr } = await server.run('claims', [server.root, 'r2']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return { claims: readClaims(stdout), stdout, root: server.root };
}

describe('what a release wants of its server', () => {
  it('is read from its sealed file', async () => {
    const { claims, root } = await claimsOf({ 'releases/r2/compose.yml': sealed().replace("it''s media", 'media') });
    expect(claims).toMatchObject({
      mounts: [
        { service: 'db', kind: 'tmpfs', source: '-', target: '/run', writable: true },
        { service: 'db', kind: 'volume', source: 'data', target: '/var/lib/postgresql/data', writable: true },
        { service: 'db', kind: 'volume', source: '-', target: '/scratch', writable: true },
        { service: '1', kind: 'bind', source: `${root}/shared/media`, target: '/media', writable: true },
        { service: '1', kind: 'bind', source: '/etc/localtime', target: '/etc/localtime', writable: false },
      ],
      published: [
        { service: '1', address: '', port: 8080, protocol: 'tcp' },
        { service: '1', address: '127.0.0.1', port: 53, protocol: 'udp' },
      ],
      containerNames: [{ service: 'db', name: 'the-db' }],
      depends: [
        { service: '1', on: 'db', restart: true },
        { service: '1', on: 'web.api', restart: false },
      ],
      attached: [
        { service: 'db', network: 'back' },
        { service: '1', network: 'back' },
        { service: '1', network: 'front' },
      ],
      networks: [
        { key: 'back', name: 'shop_back', external: false },
        { key: 'front', name: 'proxy', external: true },
      ],
      volumes: [{ key: 'data', name: 'shop_data', external: false }],
      addresses: [{ service: '1', network: 'front', address: '10.1.0.2' }],
      subnets: [{ network: 'back', subnet: '10.1.0.0/24' }],
      needs: [],
    });
  });

  it('is containers of others, too: for what they share, and as links', async () => {
    const compose = `services:
  a:
    external_links:
      - other:o
      - plain
    image: x
    ipc: host
    network_mode: container:vpn
    pid: service:a
    volumes_from:
      - container:data:ro
      - a
`;
    const { claims } = await claimsOf({ 'releases/r2/compose.yml': compose });
    expect(claims.needs.map(({ container }) => container)).toEqual(['other', 'plain', 'vpn', 'data']);
  });

  it('is a healthcheck of what another service waits for, in the file or in the image', async () => {
    const service = (name: string, more: string): string => `  ${name}:\n    image: ${name}@sha256:1\n${more}`;
    const waits = (...names: readonly string[]): string =>
      `    depends_on:\n${names.map((name) => `      ${name}:\n        condition: service_healthy\n        required: true\n`).join('')}`;
    const compose = `services:
${service('app', waits('plain', 'checked', 'off', 'none', 'intervals', 'gone', 'of-image', 'old'))}${service('plain', '')}${service(
  'checked',
  '    healthcheck:\n      test:\n        - CMD\n        - "true"\n',
)}${service('off', '    healthcheck:\n      disable: true\n')}${service(
  'none',
  '    healthcheck:\n      test:\n        - NONE\n',
)}${service('intervals', '    healthcheck:\n      interval: 5s\n')}${service('gone', '')}${service('of-image', '')}${service('old', '')}${service('alone', '')}`;
    const images = `
case "$*" in
  'image inspect '*' gone@'*) exit 1 ;;
  'image inspect '*' of-image@'*) echo CMD-SHELL ;;
  'image inspect '*' old@'*) echo NONE ;;
  'image inspect '*) echo ;;
esac${docker}`;
    const { claims } = await claimsOf({ 'releases/r2/compose.yml': compose }, images);
    expect(claims.unchecked).toEqual([
      { service: 'plain', by: 'app', off: false },
      { service: 'off', by: 'app', off: true },
      { service: 'none', by: 'app', off: true },
      { service: 'intervals', by: 'app', off: false },
      { service: 'old', by: 'app', off: false },
    ]);
  });

  it.each([
    ['in one text', (path: string) => `      - ${path}:${path}:rwm\n`],
    ['in parts', (path: string) => `      - permissions: rwm\n        source: ${path}\n        target: ${path}\n`],
  ])('is devices, runtimes and logging drivers, and what is not here is told: devices %s', async (_, device) => {
    const service = (name: string, logging: string, runtime: string, path: string): string =>
      `  ${name}:\n    devices:\n${device(path)}    image: x\n    logging:\n      driver: ${logging}\n    runtime: ${runtime}\n`;
    const compose = `services:\n${service('a', 'loki', 'nvidia', '/dev/no-such')}${service('b', 'local', 'runc', '/dev/null')}${service('c', 'none', 'io.containerd.runsc.v1', 'vendor.com/gpu=0')}${service('d', 'mine', 'runc', '/dev/null')}`;
    const info = `
case "$*" in
  info*) printf '%s\\n' 'runtime runc' 'logging json-file' 'volume local' 'volume old-kind' 'network bridge' ;;
  'plugin ls'*) printf '%s\\n' 'plugin mine:latest' 'plugin vieux/sshfs:next' '' ;;
esac${docker}`;
    const { claims } = await claimsOf({ 'releases/r2/compose.yml': compose }, info);
    expect(claims.lacks).toEqual([
      { service: 'a', kind: 'device', name: '/dev/no-such' },
      { service: 'a', kind: 'logging', name: 'loki' },
      { service: 'a', kind: 'runtime', name: 'nvidia' },
    ]);
    const resources = `services: {}
networks:
  a:
    name: shop_a
    driver: weave
  b:
    driver: bridge
    name: shop_b
    enable_ipv4: false
  c:
    name: shop_c
    driver: overlay
volumes:
  d:
    name: shop_d
    driver: rexray/s3fs
  e:
    name: shop_e
    driver: vieux/sshfs:next
  f:
    name: shop_f
    driver: old-kind
`;
    const { claims: others } = await claimsOf({ 'releases/r2/compose.yml': resources }, info);
    expect(others.lacks).toEqual([
      { service: 'a', kind: 'network', name: 'weave' },
      { service: 'c', kind: 'network', name: 'overlay' },
      { service: 'd', kind: 'volume', name: 'rexray/s3fs' },
    ]);
    expect(others.ignorable).toEqual([{ of: 'b', key: 'enable_ipv4' }]);
    // A Docker that does not answer lacks nothing, and one that has all of it is not asked.
    const silent = `case "$*" in info*) exit 1 ;; esac${docker}`;
    expect((await claimsOf({ 'releases/r2/compose.yml': resources }, silent)).claims.lacks).toEqual([]);
    const plain = `case "$*" in info* | 'plugin '*) echo asked >&2 ;; esac${docker}`;
    await claimsOf({ 'releases/r2/compose.yml': sealed() }, plain);
  });

  it('is what Docker may refuse of services, and how many processors there are where that matters', async () => {
    const compose = `services:
  a:
    cap_add:
      - NET_ADMIN
    cap_drop:
      - ALL
    cpus: 1.5
    cpuset: 0-1
    hostname: a
    image: x
    logging:
      driver: local
      options:
        max-size: 10m
    mem_limit: "512"
    network_mode: service:b
    ports:
      - target: 80
        published: "80"
    restart: unless_stopped
    stop_signal: SIGTREM
    sysctls:
      vm.max_map_count: "262144"
    working_dir: app
  b:
    container_name: b b
    deploy:
      resources:
        limits:
          cpus: 3
          memory: "1048576"
        reservations:
          cpus: 9
          memory: "9"
      update_config:
        cpus: 9
    environment:
      restart: x
    extra_hosts:
      - db=::1
    image: x
`;
    const info = `case "$*" in 'info --format {{.NCPU}}') echo 2 ;; esac${docker}`;
    const { claims } = await claimsOf({ 'releases/r2/compose.yml': compose }, info);
    expect(claims.options.map(({ service, key, value }) => `${service} ${key} ${value}`)).toEqual([
      'a cap_add NET_ADMIN',
      'a cap_drop ALL',
      'a cpus 1.5',
      'a cpuset 0-1',
      'a has hostname',
      'a logging.driver local',
      'a logging.options max-size',
      'a mem_limit 512',
      'a network_mode service:b',
      'a has ports',
      'a restart unless_stopped',
      'a stop_signal SIGTREM',
      'a sysctls vm.max_map_count',
      'a working_dir app',
      'b container_name b b',
      'b cpus 3',
      'b mem_limit 1048576',
      'b mem_reservation 9',
      'b has extra_hosts',
      'b extra_hosts db=::1',
    ]);
    expect(claims.cpus).toBe(2);
    // A Docker that is not asked or does not answer.
    expect((await claimsOf({ 'releases/r2/compose.yml': sealed() }, info)).claims.cpus).toBe(0);
    const silent = `case "$1" in info) exit 1 ;; esac${docker}`;
    expect((await claimsOf({ 'releases/r2/compose.yml': compose }, silent)).claims.cpus).toBe(0);
  });

  it('is GPUs, and keys that an older Compose ignores', async () => {
    const compose = `services:
  a:
    deploy:
      resources:
        reservations:
          devices:
            - capabilities:
                - gpu
              driver: nvidia
              count: 1
    image: x
    networks:
      back:
        driver_opts:
          a: b
        gw_priority: 3
    post_start:
      - command:
          - "true"
    volumes:
      - type: bind
        source: /srv
        target: /srv
        bind:
          recursive: disabled
          create_host_path: true
  b:
    environment:
      gpus: all
      post_start: x
    gpus:
      - count: -1
    image: x
    pre_stop:
      - command:
          - "true"
`;
    const info = `case "$*" in info*) echo 'runtime nvidia' ;; esac${docker}`;
    const { claims } = await claimsOf({ 'releases/r2/compose.yml': compose }, info);
    expect(claims.ignorable).toEqual([
      { of: 'a', key: 'networks.driver_opts' },
      { of: 'a', key: 'networks.gw_priority' },
      { of: 'a', key: 'post_start' },
      { of: 'a', key: 'volumes.bind.recursive' },
      { of: 'b', key: 'gpus' },
      { of: 'b', key: 'pre_stop' },
    ]);
    expect(claims.lacks).toEqual([]);
    const without = `case "$*" in info*) echo 'runtime runc' ;; esac${docker}`;
    const { lacks } = (await claimsOf({ 'releases/r2/compose.yml': compose }, without)).claims;
    expect(lacks.filter(({ kind }) => kind.startsWith('gpu')).map(({ service }) => service)).toEqual(
      existsSync('/proc/driver/nvidia') || existsSync('/dev/kfd') || existsSync('/dev/dxg') ? [] : ['a', 'b'],
    );
  });

  it('is reported beside what is there', async () => {
    const { claims } = await claimsOf({ 'releases/r2/compose.yml': sealed() });
    expect(claims.volumesHere).toEqual({ shop_data: 'shop', other: '' });
    expect(claims.networksHere).toEqual({
      bridge: { project: '', key: '' },
      shop_back: { project: 'shop', key: 'back' },
    });
    expect(claims.subnetsHere).toEqual([{ network: 'bridge', subnet: '172.17.0.0/16' }]);
    expect(claims.neighbours).toEqual([
      {
        name: 'app-web-1',
        project: 'app',
        service: 'web',
        folder: '/srv/app',
        published: [
          { address: '', port: 8080, protocol: 'tcp' },
          { address: '', port: 8080, protocol: 'tcp' },
        ],
      },
      { name: 'by-hand', project: '', service: '', folder: '', published: [] },
    ]);
  });

  it('is compared with the current release, by the names of options alone', async () => {
    const secret = '    driver_opts:\n      o: password=hunter2\n      type: cifs\n    labels:\n      a: b\n';
    const { claims, stdout } = await claimsOf({
      'current/compose.yml': sealed({ options: secret.replace('hunter2', 'before') }),
      'releases/r2/compose.yml': sealed({ subnet: '10.2.0.0/24', options: secret, volume: 'shop_fresh' }),
    });
    expect(claims.redefined).toEqual([
      { of: 'networks', key: 'back', option: 'ipam' },
      { of: 'volumes', key: 'data', option: 'driver_opts' },
    ]);
    expect(claims.current.volumes).toEqual([{ key: 'data', name: 'shop_data', external: false }]);
    expect(claims.current.mounts).toHaveLength(5);
    expect(stdout).not.toMatch(/hunter2|before/);
  });

  it('reports the folders that are empty', async () => {
    const server = sandbox({ docker });
    const emptyAt = async (path: string) => {
      server.write({ 'releases/r2/compose.yml': sealed().replace("ROOT/shared/it''s media", server.path(path)) });
      return readClaims((await server.run('claims', [server.root, 'r2'])).stdout).empty;
    };
    mkdirSync(server.path('shared/none'), { recursive: true });
    server.write({ 'shared/some/.hidden': '', 'shared/file': '' });
    expect(await emptyAt('shared/none')).toEqual([server.path('shared/none')]);
    for (const path of ['shared/some', 'shared/file', 'shared/missing']) expect(await emptyAt(path)).toEqual([]);
  });

  it('reports the shipped files that something has written to', async () => {
    const server = sandbox({ docker });
    const files = ['files/a/app.db', 'files/b/app.conf', 'files/c/site.conf'].map(server.path);
    server.write({
      'current/paths.tab': files.map((path) => `x\t${path}\n`).join(''),
      'releases/r2/compose.yml': sealed(),
      'files/a/app.db': 'rows',
      'files/a/.shipped': `${sha256('as in git')}\n`,
      'files/b/app.conf': 'as in git',
      'files/b/.shipped': `${sha256('as in git')}\n`,
      'files/c/site.conf': 'read only',
    });
    expect(readClaims((await server.run('claims', [server.root, 'r2'])).stdout).written).toEqual([
      server.path('files/a/app.db'),
    ]);
  });

  it('reports which ports Docker itself holds', async () => {
    const held = spawn('sh', ['-c', 'read wait', '/usr/sbin/docker-proxy', '-host-ip', '::', '-host-port', '18080']);
    try {
      const { claims } = await claimsOf({ 'releases/r2/compose.yml': sealed() });
      expect(claims.proxied).toContain(18080);
    } finally {
      held.kill();
    }
  });

  it.each(['volume ls', 'network ls', 'ps --all'])('is not known where Docker does not answer: %s', async (silent) => {
    const server = sandbox({ docker: `case "$1 $2" in '${silent}') exit 1 ;; esac\n${docker}` });
    server.write({ 'releases/r2/compose.yml': sealed() });
    expect((await server.run('claims', [server.root, 'r2'])).code).toBe(1);
  });

  it('is nothing where the release was not resolved', async () => {
    const server = sandbox({ docker });
    expect(await server.run('claims', [server.root, 'r2'])).toMatchObject({
      code: 0,
      stdout: `${factsMarker}\n`,
      stderr: '',
    });
  });
});
