import { describe, expect, it } from 'vitest';
import { type Claims, type Neighbour, noClaims, type Published } from '../../src/model/claims.ts';
import { claimProblems } from '../../src/plan/claims.ts';

const facts = { host: 'web1', project: 'shop' };
const problemsOf = (claims: Partial<Claims>): readonly string[] =>
  claimProblems({ ...facts, claims: { ...noClaims, ...claims } });

const port = (number: number, address = '', protocol = 'tcp'): Published => ({
  service: 'web',
  address,
  port: number,
  protocol,
});
const neighbour = (overrides: Partial<Neighbour> = {}): Neighbour => ({
  name: 'app-web-1',
  project: 'app',
  service: 'web',
  folder: '/srv/app',
  published: [{ address: '', port: 80, protocol: 'tcp' }],
  ...overrides,
});

describe('a port', () => {
  const takenByApp =
    'web1: port 80 (service web) is taken by the container app-web-1 of project app (in /srv/app): stop that, or publish another port; if that is this application under another name, set project-name to app, and its volumes stay with it';

  it.each<readonly [string, Partial<Claims>, readonly string[]]>([
    ['that another project has', { published: [port(80)], neighbours: [neighbour()] }, [takenByApp]],
    [
      'that a container of no project has on one address',
      {
        published: [port(80, '127.0.0.1')],
        neighbours: [neighbour({ project: '', published: [{ address: '127.0.0.1', port: 80, protocol: 'tcp' }] })],
      },
      ['web1: port 127.0.0.1:80 (service web) is taken by the container app-web-1: stop that, or publish another port'],
    ],
    [
      'that Docker holds for a container that is gone',
      { published: [port(80)], listening: [{ address: '', port: 80 }], proxied: [80] },
      [
        'web1: port 80 (service web) is still held by Docker, though no container publishes it: Docker was killed while it started one. Restart Docker on the server (`sudo systemctl restart docker`)',
      ],
    ],
    [
      'that a program has',
      { published: [port(80)], listening: [{ address: '127.0.0.1', port: 80 }] },
      [
        "web1: port 80 (service web) is taken by a program outside Docker: stop it (`ss -ltnp 'sport = :80'` as root shows it), or publish another port",
      ],
    ],
    [
      'that this project has already',
      {
        published: [port(80)],
        neighbours: [neighbour({ project: 'shop' })],
        listening: [{ address: '', port: 80 }],
      },
      [],
    ],
    [
      'that others have on another address or by another protocol',
      {
        published: [port(80, '10.0.0.1'), port(53, '', 'udp')],
        neighbours: [
          neighbour({
            published: [
              { address: '10.0.0.2', port: 80, protocol: 'tcp' },
              { address: '', port: 53, protocol: 'tcp' },
            ],
          }),
        ],
        listening: [{ address: '', port: 53 }],
      },
      [],
    ],
    ['that is free', { published: [port(80)], neighbours: [neighbour({ published: [] })] }, []],
  ])('%s', (_, claims, expected) => {
    expect(problemsOf(claims)).toEqual(expected);
  });
});

describe('a name', () => {
  it('of a container may be taken by another project', () => {
    const containerNames = [{ service: 'db', name: 'the-db' }];
    expect(problemsOf({ containerNames, neighbours: [neighbour({ name: 'the-db', folder: '' })] })).toEqual([
      'web1: the container name the-db (service db) is taken by the container the-db of project app: remove that container, or change container_name',
    ]);
    expect(problemsOf({ containerNames, neighbours: [neighbour({ name: 'the-db', project: 'shop' })] })).toEqual([]);
  });

  it('of a network may be taken', () => {
    const network = (external: boolean) => [{ key: 'back', name: 'net', external }];
    const here = (project: string, key: string) => ({ networksHere: { net: { project, key } } });
    const remedy = 'declare it `external: true` to use it, or give it another name';
    expect(problemsOf({ networks: network(false), ...here('app', 'front') })).toEqual([
      `web1: the network net (back) belongs to project app, as "front": ${remedy}`,
    ]);
    expect(problemsOf({ networks: network(false), ...here('', '') })).toEqual([
      `web1: the network net (back) was not created by Compose: ${remedy}`,
    ]);
    for (const known of [here('shop', 'back'), here('app', 'back')])
      expect(problemsOf({ networks: network(false), ...known })).toEqual([]);
    expect(problemsOf({ networks: network(true), ...here('app', 'front') })).toEqual([]);
  });
});

describe('what is external', () => {
  const networks = [{ key: 'front', name: 'proxy', external: true }];
  const volumes = [{ key: 'data', name: 'old-data', external: true }];
  const attached = [{ service: 'web', network: 'front' }];
  const mounts = [{ service: 'web', kind: 'volume', source: 'data', target: '/data', writable: true }];

  it('and does not exist is reported with the command that makes it', () => {
    const networksHere = { bridge: { project: '', key: '' } };
    expect(problemsOf({ networks, volumes, attached, mounts, networksHere })).toEqual([
      'web1: the external network proxy does not exist: create it with `docker network create proxy`',
      'web1: the external volume old-data does not exist: create it with `docker volume create old-data` and restore its data if it had any',
    ]);
  });

  it('and exists, or is not used, is fine', () => {
    const here = { networksHere: { proxy: { project: '', key: '' } }, volumesHere: { 'old-data': '' } };
    expect(problemsOf({ networks, volumes, attached, mounts, ...here })).toEqual([]);
    expect(problemsOf({ networks, volumes, networksHere: { bridge: { project: '', key: '' } } })).toEqual([]);
    // Docker did not answer.
    expect(problemsOf({ networks, volumes, attached, mounts })).toEqual([]);
  });
});

describe('a port that a release wants more than once', () => {
  const both = [port(80), { ...port(80, '127.0.0.1'), service: 'admin' }];

  it('is refused, whoever wants it', () => {
    expect(problemsOf({ published: both })).toEqual([
      'web1: port 80 is published by both web and admin: change one of them',
    ]);
    expect(claimProblems({ ...facts, claims: { ...noClaims, published: [port(80)] }, replicas: { web: 3 } })).toEqual([
      'web1: web would have 3 containers, but only one can publish port 80: publish a range of ports, or put a proxy in front',
    ]);
  });

  it('is none where the addresses or the protocols are not the same, or a service is to have no container', () => {
    expect(problemsOf({ published: [port(80, '10.0.0.1'), { ...port(80, '10.0.0.2'), service: 'admin' }] })).toEqual(
      [],
    );
    expect(problemsOf({ published: [port(53), { ...port(53, '', 'udp'), service: 'admin' }] })).toEqual([]);
    expect(claimProblems({ ...facts, claims: { ...noClaims, published: both }, replicas: { admin: 0 } })).toEqual([]);
    // Of both families, as it is often written.
    expect(problemsOf({ published: [port(80), port(80)] })).toEqual([]);
  });
});

describe('what else a release needs of its server', () => {
  it('is what Docker would miss only when it creates the container', () => {
    const lacks = [
      { service: 'home', kind: 'device', name: '/dev/ttyUSB0' },
      { service: 'ai', kind: 'runtime', name: 'nvidia' },
      { service: 'web', kind: 'logging', name: 'loki' },
    ] as const;
    expect(problemsOf({ lacks })).toEqual([
      'web1: home uses the device /dev/ttyUSB0, which this server does not have: remove it from `devices` for this server',
      'web1: ai has `runtime: nvidia`, which Docker on this server does not have: install the runtime there, or remove the line',
      'web1: web logs with the driver loki, which Docker on this server does not have: install its plugin there, or choose another driver',
    ]);
  });

  it('is a driver of a volume or a network, and a GPU, unless it is there or nothing needs it', () => {
    const lacks = [
      { service: 'files', kind: 'volume', name: 'rexray/s3fs' },
      { service: 'mesh', kind: 'network', name: 'weave' },
      { service: 'all', kind: 'network', name: 'overlay' },
      { service: 'ai', kind: 'gpu', name: 'gpu' },
      { service: 'ml', kind: 'gpus', name: 'gpu' },
    ] as const;
    const gpu =
      'needs a GPU, but Docker has none to offer on this server: install the driver and the NVIDIA Container Toolkit there, or remove the GPU from the compose file for this server';
    expect(problemsOf({ lacks })).toEqual([
      'web1: the volume files has `driver: rexray/s3fs`, which Docker on this server does not have: install and enable its plugin there (`docker plugin ls` lists the plugins), or choose another driver',
      'web1: the network mesh has `driver: weave`, which Docker on this server does not have: install and enable its plugin there (`docker plugin ls` lists the plugins), or choose another driver',
      'web1: the network all has `driver: overlay`, which only a Swarm manager can create: use bridge, or create it there and declare it `external: true`',
      `web1: ai ${gpu}`,
      `web1: ml ${gpu}`,
    ]);
    const claims = {
      ...noClaims,
      lacks,
      ignorable: [{ of: 'ml', key: 'gpus' }],
      volumes: [{ key: 'files', name: 'shop_files', external: false }],
      volumesHere: { shop_files: 'shop' },
      networks: [{ key: 'all', name: 'all', external: false }],
      networksHere: { all: { project: 'shop', key: 'all' } },
    };
    expect(claimProblems({ ...facts, claims, versions: { compose: '2.26.1' } })).toEqual([
      expect.stringContaining('the network mesh'),
      `web1: ai ${gpu}`,
    ]);
  });

  it.each([
    [
      'a volume with a name of one letter',
      { kind: 'volume', source: '-', target: 'd:/data' },
      'd:/data, which Compose reads as a Windows path: for a volume of that name, write `{type: volume, source: d, target: /data}`, or give it a longer name',
    ],
    [
      'the same with an option',
      { kind: 'bind', source: 'd:/data', target: 'ro' },
      'd:/data, which Compose reads as a Windows path: for a volume of that name, write `{type: volume, source: d, target: /data}`, or give it a longer name',
    ],
    [
      'a Windows path',
      { kind: 'bind', source: 'C:\\conf', target: '/conf' },
      'C:\\conf, which is a Windows path: use a path on this server',
    ],
    [
      'a relative path in the container',
      { kind: 'bind', source: '/opt/shop/shared/x', target: 'data' },
      '/opt/shop/shared/x at data, which is not an absolute path: the path in the container must start with /',
    ],
  ])('is mounts at absolute paths: %s', (_, mount, message) => {
    expect(problemsOf({ mounts: [{ service: 'web', writable: true, ...mount }] })).toEqual([
      `web1: web mounts ${message}`,
    ]);
  });

  it('is addresses that Docker can give, and container names of one service each', () => {
    const networks = ['own', 'bare', 'theirs'].map((key) => ({ key, name: key, external: key === 'theirs' }));
    const subnets = ['10.88.0.0/24', 'fd00::/64'].map((subnet) => ({ network: 'own', subnet }));
    const asks = (service: string, network: string, address: string) => ({ service, network, address });
    const addresses = [
      asks('a', 'own', '10.88.0.3'),
      asks('b', 'own', '10.88.0.3'),
      asks('c', 'own', '10.1.2.3'),
      asks('d', 'bare', '10.1.2.3'),
      asks('e', 'theirs', '10.1.2.3'),
      asks('f', 'own', 'fd00::5'),
    ];
    const containerNames = ['x', 'x', 'y'].map((name, n) => ({ service: `s${n}`, name }));
    expect(problemsOf({ networks, subnets, addresses, containerNames })).toEqual([
      'web1: b and a have the same address 10.88.0.3 in the network own: change one of them',
      'web1: c has the address 10.1.2.3 in the network own, but its subnet is 10.88.0.0/24: choose an address inside it',
      'web1: d has the address 10.1.2.3 in the network bare, which has no subnet: add one under `ipam`',
      'web1: s0 and s1 have the same container_name x: change one of them',
    ]);
  });

  it('is an engine that can mount images', () => {
    const mounts = [{ service: 'web', kind: 'image', source: 'x@sha256:1', target: '/x', writable: false }];
    const on = (docker: string) => claimProblems({ ...facts, claims: { ...noClaims, mounts }, versions: { docker } });
    expect(on('26.1.5+dfsg1')).toEqual([
      'web1: web mounts the image x@sha256:1 (`type: image`), which Docker Engine 26.1.5+dfsg1 cannot do: update it to 28.0.0 or later',
    ]);
    expect(on('28.0.0')).toEqual([]);
  });

  it('is a healthcheck of a service that another one waits for', () => {
    const unchecked = [
      { service: 'cache', by: 'web', off: false },
      { service: 'db', by: 'web', off: true },
    ];
    expect(problemsOf({ unchecked })).toEqual([
      'web1: web waits until cache is healthy, but neither its image nor the compose file has a healthcheck: add one, or wait with `condition: service_started`',
      'web1: web waits until db is healthy, but the compose file disables its healthcheck: remove that, or wait with `condition: service_started`',
    ]);
  });

  it('is a subnet that no other network has', () => {
    const claims = {
      networks: [{ key: 'back', name: 'shop_back', external: false }],
      attached: [{ service: 'web', network: 'back' }],
      subnets: [{ network: 'back', subnet: '172.17.4.0/24' }],
    };
    const has = (network: string) => problemsOf({ ...claims, subnetsHere: [{ network, subnet: '172.17.0.0/16' }] });
    expect(has('bridge')).toEqual([
      'web1: the subnet 172.17.4.0/24 of the network shop_back (back) overlaps with 172.17.0.0/16 of the network bridge: choose another subnet, or remove that network',
    ]);
    expect(has('shop_back')).toEqual([]);
    // Compose makes no network that no service is in.
    expect(problemsOf({ ...claims, attached: [], subnetsHere: [{ network: 'x', subnet: '172.17.4.0/24' }] })).toEqual(
      [],
    );
  });

  it('is the containers of others that it names', () => {
    const containers = ['vpn', 'app-web-1', 'shop-db-1', 'own', '0123456789ab'];
    const needs = containers.map((container) => ({ service: 'web', container }));
    const containerNames = [{ service: 'db', name: 'own' }];
    expect(problemsOf({ needs, containerNames, neighbours: [neighbour({ published: [] })] })).toEqual([
      'web1: web needs the container vpn, which does not exist: start it first, or remove it from the compose file',
    ]);
  });
});
