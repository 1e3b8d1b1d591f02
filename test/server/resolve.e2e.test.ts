import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readReopened } from '../../src/engine/observe.ts';
import { parseRelease } from '../../src/model/release.ts';
import { digest } from '../support/builders.ts';
import { makeResolver, type Resolver } from '../support/resolver.ts';

let server: Resolver;
beforeEach(async () => {
  server = await makeResolver();
});
afterEach(() => server.remove());

/** A compose file with one service `web`, of which these are the lines. */
const web = (...lines: readonly string[]): string =>
  `name: shop\nservices:\n  web:\n    image: nginx\n${lines.map((line) => `    ${line}\n`).join('')}`;
const at = (path: string): string => join(server.root, path);

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
    expect(await server.again(resolved.text)).toBe(resolved.text);
  });

  it('can be of a project whose name YAML would take for a number', async () => {
    const files = { 'compose.yml': 'services:\n  web:\n    image: nginx\n' };
    const resolved = await server.resolve({ files, inputs: { 'project-name': '1e3' } });
    expect(resolved.problems).toEqual([]);
    expect(resolved.text).toContain('name: "1e3"');
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
    expect(resolved.created).toEqual(['data', 'logs']);
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
    expect(resolved.created).toEqual(['media']);
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
    const create = 'create it on the server, write it with env-files, or track it in git';
    expect(problems.toSorted()).toEqual(
      [
        `web1: ${at('shared/.env.web')} is missing (an env_file): ${create}`,
        `web1: ${at('shared/conf/more.env')} is missing (an env_file): ${create}`,
        `web1: ${at('shared/certs')} is missing (read by web): ${create}`,
        `web1: ${at('shared/php.ini')} is missing (mounted by web): ${create}`,
        `web1: ${at('shared/secrets/key')} is missing (read by web): ${create}`,
        'web1: /etc/no-such.conf is missing (read by web): create it on the server, or change the mount',
      ].toSorted(),
    );
    expect(readdirSync(at('shared'))).toEqual([]);
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

it('a missing file that nobody could make is told all the same', async () => {
  const { problems } = await server.resolve({ files: { 'compose.yml': web('env_file: /proc/korrigo/x.env') } });
  expect(problems).toEqual([
    'web1: /proc/korrigo/x.env is missing (an env_file): create it on the server, or change the mount',
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
    expect(await server.again(resolved.text)).toBe(resolved.text);
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
    await server.run('place', [server.root, resolved.id]);
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
    await server.run('place', [server.root, after.id]);
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

  it('that are required and missing are told all at once, with those that are only undefined', async () => {
    const files = { 'compose.yml': web('environment: {A: "${A:?a is needed}", B: "${B?}", C: "$C", D: "${D:?}"}') };
    const { problems } = await server.resolve({ files, shared: { '.env': 'D=1\n' } });
    expect(problems.map((problem) => /variable (\w+) is not set/.exec(problem)?.[1]).sort()).toEqual(['A', 'B', 'C']);
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

  it('tells how Compose will label it, what changes back, and what it lacks', async () => {
    const first = await server.resolve({
      files: { 'compose.yml': compose('blue'), 'site.conf': 'one' },
      shared: { key: 'k' },
      keep: true,
    });
    await server.resolve({ files: { 'compose.yml': compose('green'), 'site.conf': 'two' }, keep: true });
    rmSync(at('shared/key'));
    const { code, stdout } = await server.run('reopen', [server.root, first.id]);
    const reopened = readReopened('web1', stdout, server.root);
    expect(code).toBe(0);
    expect(parseRelease(reopened.json)).toMatchObject({ release: { id: first.id } });
    expect(reopened.hashes).toEqual(first.hashes);
    expect(reopened.changes['web']).toEqual(expect.arrayContaining(['environment COLOUR', 'file site.conf']));
    expect(reopened.missingImages).toEqual([`registry.example.com/web@${digest('1')}`]);
    expect(reopened.problems).toEqual([
      `web1: ${at('shared/key')} is missing (used by this release): create it on the server, write it with env-files, or track it in git`,
    ]);
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

it('a secret from the environment is refused before anything is shipped', async () => {
  const files = { 'compose.yml': web('secrets: [token]').concat('secrets: {token: {environment: TOKEN}}\n') };
  await expect(server.resolve({ files, env: { TOKEN: 'hunter2' } })).rejects.toThrow(
    'compose-file: the secret token comes from an environment variable, which a server does not have: use `file:`, and env-files to write that file',
  );
});

it('a compose file that Compose refuses is told with its own words', async () => {
  await expect(server.resolve({ files: { 'compose.yml': 'services:\n  web:\n    imagee: nginx\n' } })).rejects.toThrow(
    /this machine: read compose\.yml failed with exit code \d+\n.*imagee/s,
  );
});
