import { describe, expect, it } from 'vitest';
import { type Claims, type Neighbour, noClaims, type Published } from '../../src/model/claims.ts';
import { claimProblems } from '../../src/plan/claims.ts';

const problemsOf = (claims: Partial<Claims>): readonly string[] =>
  claimProblems({ host: 'web1', project: 'shop', claims: { ...noClaims, ...claims } });

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
        "web1: port 80 (service web) is taken by a program outside Docker: stop it (`ss -ltnp 'sport = :80'` as root names it), or publish another port",
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

  it('and does not exist is told with the command that makes it', () => {
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

describe('what else a release needs of its server', () => {
  it('is a subnet that no other network has', () => {
    const claims = {
      networks: [{ key: 'back', name: 'shop_back', external: false }],
      subnets: [{ network: 'back', subnet: '172.17.4.0/24' }],
    };
    const has = (network: string) => problemsOf({ ...claims, subnetsHere: [{ network, subnet: '172.17.0.0/16' }] });
    expect(has('bridge')).toEqual([
      'web1: the subnet 172.17.4.0/24 of the network shop_back (back) overlaps with 172.17.0.0/16, which the network bridge has: choose another subnet, or remove that network',
    ]);
    expect(has('shop_back')).toEqual([]);
  });

  it('is the containers of others that it names', () => {
    const containers = ['vpn', 'app-web-1', 'shop-db-1', 'own', '0123456789ab'];
    const needs = containers.map((container) => ({ service: 'web', container }));
    const containerNames = [{ service: 'db', name: 'own' }];
    expect(problemsOf({ needs, containerNames, neighbours: [neighbour({ published: [] })] })).toEqual([
      'web1: web needs the container vpn, which does not exist: start it first, or take it out of the compose file',
    ]);
  });
});
