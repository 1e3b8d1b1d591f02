import { describe, expect, it } from 'vitest';
import { type Claims, noClaims } from '../../src/model/claims.ts';
import { claimProblems } from '../../src/plan/claims.ts';
import { optionProblems } from '../../src/plan/options.ts';

type Given = Readonly<Record<string, readonly string[]>>;
const optionsOf = (given: Given) =>
  Object.entries(given).flatMap(([key, values]) => values.map((value) => ({ service: 'web', key, value })));
const bridge: Claims['networksHere'] = { bridge: { project: '', key: '' } };
const problemsOf = (given: Given, cpus = 2, networksHere = bridge) =>
  optionProblems({
    options: optionsOf(given),
    cpus,
    networks: [{ key: 'own', name: 'shop_own', external: false }],
    networksHere,
  });

describe('what Docker would refuse of a service, after the old container has gone', () => {
  it.each<readonly [string, Given, string]>([
    [
      'a misspelled capability',
      { cap_add: ['NET_ADMN'] },
      'web has `cap_add: NET_ADMN`, which is no capability of Linux: use one of `man 7 capabilities`, or ALL; did you mean NET_ADMIN?',
    ],
    [
      'what was never one',
      { cap_drop: ['everything'] },
      'web has `cap_drop: everything`, which is no capability of Linux: use one of `man 7 capabilities`, or ALL',
    ],
    [
      'a sysctl of the machine',
      { sysctls: ['vm.max_map_count'] },
      "web sets the sysctl vm.max_map_count, which is the server's own: set it there, in a file in /etc/sysctl.d, and remove it from the compose file",
    ],
    [
      'a sysctl of the network that is the server’s',
      { sysctls: ['net.core.somaxconn'], network_mode: ['host'] },
      "web sets the sysctl net.core.somaxconn, which with `network_mode: host` is the server's own: set it there, in a file in /etc/sysctl.d, and remove it from the compose file",
    ],
    [
      'a restart policy with an underscore',
      { restart: ['unless_stopped'] },
      'web has `restart: unless_stopped`, which Docker does not know: use no, always, unless-stopped, on-failure or on-failure:<times>; did you mean unless-stopped?',
    ],
    [
      'a count for what has none',
      { restart: ['always:3'] },
      'web has `restart: always:3`, which Docker does not know: use no, always, unless-stopped, on-failure or on-failure:<times>; did you mean always?',
    ],
    [
      'a memory limit without a unit',
      { mem_limit: ['512'] },
      'web has a memory limit of 512 bytes, and Docker wants at least 6 MB: give the limit a unit, as in `512m`',
    ],
    [
      'more processors than there are',
      { cpus: ['4'] },
      'web has a limit of 4 CPUs, which Docker refuses on a server with 2: set 2 or less',
    ],
    [
      'processors that are not there',
      { cpuset: ['0,2-3'] },
      'web has `cpuset: 0,2-3`, but this server has the CPUs 0 to 1: choose from those',
    ],
    [
      'ports beside the network of another service',
      { has: ['ports'], network_mode: ['service:vpn'] },
      'web has `ports`, which Docker refuses beside `network_mode: service:vpn`: move it to the service vpn, whose network this is',
    ],
    [
      'a name beside the network of a container',
      { has: ['hostname'], network_mode: ['container:vpn'] },
      'web has `hostname`, which Docker refuses beside `network_mode: container:vpn`: move it to the container vpn, whose network this is',
    ],
    [
      'links beside the network of the server',
      { has: ['links'], network_mode: ['host'] },
      'web has `links`, which Docker refuses beside `network_mode: host`: remove it',
    ],
    [
      'a network that is not there',
      { network_mode: ['vpn'] },
      'web has `network_mode: vpn`, and this server has no network of that name: create it with `docker network create vpn`, or list a network in `networks`',
    ],
    [
      'a misspelled signal',
      { stop_signal: ['SIGTREM'] },
      'web has `stop_signal: SIGTREM`, which is no signal of Linux; did you mean SIGTERM?',
    ],
    [
      'a name with a blank',
      { container_name: ['my app'] },
      'web has `container_name: my app`, which Docker does not take: use two or more letters, digits, `_`, `.` and `-`',
    ],
    [
      'a relative working directory',
      { working_dir: ['app'] },
      'web has `working_dir: app`, which is no absolute path: begin it with /',
    ],
    [
      'a name in the place of an address',
      { extra_hosts: ['db=localhost'] },
      'web has `extra_hosts: db=localhost`, and "localhost" is no IP address: write one, or host-gateway for this server',
    ],
    [
      'an option that a logging driver does not have',
      { 'logging.driver': ['json-file'], 'logging.options': ['max_size'] },
      'web logs with the option max_size, which the driver json-file does not know: use max-size, max-file, compress, mode, max-buffer-size, labels, labels-regex, env, env-regex, tag; did you mean max-size?',
    ],
    [
      'a reservation above the limit',
      { mem_limit: ['67108864'], mem_reservation: ['67108865'] },
      'web reserves more memory (67108865 bytes) than its limit (67108864 bytes) allows: change one of them',
    ],
    [
      'less memory and swap than memory',
      { mem_limit: ['67108864'], memswap_limit: ['33554432'] },
      'web has `memswap_limit: 33554432`, which is memory and swap together, so Docker wants a memory limit beside it, and no larger one',
    ],
  ])('%s', (_, given, problem) => {
    expect(problemsOf(given)).toEqual([problem]);
  });

  it('is nothing of what it takes', () => {
    const given = {
      cap_add: ['NET_ADMIN', 'cap_sys_time', 'sys_ptrace', 'ALL'],
      sysctls: ['net.core.somaxconn', 'fs.mqueue.msg_max', 'kernel.shmmax', 'kernel.sem'],
      restart: ['no', 'always', 'unless-stopped', 'on-failure', 'on-failure:3'],
      mem_limit: ['0', '6291456', '536870912'],
      cpus: ['0', '0.5', '2'],
      cpuset: ['0', '0-1', '0,1'],
      has: ['ports', 'hostname'],
      network_mode: ['bridge'],
      stop_signal: ['SIGQUIT', 'term', '9', 'SIGRTMIN+3', 'RTMAX'],
      container_name: ['the-db_1.x'],
      working_dir: ['/app', '/'],
      extra_hosts: ['a=1.2.3.4', 'b:::1', 'c=[::1]', 'host.docker.internal=host-gateway'],
      'logging.driver': ['fluentd'],
      'logging.options': ['anything'],
      mem_reservation: ['0'],
      memswap_limit: ['-1', '0'],
      of_tomorrow: ['x'],
    };
    expect(problemsOf(given)).toEqual([]);
    expect(problemsOf({ has: ['ports'], sysctls: ['kernel.sem'], network_mode: ['host'] })).toEqual([]);
    for (const mode of ['none', 'service:a', 'container:b', 'shop_own'])
      expect(problemsOf({ network_mode: [mode] })).toEqual([]);
    expect(problemsOf({ network_mode: ['vpn'] }, 2, {})).toEqual([]);
  });

  it('is not known of processors where the server does not say how many it has', () => {
    expect(problemsOf({ cpus: ['64'], cpuset: ['63'] }, 0)).toEqual([]);
  });

  it('is said of the server, and not of a service that is to have no container', () => {
    const facts = { host: 'web1', project: 'shop', claims: { ...noClaims, options: optionsOf({ restart: ['x'] }) } };
    expect(claimProblems(facts)).toEqual([expect.stringMatching(/^web1: web has `restart: x`/)]);
    expect(claimProblems({ ...facts, replicas: { web: 0 } })).toEqual([]);
  });
});
