/** Applications that change from one commit to the next, for plans to be compared with deploys. */
import fc from 'fast-check';

type Keys = Readonly<Record<string, unknown>>;

/** A compose file by service and key, and the files beside it. */
export type Application = {
  readonly services: Readonly<Record<string, Keys>>;
  readonly networks: Keys;
  readonly volumes: Keys;
  /** The contents of tracked files, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** The server's own `.env`. */
  readonly colour: string;
  /** A secret that is a file of the server. */
  readonly token: string;
  /** What somebody does on the server before the deploy: `docker stop` or `docker rm` of a service's containers. */
  readonly byHand: { readonly verb: 'stop' | 'rm'; readonly service: string } | undefined;
  readonly profiles: readonly string[];
};

export type Edit = (app: Application) => Application;

export type Images = { readonly small: string; readonly other: string };

const names = ['api', 'beat', 'cache', 'db', 'edge', 'files', 'gate', 'hook', 'idx', 'jobs'];
const any = fc.constantFrom;
/** What others of the pool a service names: `readable` makes of it what Compose can follow. */
const other = any(...names);
const conditions = any('service_started', 'service_healthy');
const health = (interval: string) => ({
  test: ['CMD', 'true'],
  interval,
  start_period: '30s',
  start_interval: '500ms',
});

/** The keys of a service that change, with values that a server of the test bed can run. */
const keysWith = ({ small, other: second }: Images): Readonly<Record<string, fc.Arbitrary<unknown>>> => ({
  image: any(small, second),
  command: any(['sleep', 'infinity'], ['sleep', '100000'], 'sleep 200000', ['sh', '-c', 'echo "$$HOME"; sleep 300000']),
  entrypoint: any(['env'], ['env', 'A=1']),
  environment: any<unknown[]>(
    { A: '1' },
    { A: '2' },
    { B: '1', A: '1' },
    ['A=1'],
    { COLOUR: '${COLOUR}' },
    { COLOUR: 'is-${COLOUR}', EMPTY: '' },
    { LITERAL: 'a $$b #c "d" \'e\'' },
  ),
  env_file: any(['one.env'], ['one.env', 'conf/two.env']),
  labels: any({ a: '1' }, { a: '2', b: 'x y' }, ['a=1']),
  depends_on: fc.oneof(
    fc.uniqueArray(other, { minLength: 1, maxLength: 2 }),
    fc.dictionary(other, fc.record({ condition: conditions, restart: fc.boolean() }), { minKeys: 1, maxKeys: 2 }),
  ),
  networks: any<unknown[]>(
    ['front'],
    ['back'],
    ['default', 'front'],
    ['front', 'back'],
    { front: { aliases: ['one'] } },
    { front: { aliases: ['two'] }, default: null },
    { back: { priority: 10 }, front: null },
  ),
  network_mode: fc.oneof(
    any('none', 'host'),
    other.map((name) => `service:${name}`),
  ),
  pid: other.map((name) => `service:${name}`),
  ipc: any('shareable', 'private'),
  volumes_from: other.map((name) => [name]),
  volumes: any<unknown[]>(
    ['./conf/a.conf:/a.conf:ro'],
    ['./conf/b.conf:/a.conf:ro'],
    ['./conf:/conf:ro'],
    ['data:/data'],
    ['data:/data:ro', './conf/a.conf:/a.conf:ro'],
    ['other:/data'],
    ['/scratch'],
    [{ type: 'tmpfs', target: '/t', tmpfs: { size: 1048576 } }],
    ['./writable:/w'],
  ),
  configs: any<unknown[]>(['app'], ['inline'], ['app', 'inline'], [{ source: 'app', target: '/etc/app' }]),
  secrets: any(['token'], [{ source: 'token', target: 'key' }]),
  ports: any<unknown[]>(['8101:80'], ['8102:80'], ['127.0.0.1:8103:80'], ['8104:80', '8105:81/udp'], ['80']),
  expose: any(['80'], ['81']),
  profiles: any(['extra'], ['more', 'extra']),
  scale: any(0, 1, 2, 3),
  deploy: any<unknown[]>(
    { replicas: 2 },
    { resources: { limits: { memory: '64m' } } },
    { resources: { limits: { memory: '96m' } }, restart_policy: { condition: 'on-failure' } },
    { labels: { x: 'y' } },
  ),
  healthcheck: any(health('30s'), health('40s'), { ...health('30s'), retries: 5 }),
  restart: any('no', 'always', 'unless-stopped', 'on-failure:3'),
  user: any('root', 'nobody', '1000:1000'),
  working_dir: any('/', '/tmp'),
  hostname: any('one', 'two'),
  init: fc.boolean(),
  stop_grace_period: any('0s', '2s'),
  stop_signal: any('SIGKILL', 'SIGTERM'),
  cap_add: any(['NET_ADMIN'], ['SYS_TIME']),
  ulimits: any({ nofile: 2000 }, { nofile: { soft: 2000, hard: 4000 } }),
  mem_limit: any('64m', '96m'),
  tmpfs: any('/run', ['/run', '/var/run']),
  extra_hosts: any(['a:10.1.1.1'], ['a=10.1.1.2']),
  dns: any('9.9.9.9', ['8.8.8.8', '9.9.9.9']),
  logging: any({ driver: 'json-file', options: { 'max-size': '1m' } }, { driver: 'local' }),
  read_only: fc.boolean(),
  tty: fc.boolean(),
  container_name: any('own-one', 'own-two'),
  sysctls: any({ 'net.core.somaxconn': 1024 }, { 'net.core.somaxconn': 2048 }),
  annotations: any({ a: 'b' }),
  pull_policy: any('missing', 'always'),
  attach: fc.boolean(),
});

const tops: Readonly<Record<'networks' | 'volumes', Readonly<Record<string, fc.Arbitrary<unknown>>>>> = {
  networks: {
    front: any<unknown[]>(
      null,
      { labels: { a: '1' } },
      { labels: { a: '2' } },
      { internal: true },
      { name: 'pairs-other-front' },
      { driver_opts: { 'com.docker.network.bridge.enable_icc': 'false' } },
      { driver_opts: { 'com.docker.network.driver.mtu': '1400' } },
    ),
    back: any<unknown[]>(null, { attachable: true }, { ipam: { config: [{ subnet: '172.29.77.0/24' }] } }),
    default: any<unknown[]>(null, { labels: { a: '1' } }, { name: 'pairs-named' }),
  },
  volumes: {
    data: any<unknown[]>(null, { labels: { a: '1' } }, { name: 'pairs-other-data' }),
    other: any<unknown[]>(null, { driver_opts: { type: 'tmpfs', device: 'tmpfs' } }),
  },
};

const contents = any('one\n', 'two\n', 'three\n', '');
const paths: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'conf/a.conf': contents,
  'conf/b.conf': contents,
  'conf/deep/c.conf': contents,
  'app.conf': contents,
  'inline.txt': contents,
  'one.env': any('ONE=1\n', 'ONE=2\n', 'ONE=1\nTWO=2\n'),
  'conf/two.env': any('A=from-file\n', 'B=from-file\n', ''),
  'README.md': contents,
};

/** An application of six services, before anything was changed. */
export function firstApplication(images: Images): fc.Arbitrary<Application> {
  const keys = keysWith(images);
  return fc
    .tuple(fc.array(settingIn(keys), { minLength: 12, maxLength: 24 }), topEdit)
    .map(([edits, top]) => [...edits, top].reduce((app, edit) => edit(app), plain));
}

/** What a commit changes: one to twelve things. */
export function commitOf(images: Images): fc.Arbitrary<Edit> {
  const keys = keysWith(images);
  const edit = fc.oneof(
    { weight: 12, arbitrary: settingIn(keys) },
    { weight: 4, arbitrary: fc.tuple(other, any(...Object.keys(keys))).map(([name, key]) => unset(name, key)) },
    { weight: 2, arbitrary: other.map((name) => set(name, 'labels', { added: name })) },
    { weight: 1, arbitrary: other.map(removed) },
    { weight: 1, arbitrary: fc.tuple(other, other).map(([from, to]) => renamed(from, to)) },
    { weight: 3, arbitrary: topEdit },
    { weight: 4, arbitrary: fileEdit },
    {
      weight: 1,
      arbitrary: any('one', 'two').map(
        (token): Edit =>
          (app) => ({ ...app, token }),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(any('stop', 'rm'), other).map(
        ([verb, service]): Edit =>
          (app) => ({ ...app, byHand: { verb, service } }),
      ),
    },
    {
      weight: 1,
      arbitrary: any('blue', 'green').map(
        (colour): Edit =>
          (app) => ({ ...app, colour }),
      ),
    },
    {
      weight: 1,
      arbitrary: any<string[][]>([], ['extra']).map(
        (profiles): Edit =>
          (app) => ({ ...app, profiles }),
      ),
    },
  );
  return fc
    .array(edit, { minLength: 1, maxLength: 12 })
    .map((edits) => (app) => edits.reduce<Application>((now, each) => each(now), { ...app, byHand: undefined }));
}

const plain: Application = {
  services: Object.fromEntries(names.slice(0, 6).map((name) => [name, {}])),
  networks: {},
  volumes: {},
  files: Object.fromEntries(Object.keys(paths).map((path) => [path, path.endsWith('.env') ? 'ONE=1\n' : 'one\n'])),
  colour: 'blue',
  token: 'one',
  byHand: undefined,
  profiles: [],
};

function set(name: string, key: string, value: unknown): Edit {
  return (app) => ({ ...app, services: { ...app.services, [name]: { ...app.services[name], [key]: value } } });
}

function unset(name: string, key: string): Edit {
  return (app) => {
    const service = app.services[name];
    if (service === undefined) return app;
    const { [key]: _gone, ...rest } = service;
    return { ...app, services: { ...app.services, [name]: rest } };
  };
}

function removed(name: string): Edit {
  return (app) => {
    const { [name]: _gone, ...services } = app.services;
    return Object.keys(services).length === 0 ? app : { ...app, services };
  };
}

function renamed(from: string, to: string): Edit {
  return (app) => {
    const service = app.services[from];
    return service === undefined
      ? app
      : set(to, 'labels', { was: from })(removed(from)({ ...app, services: { ...app.services, [to]: service } }));
  };
}

const settingIn = (keys: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Edit> =>
  fc
    .tuple(any(...names.slice(0, 7)), any(...Object.keys(keys)))
    .chain(([name, key]) => (keys[key] ?? fc.constant(null)).map((value) => set(name, key, value)));

const topEdit = any(...(['networks', 'volumes'] as const)).chain((top) =>
  any(...Object.keys(tops[top])).chain((name) =>
    (tops[top][name] ?? fc.constant(null)).map(
      (value): Edit =>
        (app) => ({ ...app, [top]: { ...app[top], [name]: value } }),
    ),
  ),
);

const fileEdit = any(...Object.keys(paths)).chain((path) =>
  (paths[path] ?? contents).map(
    (text): Edit =>
      (app) => ({ ...app, files: { ...app.files, [path]: text } }),
  ),
);

/** The repository of an application, in which every reference leads somewhere and no two services want the same port. */
export function filesOf(project: string, { services, networks, volumes, files }: Application, images: Images) {
  const ports = new Set<string>();
  const entries = Object.entries(services)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, keys]) => [name, readable(name, keys, services, ports)] as const);
  const file = {
    name: project,
    services: Object.fromEntries(
      entries.map(([name, keys]) => [
        name,
        {
          image: images.small,
          command: ['sleep', 'infinity'],
          stop_grace_period: '1s',
          healthcheck: health('30s'),
          ...keys,
        },
      ]),
    ),
    networks: { front: null, back: null, ...networks },
    volumes: { data: null, other: null, ...volumes },
    configs: { app: { file: './app.conf' }, inline: { content: `inline ${files['inline.txt']}` } },
    secrets: { token: { file: './secret/token' } },
  };
  return { ...files, 'compose.yml': `${JSON.stringify(file, undefined, 1)}\n` };
}

/** What Compose refuses is left out. A service names only such as come before it, so that there is no circle. */
function readable(name: string, keys: Keys, services: Application['services'], ports: Set<string>): Keys {
  const there = (value: string): boolean =>
    Object.hasOwn(services, value) && value < name && !isOptional(services[value]);
  const named = (value: unknown): boolean => !/^service:/.test(String(value)) || there(String(value).slice(8));
  const left: Record<string, unknown> = { ...keys };
  const drop = (...gone: readonly string[]): void => {
    for (const key of gone) delete left[key];
  };
  const { depends_on: depends, volumes_from: from } = keys;
  if (Array.isArray(depends)) left['depends_on'] = depends.filter(there);
  else if (depends !== undefined)
    left['depends_on'] = Object.fromEntries(Object.entries(depends as Keys).filter(([each]) => there(each)));
  if (Array.isArray(from) && !from.every(there)) drop('volumes_from');
  for (const key of ['network_mode', 'pid']) if (!named(keys[key])) drop(key);
  if (left['network_mode'] !== undefined)
    drop('networks', 'ports', 'expose', 'hostname', 'extra_hosts', 'dns', 'sysctls');
  if (left['scale'] !== undefined && 'replicas' in ((keys['deploy'] ?? {}) as Keys)) drop('scale');
  if (left['mem_limit'] !== undefined && 'resources' in ((keys['deploy'] ?? {}) as Keys)) drop('mem_limit');
  const many = Number(left['scale'] ?? 1) > 1 || 'replicas' in ((keys['deploy'] ?? {}) as Keys);
  if (many) drop('ports', 'container_name');
  if (left['entrypoint'] !== undefined && typeof left['command'] !== 'string')
    left['command'] ??= ['sleep', 'infinity'];
  for (const key of ['ports', 'container_name']) {
    const values = [left[key] ?? []].flat().map(String);
    const taken = values.some((value) => ports.has(value) && value !== '80');
    if (taken) drop(key);
    else for (const value of values) ports.add(value);
  }
  return left;
}

/** Nothing may depend on a service that may be left out. */
const isOptional = (keys: Keys = {}): boolean => keys['profiles'] !== undefined || keys['scale'] === 0;
