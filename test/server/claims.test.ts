import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
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
  'network ls') printf 'here-network\\tbridge\\t\\t\\nhere-network\\tshop_back\\tshop\\tback\\n' ;;
  'network inspect') printf 'here-subnet\\tbridge\\t172.17.0.0/16\\n\\n' ;;
  'ps --all') printf 'container\\tapp-web-1\\tapp\\tweb\\t/srv/app\\trunning\\t0.0.0.0:8080->80/tcp, :::8080->80/tcp, 443/tcp\\ncontainer\\tby-hand\\t\\t\\t\\texited\\t\\n' ;;
esac`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function claimsOf(files: Readonly<Record<string, string>>) {
  const server = sandbox({ docker });
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

  it('is told beside what is there', async () => {
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

  it('tells the folders that are empty', async () => {
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

  it('tells the shipped files that something has written to', async () => {
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

  it('tells which ports Docker itself holds', async () => {
    const held = spawn('sh', ['-c', 'read wait', '/usr/sbin/docker-proxy', '-host-ip', '::', '-host-port', '18080']);
    try {
      const { claims } = await claimsOf({ 'releases/r2/compose.yml': sealed() });
      expect(claims.proxied).toContain(18080);
    } finally {
      held.kill();
    }
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
