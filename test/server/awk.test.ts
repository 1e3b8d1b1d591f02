import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { programs } from '../../src/server/programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'korrigo-awk-'));
afterAll(() => rmSync(folder, { recursive: true }));
const source = '/opt/shop/releases/r1/source';

function awk(
  name: 'paths' | 'uses' | 'flatten' | 'sealed',
  input: string,
  table: Readonly<Record<string, string>> = {},
): string {
  const file = join(folder, 'paths.tab');
  writeFileSync(
    file,
    Object.entries(table)
      .map((row) => `${row.join('\t')}\n`)
      .join(''),
  );
  const variables = [`source=${source}`, 'shared=/opt/shop/shared', `table=${file}`].flatMap((variable) => [
    '-v',
    variable,
  ]);
  return execFileSync('awk', [...variables, programs[`${name}.awk`]], {
    input,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
}

describe('a path below the source of a release', () => {
  const table = {
    conf: '/opt/shop/files/11/conf',
    'conf/site.conf': '/opt/shop/files/22/site.conf',
    'a b.txt': '/opt/shop/files/33/a b.txt',
    pa$$word: '/opt/shop/files/44/pa$word',
    'x.[c]*': '/opt/shop/files/55/x.[c]*',
  };
  it.each([
    ['leads to the content that was shipped for it', `${source}/conf/site.conf`, '/opt/shop/files/22/site.conf'],
    ['leads into the folder that was shipped', `${source}/conf/mime.types`, '/opt/shop/files/11/conf/mime.types'],
    ['leads to the folder that was shipped', `${source}/conf`, '/opt/shop/files/11/conf'],
    ['leads to shared where nothing was shipped', `${source}/.env`, '/opt/shop/shared/.env'],
    ['leads to shared when its name only begins like a shipped one', `${source}/conf.d/x`, '/opt/shop/shared/conf.d/x'],
    ['leads to shared when its name only ends like a shipped one', `${source}/my/conf`, '/opt/shop/shared/my/conf'],
    ['may hold blanks', `${source}/a b.txt`, '/opt/shop/files/33/a b.txt'],
    ['may hold dollars, as Compose writes them', `${source}/pa$$word`, '/opt/shop/files/44/pa$word'],
    ['may hold what a pattern would mean', `${source}/x.[c]*`, '/opt/shop/files/55/x.[c]*'],
    ['may be the source itself', source, '/opt/shop/shared'],
  ])('%s', (_, path, place) => {
    expect(awk('paths', `        source: ${path}\n`, table)).toBe(`        source: ${place}\n`);
    expect(awk('paths', `        source: '${path}'\n`, table)).toBe(`        source: '${place}'\n`);
    expect(awk('paths', `        source: "${path}"\n`, table)).toBe(`        source: "${place}"\n`);
  });

  it('is replaced wherever it stands in a line', () => {
    const line = `web\tro\tconf\t${source}/conf ${source}/conf/site.conf ${source}/x`;
    expect(awk('paths', `${line}\n`, table)).toBe(
      'web\tro\tconf\t/opt/shop/files/11/conf /opt/shop/files/22/site.conf /opt/shop/shared/x\n',
    );
  });

  it('is the only thing that is replaced', () => {
    const text =
      'services:\n  web:\n    environment:\n      A: /opt/shop/releases/r10/source/conf\n      B: conf & \\1 &&\n\n';
    expect(awk('paths', text, table)).toBe(text);
  });

  it('needs no table', () => {
    expect(awk('paths', `${source}/a\n`)).toBe('/opt/shop/shared/a\n');
  });
});

describe('the files that services use', () => {
  const uses = (yaml: string): readonly string[] =>
    awk('uses', yaml)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replaceAll('\t', ' | '));

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
    content: |
      x
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
      `web | ro | conf | ${source}/conf`,
      `web | rw | media | ${source}/media`,
      'web | rw | /var/run/docker.sock | /var/run/docker.sock',
      `db | ro | secrets/db | ${source}/secrets/db`,
      `web | ro | site.conf | ${source}/site.conf`,
      'web | in | inline |     content: |\\n      x',
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
    content: |
      first

        file: /etc/shadow
      secrets:
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
    const two = "in | two |     content: 'a b'";
    expect(uses(yaml)).toEqual([
      'web | in | one |     content: |\\n      first\\n\\n        file: /etc/shadow\\n      secrets:',
      `web | ${two}`,
      `db | ${two}`,
    ]);
  });

  it.each([
    ['plain', `${source}/a b`, 'a b'],
    ['in single quotes', `'${source}/it''s #1'`, "it's #1"],
    ['in double quotes', `"${source}/a"`, 'a'],
    ['with doubled dollars', `${source}/pa$$word$$$$`, 'pa$word$$'],
    ['with a colon', `${source}/a:b`, 'a:b'],
  ])('have their names as they are on the disk: %s', (_, written, name) => {
    const yaml = `services:\n  web:\n    volumes:\n      - type: bind\n        source: ${written}\n        target: /x\n`;
    expect(uses(yaml)).toEqual([`web | rw | ${name} | ${source}/${name}`]);
  });

  it.each([
    ['with a dot', 'my.web', 'my.web'],
    ['like a number', '"1"', '1'],
    ['in single quotes', "'on'", 'on'],
  ])('may belong to a service with a name %s', (_, written, service) => {
    const yaml = `services:\n  ${written}:\n    volumes:\n      - type: bind\n        source: /x\n        read_only: true\n`;
    expect(uses(yaml)).toEqual([`${service} | ro | /x | /x`]);
  });

  it('are not what a value of several lines pretends', () => {
    const yaml = `services:
  web:
    command:
      - sh
      - -c
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
    expect(uses(yaml)).toEqual([`web | ro | ok | ${source}/ok`]);
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
    const file = join(folder, 'compose.yml');
    writeFileSync(file, yaml);
    const text = execFileSync('awk', [programs['sealed.awk'], file, '-'], { input: hashes, encoding: 'utf8' });
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replaceAll('\t', ' '));
  };

  it('tell replicas, what is shared, and what has no digest', () => {
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
    expect(told(yaml)).toEqual([
      'replicas web 2',
      'replicas web 3',
      'unpinned agent agent',
      'shares agent web',
      'shares agent web.api',
      'shares agent web',
      'shares agent db',
      'shares agent 1',
      'unpinned own ',
    ]);
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

  it('may have nothing to tell', () => {
    expect(told('name: shop\nservices: {}\n', '\n')).toEqual([]);
  });
});

describe('a release that is laid flat', () => {
  const keys = (yaml: string): readonly string[] => [
    ...new Set(
      awk('flatten', yaml)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('\t').slice(0, 2).join(' ')),
    ),
  ];

  it('tells service and key of every line', () => {
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
    const [one, two] = ['1', '2'].map((value) =>
      awk('flatten', `services:\n  web:\n    environment:\n      A: "${value}"\n`),
    );
    expect(one).not.toBe(two);
    expect(one).toContain('web\tenvironment A\t      A: "1"\n');
  });
});
