/** Compose files as they are found in the world, resolved with the real git and Compose. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newRepository, type Repository } from '../../fixtures/repository.ts';
import { makeResolver, type Resolver } from '../../fixtures/resolver.ts';
import { sandbox } from '../../fixtures/server.ts';
import { readClaims } from '../../src/facts/claims.ts';
import { optionProblems } from '../../src/plan/options.ts';

let server: Resolver;
beforeEach(async () => {
  server = await makeResolver();
});
afterEach(() => server.remove());

const web = (...lines: readonly string[]): string =>
  `name: shop\nservices:\n  web:\n    image: nginx\n${lines.map((line) => `    ${line}\n`).join('')}`;
const at = (path: string): string => join(server.root, path);
const sourceOf = (volume = ''): string => volume.split(':')[0] ?? '';

describe('a path that leads out of the repository', () => {
  it('has one lasting place, whatever the release', async () => {
    const files = {
      'app/compose.yml': web(
        'volumes: ["../../files/db:/db", "../../../x:/x", "../conf:/conf:ro", "${PWD}/../media:/m"]',
      ),
      'conf/a': 'x',
    };
    const inputs = { 'compose-file': 'app/compose.yml' };
    const [first, second] = [await server.resolve({ files, inputs }), await server.resolve({ files, inputs })];
    expect([first.problems, second.problems]).toEqual([[], []]);
    const [db, x, conf, media] = first.service('web').volumes;
    expect([db, x, media]).toEqual([
      `${at('shared/.parent/files/db')}:/db`,
      `${at('shared/.parent/.parent/x')}:/x`,
      `${at('shared/media')}:/m`,
    ]);
    expect(server.read(join(sourceOf(conf), 'a'))).toBe('x');
    expect(second.service('web').volumes).toEqual(first.service('web').volumes);
    expect(first.notes).toEqual(
      ['.parent/.parent/x', '.parent/files/db', 'media'].map(
        (path) => `web1: ${at(`shared/${path}`)} does not exist yet: it will be created, empty`,
      ),
    );
    expect(statSync(at('shared/.parent/files/db')).isDirectory()).toBe(true);
    expect(first.text).not.toContain('releases/');
  });

  it('may be an env_file of the server', async () => {
    const files = { 'compose.yml': web('env_file: ../secrets/app.env') };
    expect((await server.resolve({ files })).problems).toEqual([
      `web1: ${at('shared/.parent/secrets/app.env')} is missing (an env_file): create it on the server, write it with env-files, or commit it to git`,
    ]);
    const resolved = await server.resolve({ files, shared: { '.parent/secrets/app.env': 'A=1\n' } });
    expect([resolved.problems, resolved.service('web').environment]).toEqual([[], { A: '1' }]);
  });

  it('is refused where releases come and go', async () => {
    const volumes = [
      '../../../../x:/a',
      `${at('releases/data')}:/b`,
      `${at('files/data')}:/c`,
      `${at('current/d')}:/d`,
    ];
    const { problems } = await server.resolve({ files: { 'compose.yml': web(`volumes: ${JSON.stringify(volumes)}`) } });
    expect(problems).toHaveLength(4);
    for (const problem of problems) expect(problem).toContain('where deploys create and remove releases');
  });

  it('is refused as a compose file, before anything is shipped', async () => {
    const files = { 'compose.yml': `include: [../common.yml]\n${web()}` };
    await expect(server.resolve({ files })).rejects.toThrow(
      'compose-file: ../common.yml (included by compose.yml) is outside the repository: move it into the repository',
    );
  });
});

describe('what git tracks', () => {
  it('is shipped through links to files and folders', async () => {
    const resolved = await server.resolve({
      files: {
        'compose.yml': web(
          'volumes: ["./site.conf:/site.conf:ro", "./www/css:/css:ro", "./www:/www:ro"]',
          'env_file: app.env',
        ),
        'conf/v2.conf': 'two\n',
        'site/dist/css/a.css': 'a\n',
        'env/prod.env': 'A=1\n',
      },
      prepare: ({ folder }) => {
        symlinkSync('conf/v2.conf', join(folder, 'site.conf'));
        symlinkSync('site/dist', join(folder, 'www'));
        symlinkSync('env/prod.env', join(folder, 'app.env'));
      },
    });
    expect(resolved.problems).toEqual([]);
    const [conf = '', css = '', www = ''] = resolved.service('web').volumes.map(sourceOf);
    expect([server.read(conf), server.read(join(css, 'a.css')), server.read(join(www, 'css/a.css'))]).toEqual([
      'two\n',
      'a\n',
      'a\n',
    ]);
    expect(resolved.service('web').environment).toEqual({ A: '1' });
  });

  it('keeps links inside of a folder as they are', async () => {
    const resolved = await server.resolve({
      files: { 'compose.yml': web('volumes: ["./conf:/conf:ro"]'), 'conf/a': 'x' },
      prepare: ({ folder }) => {
        symlinkSync('a', join(folder, 'conf/b'));
        symlinkSync('/dev/stdout', join(folder, 'conf/log'));
      },
    });
    const folder = sourceOf(resolved.service('web').volumes[0]);
    expect(server.read(join(folder, 'b'))).toBe('x');
  });

  it.each(['/srv/site', '../site'])('is refused as a link to %s', async (target) => {
    const given = {
      files: { 'compose.yml': web('volumes: ["./www:/www:ro"]') },
      prepare: ({ folder }: { readonly folder: string }) => symlinkSync(target, join(folder, 'www')),
    };
    await expect(server.resolve(given)).rejects.toThrow(
      `web mounts www, but the symlink www points to ${target}, outside the repository: name that path in the compose file`,
    );
  });

  it('may be a submodule, when it is checked out', async () => {
    const theme = newRepository('theme');
    try {
      theme.commit({ 'index.html': 'hello\n', 'css/a.css': 'a\n' });
      const files = { 'compose.yml': web('volumes: ["./theme:/www:ro"]') };
      const resolved = await server.resolve({
        files,
        prepare: ({ git }) =>
          git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', theme.folder, 'theme'),
      });
      expect(resolved.problems).toEqual([]);
      const folder = sourceOf(resolved.service('web').volumes[0]);
      expect([server.read(join(folder, 'index.html')), server.read(join(folder, 'css/a.css'))]).toEqual([
        'hello\n',
        'a\n',
      ]);
      const without = server.resolve({
        files,
        prepare: ({ git, folder: checkout }) => {
          const id = theme.git('rev-parse', 'HEAD');
          git('update-index', '--add', '--cacheinfo', `160000,${id},theme`);
          mkdirSync(join(checkout, 'theme'));
        },
      });
      await expect(without).rejects.toThrow(
        'web mounts theme, which is in the submodule theme, which is not checked out: set `submodules: true` on actions/checkout',
      );
    } finally {
      theme.remove();
    }
  });

  it('is not a Git LFS pointer', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 123456\n';
    const compose = web('volumes: ["./model.bin:/m:ro", "./data:/d:ro"]');
    const files = { 'compose.yml': compose, 'model.bin': pointer, 'data/a.bin': pointer, 'data/b.txt': 'x' };
    await expect(server.resolve({ files })).rejects.toMatchObject({
      problems: ['data/a.bin', 'model.bin'].map((path) => expect.stringContaining(`${path} is a Git LFS pointer`)),
    });
  });

  it('is named where a sparse checkout left it out: mounts, env files, compose files and links', async () => {
    const remedy = 'is in git, but not in this checkout: list it in `sparse-checkout` of actions/checkout';
    const files = {
      'compose.yml': web('volumes: ["./conf:/conf:ro", "./one.conf:/one.conf:ro", "./www:/www:ro"]'),
      'conf/a': 'a',
      'conf/b': 'b',
      'one.conf': 'one',
      'site/index.html': 'x',
    };
    const without =
      (...paths: readonly string[]) =>
      ({ git, folder, commit }: Repository): void => {
        symlinkSync('site', join(folder, 'www'));
        commit({});
        git('sparse-checkout', 'set', '--no-cone', '/*', ...paths.map((path) => `!/${path}`));
      };
    await expect(server.resolve({ files, prepare: without('conf/b', 'one.conf', 'www') })).rejects.toMatchObject({
      problems: ['conf/b', 'one.conf', 'web mounts www, but the symlink www'].map((start) =>
        expect.stringContaining(`${start} ${remedy}`),
      ),
    });
    const env = { 'compose.yml': web('env_file: app.env'), 'app.env': 'A=1\n' };
    await expect(server.resolve({ files: env, prepare: without('app.env') })).rejects.toThrow(`app.env ${remedy}`);
    const included = { 'compose.yml': `include: [db/compose.yml]\n${web()}`, 'db/compose.yml': 'services: {}\n' };
    await expect(server.resolve({ files: included, prepare: without('db') })).rejects.toThrow(
      `compose-file: db/compose.yml (included by compose.yml) ${remedy}`,
    );
    // What is not used may be left out.
    const { 'site/index.html': _site, ...used } = files;
    const resolved = await server.resolve({
      files: { ...env, 'big/a': 'x', ...used, ...env },
      prepare: without('big'),
    });
    expect(resolved.problems).toEqual([]);
  });

  it('is shipped as the checkout has it, whatever .gitattributes says of line ends and archives', async () => {
    const resolved = await server.resolve({
      files: {
        'compose.yml': web('volumes: ["./conf:/conf:ro"]', 'env_file: app.env'),
        'app.env': 'A=1\n',
        'conf/a.txt': 'one\ntwo\n',
        'conf/notes.txt': 'not in archives\n',
        '.gitattributes': '* text=auto eol=crlf\nconf/notes.txt export-ignore\n',
      },
      prepare: ({ git, commit }) => {
        commit({});
        git('rm', '--quiet', '-r', '--cached', '.');
        git('reset', '--quiet', '--hard');
      },
    });
    expect(resolved.problems).toEqual([]);
    const folder = sourceOf(resolved.service('web').volumes[0]);
    const read = (name: string): string => server.read(join(folder, name));
    expect([read('a.txt'), read('notes.txt')]).toEqual(['one\r\ntwo\r\n', 'not in archives\r\n']);
    expect(resolved.service('web').environment).toEqual({ A: '1' });
  });

  it('has the time of the commit that changed it', async () => {
    const commit = (folder: string, date: string): void => {
      const who = ['-c', 'user.name=Korrigo', '-c', 'user.email=korrigo@example.com', '-c', 'commit.gpgsign=false'];
      const env = { ...process.env, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date };
      execFileSync('git', ['add', '--all'], { cwd: folder });
      execFileSync('git', [...who, 'commit', '--quiet', '--message', date], { cwd: folder, env });
    };
    const resolved = await server.resolve({
      files: { 'compose.yml': web('volumes: ["./www:/www:ro", "./built:/b:ro"]'), 'www/old': 'x', 'www/new': 'y' },
      untracked: { 'built/app.js': '1' },
      inputs: { files: 'built' },
      prepare: ({ folder, write }) => {
        commit(folder, '2026-01-01T00:00:00Z');
        write({ 'www/new': 'z' });
        commit(folder, '2026-01-02T00:00:00Z');
      },
    });
    const [www = '', built = ''] = resolved.service('web').volumes.map(sourceOf);
    const times = ['old', 'new'].map((name) => statSync(join(www, name)).mtime.toISOString());
    expect(times).toEqual(['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z']);
    // What git does not know was built for the commit that is deployed.
    expect(statSync(join(built, 'app.js')).mtimeMs).toBeGreaterThan(Date.parse('2026-01-02T00:00:00Z'));
  });
});

describe('a folder of which git has one part and the server another', () => {
  const files = {
    'compose.yml': web('volumes: ["./nginx:/etc/nginx/conf.d:ro"]'),
    'nginx/site.conf': 'server {}\n',
    'nginx/sub/a.conf': 'a\n',
  };
  const shared = { 'nginx/ssl/cert.pem': 'cert\n', 'nginx/sub/b.conf': 'b\n', 'nginx/sub/a.conf': 'of the server\n' };

  it('is both: what only the server has is mounted into what was shipped', async () => {
    const resolved = await server.resolve({ files, shared, keep: true });
    expect(resolved.problems).toEqual([]);
    const [folder = '', ...parts] = resolved.service('web').volumes;
    expect(server.read(join(sourceOf(folder), 'site.conf'))).toBe('server {}\n');
    expect(server.read(join(sourceOf(folder), 'sub/a.conf'))).toBe('a\n');
    expect(parts).toEqual([
      `${at('shared/nginx/ssl')}:/etc/nginx/conf.d/ssl:ro`,
      `${at('shared/nginx/sub/b.conf')}:/etc/nginx/conf.d/sub/b.conf:ro`,
    ]);
    // Docker needs something to mount them on.
    expect(statSync(join(sourceOf(folder), 'ssl')).isDirectory()).toBe(true);
    expect(statSync(join(sourceOf(folder), 'sub/b.conf')).size).toBe(0);
    expect(await server.again(resolved.text)).toEqual(resolved.data);
    const same = await server.resolve({ files });
    expect([same.changes, same.hashes]).toEqual([{}, resolved.hashes]);
    const other = await server.resolve({ files, shared: { 'nginx/sub/b.conf': 'new\n' } });
    expect(other.changes).toEqual({ web: expect.arrayContaining(['file nginx/sub/b.conf']) });
    expect(other.hashes).not.toEqual(resolved.hashes);
  });

  it('may be made by two runs at the same moment: the first one counts', async () => {
    // When this run has its copy, the other one has just put its own in place.
    server.addProgram(
      'cp',
      `/bin/cp "$@" || exit
[ "$1" = -Rp ] || exit 0
hash=$(printf %s "\${3%/}" | grep -o '[0-9a-f]\\{16\\}' | head -n 1)
mkdir '${at('files')}'/"$hash"
/bin/cp -Rp "$2" '${at('files')}'/"$hash"
: >'${at('files')}'/"$hash"/first`,
    );
    const resolved = await server.resolve({ files, shared });
    expect(resolved.problems).toEqual([]);
    const merged = dirname(sourceOf(resolved.service('web').volumes[0]));
    expect(readdirSync(merged).toSorted()).toEqual(['first', 'nginx']);
    expect(readdirSync(dirname(merged)).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(server.exists(`releases/${resolved.id}/added.tab`)).toBe(true);
    expect(server.read(at(`releases/${resolved.id}/added.tab`))).not.toContain(basename(merged));
  });

  it('is what was shipped when the server has nothing else', async () => {
    const resolved = await server.resolve({ files, shared: { 'nginx/site.conf': 'of the server\n' } });
    expect(resolved.service('web').volumes).toHaveLength(1);
  });
});

describe('files that Compose itself would look up later', () => {
  it('are shipped: seccomp profiles', async () => {
    const files = {
      'app/compose.yml': web('security_opt: ["seccomp:./infra/chrome.json", "no-new-privileges:true"]'),
      'app/infra/chrome.json': '{"defaultAction":"SCMP_ACT_ALLOW"}',
    };
    const resolved = await server.resolve({ files, inputs: { 'compose-file': 'app/compose.yml' } });
    expect(resolved.problems).toEqual([]);
    const [profile = '', other] = [resolved.service('web').body['security_opt']].flat().map(String);
    expect([server.read(profile.replace('seccomp=', '')), other]).toEqual([
      '{"defaultAction":"SCMP_ACT_ALLOW"}',
      'no-new-privileges:true',
    ]);
    const { 'app/infra/chrome.json': _, ...without } = files;
    expect((await server.resolve({ files: without, inputs: { 'compose-file': 'app/compose.yml' } })).problems).toEqual([
      expect.stringContaining('shared/app/infra/chrome.json is missing (read by web)'),
    ]);
  });

  it('are shipped: label files', async () => {
    const { problems, service } = await server.resolve({
      files: { 'compose.yml': web('label_file: [conf/web.labels]'), 'conf/web.labels': 'tier=front\n' },
    });
    expect([problems, service('web').labels]).toEqual([[], { tier: 'front' }]);
  });

  it('are the server’s: devices of volumes', async () => {
    const files = {
      'compose.yml': web('volumes: ["pg:/data"]').concat(
        'volumes: {pg: {driver: local, driver_opts: {type: none, o: bind, device: ./data/pg}}}\n',
      ),
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    expect(resolved.data).toMatchObject({ volumes: { pg: { driver_opts: { device: at('shared/data/pg') } } } });
    expect(statSync(at('shared/data/pg')).isDirectory()).toBe(true);
    await expect(server.resolve({ files: { ...files, 'data/pg/seed': 'x' } })).rejects.toThrow(
      'the volume pg of web has the device data/pg, and git tracks data/pg/seed',
    );
  });

  it('are named by variables of include and extends', async () => {
    const files = {
      'compose.yml':
        'name: incvar\ninclude: [{path: "${STACK:-prod}/compose.yml"}]\nservices:\n  web:\n    extends: {file: "${BASE:-base}.yml", service: base}\n',
      'base.yml': 'services: {base: {image: nginx}}\n',
      'prod/compose.yml': 'services: {cache: {image: redis}}\n',
    };
    const resolved = await server.resolve({ files });
    expect([resolved.problems, resolved.services]).toEqual([[], ['cache', 'web']]);
  });
});

describe('which files and which project', () => {
  it('an override beside the file is used, as Compose does', async () => {
    const files = {
      'compose.yml': web(),
      'compose.override.yml': 'services: {web: {environment: {A: "1"}}, cache: {image: redis}}\n',
    };
    const resolved = await server.resolve({ files });
    expect([resolved.problems, resolved.services]).toEqual([[], ['cache', 'web']]);
    expect(resolved.service('web').environment).toEqual({ A: '1' });
    expect((await server.resolve({ files, inputs: { 'compose-file': 'compose.yml' } })).services).toEqual(['web']);
  });

  it('an override that is not in git is left out, and that is said', async () => {
    const { services, log } = await server.resolve({
      files: { 'compose.yml': web() },
      untracked: { 'compose.override.yml': 'services: {cache: {image: redis}}\n' },
    });
    expect([services, log.join('\n')]).toEqual([
      ['web'],
      expect.stringContaining('compose.override.yml is not in git'),
    ]);
  });

  it('a .env in git names files, project and profiles, as for Compose', async () => {
    const resolved = await server.resolve({
      files: {
        '.env': 'COMPOSE_PROJECT_NAME=sentry-like\nCOMPOSE_FILE=compose.yml:compose.extra.yml\nCOMPOSE_PROFILES=more\n',
        'compose.yml': 'services: {web: {image: nginx, volumes: ["data:/data"]}}\nvolumes: {data: {}}\n',
        'compose.extra.yml': 'services: {cache: {image: redis}, extra: {image: x, profiles: [more]}}\n',
      },
    });
    expect([resolved.problems, resolved.services]).toEqual([[], ['cache', 'extra', 'web']]);
    expect(resolved.data).toMatchObject({ name: 'sentry-like', volumes: { data: { name: 'sentry-like_data' } } });
  });

  it('a .env beside the compose file counts as for Compose, and may have variables', async () => {
    const files = {
      'deploy/.env': 'STAGE=prod\nCOMPOSE_PROJECT_NAME=wiki-${STAGE}\nCOMPOSE_PROFILES=${STAGE}\n',
      'deploy/compose.yml': 'services: {web: {image: nginx}, more: {image: x, profiles: [prod]}}\n',
    };
    const named = await server.resolve({ files, inputs: { 'compose-file': 'deploy/compose.yml' } });
    expect([named.problems, named.services, named.data]).toMatchObject([[], ['more', 'web'], { name: 'wiki-prod' }]);
    const found = await server.resolve({
      files: { ...files, '.env': 'KIND=\nCOMPOSE_FILE=deploy/compose.${KIND}yml\n' },
    });
    expect([found.problems, found.data]).toMatchObject([[], { name: 'wiki-prod' }]);
  });

  it('no service left, and a profile that does not exist, are said', async () => {
    const files = {
      'compose.yml': 'name: x\nservices: {a: {image: a, profiles: [one]}, b: {image: b, profiles: [two]}}\n',
    };
    await expect(server.resolve({ files })).rejects.toThrow(
      'profiles: every service of compose.yml is in a profile, and none of them is active: name one (found: one, two)',
    );
    await expect(server.resolve({ files, inputs: { profiles: 'three, one' } })).rejects.toThrow(
      'profiles: no service has the profile "three" (found: one, two)',
    );
  });

  it('a file of many aliases is read as it is', async () => {
    const services = Array.from({ length: 120 }, (_, n) => `  s${n}: {<<: *app, hostname: s${n}}\n`).join('');
    const compose = `name: manyalias
x-health: &health {test: ["CMD", "true"], interval: 5s}
x-logging: &logging {driver: json-file, options: {max-size: 10m}}
x-app: &app
  image: busybox
  env_file: ./app.env
  environment: {SECRET: "\${APP_SECRET}"}
  healthcheck: *health
  logging: *logging
services:
${services}`;
    const missing = await server.resolve({ files: { 'compose.yml': compose }, shared: { 'app.env': 'A=1\n' } });
    expect(missing.problems).toEqual([expect.stringContaining('variable APP_SECRET is not set')]);
    const resolved = await server.resolve({ files: { 'compose.yml': compose }, shared: { '.env': 'APP_SECRET=s\n' } });
    expect([resolved.problems, resolved.services.length]).toEqual([[], 120]);
    expect(resolved.service('s7').environment).toEqual({ A: '1', SECRET: 's' });
    expect(resolved.data).toMatchObject({ name: 'manyalias' });
  });

  it('several documents are one file', async () => {
    const files = {
      'compose.yml': `${web('env_file: a.env')}---\nservices: {web: {env_file: b.env}, db: {image: db}}\n`,
    };
    const resolved = await server.resolve({ files, shared: { 'a.env': 'A=1\n', 'b.env': 'B=2\n' } });
    expect([resolved.problems, resolved.services]).toEqual([[], ['db', 'web']]);
    expect(resolved.service('web').environment).toEqual({ A: '1', B: '2' });
  });
});

describe('values', () => {
  it('of shared/.env have the last word over what an SSH session sets', async () => {
    const names = ['USER', 'HOME', 'LANG', 'LC_ALL', 'PATH', 'TOKEN'];
    const environment = Object.fromEntries(names.map((name) => [name, `\${${name}:-default}`]));
    const files = { 'compose.yml': web(`environment: ${JSON.stringify(environment)}`) };
    const dotenv = names.map((name) => `${name}=mine ${name}\n`).join('');
    const resolved = await server.resolve({ files, shared: { '.env': dotenv } });
    expect(resolved.problems).toEqual([]);
    expect(resolved.service('web').environment).toEqual(
      Object.fromEntries(names.map((name) => [name, `mine ${name}`])),
    );
    rmSync(at('shared/.env'));
    const { PATH: _, HOME, ...rest } = (await server.resolve({ files })).service('web').environment;
    expect([HOME, rest]).toEqual([
      '/nonexistent',
      { USER: 'default', LANG: 'default', LC_ALL: 'default', TOKEN: 'default' },
    ]);
  });

  it('that are passed through by name come from shared/.env, and from nowhere else', async () => {
    const files = { 'compose.yml': web('environment: [TOKEN, LANG, OTHER]') };
    const resolved = await server.resolve({ files, shared: { '.env': 'OTHER=1\n' } });
    expect([resolved.problems, resolved.service('web').environment]).toEqual([[], { OTHER: '1' }]);
    expect(await server.again(resolved.text)).toEqual(resolved.data);
  });

  it.each([
    ['a key of several lines without quotes', '.env', 'DB=db\nKEY=-----BEGIN\nCANARY+not/a/real/key\n-----END\n', 3],
    ['quotes that do not end', '.env', 'A=1\nKEY="CANARY\nB=2\n', 2],
    ['a name with a blank', '.env', 'A=1\nMY CANARY=2\n', 2],
    ['a name with a blank, in an env_file', 'web.env', 'MY CANARY=2\n', 1],
    ['a name that is none', 'web.env', 'A=1\n\n# x\nCAN ARY!=1\n', 4],
  ])(
    'in a line that Compose cannot read are told by file and line, and not shown: %s',
    async (_, file, content, line) => {
      const files = {
        'compose.yml': web('environment: {A: "${A:-x}"}', 'env_file: [{path: web.env, required: false}]'),
      };
      const { problems, log } = await server.resolve({ files, shared: { [file]: content } });
      expect(problems).toEqual([
        `web1: line ${line} of ${at(`shared/${file}`)} cannot be read: a value of several lines, or with special characters, must be in single quotes`,
      ]);
      expect([...problems, ...log].join('\n')).not.toMatch(/CAN ?ARY/);
    },
  );

  it('of configs and secrets that come from the environment are those of shared/.env', async () => {
    const compose = web('secrets: [token]', 'configs: [conf]').concat(
      'secrets: {token: {environment: TOKEN}}\nconfigs: {conf: {environment: CONF}}\n',
    );
    const missing = await server.resolve({ files: { 'compose.yml': compose }, shared: { '.env': 'CONF=c\n' } });
    expect(missing.problems).toEqual([expect.stringContaining('variable TOKEN is not set')]);
    const value = 'it\'s "$5" \\ end\\';
    const dotenv = 'TOKEN="it\'s \\"\\$5\\" \\\\ end\\\\"\nCONF=\'two\nlines\'\n';
    const resolved = await server.resolve({
      files: { 'compose.yml': compose },
      shared: { '.env': dotenv },
      keep: true,
    });
    expect(resolved.problems).toEqual([]);
    expect(resolved.text).not.toContain('$5');
    expect(statSync(at('current/.env')).mode & 0o777).toBe(0o600);
    // As Compose itself reads it.
    const asked = web('environment: {T: "${TOKEN}", C: "${CONF}"}');
    const env = { '.env': readFileSync(at('current/.env'), 'utf8') };
    const { environment } = (await server.resolve({ files: { 'compose.yml': asked }, shared: env })).service('web');
    expect(environment).toEqual({ T: value, C: 'two\nlines' });
    const rotated = await server.resolve({
      files: { 'compose.yml': compose },
      shared: { '.env': 'TOKEN=new\nCONF=c\n' },
    });
    expect(rotated.changes['web']?.toSorted()).toEqual(expect.arrayContaining(['config conf', 'secret token']));
    expect(rotated.hashes).not.toEqual(resolved.hashes);
  });

  it('that Compose cannot copy into a read-only service are refused', async () => {
    const files = {
      'compose.yml': web('read_only: true', 'secrets: [token]').concat('secrets: {token: {environment: TOKEN}}\n'),
    };
    await expect(server.resolve({ files })).rejects.toThrow(
      'web is read_only, so Compose cannot copy the secret token into it',
    );
  });
});

describe('images that are not those of services', () => {
  it('are by digest', async () => {
    const files = {
      'compose.yml': web(
        'volumes: [{type: image, source: "${REGISTRY:-registry.example.com}/static:latest", target: /static}]',
      ),
    };
    const resolved = await server.resolve({ files });
    expect(resolved.problems).toEqual([]);
    expect(resolved.text).toMatch(/source: registry\.example\.com\/web-static@sha256:1/);
  });
});

it('what Docker would refuse is found in what Compose makes of it', async () => {
  const { text, problems } = await server.resolve({
    files: {
      'compose.yml': web(
        'cap_add: [net_admin, NET_ADMN]',
        'sysctls: [vm.max_map_count=262144, net.core.somaxconn=1024]',
        'restart: unless_stopped',
        'deploy: {resources: {limits: {cpus: "64", memory: "512"}}}',
      ).concat(
        '  side: {image: x, network_mode: "service:web", ports: ["80:80"], hostname: s, mem_limit: 64, cpus: 0.5, cpuset: 0-7, restart: no}\n',
      ),
    },
  });
  expect(problems).toEqual([]);
  const there = sandbox({ docker: 'case "$*" in *NCPU*) echo 4 ;; esac' });
  there.write({ 'releases/r/compose.yml': text });
  const claims = readClaims((await there.run('claims', [there.root, 'r'])).stdout);
  expect(optionProblems(claims).map((problem) => problem.split(/[,:] /)[0])).toEqual([
    'side has `cpuset',
    'side has `hostname`',
    'side has a memory limit of 64 bytes',
    'side has `ports`',
    'web has `cap_add',
    'web has a limit of 64 CPUs',
    'web has a memory limit of 512 bytes',
    'web has `restart',
    'web sets the sysctl vm.max_map_count',
  ]);
});

it('what Docker has to bring, and keys that not every Compose carries out, are found in what Compose makes of them', async () => {
  const files = {
    'compose.yml': web(
      'gpus: all',
      'post_start: [{command: ["true"]}]',
      'volumes: ["files:/files", "d:/data", {type: bind, source: /srv, target: /srv, bind: {recursive: disabled}}]',
      'networks: {mesh: {driver_opts: {a: b}}}',
      'deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: ["gpu"]}]}}}',
    ).concat('volumes: {files: {driver: rexray/s3fs}}\nnetworks: {mesh: {driver: weave, enable_ipv4: true}}\n'),
  };
  const { text, problems } = await server.resolve({ files });
  expect(problems).toEqual([]);
  const docker = 'case "$*" in info*) printf "%s\\n" "volume local" "runtime nvidia" ;; esac';
  const there = sandbox({ docker });
  there.write({ 'releases/r/compose.yml': text });
  const claims = readClaims((await there.run('claims', [there.root, 'r'])).stdout);
  expect(claims.lacks.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['network weave', 'volume rexray/s3fs']);
  expect(claims.ignorable.map(({ key }) => key).sort()).toEqual([
    'enable_ipv4',
    'gpus',
    'networks.driver_opts',
    'post_start',
    'volumes.bind.recursive',
  ]);
  expect(claims.mounts.map(({ target }) => target).sort()).toEqual(['/files', '/srv', 'd:/data']);
});

describe('what a deploy writes below shared/', () => {
  const envFiles = (...paths: readonly string[]) => ({
    inputs: { 'env-files': paths.map((path) => `${path}=SENT`).join('\n') },
    env: { SENT: 'A=1\n' },
  });
  /** Takes the path away from the deploy user, whoever runs this. */
  const close = (path: string): void => {
    if (process.getuid?.() === 0) chownSync(at(path), 0, 0);
    chmodSync(at(path), process.getuid?.() === 0 ? 0o755 : 0o500);
  };
  const refused = (path: string): unknown =>
    expect.stringMatching(
      new RegExp(`cannot write to ${at(path)}, (which belongs to root: \`sudo chown \\S+ ${at(path)}\`|whose mode is)`),
    );

  it('is refused where it could not be written once the switch has begun', async () => {
    server.shared({ 'secrets/old': '', plain: '', 'app.env': '' });
    server.becomeUser();
    chmodSync(at('shared/app.env'), 0o000);
    for (const path of ['shared/secrets', 'shared']) close(path);
    const files = { 'compose.yml': web('volumes: ["./media:/media", "./secrets/keys:/keys", "./plain:/plain"]') };
    const sent = envFiles('conf/a.env', 'secrets/b.env', 'plain/c.env', 'app.env');
    expect((await server.resolve({ files, ...sent })).problems.map((problem) => problem.slice(6)).sort()).toEqual([
      `${at('shared/plain')} is a file, but files are to be written below it: rename it, or change env-files`,
      refused('shared'),
      expect.stringMatching(/ cannot write to .*app\.env, whose mode is too strict: `chmod u\+rwX .*app\.env`$/),
      refused('shared/secrets'),
    ]);
    expect((await server.resolve({ files })).problems).toEqual([refused('shared'), refused('shared/secrets')]);
    expect(existsSync(at('shared/media'))).toBe(false);
    chmodSync(at('shared'), 0o755);
  });

  it('is replaced if it belongs to somebody else, also by the same content', async () => {
    server.shared({ 'a.env': 'A=1\n' });
    server.becomeUser();
    close('shared/a.env');
    const { id, problems } = await server.resolve({ files: { 'compose.yml': web() }, ...envFiles('a.env') });
    expect([problems, (await server.run('write-env-files', [server.root, id])).stderr]).toEqual([[], '']);
    expect(statSync(at('shared/a.env')).mode & 0o777).toBe(0o600);
  });

  it('is no folder that Docker made for an env file that was missing', async () => {
    for (const path of ['.env', 'app.env', 'sent.env']) mkdirSync(at(`shared/${path}`), { recursive: true });
    const files = { 'compose.yml': web('environment: {A: "${A:-1}"}', 'env_file: app.env') };
    expect((await server.resolve({ files, ...envFiles('sent.env') })).problems).toEqual(
      ['.env', 'app.env', 'sent.env'].map(
        (path) =>
          `web1: ${at(`shared/${path}`)} is a folder, but must be a file (Docker makes such a folder for a mounted file that is missing): remove it with \`sudo rmdir ${at(`shared/${path}`)}\`, then create the file, or let env-files write it`,
      ),
    );
  });

  it('is never a folder in the place of a mounted .env', async () => {
    const { problems } = await server.resolve({ files: { 'compose.yml': web('volumes: ["./.env:/app/.env"]') } });
    expect(problems).toEqual([expect.stringContaining(`${at('shared/.env')} is missing (mounted by web)`)]);
    expect(existsSync(at('shared/.env'))).toBe(false);
  });
});
