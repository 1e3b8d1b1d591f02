/** Every key of a service in the Compose specification, with valid values of every form. */
import fc from 'fast-check';
import {
  count,
  dictionary,
  flag,
  hostile,
  line,
  list,
  pairs,
  path,
  size,
  some,
  target,
  time,
  unique,
  word,
} from './values.ts';

export type Keys = Readonly<Record<string, fc.Arbitrary<unknown>>>;

const command = fc.oneof(list(hostile, 4), word, fc.constantFrom('sh -c "echo a b"', [], ''));

const mount = fc.oneof(
  fc.record({ type: fc.constant('bind'), source: path, target, read_only: flag, consistency: fc.constant('cached') }),
  fc.record({
    type: fc.constant('bind'),
    source: path,
    target,
    bind: fc.constantFrom({ propagation: 'rslave' }, { selinux: 'z' }, { create_host_path: false }),
  }),
  fc.record({
    type: fc.constant('volume'),
    source: fc.constant('data'),
    target,
    volume: some({ nocopy: flag, subpath: word }),
  }),
  fc.record({ type: fc.constant('volume'), target }),
  fc.record({ type: fc.constant('tmpfs'), target, tmpfs: some({ size, mode: fc.constantFrom(448, 493, 0o1777) }) }),
  fc
    .tuple(path, target, fc.constantFrom('', ':ro', ':rw', ':z', ':ro,Z', ':cached'))
    .map((parts) => parts.join(':').replace('::', ':').replace(/:$/, '')),
  fc
    .tuple(fc.constant('data'), target, fc.constantFrom('', ':ro', ':nocopy'))
    .map(([from, to, how]) => `${from}:${to}${how}`),
  target,
);
const port = fc.oneof(
  fc.integer({ min: 1, max: 9000 }).map((n) => `${n}:80`),
  fc.constantFrom(
    '127.0.0.1:9001:443/udp',
    '3000',
    3001,
    '6060-6062:7060-7062',
    '[::1]:9002:80',
    '5000-5010',
    '9003-9005:80',
    '0.0.0.0::81',
  ),
  fc.record(
    {
      target: fc.integer({ min: 1, max: 9000 }),
      published: fc.constantFrom('9100', 9101, '9102-9110'),
      protocol: fc.constantFrom('tcp', 'udp'),
      mode: fc.constantFrom('host', 'ingress'),
      host_ip: fc.constantFrom('127.0.0.1', '::'),
      name: word,
      app_protocol: fc.constant('http'),
    },
    { requiredKeys: ['target'] },
  ),
);
const file = (source: string) =>
  fc.oneof(
    fc.constant(source),
    fc.record(
      {
        source: fc.constant(source),
        target: fc.oneof(word, target),
        mode: fc.constantFrom(256, '0440', 0o440),
        uid: fc.constant('103'),
        gid: fc.constant('103'),
      },
      { requiredKeys: ['source'] },
    ),
  );
const rates = list(fc.record({ path: fc.constant('/dev/sda'), rate: fc.constantFrom('12mb', 1024, 30) }), 1);
const device = some({
  capabilities: fc.constant(['gpu', 'utility']),
  driver: word,
  options: dictionary(line),
  count: fc.constantFrom('all', 2),
});
const rollout = {
  parallelism: count,
  delay: time,
  failure_action: fc.constant('pause'),
  monitor: time,
  max_failure_ratio: fc.constantFrom(0, 0.25),
  order: fc.constantFrom('start-first', 'stop-first'),
};
const resource = { cpus: fc.constantFrom('0.50', 1, '2'), memory: fc.constantFrom('50M', '1gb') };

/** Those that every supported Compose knows. */
export const serviceKeys: Keys = {
  annotations: pairs(line),
  attach: flag,
  blkio_config: some({
    weight: fc.integer({ min: 10, max: 1000 }),
    weight_device: fc.constant([{ path: '/dev/sda', weight: 400 }]),
    device_read_bps: rates,
    device_read_iops: rates,
    device_write_bps: rates,
    device_write_iops: rates,
  }),
  build: fc.oneof(
    fc.constantFrom('.', './app', { context: '.', dockerfile_inline: 'FROM scratch\nRUN echo "$$X"\n' }),
    fc.record(
      {
        context: fc.constantFrom('.', './app', 'https://example.com/a.git#main:b'),
        dockerfile: fc.constant('docker/Dockerfile'),
        args: pairs(line),
        labels: pairs(line),
        target: word,
        cache_from: fc.constant(['type=local,src=./cache']),
        network: fc.constant('host'),
        platforms: fc.constant(['linux/amd64']),
        secrets: fc.constant(['key']),
        ssh: fc.constant(['default']),
        extra_hosts: fc.constant(['a=1.2.3.4']),
        shm_size: size,
      },
      { requiredKeys: ['context'] },
    ),
  ),
  cap_add: unique(fc.constantFrom('NET_ADMIN', 'SYS_TIME', 'ALL')),
  cap_drop: unique(fc.constantFrom('NET_RAW', 'ALL')),
  cgroup: fc.constantFrom('host', 'private'),
  cgroup_parent: word,
  command,
  configs: list(fc.constantFrom('conf', 'text', 'given', 'outside').chain(file), 1),
  container_name: word,
  cpu_count: fc.integer({ min: 1, max: 8 }),
  cpu_percent: fc.integer({ min: 1, max: 100 }),
  cpu_period: fc.constantFrom('50ms', 100000),
  cpu_quota: count,
  cpu_rt_period: fc.constantFrom('1400us', 11000),
  cpu_rt_runtime: fc.constantFrom('400us', 95000),
  cpu_shares: count,
  cpus: fc.constantFrom(0.5, '1.5', 2),
  cpuset: fc.constantFrom('0', '0-3', '0,1'),
  credential_spec: fc.constantFrom({ registry: 'my-credential-spec' }, { file: 'spec.json' }),
  depends_on: fc.oneof(
    fc.constant(['db']),
    fc.record({
      db: fc.record(
        {
          condition: fc.constantFrom('service_started', 'service_healthy', 'service_completed_successfully'),
          restart: flag,
          required: flag,
        },
        { requiredKeys: ['condition'] },
      ),
    }),
    fc.constant({ extra: { condition: 'service_started', required: false } }),
    fc.constant({ extra: { condition: 'service_healthy', required: false }, db: { condition: 'service_started' } }),
  ),
  deploy: some({
    replicas: fc.integer({ min: 0, max: 3 }),
    labels: pairs(line),
    resources: some({
      limits: some({ ...resource, pids: fc.constant(1) }),
      reservations: some({
        ...resource,
        devices: fc.constant([{ capabilities: ['gpu'], count: 1 }]),
        generic_resources: fc.constant([{ discrete_resource_spec: { kind: 'gpu', value: 2 } }]),
      }),
    }),
    restart_policy: some({
      condition: fc.constantFrom('on-failure', 'any'),
      delay: time,
      max_attempts: count,
      window: time,
    }),
    placement: some({
      constraints: fc.constant(['node.role == manager']),
      preferences: fc.constant([{ spread: 'node.labels.zone' }]),
      max_replicas_per_node: count,
    }),
    update_config: some(rollout),
    rollback_config: some(rollout),
    endpoint_mode: fc.constantFrom('vip', 'dnsrr'),
    mode: fc.constantFrom('replicated'),
  }),
  develop: fc.constantFrom(
    { watch: [{ path: './src', action: 'rebuild' }] },
    { watch: [{ path: '.', action: 'sync', target: '/app', ignore: ['node_modules/'] }] },
  ),
  device_cgroup_rules: fc.constant(['c 1:3 mr', 'a 7:* rmw']),
  devices: fc.constantFrom(['/dev/null'], ['/dev/ttyUSB0:/dev/ttyUSB0:rwm']),
  dns: fc.constantFrom('8.8.8.8', ['8.8.8.8', '9.9.9.9']),
  dns_opt: fc.constant(['use-vc', 'no-tld-query']),
  dns_search: fc.oneof(word, unique(word)),
  domainname: word,
  entrypoint: command,
  env_file: fc.constantFrom(
    'web.env',
    ['web.env', './more.env'],
    [{ path: './absent.env', required: false }, 'web.env'],
    [],
  ),
  environment: fc.oneof(
    dictionary(fc.oneof(hostile, count, flag, fc.constant(null), fc.constantFrom(0.5, 1e21, -7, '007', '1.10'))),
    unique(fc.tuple(word, line).map(([key, value]) => `${key}=${value}`)),
    fc.constant(['FROM_ENV', 'A=${FROM_ENV}', 'B=${UNSET:-a b}', 'NOT_SET', 'EMPTY=']),
  ),
  expose: fc.constantFrom(['3000'], ['8000', '9000-9002'], [3000]),
  extends: fc.constantFrom('base', { service: 'base' }, { service: 'other', file: 'base.yml' }),
  external_links: fc.constant(['redis', 'database:mysql']),
  extra_hosts: fc.oneof(
    fc.constant(['somehost=162.242.195.82', 'v6=::1', 'old:1.2.3.4']),
    fc.constant({ host: '50.31.209.229', v6: '[::1]' }),
  ),
  group_add: fc.constantFrom(['mail'], ['1000', 'mail'], [1000]),
  healthcheck: fc.oneof(
    fc.record(
      {
        test: fc.oneof(
          list(hostile, 2).map((words) => ['CMD', ...words]),
          hostile.map((text) => ['CMD-SHELL', text]),
          line,
        ),
        interval: time,
        timeout: time,
        retries: fc.integer({ min: 1, max: 9 }),
        start_period: time,
        start_interval: time,
      },
      { requiredKeys: ['test'] },
    ),
    fc.constantFrom({ disable: true }, { test: ['NONE'] }),
  ),
  hostname: word,
  image: fc.constantFrom('nginx', 'registry.example.com:5000/a/b:1.0', '${IMAGE:-app}:${TAG:-latest}'),
  init: flag,
  ipc: fc.constantFrom('host', 'shareable', 'service:db'),
  isolation: fc.constant('default'),
  labels: pairs(fc.oneof(hostile, count, flag)),
  links: fc.constantFrom(['db'], ['db:database']),
  logging: fc.record({ driver: fc.constant('json-file'), options: dictionary(fc.oneof(line, count), word) }),
  mac_address: fc.constant('02:42:ac:11:65:43'),
  mem_limit: size,
  mem_reservation: size,
  mem_swappiness: count,
  memswap_limit: fc.constantFrom('-1', '2g'),
  network_mode: fc.constantFrom('host', 'none', 'service:db', 'bridge', 'container:other'),
  networks: fc.constantFrom<unknown[]>(
    ['front'],
    { front: null, default: { aliases: ['alias1', 'a.b'], priority: 10 } },
    { front: { ipv4_address: '172.16.238.10', link_local_ips: ['57.123.22.11'] } },
    { front: { mac_address: '02:42:ac:11:00:02' } },
    { outside: {} },
  ),
  oom_kill_disable: flag,
  oom_score_adj: fc.integer({ min: -1000, max: 1000 }),
  pid: fc.constantFrom('host', 'service:db'),
  pids_limit: fc.integer({ min: -1, max: 100 }),
  platform: fc.constantFrom('linux/amd64', 'linux/arm64/v8'),
  ports: fc.uniqueArray(port, { minLength: 1, maxLength: 2, selector: (value) => JSON.stringify(value) }),
  privileged: flag,
  profiles: fc.constant(['always']),
  pull_policy: fc.constantFrom('always', 'never', 'missing', 'if_not_present', 'build'),
  read_only: flag,
  restart: fc.constantFrom('no', 'always', 'on-failure:3', 'unless-stopped'),
  runtime: fc.constant('runc'),
  scale: fc.integer({ min: 0, max: 3 }),
  secrets: list(fc.constantFrom('key', 'token', 'outside').chain(file), 1),
  security_opt: fc.constantFrom(
    ['no-new-privileges:true'],
    ['seccomp:unconfined'],
    ['label:user:USER'],
    ['seccomp:./p.json', 'apparmor=x'],
    ['seccomp=conf/p.json'],
  ),
  shm_size: size,
  stdin_open: flag,
  stop_grace_period: time,
  stop_signal: fc.constantFrom('SIGUSR1', 'SIGINT'),
  storage_opt: fc.constant({ size: '1G' }),
  sysctls: fc.oneof(fc.constant({ 'net.core.somaxconn': 1024 }), fc.constant(['net.ipv4.tcp_syncookies=0'])),
  tmpfs: fc.oneof(fc.constant('/run'), fc.constant(['/run', '/tmp:size=64m,mode=1777'])),
  tty: flag,
  ulimits: fc.constant({ nproc: 65535, nofile: { soft: 20000, hard: 40000 } }),
  user: fc.constantFrom('1000:1000', 'nobody', '0', '${UID:-1000}:${GID:-1000}'),
  userns_mode: fc.constant('host'),
  uts: fc.constant('host'),
  volumes: fc.array(mount, { minLength: 1, maxLength: 3 }),
  volumes_from: fc.constantFrom(['db'], ['db:ro', 'container:other:rw']),
  working_dir: target,
};

/** Values, and keys, that not every supported Compose knows. */
export const laterValues: readonly (readonly [key: string, values: fc.Arbitrary<unknown>])[] = [
  [
    'build',
    fc.constant({
      context: '.',
      provenance: 'mode=max',
      sbom: true,
      entitlements: ['network.host'],
      no_cache_filter: ['a'],
    }),
  ],
  ['build', fc.constant({ context: '.', additional_contexts: { base: 'service:db' } })],
  ['depends_on', fc.constant({ base: { condition: 'service_started' } })],
  [
    'develop',
    fc.constant({
      watch: [{ path: './x', action: 'sync+exec', target: '/x', exec: { command: 'a b' }, initial_sync: true }],
    }),
  ],
  ['env_file', fc.constant([{ path: 'raw.env', format: 'raw' }])],
  ['gpus', fc.oneof(fc.constant('all'), list(device, 1))],
  ['label_file', fc.constantFrom('./web.labels', ['web.labels'])],
  ['models', fc.constantFrom(['llm'], { llm: { endpoint_var: 'URL', model_var: 'NAME' } })],
  ['networks', fc.constant({ front: { gw_priority: 1, driver_opts: { 'com.example.a': 'b' } } })],
  ['networks', fc.constant({ front: { interface_name: 'eth9' } })],
  ['post_start', fc.constant([{ command: ['./do', 'it'], user: 'root', environment: ['FOO=BAR', 'FROM_ENV'] }])],
  ['pre_start', fc.constant([{ command: ['init'], image: `init@sha256:${'1'.repeat(64)}` }])],
  ['pre_stop', fc.constant([{ command: './flush.sh', working_dir: '/x', privileged: true }])],
  ['provider', fc.constant({ type: 'model', options: { model: 'ai/x', list: ['a', 'b: c'] } })],
  ['pull_policy', fc.constantFrom('daily', 'every_12h', 'refresh')],
  ['pull_refresh_after', fc.constant('24h')],
  ['use_api_socket', flag],
  [
    'volumes',
    fc.constant([{ type: 'image', source: `x@sha256:${'1'.repeat(64)}`, target: '/x', image: { subpath: 'a' } }]),
  ],
  ['volumes', fc.constant([{ type: 'bind', source: './r', target: '/r', bind: { recursive: 'readonly' } }])],
  ['volumes', fc.constant([{ type: 'volume', source: 'data', target: '/l', volume: { labels: { a: 'b' } } }])],
];
