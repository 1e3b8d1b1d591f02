import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digest } from '../../fixtures/builders.ts';
import { makeResolver, type Resolver } from '../../fixtures/resolver.ts';
import { readReopened } from '../../src/facts/resolution.ts';
import { parseRelease } from '../../src/model/release.ts';
import { reasonText } from '../../src/report/reasons.ts';

let server: Resolver;
beforeEach(async () => {
  server = await makeResolver();
});
afterEach(() => server.remove());

/** A compose file with one service `web`, of which these are the lines. */
const web = (...lines: readonly string[]): string =>
  `name: shop\nservices:\n  web:\n    image: nginx\n${lines.map((line) => `    ${line}\n`).join('')}`;
const at = (path: string): string => join(server.root, path);
const created = (path: string): string => `web1: ${at(`shared/${path}`)} does not exist yet: it will be created, empty`;

describe('a sealed release', () => {
  it('has every image by digest, nothing to build, and is readable by its owner alone', async () => {
    const files = {
      'compose.yml': 'name: shop\nservices:\n  web:\n    build: .\n  cache:\n    image: redis:7\n',
      Dockerfile: 'FROM scratch\n',
    };
    const resolved = await server.resolve({ files, keep: true });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').body).not.toHaveProperty('build');
    expect(resolved.service('web').image).toBe(`registry.example.com/web@${digest('1')}`);
    expect(resolved.service('cache').image).toBe(`registry.example.com/cache@${digest('1')}`);
    expect(Object.keys(resolved.hashes).sort()).toEqual(['cache', 'web']);
    expect(statSync(at('current/compose.yml')).mode & 0o777).toBe(0o600);
    expect(readdirSync(at('current')).sort()).toEqual([
      'compose.yml',
      'files.tab',
      'paths.tab',
      'pins.yml',
      'release.env',
      'release.json',
      'source',
      'values.tab',
    ]);
  });

  it('is a fixed point: Compose makes the same of it again, wherever it lies', async () => {
    const files = {
      'compose.yml': web(
        "environment: {A: 'it''s $${B} \"c\" # d', MULTI: \"one\\n  two: 3\\n\\n\", EMPTY: '', N: 1.50, B: 'yes'}",
        'command: ["sh", "-c", "echo $$HOME\\nls", "*"]',
        'volumes: ["./conf:/conf:ro", "${DATA:-./data}:/data", "named:/named"]',
        'ports: ["127.0.0.1:8080:80"]',
        'healthcheck: {test: ["CMD", "true"], interval: 90s}',
        'secrets: [key]',
        'deploy: {resources: {limits: {memory: 512M}}}',
      ).concat('volumes: {named: {}}\nsecrets: {key: {file: ./key}}\n'),
      'conf/a.conf': 'x',
    };
    const resolved = await server.resolve({ files, shared: { key: 's3cret' } });
    expect(resolved.problems).toEqual([]);
    expect(await server.again(resolved.text)).toEqual(resolved.data);
  });

  it('keeps texts that begin with a newline or a blank, and those that YAML has to escape', async () => {
    const texts = [
      '\nset -e\n',
      '\n\n  deep\nx',
      '\n # x',
      ' x\n',
      '\n',
      '\t\nx',
      'trail \nx',
      'crlf\r\n',
      '\u001b[31m',
      '😀',
      '\u0085\u2028\ufeff',
    ];
    const written = (value: unknown): string => JSON.stringify(value).replaceAll('\u0085', '\\u0085');
    const environment = Object.fromEntries(texts.map((text, n) => [`T${n}`, text]));
    const files = {
      'compose.yml': web(`environment: ${written(environment)}`, `command: ${written(texts)}`, 'configs: [c]').concat(
        `configs: {c: {content: ${JSON.stringify(texts[0])}}}\n`,
      ),
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').environment).toEqual(environment);
    expect(resolved.service('web').command).toEqual(texts);
    expect(resolved.data).toMatchObject({ configs: { c: { content: texts[0] } } });
    expect(await server.again(resolved.text)).toEqual(resolved.data);
  });

  it('may depend on a service of a profile that is off, and does not wait for it', async () => {
    const compose = (profiles: string): string => `name: shop
services:
  web:
    image: nginx
    depends_on: {extra: {condition: service_started, required: false}}
  worker:
    image: busybox
    depends_on: {extra: {condition: service_started, required: false}, web: {condition: service_started}}
  extra: {image: extra, profiles: ${profiles}}
`;
    const off = await server.resolve({ files: { 'compose.yml': compose('[more]') } });
    expect(off.problems).toEqual([]);
    expect(Object.keys(off.hashes)).toEqual(['web', 'worker']);
    expect(off.service('web').body).not.toHaveProperty('depends_on');
    expect(off.service('worker').body['depends_on']).toEqual({ web: { condition: 'service_started', required: true } });
    expect(await server.again(off.text)).toEqual(off.data);
    const on = await server.resolve({ files: { 'compose.yml': compose('[more]') }, inputs: { profiles: 'more' } });
    expect(on.service('web').body['depends_on']).toEqual({ extra: { condition: 'service_started', required: false } });
  });

  it('never makes Compose ask a registry: what was pulled is what runs', async () => {
    const resolved = await server.resolve({ files: { 'compose.yml': web('pull_policy: always') } });
    expect([resolved.problems, resolved.service('web').body['pull_policy']]).toEqual([[], undefined]);
  });

  it.each([
    ['none', '', {}],
    ['a mapping', 'labels: {a: b, z: ""}', { a: 'b', z: '' }],
    ['a list', 'labels: ["a=b", "z"]', { a: 'b', z: '' }],
    ['those of our names', 'labels: {korrigo.files: forged, korrigo.config: forged}', {}],
    ['those of an anchor', 'labels: {<<: {a: b}}', { a: 'b' }],
  ])('has our label beside those of the user: %s', async (_, labels, expected) => {
    const files = { 'compose.yml': web(labels, 'volumes: ["./site.conf:/x:ro"]'), 'site.conf': 'x' };
    const resolved = await server.resolve({ files });
    expect(resolved.service('web').labels).toEqual({
      ...expected,
      'korrigo.files': expect.stringMatching(/^sha256:[0-9a-f]{16}$/),
    });
    expect(await server.again(resolved.text)).toEqual(resolved.data);
  });

  it('can be of a project whose name YAML would take for a number', async () => {
    const files = { 'compose.yml': 'services:\n  web:\n    image: nginx\n' };
    const resolved = await server.resolve({ files, inputs: { 'project-name': '1e3' } });
    expect(resolved.problems).toEqual([]);
    expect(resolved.text).toContain('name: "1e3"');
  });

  it('is told from one whose profile is off, where another service needs it, and from none at all', async () => {
    const needs =
      'name: shop\nservices:\n  web: {image: nginx, depends_on: [db]}\n  db: {image: db, profiles: [data]}\n';
    await expect(server.resolve({ files: { 'compose.yml': needs } })).rejects.toMatchObject({
      hint: 'db is in a profile that is not active: list it in the input profiles, or add `required: false` to the dependency. Nothing was deployed.',
    });
    await expect(server.resolve({ files: { 'compose.yml': 'name: shop\nvolumes: {a: {}}\n' } })).rejects.toThrow(
      'compose-file: compose.yml has no services: nothing to deploy',
    );
  });

  it('has all active profiles, and no service of the others', async () => {
    const files = {
      'compose.yml':
        'name: shop\nservices:\n  web: {image: nginx}\n  debug: {image: busybox, profiles: [debug]}\n  jobs: {image: busybox, profiles: [jobs, x]}\n',
    };
    const resolved = await server.resolve({ files, inputs: { profiles: 'jobs' } });
    expect(resolved.services).toEqual(['jobs', 'web']);
    expect(resolved.service('jobs').body).not.toHaveProperty('profiles');
  });
});

describe('paths', () => {
  it('lead to what was shipped, wherever it was named', async () => {
    const files = {
      'compose.yml': web('volumes: ["./nginx/site.conf:/site.conf:ro", "./conf:/conf:ro"]', 'configs: [motd]').concat(
        'configs: {motd: {file: ./motd.txt}}\n',
      ),
      'nginx/site.conf': 'colour = blue\n',
      'conf/a/b.conf': 'deep\n',
      'motd.txt': 'hello\n',
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    const [site = '', conf = ''] = resolved.service('web').volumes.map((volume) => volume.split(':')[0] ?? '');
    expect(server.read(site)).toBe('colour = blue\n');
    expect(server.read(join(conf, 'a/b.conf'))).toBe('deep\n');
    expect(resolved.text).toMatch(/file: .*\/files\/[0-9a-f]{16}\/motd\.txt\n/);
    expect(resolved.text).not.toContain('/source');
  });

  it('to a file that a container may write to are marked with what was shipped', async () => {
    const files = {
      'compose.yml': web('volumes: ["./app.db:/app.db", "./site.conf:/site.conf:ro"]'),
      'app.db': 'as in git',
      'site.conf': 'x',
    };
    const marks = async () => {
      const { volumes } = (await server.resolve({ files })).service('web');
      const [db = '', site = ''] = volumes.map((volume) => volume.split(':')[0] ?? '');
      expect(existsSync(join(dirname(site), '.shipped'))).toBe(false);
      return { db, mark: server.read(join(dirname(db), '.shipped')).trim() };
    };
    const { db, mark } = await marks();
    expect(mark).toBe(createHash('sha256').update('as in git').digest('hex'));
    writeFileSync(db, 'rows');
    expect(await marks()).toEqual({ db, mark });
  });

  it('may be short mounts with defaults: of the server where it says nothing', async () => {
    const files = {
      'compose.yml': web(
        'volumes: ["${DATA:-./data}:/data", "${LOGS:-./logs}:/logs:rw", "${MEDIA:-media}:/media"]',
      ).concat('volumes: {media: {}}\n'),
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').volumes).toEqual([
      `${at('shared/data')}:/data`,
      `${at('shared/logs')}:/logs`,
      'media:/media',
    ]);
    expect(resolved.notes).toEqual(['data', 'logs'].map(created));
    expect(statSync(at('shared/data')).isDirectory()).toBe(true);
  });

  it('may be short mounts with defaults: where the server says otherwise', async () => {
    const files = {
      'compose.yml': web('volumes: ["${DATA:-./data}:/data", "${MEDIA:-media}:/media"]').concat(
        'volumes: {media: {}}\n',
      ),
    };
    const resolved = await server.resolve({ files, shared: { '.env': 'DATA=/srv/data\nMEDIA=./media\n' } });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').volumes).toEqual(['/srv/data:/data', `${at('shared/media')}:/media`]);
    expect(resolved.notes).toEqual(['media'].map(created));
  });

  it('of include and extends start from the file that names them', async () => {
    const files = {
      'compose.yml':
        'name: shop\ninclude: [backend/compose.yml]\nservices:\n  web:\n    extends: {file: base/web.yml, service: web}\n    image: nginx\n',
      'backend/compose.yml':
        'services:\n  api:\n    image: api\n    env_file: api.env\n    volumes: ["./api.conf:/api.conf:ro", "./data:/data"]\n',
      'backend/api.env': 'FROM_FILE=api\n',
      'backend/api.conf': 'api\n',
      'base/web.yml':
        'services:\n  web:\n    image: base\n    volumes: ["./web.conf:/web.conf:ro"]\n    environment: {FROM_BASE: "1"}\n',
      'base/web.conf': 'web\n',
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    const [webConf = ''] = resolved.service('web').volumes;
    const [apiConf = '', data] = resolved.service('api').volumes;
    expect([webConf, apiConf].map((volume) => server.read(volume.split(':')[0] ?? ''))).toEqual(['web\n', 'api\n']);
    expect(data).toBe(`${at('shared/backend/data')}:/data`);
    expect(resolved.service('api').environment).toEqual({ FROM_FILE: 'api' });
    expect(resolved.service('web').environment).toEqual({ FROM_BASE: '1' });
  });

  it('of several compose files start from the folder of the first one', async () => {
    const files = {
      'app/compose.yml': web('volumes: ["./a.conf:/a:ro"]'),
      'app/prod/compose.yml': 'services:\n  web:\n    volumes: ["./b.conf:/b:ro"]\n    env_file: prod.env\n',
      'app/a.conf': 'a',
      'app/b.conf': 'b',
      'app/prod.env': 'PROD=1\n',
    };
    const inputs = { 'working-directory': 'app', 'compose-file': 'compose.yml\nprod/compose.yml' };
    const resolved = await server.resolve({ files, inputs });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').volumes.map((volume) => server.read(volume.split(':')[0] ?? ''))).toEqual([
      'a',
      'b',
    ]);
    expect(resolved.service('web').environment).toEqual({ PROD: '1' });
  });

  it('may hold blanks, quotes and dollars', async () => {
    const files = {
      'compose.yml': web(
        'volumes:',
        '  - {type: bind, source: "./it\'s a $$1 #.conf", target: /a, read_only: true}',
        '  - {type: bind, source: "./b c", target: /b}',
      ),
      "it's a $1 #.conf": 'odd\n',
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    const [odd = '', plain] = resolved.service('web').volumes;
    expect(server.read(odd.replace(/:\/a:ro$/, ''))).toBe('odd\n');
    expect(plain).toBe(`${at('shared/b c')}:/b`);
  });

  it('that start with PWD mean the folder of the compose file', async () => {
    const files = {
      'compose.yml': web('volumes: ["${PWD}/site.conf:/site.conf:ro", "$PWD/data:/data"]'),
      'site.conf': 'x\n',
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    const [site = '', data] = resolved.service('web').volumes;
    expect(server.read(site.split(':')[0] ?? '')).toBe('x\n');
    expect(data).toBe(`${at('shared/data')}:/data`);
  });

  it('that are absolute stay as they are', async () => {
    const files = {
      'compose.yml': web('volumes: ["/var/run/docker.sock:/var/run/docker.sock", "/srv/no-such-folder:/x"]'),
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').volumes).toEqual([
      '/var/run/docker.sock:/var/run/docker.sock',
      '/srv/no-such-folder:/x',
    ]);
  });

  it('of files that only the server has are missing all at once, and made by nobody', async () => {
    const files = {
      'compose.yml': web(
        'env_file: [.env.web, conf/more.env]',
        'volumes: ["./certs:/certs:ro", "./php.ini:/php.ini", "/etc/no-such.conf:/x:ro"]',
        'secrets: [key]',
      ).concat('secrets: {key: {file: ./secrets/key}}\n'),
    };
    const { problems } = await server.resolve({ files });
    const create = 'create it on the server, write it with env-files, or commit it to git';
    expect(problems.toSorted()).toEqual(
      [
        `web1: ${at('shared/.env.web')} is missing (an env_file): ${create}`,
        `web1: ${at('shared/conf/more.env')} is missing (an env_file): ${create}`,
        `web1: ${at('shared/certs')} is missing (read by web): ${create}`,
        `web1: ${at('shared/php.ini')} is missing (mounted by web): ${create}`,
        `web1: ${at('shared/secrets/key')} is missing (read by web): ${create}`,
        'web1: /etc/no-such.conf is missing (read by web): create it on the server, or change the path in the compose file',
      ].toSorted(),
    );
    expect(readdirSync(at('shared'))).toEqual([]);
  });

  it('in whose place nothing is to be made are missing, too, and the others are made', async () => {
    const long = (source: string, more = ''): string => `{type: bind, source: ${source}, target: ${source}${more}}`;
    const mounts = [
      long('./never', ', bind: {create_host_path: false}'),
      long('/srv/no-such-folder', ', bind: {create_host_path: false}'),
      long('./always', ', bind: {create_host_path: true}'),
      long('./plain'),
      './short:/short',
    ].map((mount) => mount.replace('target: ./', 'target: /'));
    const { problems } = await server.resolve({ files: { 'compose.yml': web(`volumes: [${mounts.join(', ')}]`) } });
    const why = 'is missing (mounted with create_host_path: false by web): create it on the server';
    expect(problems.toSorted()).toEqual([
      `web1: /srv/no-such-folder ${why}, or change the path in the compose file`,
      `web1: ${at('shared/never')} ${why}, write it with env-files, or commit it to git`,
    ]);
    expect(readdirSync(at('shared')).toSorted()).toEqual(['always', 'plain', 'short']);
  });

  it('that are missing are still missing the next time', async () => {
    const files = { 'compose.yml': web('env_file: [env/a.env, env/b.env, env/sub/c.env, "${OUTSIDE}"]') };
    const shared = { 'env/a.env': 'A=1\n', '.env': `OUTSIDE=${server.root}/outside.env\n` };
    const first = await server.resolve({ files, shared });
    expect(first.problems).toHaveLength(3);
    expect(readdirSync(at('shared/env'))).toEqual(['a.env']);
    expect(server.exists('outside.env')).toBe(false);
    expect((await server.resolve({ files })).problems).toEqual(first.problems);
  });
});

it('a missing file that nobody could make is reported all the same', async () => {
  const { problems } = await server.resolve({ files: { 'compose.yml': web('env_file: /proc/korrigo/x.env') } });
  expect(problems).toEqual([
    'web1: /proc/korrigo/x.env is missing (an env_file): create it on the server, or change the path in the compose file',
  ]);
});

describe('values', () => {
  const env = (name: string): string => `environment: {${name}: "\${${name}}"}`;

  it.each([
    ['in single quotes, with everything', `'P@$$w0rd "x" # y'`, 'P@$$w0rd "x" # y'],
    ['in double quotes, with escapes', '"a\\nb \\"c\\" \\$d"', 'a\nb "c" $d'],
    ['in several lines', `'-----BEGIN-----\nabc==\n-----END-----'`, '-----BEGIN-----\nabc==\n-----END-----'],
    ['without quotes', 'plain value', 'plain value'],
    ['with a comment behind', 'value # comment', 'value'],
    ['that look like YAML', "'{a: [b, *c]} & |'", '{a: [b, *c]} & |'],
    ['that look like numbers', '007', '007'],
    ['in another script', "'größe 😀'", 'größe 😀'],
    ['that name the source', "'/opt/shop/releases/x/source'", '/opt/shop/releases/x/source'],
  ])('of .env reach a container as they are: %s', async (_, written, value) => {
    const resolved = await server.resolve({
      files: { 'compose.yml': web(env('VALUE')) },
      shared: { '.env': `VALUE=${written}\n` },
    });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').environment).toEqual({ VALUE: value });
    expect(await server.again(resolved.text)).toEqual(resolved.data);
  });

  it('of an env_file reach a container as they are', async () => {
    const files = { 'compose.yml': web('env_file: .env.prod') };
    const shared = { '.env.prod': "A='P@$$w0rd'\nB=\"x y\"\nKEY='one\ntwo'\n" };
    const resolved = await server.resolve({ files, shared });
    expect(resolved.service('web').environment).toEqual({ A: 'P@$$w0rd', B: 'x y', KEY: 'one\ntwo' });
    expect(resolved.service('web').body).not.toHaveProperty('env_file');
  });

  it('of an env_file that a workflow writes reach a container as they are', async () => {
    const files = { 'compose.yml': web('env_file: .env.prod') };
    const resolved = await server.resolve({
      files,
      inputs: { 'env-files': '.env.prod=SECRETS' },
      env: { SECRETS: "A='x$y'\n" },
    });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').environment).toEqual({ A: 'x$y' });
    expect(server.exists('shared/.env.prod')).toBe(false);
    await server.run('write-env-files', [server.root, resolved.id]);
    expect(readFileSync(at('shared/.env.prod'), 'utf8')).toBe("A='x$y'\n");
  });

  it('that a workflow writes count before the files are in place, and the server’s own are left alone', async () => {
    const files = {
      'compose.yml': `${web('environment: {A: "${A}"}', 'env_file: app/web.env', 'secrets: [key, other]')}secrets:
  key: {file: app/key}
  other: {file: app/other}
`,
      'app/web.env': 'B=a template in git\n',
    };
    const shared = { '.env': 'A=old\n', 'app/key': 'old', 'app/other': 'own' };
    const before = await server.resolve({ files, shared: { ...shared, 'app/web.env': 'B=old\n' }, keep: true });
    const after = await server.resolve({
      files,
      inputs: { 'env-files': '.env=DOTENV\napp/key=KEY\napp/web.env=WEB' },
      env: { DOTENV: 'A=new\n', KEY: 'new', WEB: 'B=new\n' },
    });
    expect(after.problems).toEqual([]);
    expect(after.service('web').environment).toEqual({ A: 'new', B: 'new' });
    expect(after.changes).toMatchObject({ web: expect.arrayContaining(['file app/key', 'environment A']) });
    expect(after.service('web').labels['korrigo.files']).not.toBe(before.service('web').labels['korrigo.files']);
    expect([at('shared/.env'), at('shared/app/key'), at('shared/app/other')].map(server.read)).toEqual([
      'A=old\n',
      'old',
      'own',
    ]);
    expect(after.text).not.toContain('releases/');
    await server.run('write-env-files', [server.root, after.id]);
    const again = await server.resolve({ files, inputs: { 'server-owned': 'app/web.env' } });
    expect([again.hashes, again.service('web').environment]).toEqual([after.hashes, { A: 'new', B: 'new' }]);
  });

  it('of a tracked env_file travel, unless it belongs to the server', async () => {
    const files = { 'compose.yml': web('env_file: [a.env, b.env]'), 'a.env': 'A=tracked\n', 'b.env': 'B=tracked\n' };
    const resolved = await server.resolve({
      files,
      shared: { 'a.env': 'A=server\n', 'b.env': 'B=server\n' },
      inputs: { 'server-owned': 'b.env' },
    });
    expect(resolved.service('web').environment).toEqual({ A: 'tracked', B: 'server' });
  });

  it('have their defaults wherever variables may stand', async () => {
    const files = {
      'compose.yml': web(
        'container_name: "${NAME:-shop-web}"',
        'command: ["${ARG:-serve}", "${EMPTY-}", "${SET:+set}"]',
        'ports: ["${PORT:-8080}:80"]',
        'labels: {"a": "${LABEL:-x y}"}',
        'volumes: ["${CONF:-./site.conf}:/site.conf:ro"]',
        'environment: ["A=${A:-${B:-nested}}", "COST=5$$"]',
      ),
      'site.conf': 'x\n',
    };
    const resolved = await server.resolve({ files, shared: { '.env': 'SET=1\n' } });
    expect(resolved.problems).toEqual([]);
    const { body, environment, labels, volumes, command } = resolved.service('web');
    expect(body).toMatchObject({ container_name: 'shop-web', ports: [{ published: '8080' }] });
    expect(command).toEqual(['serve', '', 'set']);
    expect(environment).toEqual({ A: 'nested', COST: '5$' });
    expect(labels).toMatchObject({ a: 'x y' });
    expect(server.read(volumes[0]?.split(':')[0] ?? '')).toBe('x\n');
  });

  it('come from the server before the repository, and from the nearest file', async () => {
    const files = {
      'app/compose.yml': web('environment: {A: "${A}", B: "${B}", C: "${C}", D: "${D}"}'),
      '.env': 'A=top\nB=top\nC=top\nD=top\n',
      'app/.env': 'B=app\nC=app\nD=app\n',
    };
    const shared = { '.env': 'C=shared\nD=shared\n', 'app/.env': 'D=shared app\n' };
    const resolved = await server.resolve({ files, shared, inputs: { 'compose-file': 'app/compose.yml' } });
    expect(resolved.service('web').environment).toEqual({ A: 'top', B: 'app', C: 'shared', D: 'shared app' });
  });

  it('of included files come from the .env beside them', async () => {
    const files = {
      'compose.yml': 'name: shop\ninclude: [backend/compose.yml]\nservices:\n  web:\n    image: nginx\n',
      'backend/compose.yml': 'services:\n  api:\n    image: api\n    environment: {A: "${A}", B: "${B}"}\n',
      'backend/.env': 'A=tracked\nB=tracked\n',
    };
    const resolved = await server.resolve({ files, shared: { '.env': 'B=server\n' } });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('api').environment).toEqual({ A: 'tracked', B: 'server' });
  });

  it('that are required and missing are reported all at once, with those that are only undefined', async () => {
    const files = { 'compose.yml': web('environment: {A: "${A:?a is needed}", B: "${B?}", C: "$C", D: "${D:?}"}') };
    const { problems } = await server.resolve({ files, shared: { '.env': 'D=1\n' } });
    const names = problems.map((problem) => /variable (.+) is not set/.exec(problem)?.[1]);
    expect(names.toSorted()).toEqual(['A (a is needed)', 'B', 'C']);
  });

  it('of the runner go into images, and nowhere else', async () => {
    const files = {
      'compose.yml': `name: shop\nservices:\n  web:\n    image: "nginx:\${TAG}"\n    environment: {TAG: "\${TAG}", OTHER: "\${OTHER:-server}", COMMIT: "\${RELEASE_COMMIT}"}\n`,
    };
    const resolved = await server.resolve({ files, env: { TAG: "it's $1", OTHER: 'runner' } });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').environment).toMatchObject({
      TAG: "it's $1",
      OTHER: 'server',
      COMMIT: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
  });

  it('of images may come from any env file that Compose reads, as do those of other keys', async () => {
    const files = {
      'compose.yml':
        'name: shop\ninclude: [{path: db/compose.yml, env_file: db/values.env}]\nservices:\n  web: {image: "nginx:${TAG:?}", environment: {TAG: "${TAG:?}", SUFFIX: "${SUFFIX-none}"}}\n  side: {image: "x${SUFFIX:-}"}\n',
      '.env': 'TAG=1.27\n',
      'db/compose.yml': 'services: {db: {image: "db:${V:?}", environment: {V: "${V:?}"}}}\n',
      'db/values.env': 'V=16\n',
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').environment).toEqual({ TAG: '1.27', SUFFIX: 'none' });
    expect(resolved.service('db').environment).toEqual({ V: '16' });
    const { '.env': _env, ...without } = files;
    await expect(server.resolve({ files: without })).rejects.toMatchObject({
      problems: [expect.stringContaining('variable TAG, used in image or build, is not set')],
    });
    // One that the workflow writes is known here alone.
    const written = await server.resolve({ files: without, untracked: { '.env': 'TAG=1.28\n' } });
    expect([written.problems, written.service('web').environment['TAG']]).toEqual([[], '1.28']);
  });

  it('for a build alone are not asked of the server', async () => {
    const files = {
      'compose.yml': 'name: shop\nservices:\n  web:\n    build: {context: ., args: {TOKEN: "${TOKEN:?}"}}\n',
      Dockerfile: 'FROM scratch\n',
    };
    expect((await server.resolve({ files, env: { TOKEN: 'hunter2' } })).problems).toEqual([]);
  });
});

describe('a service that extends one of another name', () => {
  it('gets the env_file of that one from the server', async () => {
    const files = {
      'compose.yml':
        'name: shop\nservices:\n  web:\n    extends: {file: base.yml, service: python}\n    image: nginx\n',
      'base.yml': 'services:\n  python:\n    image: python\n    env_file: app.env\n',
    };
    const resolved = await server.resolve({ files, shared: { 'app.env': 'A=1\n' } });
    expect(resolved.problems).toEqual([]);
    expect(resolved.services).toEqual(['web']);
    expect(resolved.service('web').environment).toEqual({ A: '1' });
  });
});

describe('what changed since the current release', () => {
  const files = {
    'compose.yml': `name: shop
services:
  web:
    image: nginx
    environment: {COLOUR: "\${COLOUR:-blue}", SIZE: big}
    volumes: ["./site.conf:/site.conf:ro"]
    secrets: [key]
  worker:
    image: busybox
    secrets: [other]
  db:
    image: postgres
secrets:
  key: {file: ./secrets/key}
  other: {file: ./secrets/other}
`,
    'site.conf': 'one\n',
  };
  const shared = { 'secrets/key': 'one', 'secrets/other': 'one' };
  const first = async () => await server.resolve({ files, shared, keep: true });

  it('is nothing when nothing did', async () => {
    const before = await first();
    const after = await server.resolve({ files });
    expect(after.changes).toEqual({});
    expect(after.hashes).toEqual(before.hashes);
    expect(after.text).toBe(before.text);
  });

  it('is a rotated secret, in the service that reads it alone', async () => {
    const before = await first();
    const after = await server.resolve({ files, shared: { 'secrets/key': 'two' } });
    expect(after.changes).toEqual({ web: expect.arrayContaining(['file secrets/key']) });
    expect(after.hashes).toEqual({ ...before.hashes, web: expect.not.stringMatching(before.hashes['web'] ?? '') });
    expect(after.service('web').labels['korrigo.files']).not.toBe(before.service('web').labels['korrigo.files']);
    expect(after.service('worker').labels).toEqual(before.service('worker').labels);
  });

  it('is a shipped file, by its name in the repository', async () => {
    const before = await first();
    const after = await server.resolve({ files: { ...files, 'site.conf': 'two\n' } });
    expect(after.changes).toEqual({ web: expect.arrayContaining(['file site.conf']) });
    expect(after.hashes).toEqual({ ...before.hashes, web: expect.not.stringMatching(before.hashes['web'] ?? '') });
  });

  it('is a shipped file that the container may write, by its name in the repository', async () => {
    const writable = files['compose.yml'].replace('/site.conf:ro', '/site.conf');
    const before = await server.resolve({ files: { ...files, 'compose.yml': writable }, shared, keep: true });
    const [site = ''] = before.service('web').volumes;
    writeFileSync(site.split(':')[0] ?? '', 'written by the container');
    const same = await server.resolve({ files: { ...files, 'compose.yml': writable } });
    expect([same.changes, same.hashes]).toEqual([{}, before.hashes]);
    const after = await server.resolve({ files: { ...files, 'compose.yml': writable, 'site.conf': 'two\n' } });
    expect(after.changes).toEqual({ web: expect.arrayContaining(['file site.conf']) });
  });

  it('is the text of a config that stands in the compose file, in the services that use it alone', async () => {
    const inline = (text: string, one: string): string => `name: shop
services:
  web: {image: nginx, configs: [page]}
  worker: {image: busybox, configs: [{source: page, target: /page}, one]}
  db: {image: postgres, configs: [one]}
configs:
  page:
    content: |
      ${text}

        last line
  one: {content: "${one}"}
  unused: {content: "${text}"}
`;
    const before = await server.resolve({ files: { 'compose.yml': inline('first ${A:-x}', '1') }, keep: true });
    expect((await server.resolve({ files: { 'compose.yml': inline('first ${A:-x}', '1') } })).hashes).toEqual(
      before.hashes,
    );
    const after = await server.resolve({ files: { 'compose.yml': inline('second ${A:-x}', '1') } });
    expect(after.changes).toEqual({
      web: expect.arrayContaining(['config page']),
      worker: expect.arrayContaining(['config page']),
    });
    expect(after.hashes['db']).toBe(before.hashes['db']);
    expect(after.hashes['web']).not.toBe(before.hashes['web']);
    expect(after.hashes['worker']).not.toBe(before.hashes['worker']);
    const valued = await server.resolve({
      files: { 'compose.yml': inline('first ${A:-x}', '1') },
      shared: { '.env': 'A=y\n' },
    });
    expect(valued.changes).toMatchObject({ web: expect.arrayContaining(['config page']) });
    rmSync(at('shared/.env'));
    const other = await server.resolve({ files: { 'compose.yml': inline('first ${A:-x}', '2') } });
    expect(Object.keys(other.changes)).toEqual(['db', 'worker']);
  });

  it('is a value, by its name and not by itself', async () => {
    await first();
    const after = await server.resolve({ files, shared: { '.env': 'COLOUR=hunter2\n' } });
    expect(after.changes).toEqual({ web: ['environment COLOUR'] });
  });

  it('is a key, a service that is new and one that is gone', async () => {
    await first();
    const other = files['compose.yml']
      .replace('  db:\n    image: postgres\n', '  cache:\n    image: redis\n')
      .replace('image: busybox', 'image: busybox\n    restart: always');
    const after = await server.resolve({ files: { ...files, 'compose.yml': other } });
    expect(after.changes['worker']).toEqual(['restart']);
    expect(Object.keys(after.changes).sort()).toEqual(['cache', 'db', 'worker']);
    expect(Object.keys(after.hashes).sort()).toEqual(['cache', 'web', 'worker']);
  });
});

describe('a release that is brought back', () => {
  const compose = (colour: string): string =>
    web(`environment: {COLOUR: ${colour}}`, 'volumes: ["./site.conf:/site.conf:ro"]', 'secrets: [key]').concat(
      'secrets: {key: {file: ./key}}\n',
    );

  it('reports how Compose will label it, what changes back, and what it lacks', async () => {
    const first = await server.resolve({
      files: { 'compose.yml': compose('blue'), 'site.conf': 'one' },
      shared: { key: 'k' },
      keep: true,
    });
    await server.resolve({ files: { 'compose.yml': compose('green'), 'site.conf': 'two' }, keep: true });
    rmSync(at('shared/key'));
    const { code, stdout } = await server.run('reopen', [server.root, first.id]);
    const reopened = readReopened('web1', stdout, server.root);
    const reasons = (reopened.differences['web'] ?? []).map(reasonText);
    expect(code).toBe(0);
    expect(parseRelease(reopened.json)).toMatchObject({ release: { id: first.id } });
    expect(reopened.hashes).toEqual(first.hashes);
    expect(reasons).toEqual(expect.arrayContaining(['environment COLOUR', 'file site.conf']));
    expect(reopened.missingImages).toEqual([`registry.example.com/web@${digest('1')}`]);
    expect(reopened.problems).toEqual([
      `web1: ${at('shared/key')} is missing (read by web): restore it on the server, or roll back to another release`,
    ]);
  });

  it('misses what a deploy would miss, and nothing that only looks like a path', async () => {
    const files = {
      'compose.yml': web(
        `environment: {CERT: "${at('shared/no-such')}"}`,
        'volumes: ["./site.conf:/site.conf:ro", "./motd.txt:/motd.txt", "./data:/data", "./php.ini:/php.ini", "${CONF}:/c:ro", "/srv/no-such:/x"]',
      ),
      'site.conf': 'one',
      'motd.txt': 'hello',
    };
    const outside = join(server.root, '../outside.conf');
    const { id, service } = await server.resolve({
      files,
      shared: { '.env': `CONF=${outside}\n`, 'php.ini': '', '../../outside.conf': '' },
      keep: true,
    });
    const shipped = service('web')
      .volumes.map((volume) => volume.split(':')[0] ?? '')
      .filter((path) => path.includes('/files/'));
    const problems = async () =>
      readReopened('web1', (await server.run('reopen', [server.root, id])).stdout, server.root).problems;
    expect(await problems()).toEqual([]);
    for (const path of [...shipped, outside, at('shared/php.ini'), at('shared/data')])
      rmSync(path, { recursive: true });
    const again =
      'it was shipped with this release and is gone; deploy that commit again with allow-older, or roll back to another release';
    const back = 'restore it on the server, or roll back to another release';
    expect((await problems()).toSorted()).toEqual(
      [
        ...shipped.map((path) => `web1: ${path} is missing (read by web): ${again}`),
        `web1: ${outside} is missing (read by web): ${back}`,
        `web1: ${at('shared/php.ini')} is missing (mounted by web): ${back}`,
      ].toSorted(),
    );
  });

  it('changes nothing on the server by being looked at', async () => {
    const { id } = await server.resolve({
      files: { 'compose.yml': compose('blue'), 'site.conf': 'one' },
      shared: { key: 'k' },
      keep: true,
    });
    const before = readdirSync(server.root, { recursive: true });
    await server.run('reopen', [server.root, id]);
    expect(readdirSync(server.root, { recursive: true })).toEqual(before);
  });
});

describe('a service that shares the container of another one', () => {
  const shares = (port: string, command = 'x'): string => `name: shop
services:
  web: {image: nginx, ports: ["${port}:80"], volumes: ["data:/data"]}
  agent: {image: agent, network_mode: "service:web", command: ["${command}"]}
  backup: {image: backup, volumes_from: ["web:ro", "container:other"], pid: "service:agent", labels: {a: b}}
volumes: {data: {}}
`;

  it('has a hash of its own, whatever the other one’s container is', async () => {
    const before = await server.resolve({ files: { 'compose.yml': shares('80') }, keep: true });
    expect(before.problems).toEqual([]);
    expect(before.hashes['agent']).toMatch(/^[0-9a-f]{64}$/);
    expect(before.shares).toEqual({ agent: ['web'], backup: ['agent', 'web'] });
    for (const name of ['agent', 'backup'])
      expect(before.service(name).labels['korrigo.config']).toBe(before.hashes[name]);
    expect(before.service('backup').labels).toMatchObject({ a: 'b' });
    expect(before.service('web').labels).toEqual({});
    expect(await server.again(before.text)).toEqual(before.data);
    const other = await server.resolve({ files: { 'compose.yml': shares('81') } });
    expect(other.hashes).toEqual({ ...before.hashes, web: expect.not.stringMatching(before.hashes['web'] ?? '') });
    const own = await server.resolve({ files: { 'compose.yml': shares('80', 'y') } });
    expect(own.hashes).toEqual({ ...before.hashes, agent: expect.not.stringMatching(before.hashes['agent'] ?? '') });
  });
});

it('services that say how many containers they have are reported, and those that have none are not waited for', async () => {
  const files = {
    'compose.yml': `name: shop
services:
  web: {image: nginx, scale: 3}
  worker: {image: busybox, deploy: {replicas: 2}}
  tool: {image: busybox, deploy: {replicas: 0}}
  other: {image: busybox, scale: 0}
  db: {image: postgres}
`,
  };
  const { replicas, hashes } = await server.resolve({ files });
  expect(replicas).toEqual({ web: 3, worker: 2, tool: 0, other: 0 });
  expect(Object.keys(hashes)).toEqual(['db', 'web', 'worker']);
});

it('a service that only the server activates is reported, since nobody looked up its image', async () => {
  const files = {
    'compose.yml': 'name: shop\nservices:\n  web: {image: nginx}\n  debug: {image: "busybox:1", profiles: [debug]}\n',
  };
  const { problems } = await server.resolve({ files, shared: { '.env': 'COMPOSE_PROFILES=debug\n' } });
  expect(problems).toEqual([
    `web1: there is no digest for busybox:1 (service debug): COMPOSE_PROFILES in ${at('shared/.env')} probably enables a profile that the runner does not know; remove it there, or list the profile in the input profiles`,
  ]);
  expect((await server.resolve({ files, inputs: { profiles: 'debug' } })).problems).toEqual([]);
});

describe('env_files of the repository', () => {
  it('travel when they may be absent', async () => {
    const files = {
      'compose.yml': web('env_file: [{path: a.env, required: false}, {path: b.env, required: false}]'),
      'a.env': 'A=1\n',
    };
    const resolved = await server.resolve({ files });
    expect([resolved.problems, resolved.service('web').environment]).toEqual([[], { A: '1' }]);
  });

  const chosen = {
    'compose.yml': web('env_file: ".env.${APP_ENV:-prod}"'),
    '.env.prod': 'A=prod\n',
    '.env.staging': 'A=staging\n',
  };

  it('travel when a variable with a default names them', async () => {
    const resolved = await server.resolve({ files: chosen });
    expect([resolved.problems, resolved.service('web').environment]).toEqual([[], { A: 'prod' }]);
  });

  it('travel when a variable of the runner or of a tracked .env names them', async () => {
    const shared = { '.env': 'APP_ENV=staging\n' };
    const byRunner = await server.resolve({ files: chosen, shared, env: { APP_ENV: 'staging' } });
    expect([byRunner.problems, byRunner.service('web').environment]).toEqual([[], { A: 'staging' }]);
    rmSync(at('shared/.env'));
    const byFile = await server.resolve({ files: { ...chosen, ...shared } });
    expect([byFile.problems, byFile.service('web').environment]).toEqual([[], { A: 'staging' }]);
  });

  it.each([
    ['a default', '${APP_ENV:-prod}'],
    ['none', '$APP_ENV'],
    ['none, and required', '${APP_ENV:?}'],
  ])('that only the server names are missing, with a remedy that helps: %s', async (_, variable) => {
    const files = { ...chosen, 'compose.yml': web(`env_file: ".env.${variable}"`) };
    const shared = { '.env': 'APP_ENV=staging\n' };
    const { problems } = await server.resolve({ files, shared });
    expect(problems).toEqual([
      `web1: ${at('shared/.env.staging')} is missing (an env_file): its path depends on a variable: set that variable with \`env:\` on this step, as on the server, so that the file is shipped; or create the file on the server`,
    ]);
    expect((await server.resolve({ files, env: { APP_ENV: 'staging' } })).problems).toEqual([]);
    expect((await server.resolve({ files, shared: { '.env.staging': 'A=own\n' } })).problems).toEqual([]);
  });

  const included = {
    'compose.yml': `name: shop
include:
  - path: [sub/a.yml, b/b.yml]
    project_directory: other
    env_file: [inc.env]
services:
  web: {image: nginx}
`,
    'sub/a.yml':
      'services:\n  api:\n    image: api\n    env_file: api.env\n    volumes: ["./conf:/conf:ro"]\n    environment: {V: "${V}"}\n',
    'b/b.yml': 'services:\n  api: {volumes: ["./more.conf:/more.conf:ro"]}\n',
    'other/api.env': 'A=1\n',
    'other/conf/x': 'x\n',
    'other/more.conf': 'more\n',
    'inc.env': 'V=tracked\n',
  };

  it('of an include, and paths from its folder, are where it says', async () => {
    const resolved = await server.resolve({ files: included });
    expect(resolved.problems).toEqual([]);
    const { environment, volumes } = resolved.service('api');
    expect(environment).toEqual({ A: '1', V: 'tracked' });
    const [conf = '', more = ''] = volumes.map((volume) => volume.split(':')[0] ?? '');
    expect([server.read(join(conf, 'x')), server.read(more)]).toEqual(['x\n', 'more\n']);
  });

  it('start from the folder that an include names, though nothing of it is shipped', async () => {
    const files = {
      'compose.yml': 'name: shop\ninclude: [{path: sub/a.yml, project_directory: other}]\n',
      'sub/a.yml': 'services: {api: {image: api, volumes: ["./conf:/conf:ro", "./data:/data"]}}\n',
      'other/conf/x': 'x\n',
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    const [conf = '', data] = resolved.service('api').volumes.map((volume) => volume.split(':')[0] ?? '');
    expect(server.read(join(conf, 'x'))).toBe('x\n');
    expect(data).toBe(at('shared/other/data'));
  });

  it('of an include may be the server’s own', async () => {
    const inputs = { 'server-owned': 'inc.env' };
    const missing = await server.resolve({ files: included, inputs });
    expect(missing.problems.map((problem) => problem.split(':')[1]).toSorted()).toEqual(
      [` ${at('shared/inc.env')} is missing (an env_file)`, ' variable V is not set'].toSorted(),
    );
    const resolved = await server.resolve({ files: included, inputs, shared: { 'inc.env': 'V=server\n' } });
    expect([resolved.problems, resolved.service('api').environment]).toEqual([[], { A: '1', V: 'server' }]);
  });

  it('of an include that the checkout lacks are reported before anything is shipped', async () => {
    const { 'inc.env': _, ...files } = included;
    await expect(server.resolve({ files })).rejects.toThrow(
      'compose-file: inc.env (env_file of an include in compose.yml) does not exist in the checkout; commit one with default values, and list it in server-owned if the server has its own',
    );
  });
});

describe('variables that only the server has', () => {
  const typed = web(
    'ports: ["${HTTP_PORT:?}:80", "${BIND:?}:443:443"]',
    'mem_limit: ${MEM}',
    'deploy: {replicas: "${N}"}',
    'stop_grace_period: ${GRACE}',
    'volumes: ["${DATA:?}:/data", "./site.conf:/site.conf:ro"]',
    'cpus: ${CPUS:-0.5}',
    'environment: {TEXT: "${TEXT}"}',
  );
  const files = { 'compose.yml': typed, 'site.conf': 'x\n' };
  const values = {
    HTTP_PORT: '8080',
    BIND: '127.0.0.1',
    MEM: '512M',
    N: '2',
    GRACE: '5s',
    DATA: '/srv/data',
    TEXT: 'hello',
  };
  const dotenv = Object.entries(values)
    .map((entry) => `${entry.join('=')}\n`)
    .join('');

  it('may stand where a port, an address, a number, a size, a time or a folder belongs', async () => {
    const resolved = await server.resolve({ files, shared: { '.env': dotenv } });
    expect(resolved.problems).toEqual([]);
    const { body, volumes, environment } = resolved.service('web');
    expect(body).toMatchObject({ mem_limit: '536870912', cpus: 0.5, stop_grace_period: '5s', deploy: { replicas: 2 } });
    expect(body['ports']).toMatchObject([{ published: '8080' }, { host_ip: '127.0.0.1' }]);
    expect(volumes[0]).toBe('/srv/data:/data');
    expect(server.read(volumes[1]?.split(':')[0] ?? '')).toBe('x\n');
    expect(environment).toEqual({ TEXT: 'hello' });
  });

  it('and that the server lacks are reported, whatever Compose says to their absence', async () => {
    const told = async (shared = {}): Promise<readonly string[]> =>
      (await server.resolve({ files, shared })).problems.map(
        (problem) => /variable (\w+) is not set/.exec(problem)?.[1] ?? problem,
      );
    expect((await told()).toSorted()).toEqual(['BIND', 'DATA', 'GRACE', 'HTTP_PORT', 'MEM', 'N', 'TEXT']);
    expect(await told({ '.env': dotenv.replace('N=2\n', '') })).toEqual(['N']);
    expect(await told({ '.env': dotenv.replace('HTTP_PORT=8080\n', '') })).toEqual(['HTTP_PORT']);
  });

  it('and for which nothing can stand in are named, with what helps', async () => {
    const compose = web('networks: ["${NET:?}"]', 'ports: ["${HTTP_PORT:?}:80"]').concat('networks: {front: {}}\n');
    const given = { files: { 'compose.yml': compose }, shared: { '.env': 'NET=front\nHTTP_PORT=80\n' } };
    await expect(server.resolve(given)).rejects.toThrow(
      'compose-file: Compose cannot read it on the runner without a value for NET: set it with `env:` on this step to any valid value (the server uses its own), or give it a default in the compose file',
    );
    expect((await server.resolve({ ...given, env: { NET: 'front' } })).problems).toEqual([]);
  });

  it('do not hide what else is wrong with a file', async () => {
    const compose = web('ports: ["${HTTP_PORT:?}:80"]', 'pull_policy: ${POLICY:?}', 'restart: always');
    await expect(server.resolve({ files: { 'compose.yml': compose } })).rejects.toMatchObject({
      message: expect.stringMatching(/read compose\.yml failed.*pull_policy must be one of/s),
      hint: expect.stringContaining('If this is about a variable that only the server has (HTTP_PORT, POLICY): set it'),
    });
  });
});

describe('a dollar in an env file of the server', () => {
  const hidden = async (given: { compose: string; shared: Readonly<Record<string, string>> }) => {
    const { problems, log } = await server.resolve({ files: { 'compose.yml': given.compose }, shared: given.shared });
    expect([...problems, ...log].join('\n')).not.toMatch(/hunter2|Gr33n/);
    return problems;
  };
  const says = (file: string): string =>
    `web1: the env file ${file} contains a value with $, which Compose reads as a variable: put that value in single quotes`;

  it.each([
    ['.env', web('environment: {P: "${P}"}'), { '.env': 'P=abc$hunter2\n' }],
    ['.env', web('environment: {P: "${P}"}'), { '.env': 'P="abc${Gr33n:-}${hunter2}"\n' }],
    ['secrets/web.env', web('env_file: secrets/web.env'), { 'secrets/web.env': 'P=abc$hunter2\n' }],
    ['.env.prod', web('env_file: ".env.${X:-prod}"'), { '.env.prod': 'P=abc$hunter2\n' }],
  ])('is reported with the file %s, and not with the piece of a value that it is in', async (file, compose, shared) => {
    expect(await hidden({ compose, shared })).toEqual([says(file)]);
  });

  it('is reported beside a variable that is really not set', async () => {
    const compose = web('environment: {P: "${P}", Q: "${Q}"}');
    expect(await hidden({ compose, shared: { '.env': 'P=abc$hunter2\n' } })).toEqual([
      expect.stringContaining('variable Q is not set'),
      says('.env'),
    ]);
  });

  it('is reported without the file where that is not in the repository', async () => {
    const outside = join(server.root, '../outside.env');
    const shared = { '../../outside.env': 'P=abc$hunter2\n' };
    expect(await hidden({ compose: web(`env_file: ${outside}`), shared })).toEqual([
      says('').replace('the env file ', 'an env file'),
    ]);
  });
});

it('a compose file that Compose refuses is reported with its own words', async () => {
  await expect(server.resolve({ files: { 'compose.yml': 'services:\n  web:\n    imagee: nginx\n' } })).rejects.toThrow(
    /this machine: read compose\.yml failed with exit code \d+\n.*imagee/s,
  );
});
