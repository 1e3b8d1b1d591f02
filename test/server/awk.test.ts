import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type AwkName, awkText } from '../../src/commands/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'korrigo-awk-'));
afterAll(() => rmSync(folder, { recursive: true }));
const level = (n: number): string =>
  ['/opt/shop/releases/r1/source/above-3', '/above-2', '/above-1', '/repository'].slice(0, 4 - n).join('');
const source = level(0);

/** The awks of this machine. */
const awks = [['awk'], ['mawk'], ['gawk', '--posix'], ['original-awk'], ['busybox', 'awk']].filter(([name = '']) =>
  (process.env['PATH'] ?? '').split(':').some((below) => existsSync(join(below, name))),
);

type Files = Readonly<Record<string, string>>;

/** What every awk of this machine makes of these files. */
function awk(name: AwkName, variables: Files, ...files: readonly string[]): string {
  const settings = Object.entries(variables).flatMap((variable) => ['-v', variable.join('=')]);
  const answers = awks.map(([program = '', ...options]) =>
    execFileSync(program, [...options, ...settings, awkText(name), ...files], {
      encoding: 'utf8',
      cwd: folder,
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    }),
  );
  expect(new Set(answers).size).toBe(1);
  return answers[0] ?? '';
}
function write(files: Files): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}
const rows = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replaceAll('\t', ' | '));
const places = { source, shared: '/opt/shop/shared', table: 'paths.tab', folder: `${source}/app` };
const tableOf = (shipped: Files): string =>
  Object.entries(shipped)
    .map((row) => `${row.join('\t')}\n`)
    .join('');

function uses(yaml: string, shipped: Files = {}): readonly string[] {
  write({ 'paths.tab': tableOf(shipped), 'in.yml': yaml });
  return rows(awk('uses', places, 'in.yml'));
}
describe('a mount in whose place nothing is to be made', () => {
  const mount = (bind: string): string =>
    `services:\n  web:\n    volumes:\n      - type: bind\n        source: /srv/a\n        target: /a\n${bind}`;
  const modes = (yaml: string, optsIn: string): readonly string[] => {
    write({ 'paths.tab': '', 'in.yml': yaml });
    return rows(awk('uses', { ...places, opts_in: optsIn }, 'in.yml')).map((row) => row.split(' | ')[1] ?? '');
  };
  const [no, yes, nothing] = ['false', 'true']
    .map((one) => `        bind:\n          create_host_path: ${one}\n`)
    .concat('        bind: {}\n');

  it.each([
    ['says so', no, '', 'need'],
    ['says so to a Compose before 5, too', no, '1', 'need'],
    ['says so to a Compose before 5, which leaves it out', nothing, '1', 'need'],
    ['says nothing', nothing, '', 'rw'],
    ['says nothing to a Compose before 5', '', '1', 'rw'],
    ['says the contrary', yes, '1', 'rw'],
  ])('%s', (_, bind = '', optsIn, mode) => {
    expect(modes(mount(bind), optsIn)).toEqual([mode]);
  });
});
function seal(yaml: string, shipped: Files = {}, { labels = '', images = '', parts = '' }: Files = {}): string {
  write({ 'paths.tab': tableOf(shipped), 'in.yml': yaml, labels, images, parts });
  return awk('seal', { ...places, labels: 'labels', images: 'images', parts: 'parts' }, 'in.yml', 'in.yml');
}
function canonical(value: unknown): string {
  write({ 'in.json': goJson(value) });
  return awk('canonical', {}, 'in.json');
}
/** As Compose prints JSON: some characters are escaped that need not be. */
const goJson = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).replaceAll(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

describe('traits of services, which decide whether they can roll', () => {
  const traits = (service: string): readonly string[] => {
    write({ 'in.yml': `name: shop\nservices:\n${service.replace(/^\n/, '')}` });
    return rows(awk('traits', {}, 'in.yml'));
  };

  it.each<readonly [string, string, readonly string[]]>([
    ['nothing to say', '  web:\n    image: a\n', []],
    [
      'names, addresses, ports and a network',
      `
  web:
    container_name: shop
    mac_address: 02:42:ac:11:00:02
    network_mode: service:door
    ports:
      - mode: ingress
        target: 80
        published: "8080"
        protocol: tcp
    networks:
      front:
        ipv4_address: 10.0.0.5
`,
      [
        'trait | web | container-name | shop',
        'trait | web | address | 02:42:ac:11:00:02',
        'trait | web | network | service:door',
        'trait | web | port | 8080',
        'trait | web | address | 10.0.0.5',
      ],
    ],
    [
      'a healthcheck, times, memory and labels',
      `
  web:
    healthcheck:
      test:
        - CMD-SHELL
        - "true"
    stop_grace_period: 1m30s
    mem_limit: "104857600"
    labels:
      korrigo.drain: 10s
      korrigo.rolling: "true"
      other: "korrigo.rolling: false"
`,
      [
        'trait | web | grace | 1m30s',
        'trait | web | memory | 104857600',
        'trait | web | drain | 10s',
        'trait | web | rolling | true',
        'trait | web | healthcheck | yes',
      ],
    ],
    ['a healthcheck that is off', '  web:\n    healthcheck:\n      disable: true\n', []],
    ['a healthcheck of none', '  web:\n    healthcheck:\n      test:\n        - NONE\n', []],
    [
      'a limit of memory, and not what is reserved',
      `
  web:
    deploy:
      resources:
        limits:
          memory: "1048576"
        reservations:
          memory: "524288"
`,
      ['trait | web | memory | 1048576'],
    ],
    [
      'volumes that it may write to, one of them without a name, and a socket',
      `
  web:
    volumes:
      - type: volume
        source: data
        target: /data
        volume: {}
      - type: bind
        source: /srv/a$$b
        target: /b
      - type: bind
        source: /srv/read
        target: /r
        read_only: true
      - type: bind
        source: /var/run/docker.sock
        target: /var/run/docker.sock
      - type: volume
        target: /cache
      - type: tmpfs
        target: /tmp
`,
      ['trait | web | writes | data', 'trait | web | writes | /srv/a$b', 'trait | web | writes | '],
    ],
    [
      'what it waits for, and who is waited for until the end',
      `
  door:
    sysctls:
      net.ipv4.tcp_migrate_req: "1"
  web:
    depends_on:
      init:
        condition: service_completed_successfully
        required: true
      db:
        condition: service_healthy
        required: true
`,
      [
        'trait | door | migrates | 1',
        'trait | web | after | init',
        'trait | init | completes | web',
        'trait | web | after | db',
        'trait | web | waits | db',
      ],
    ],
    [
      'that Compose runs commands in it',
      `
  web:
    post_start:
      - command:
          - warm-up
`,
      ['trait | web | hooks | yes'],
    ],
  ])('%s', (_, yaml, found) => {
    expect(traits(yaml)).toEqual(found);
  });

  it('are those of services alone', () => {
    const volumes = 'volumes:\n  data:\n    labels:\n      korrigo.rolling: "true"\n    container_name: x\n';
    expect(traits(`  web:\n    image: a\n${volumes}`)).toEqual([]);
  });
});

describe('what Compose prints as JSON', () => {
  const project = (environment: unknown): unknown => ({ name: 'x', services: { web: { environment } } });
  /** Compose prints every dollar twice, and reads it back as one in a value only. */
  const readKey = (key: string): string => key.replaceAll('$$', '$');

  it('is YAML of one line a key', () => {
    const value = {
      name: 'shop',
      networks: { default: { name: 'shop_default', ipam: {} } },
      services: {
        web: {
          command: ['sh', '-c', '\nset -e\n'],
          entrypoint: null,
          cpus: 0.5,
          networks: { default: null },
          ports: [{ mode: 'ingress', target: 80, published: '8080' }, { target: 443 }],
          tty: true,
        },
        '1': { command: null, image: 'redis' },
      },
      'x-nested': [[['a'], { b: [{ c: 'd' }] }], [], {}],
    };
    expect(canonical(value)).toBe(`name: shop
networks:
  default:
    name: shop_default
    ipam: {}
services:
  "1":
    image: redis
  web:
    command:
      - sh
      - "-c"
      - "\\nset -e\\n"
    cpus: 0.5
    networks:
      default: null
    ports:
      - mode: ingress
        target: 80
        published: "8080"
      - target: 443
    tty: true
x-nested:
  - - - a
    - b:
        - c: d
  - []
  - {}
`);
  });

  it('has the keys of devices as compose files have them: Compose prints others', () => {
    const blkio = { weight: 5, device_read_bps: [{ Path: '/dev/Sda', Rate: '30' }] };
    const value = { services: { web: { blkio_config: blkio, labels: { Path: 'X' } } } };
    expect(parse(canonical(value))).toEqual({
      services: {
        web: {
          blkio_config: { weight: 5, device_read_bps: [{ path: '/dev/Sda', rate: '30' }] },
          labels: { Path: 'X' },
        },
      },
    });
  });

  it.each([
    '',
    '\n',
    '\n\n  deep\n',
    ' x ',
    '\t',
    'a: b',
    'a:',
    'a #b',
    '- a',
    '#',
    '"',
    "'",
    '\\',
    '\\n',
    '"quoted" \\"twice\\"',
    '{',
    'x{',
    'x[',
    'x,',
    '},',
    '*a',
    '&a',
    '!a',
    '%a',
    '@a',
    '`a',
    'y',
    'NO',
    'True',
    'null',
    '~',
    '1',
    '007',
    '1e3',
    '0x1f',
    '1_000',
    '12:30',
    '.5',
    '.inf',
    '=',
    '<<',
    '?',
    '---',
    '...',
    '/opt/a b',
    '/a:b',
    'é',
    '😀',
    'a\u00a0b',
    'a\u0085b',
    'a\u2028b\u2029c',
    '\ufeffa',
    '\ufffd\uffff',
    '\u0007\u001b[31m\u007f',
    'crlf\r\n',
    '$$HOME',
  ])('keeps the text %j, as a value, a key and an item', (text) => {
    const value = (key: string) => project({ A: text, [`K${key}`]: 'v', [key || 'empty']: [text] });
    expect(parse(canonical(value(text)))).toEqual(value(readKey(text)));
  });

  it('keeps any text', () => {
    const parts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', ' ', '"', '\\', ': ', '#', '$$', '\u0085', '\u2028', '\ufeff', '😀', '{', '[', ','),
    );
    const text = fc
      .array(parts, { maxLength: 6 })
      .map((all) => all.join('').replaceAll('\0', '.'))
      .filter((all) => all.isWellFormed());
    const values = fc.sample(fc.tuple(text, text, text), { numRuns: 400, seed: 7 });
    const value = (keyOf: (text: string) => string) =>
      project(
        values.map(([key, item, other]) => ({ [keyOf(key) || 'k']: item, more: [other, { [keyOf(other)]: key }] })),
      );
    expect(parse(canonical(value(String)), { logLevel: 'silent' })).toEqual(value(readKey));
  });
});

describe('a path below the source of a release', () => {
  const shipped = {
    conf: '/opt/shop/files/11/conf',
    'conf/site.conf': '/opt/shop/files/22/site.conf',
    'a b.txt': '/opt/shop/files/33/a b.txt',
    pa$word: '/opt/shop/files/44/pa$word',
    'x.[c]*': '/opt/shop/files/55/x.[c]*',
    'say "é\\': '/opt/shop/files/66/say "é\\',
  };
  const mount = (path: string): string =>
    `services:\n  web:\n    volumes:\n      - type: bind\n        source: ${path}\n`;

  it.each([
    ['leads to the content that was shipped for it', 'conf/site.conf', '/opt/shop/files/22/site.conf'],
    ['leads into the folder that was shipped', 'conf/mime.types', '/opt/shop/files/11/conf/mime.types'],
    ['leads to the folder that was shipped', 'conf', '/opt/shop/files/11/conf'],
    ['leads to shared where nothing was shipped', '.env', '/opt/shop/shared/.env'],
    ['leads to shared when its name only begins like a shipped one', 'conf.d/x', '/opt/shop/shared/conf.d/x'],
    ['leads to shared when a shipped one is only a word of it', 'conf old', '/opt/shop/shared/conf old'],
    ['leads to shared when its name only ends like a shipped one', 'my/conf', '/opt/shop/shared/my/conf'],
    ['may hold blanks', 'a b.txt', '/opt/shop/files/33/a b.txt'],
    ['may hold dollars, as Compose writes them', 'pa$$word', '/opt/shop/files/44/pa$$word'],
    ['may hold what a pattern would mean', 'x.[c]*', '/opt/shop/files/55/x.[c]*'],
    ['may hold what is escaped', 'say "é\\', '/opt/shop/files/66/say "é\\'],
  ])('%s', (_, path, place) => {
    const { services } = parse(seal(mount(JSON.stringify(`${source}/${path}`)), shipped));
    expect(services.web.volumes[0].source).toBe(place);
    const plain = path.replaceAll('$$', '$');
    expect(uses(mount(JSON.stringify(`${source}/${path}`)), shipped)).toEqual([
      `web | rw | ${plain} | ${place.replaceAll('$$', '$')}`,
    ]);
  });

  it.each([
    ['one level above the repository', '../files/db', '/opt/shop/shared/.parent/files/db'],
    ['two', '../../files', '/opt/shop/shared/.parent/.parent/files'],
    ['three', '../../../x', '/opt/shop/shared/.parent/.parent/.parent/x'],
    ['and back into it', '../repository/conf', '/opt/shop/files/11/conf'],
    ['by a way round', 'app/../../conf/./x', '/opt/shop/shared/.parent/conf/x'],
  ])('has one lasting place beside it: %s', (_, path, place) => {
    const { services } = parse(seal(mount(`${source}/${path}`), shipped));
    expect(services.web.volumes[0].source).toBe(place);
    const name = path.endsWith('repository/conf') ? 'conf' : place.replace('/opt/shop/shared/', '');
    expect(uses(mount(`${source}/${path}`), shipped)).toEqual([`web | rw | ${name} | ${place}`]);
  });

  it('is told apart from one above it, wherever they stand', () => {
    const line = `services:\n  web:\n    command:\n      - ${level(1)}/a:${source}/conf:${level(2)}/b:${source}2:${level(3)}\n`;
    expect(seal(line, shipped)).toBe(
      'services:\n  web:\n    command:\n      - /opt/shop/shared/.parent/a:/opt/shop/files/11/conf:/opt/shop/shared/.parent/.parent/b:/opt/shop/shared/.parent/repository2:/opt/shop/shared/.parent/.parent/.parent\n',
    );
  });

  it('may be the source itself', () => {
    expect(seal(mount(source))).toBe(mount('/opt/shop/shared'));
  });

  it('is replaced wherever it stands in a value', () => {
    const line = `services:\n  web:\n    command:\n      - "cat ${source}/conf ${source}/conf/site.conf; ls ${source}/x:/y"\n`;
    expect(seal(line, shipped)).toBe(
      'services:\n  web:\n    command:\n      - "cat /opt/shop/files/11/conf /opt/shop/files/22/site.conf; ls /opt/shop/shared/x:/y"\n',
    );
  });

  it('is the only thing that is replaced', () => {
    const text =
      "services:\n  web:\n    environment:\n      A: /opt/shop/releases/r10/source/above-3/above-2/above-1/repository/conf\n      B: conf & \\1 &&\n      \"C: d\": 'it''s'\n";
    expect(seal(text, shipped)).toBe(text);
  });
});

describe('a sealed text', () => {
  it('has the labels that it is given, beside those that it has', () => {
    const yaml =
      'services:\n  web:\n    image: x\n    labels:\n      a: b\n  db:\n    image: y\n  cache:\n    image: z\n';
    const labels = 'web\tkorrigo.files\tsha256:1\ndb\tkorrigo.files\t1e10\ndb\tkorrigo.config\tx\n';
    expect(parse(seal(yaml, {}, { labels }))).toEqual({
      services: {
        web: { image: 'x', labels: { 'korrigo.files': 'sha256:1', a: 'b' } },
        db: { image: 'y', labels: { 'korrigo.files': '1e10', 'korrigo.config': 'x' } },
        cache: { image: 'z' },
      },
    });
  });

  it('waits for no service that is in no active profile, and asks no registry', () => {
    const yaml = `services:
  web:
    depends_on:
      extra:
        condition: service_started
        required: false
      db:
        condition: service_healthy
        required: false
    image: x
    pull_policy: always
  worker:
    depends_on:
      extra:
        condition: service_started
        required: false
    label_file:
      - /x/web.labels
    labels:
      pull_policy: kept
  db:
    image: y
`;
    expect(parse(seal(yaml))).toEqual({
      services: {
        web: { depends_on: { db: { condition: 'service_healthy', required: false } }, image: 'x' },
        worker: { labels: { pull_policy: 'kept' } },
        db: { image: 'y' },
      },
    });
  });
});

describe('a sealed text, besides', () => {
  it('is whole, whatever the last service ends with', () => {
    const yaml = 'services:\n  web:\n    image: x\n    label_file:\n      - /x/web.labels\n';
    expect(seal(yaml)).toBe('services:\n  web:\n    image: x\n');
  });

  it('names images of volumes and hooks by digest', () => {
    const yaml = `services:
  web:
    image: static:1
    pre_start:
      - command:
          - a
        image: init:1
      - image: static:1
    volumes:
      - type: image
        source: static:1
        target: /a
      - type: volume
        source: static:1
        target: /b
`;
    const { services } = parse(seal(yaml, {}, { images: 'static:1\tstatic@sha256:1\ninit:1\tinit@sha256:2\n' }));
    expect(services.web).toMatchObject({
      image: 'static:1',
      pre_start: [{ image: 'init@sha256:2' }, { image: 'static@sha256:1' }],
      volumes: [{ source: 'static@sha256:1' }, { source: 'static:1' }],
    });
  });

  it('mounts what only the server has into the folder that was shipped', () => {
    const yaml = `services:
  web:
    volumes:
      - type: bind
        source: ${source}/conf
        target: /etc/conf
        read_only: true
        bind:
          create_host_path: true
      - type: bind
        source: ${source}/data
        target: /data
  db:
    volumes:
      - type: bind
        source: ${source}/conf
        target: /c
networks: {}
`;
    const parts =
      '/opt/shop/files/11/conf\tssl\t/opt/shop/shared/conf/ssl\n/opt/shop/files/11/conf\ta/b c\t/opt/shop/shared/conf/a/b c\n';
    const mounts = (target: string) =>
      ['ssl', 'a/b c'].map((part) => ({
        type: 'bind',
        source: `/opt/shop/shared/conf/${part}`,
        target: `${target}/${part}`,
        read_only: true,
      }));
    const { services } = parse(seal(yaml, { conf: '/opt/shop/files/11/conf' }, { parts }));
    expect(services.web.volumes.slice(1, 3)).toEqual(mounts('/etc/conf'));
    expect(services.web.volumes[3]).toMatchObject({ source: '/opt/shop/shared/data' });
    expect(services.db.volumes.slice(1)).toEqual(mounts('/c'));
  });

  it('has seccomp profiles where they were shipped', () => {
    const yaml = `services:
  web:
    security_opt:
      - seccomp:./infra/chrome.json
      - seccomp=unconfined
      - no-new-privileges:true
`;
    const shipped = { 'app/infra/chrome.json': '/opt/shop/files/77/chrome.json' };
    expect(parse(seal(yaml, shipped)).services.web.security_opt).toEqual([
      'seccomp=/opt/shop/files/77/chrome.json',
      'seccomp=unconfined',
      'no-new-privileges:true',
    ]);
    expect(uses(yaml, shipped)).toEqual(['web | ro | app/infra/chrome.json | /opt/shop/files/77/chrome.json']);
  });

  it('leaves no value to the environment of whoever runs Compose next', () => {
    const yaml = `services:
  web:
    environment:
      A: null
      B: "null"
      C: ""
  db:
    environment:
      D: null
    labels:
      x: "null"
x-korrigo-environment:
  TOKEN: hunter2
`;
    expect(parse(seal(yaml))).toEqual({
      services: { web: { environment: { B: 'null', C: '' } }, db: { labels: { x: 'null' } } },
    });
  });
});

it('configs and secrets that come from the environment are written down as Compose reads them', () => {
  const text = 'it\'s "$5" \\ \\" and\nmore\r\n\\';
  const written = JSON.stringify(text.replaceAll('$', '$$$$'));
  write({ 'in.yml': `services: {}\nx-korrigo-environment:\n  A: ${written}\n  B: plain\n` });
  expect(awk('environment', {}, 'in.yml')).toBe('A="it\'s \\"\\$5\\" \\\\ \\\\\\" and\nmore\\r\n\\\\"\nB="plain"\n');
});

describe('the files that services use', () => {
  it('are those of their bind mounts, configs and secrets', () => {
    const yaml = `name: shop
services:
  db:
    image: postgres
    secrets:
      - source: password
        target: db_password
    volumes:
      - type: volume
        source: data
        target: /data
        volume: {}
  web:
    configs:
      - source: site
        target: /etc/site.conf
      - source: inline
    image: nginx
    volumes:
      - type: bind
        source: ${source}/conf
        target: /conf
        read_only: true
        bind:
          create_host_path: true
      - type: bind
        source: ${source}/media
        target: /media
        bind:
          create_host_path: true
      - type: bind
        source: /var/run/docker.sock
        target: /var/run/docker.sock
      - type: tmpfs
        target: /tmp
networks:
  default:
    name: shop_default
volumes:
  data:
    name: shop_data
configs:
  inline:
    name: shop_inline
    content: "x\\n"
  site:
    name: shop_site
    file: ${source}/site.conf
secrets:
  password:
    name: shop_password
    file: ${source}/secrets/db
  unused:
    name: shop_unused
    file: ${source}/unused
`;
    expect(uses(yaml)).toEqual([
      `web | ro | conf | /opt/shop/shared/conf`,
      `web | rw | media | /opt/shop/shared/media`,
      'web | rw | /var/run/docker.sock | /var/run/docker.sock',
      `db | ro | secrets/db | /opt/shop/shared/secrets/db`,
      `web | ro | site.conf | /opt/shop/shared/site.conf`,
      'web | in-config | inline | "x\\n"',
    ]);
  });

  it('are also the configs that stand in the file, with all their lines', () => {
    const yaml = `services:
  web:
    configs:
      - source: one
      - source: two
  db:
    configs:
      - source: two
configs:
  one:
    name: shop_one
    content: "first\\n\\n  file: /etc/shadow\\nsecrets:\\n"
    labels:
      content: x
  two:
    name: shop_two
    content: 'a b'
  three:
    content: unused
secrets:
  one:
    content: other
`;
    const two = "in-config | two | 'a b'";
    expect(uses(yaml)).toEqual([
      'web | in-config | one | "first\\n\\n  file: /etc/shadow\\nsecrets:\\n"',
      `web | ${two}`,
      `db | ${two}`,
    ]);
  });

  it.each([
    ['plain', `${source}/a b`, 'a b'],
    ['in single quotes', `'${source}/it''s #1'`, "it's #1"],
    ['in double quotes', `"${source}/a"`, 'a'],
    ['with escapes', `"${source}/\\"a\\\\b\\" \\U0001F600\\x41\\u00e9"`, '"a\\b" 😀Aé'],
    ['with doubled dollars', `${source}/pa$$word$$$$`, 'pa$word$$'],
    ['with a colon', `${source}/a:b`, 'a:b'],
  ])('have their names as they are on the disk: %s', (_, written, name) => {
    const yaml = `services:\n  web:\n    volumes:\n      - type: bind\n        source: ${written}\n        target: /x\n`;
    expect(uses(yaml)).toEqual([`web | rw | ${name} | /opt/shop/shared/${name}`]);
  });

  it.each([
    ['with a dot', 'my.web', 'my.web'],
    ['like a number', '"1"', '1'],
    ['in single quotes', "'on'", 'on'],
  ])('may belong to a service with a name %s', (_, written, service) => {
    const yaml = `services:\n  ${written}:\n    volumes:\n      - type: bind\n        source: /x\n        read_only: true\n`;
    expect(uses(yaml)).toEqual([`${service} | ro | /x | /x`]);
  });

  it('are also the devices of volumes, and what comes from the environment', () => {
    const yaml = `services:
  web:
    secrets:
      - source: token
    volumes:
      - type: volume
        source: pg
        target: /data
      - type: volume
        source: conf
        read_only: true
      - type: volume
        source: nfs
secrets:
  token:
    environment: TOKEN
volumes:
  pg:
    driver_opts:
      device: ${source}/data/pg
      o: bind
      type: none
  conf:
    driver_opts:
      device: /srv/conf
      o: ro,bind
  nfs:
    driver_opts:
      device: ":/export"
      o: addr=10.0.0.1
x-korrigo-environment:
  TOKEN: "s3 cret"
`;
    expect(uses(yaml).toSorted()).toEqual([
      'web | in-secret | token | "s3 cret"',
      'web | ro | /srv/conf | /srv/conf',
      'web | rw | data/pg | /opt/shop/shared/data/pg',
    ]);
  });

  it('have no tabs and newlines in their names, and that is said', () => {
    expect(uses(`services:\n  web:\n    volumes:\n      - type: bind\n        source: "/a\\tb"\n`)).toEqual([
      'odd | web',
    ]);
  });

  it('are not what a value of several lines pretends', () => {
    const yaml = `services:
  web:
    command:
      - sh
      - "-c"
      - |
        services:
          evil:
            volumes:
              - type: bind
                source: /etc/shadow
    environment:
      A: |
        volumes:
          - type: bind
            source: /etc/shadow
            read_only: true

        secrets:
          x:
            file: /etc/shadow
      B: "services:\\n  evil:\\n    volumes:\\n      - type: bind\\n        source: /etc/shadow\\n"
    labels:
      volumes: x
    volumes:
      - type: bind
        source: ${source}/ok
        target: |
          source: /etc/shadow
        read_only: true
configs:
  c:
    content: |
      file: /etc/shadow
x-more: |
  services:
    web:
      volumes:
        - type: bind
          source: /etc/shadow
`;
    expect(uses(yaml)).toEqual([`web | ro | ok | /opt/shop/shared/ok`]);
  });

  it('do not run over from one service, mount or section to the next', () => {
    const yaml = `services:
  a:
    volumes:
      - type: bind
        source: /one
        read_only: true
      - type: bind
        source: /two
  b:
    volumes:
      - type: bind
        source: /three
    working_dir: /x
`;
    expect(uses(yaml)).toEqual(['a | ro | /one | /one', 'a | rw | /two | /two', 'b | rw | /three | /three']);
  });

  it('are none in an application that has none', () => {
    expect(uses('name: shop\nservices:\n  web:\n    image: nginx\n')).toEqual([]);
    expect(uses('')).toEqual([]);
  });
});

describe('a sealed file and the hashes of its services', () => {
  const told = (yaml: string, hashes = ''): readonly string[] => {
    write({ 'in.yml': yaml, hashes });
    return rows(awk('sealed', {}, 'in.yml', 'hashes')).map((row) => row.replaceAll(' | ', ' '));
  };

  it('report replicas, what is shared, and what has no digest', () => {
    const yaml = `services:
  web:
    deploy:
      replicas: 2
      labels:
        replicas: "7"
    image: nginx@sha256:1
    scale: 3
  agent:
    image: "agent"
    ipc: service:web
    network_mode: service:web.api
    pid: host
    volumes_from:
      - web
      - db:ro
      - "1"
      - container:other:ro
  own:
    build:
      context: .
    network_mode: host
volumes:
  data:
    image: x
`;
    expect(told(yaml).toSorted()).toEqual([
      'replicas web 2',
      'replicas web 3',
      'shares agent 1',
      'shares agent db',
      'shares agent web',
      'shares agent web',
      'shares agent web.api',
      'unpinned agent agent',
      'unpinned own ',
    ]);
  });

  it('report which services others wait for until they have completed, once', () => {
    const yaml = `services:
  web:
    depends_on:
      init:
        condition: service_completed_successfully
        required: true
      db:
        condition: service_healthy
        required: true
    image: nginx@sha256:1
    labels:
      x: "condition: service_completed_successfully"
  worker:
    depends_on:
      init:
        condition: service_completed_successfully
    image: nginx@sha256:1
`;
    expect(told(yaml)).toEqual(['completes init']);
  });

  it('have the hash of our label instead of the one of Compose', () => {
    const yaml = `services:
  web:
    image: nginx@sha256:1
  agent:
    environment:
      korrigo.config: forged
    image: agent@sha256:2
    labels:
      a: |
        korrigo.config: forged
      korrigo.config: ours
`;
    expect(told(yaml, 'web aa\nagent bb\n')).toEqual(['hash web aa', 'hash agent ours']);
  });

  it('report what has to exist already, and images of volumes and hooks without a digest', () => {
    const yaml = `services:
  web:
    image: web@sha256:1
    pre_start:
      - image: init:1
    volumes:
      - type: image
        source: static@sha256:1
  db:
    image: db@sha256:1
    volumes:
      - type: image
        source: static:1
      - type: volume
        source: data
`;
    expect(told(yaml)).toEqual(['unpinned web init:1', 'unpinned db static:1']);
    write({ 'in.yml': yaml });
    expect(rows(awk('images', {}, 'in.yml'))).toEqual([
      'web@sha256:1',
      'init:1',
      'static@sha256:1',
      'db@sha256:1',
      'static:1',
    ]);
  });

  it('may have nothing to tell', () => {
    expect(told('name: shop\nservices: {}\n', '\n')).toEqual([]);
  });
});

describe('a release that is laid flat', () => {
  const flatten = (yaml: string): string => {
    write({ 'in.yml': yaml });
    return awk('flatten', {}, 'in.yml');
  };
  const keys = (yaml: string): readonly string[] => [
    ...new Set(rows(flatten(yaml)).map((row) => row.split(' | ').slice(0, 2).join(' '))),
  ];

  it('reports service and key of every line', () => {
    const yaml = `name: shop
services:
  web:
    command:
      - serve
    environment:
      DEBUG: "1"
      TEXT: |
        DEBUG: no key of ours
    image: nginx
    labels:
      korrigo.files: x
    ports:
      - mode: ingress
        target: 80
  "1":
    image: redis
networks:
  default:
    name: shop_default
`;
    expect(keys(yaml)).toEqual([
      'web command',
      'web environment',
      'web environment DEBUG',
      'web environment TEXT',
      'web image',
      'web labels',
      'web labels korrigo.files',
      'web ports',
      '1 image',
    ]);
  });

  it('keeps the lines, so that another value is another line', () => {
    const [one, two] = ['1', '2'].map((value) => flatten(`services:\n  web:\n    environment:\n      A: "${value}"\n`));
    expect(one).not.toBe(two);
    expect(one).toContain('web\tenvironment A\t      A: "1"\n');
  });
});

describe('a line of the history', () => {
  const read = (...lines: readonly string[]): readonly string[] => {
    write({ 'history.jsonl': lines.map((line) => `${line}\n`).join('') });
    return rows(awk('history', {}, 'history.jsonl'));
  };

  it('reports release, outcome and the one before, in whatever order they stand', () => {
    expect(
      read(
        '{"release":"r1","outcome":"succeeded","previous":"r0"}',
        '{ "previous": "r1", "switched": true, "n": -1.5e3, "outcome": "failed", "more": {"release": "r9", "a": [1]}, "release": "r2" }',
        '{"outcome":"started","release":"r3"}',
      ),
    ).toEqual(['r1 | succeeded | r0', 'r2 | failed | r1', 'r3 | started | ']);
  });

  it('is not fooled by what people write', () => {
    const reason = '","release":"r9","outcome":"succeeded","previous":"r8';
    const line = JSON.stringify({
      actor: `\\${reason}`,
      reason,
      release: 'r1',
      run: '{"release":"r7"}',
      outcome: 'failed',
    });
    expect(read(line)).toEqual(['r1 | failed | ']);
  });

  it('is none when it is cut off, broken, or names no release', () => {
    expect(
      read(
        '{"release":"r1","outc',
        '{"release":"r1","outcome":"succ',
        '',
        'x',
        '[]',
        '{"release":"../..","outcome":"succeeded"}',
        '{"release":"$(id)","outcome":"succeeded"}',
        '{"outcome":"succeeded"}',
        '{"release":1,"outcome":"failed","previous":"../x"}',
      ),
    ).toEqual(['1 | failed | ']);
  });
});
