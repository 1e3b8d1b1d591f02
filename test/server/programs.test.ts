import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { until } from '../../bed/process.ts';
import { attemptOf, digest } from '../../fixtures/builders.ts';
import { sandbox } from '../../fixtures/server.ts';
import { shells } from '../../fixtures/shells.ts';
import { program } from '../../src/commands/program.ts';
import { readFacts } from '../../src/facts/facts.ts';
import { readHostState } from '../../src/facts/host-state.ts';
import { readKept } from '../../src/facts/kept.ts';
import { readReopened } from '../../src/facts/resolution.ts';
import { shellLine } from '../../src/model/command.ts';
import { attemptLine } from '../../src/model/history.ts';
import { Secret } from '../../src/model/secret.ts';
import { programs } from '../../src/server/programs.ts';

const id = '20260203-040506-c0ffee012345';
/** The facts that a program printed, each as its line. */
const facts = (output: string): readonly string[] =>
  [...readFacts(output)].flatMap(([name, values]) => values.map((value) => `${name}\t${value}`));

describe.each(shells)('what is saved with $name', ({ bin }) => {
  const save = (to: string, what: string): string => {
    const text = `set -e; tab=x; ${programs['release.sh']}\nsave "$1" ${what}; echo saved`;
    try {
      const env = { PATH: `${bin}:${process.env['PATH']}` };
      return execFileSync(join(bin, 'sh'), ['-c', text, 'save', to], { env, encoding: 'utf8', stdio: 'pipe' });
    } catch {
      return 'failed';
    }
  };

  it('is whole, or it fails: on a full disk, and when the command does', () => {
    const file = join(sandbox().root, '../file');
    mkdirSync(dirname(file), { recursive: true });
    expect(save(file, `printf 'a\\n\\n b\\n'`)).toBe('saved\n');
    expect(readFileSync(file, 'utf8')).toBe('a\n\n b\n');
    expect(save(file, 'true')).toBe('saved\n');
    expect(readFileSync(file, 'utf8')).toBe('');
    expect(save('/dev/full', `awk 'BEGIN { print "a" }'`)).toBe('failed');
    expect(save(file, `sh -c 'echo half; exit 1'`)).toBe('failed');
  });
});

describe('current', () => {
  it('points to a release, and then to another one', async () => {
    const server = sandbox();
    server.write({ 'releases/r1/compose.yml': 'one', 'releases/r2/compose.yml': 'two' });
    expect(await server.run('current', [server.root, 'r1'])).toMatchObject({ code: 0, stderr: '' });
    expect(readlinkSync(server.path('current'))).toBe('releases/r1');
    await server.run('current', [server.root, 'r2']);
    expect(server.read('current/compose.yml')).toBe('two');
    expect(readdirSync(server.root).sort()).toEqual(['current', 'releases']);
  });

  it('fails rather than hide in a folder of its name', async () => {
    const server = sandbox();
    server.write({ 'current/x': '' });
    expect((await server.run('current', [server.root, 'r1'])).code).not.toBe(0);
    expect(readdirSync(server.path('current'))).toEqual(['x']);
  });

  it('fails where there is no application', async () => {
    const server = sandbox();
    expect((await server.run('current', [server.root, 'r1'])).code).not.toBe(0);
  });
});

describe('record', () => {
  it('adds one line after the other', async () => {
    const server = sandbox();
    mkdirSync(server.root, { recursive: true });
    const attempts = [attemptOf({ release: 'r1' }), attemptOf({ release: 'r2', reason: `it's "$(id)"\n` })].map(
      attemptLine,
    );
    for (const stdin of attempts) expect((await server.run('record', [server.root], { stdin })).code).toBe(0);
    expect(server.read('history.jsonl')).toBe(attempts.join(''));
  });

  it('is not swallowed by a line that a full disk cut off', async () => {
    const server = sandbox();
    const [one, two] = [attemptLine(attemptOf({ release: 'r1' })), attemptLine(attemptOf({ release: 'r2' }))];
    server.write({ 'history.jsonl': `${one}${two.slice(0, 40)}` });
    expect((await server.run('record', [server.root], { stdin: two })).code).toBe(0);
    expect(server.read('history.jsonl')).toBe(`${one}${two.slice(0, 40)}\n${two}`);
  });

  it('makes no application where there is none', async () => {
    const server = sandbox();
    expect((await server.run('record', [server.root], { stdin: 'x\n' })).code).toBe(0);
    expect(existsSync(server.root)).toBe(false);
  });
});

describe('test', () => {
  /** The service `tests` ends with this code as soon as all is up; `up` itself goes on until it is stopped. */
  const ending = (code: number) => `
case "$*" in
  *'config') ;;
  *' up '*) while [ ! -e "$HOME/stopped" ]; do sleep 0.02; done; echo 'all is stopped' ;;
  *' stop '*) touch "$HOME/stopped" ;;
  ps*service=tests*) echo id ;;
  inspect*) echo ${code} ;;
esac`;

  it.each([
    ['that succeeds', 0],
    ['that fails', 3],
  ])('ends as the service that decides does, whatever the others do: one %s', async (_, code) => {
    const server = sandbox({ docker: ending(code) });
    const result = await server.run('test', ['test-1', 'tests', '--file', 'compose.test.yml']);
    expect(result).toMatchObject({ code, stdout: 'all is stopped\n' });
    expect(server.dockerCalls()[0]).toBe('compose --file compose.test.yml config --services');
  });

  it('fails when that service never started', async () => {
    const server = sandbox({ docker: '' });
    const result = await server.run('test', ['test-1', 'tests', '--file', 'compose.test.yml']);
    expect(result).toMatchObject({ code: 1, stderr: 'tests never started\n' });
  });

  it('fails as Compose does when nothing could be started', async () => {
    const server = sandbox({ docker: `case "$*" in *' up '*) exit 17;; esac` });
    expect((await server.run('test', ['test-1', 'tests', '--file', 'x'])).code).toBe(17);
  });

  it('without such a service ends with the first container that ends', async () => {
    const server = sandbox({ docker: `case "$*" in *' up '*) exit 5;; esac` });
    expect((await server.run('test', ['test-1', '', '--file', 'x'])).code).toBe(5);
    expect(server.dockerCalls().at(-1)).toBe(
      'compose --file x --file - up --build --no-color --abort-on-container-exit',
    );
  });

  it('runs every service once, whatever its restart policy', async () => {
    const server = sandbox({
      docker: `case "$*" in *'config --services') printf '%s\\n' tests a.b ;; *' up '*) cat ;; esac`,
    });
    const { stdout } = await server.run('test', ['test-1', '', '--file', 'x']);
    const once = '{restart: "no", deploy: {restart_policy: !reset null}}';
    expect(stdout).toBe(`services:\n  "tests": ${once}\n  "a.b": ${once}\n`);
  });

  it('does not take a container that only prepares something for the tests', async () => {
    const server = sandbox({
      docker: `case "$*" in *config) echo '        condition: service_completed_successfully';; esac`,
    });
    expect(await server.run('test', ['test-1', '', '--file', 'x'])).toMatchObject({
      code: 1,
      stderr:
        'a service depends on another one completing, so the first container to exit cannot decide: set test-service\n',
    });
    expect(server.dockerCalls().filter((call) => call.includes(' up '))).toEqual([]);
  });
});

describe('one-off', () => {
  const sealed = `services:
  web:
    image: x@sha256:1
    container_name: the-web
    labels:
      traefik.http.routers.web.rule: Host(\`a\`)
    networks:
      default:
        ipv4_address: 10.0.0.5
        aliases:
          - site
    ports:
      - target: 80
  db:
    image: y@sha256:1
    container_name: the-db
    labels:
      a: b
`;
  /** A server with that release. Its docker tells that the container was started, and does what is given for Compose. */
  const serverWith = (compose: string, started = '2026-02-03T04:05:06Z') => {
    const server = sandbox({ docker: `case $1 in inspect) echo ${started} ;; compose) ${compose} ;; esac` });
    server.write({ 'releases/r1/compose.yml': sealed });
    return server;
  };
  type Server = ReturnType<typeof serverWith>;
  const args = ({ path }: Server, command: readonly string[], seconds = '60', dependencies = 'no') => [
    seconds,
    'migrate-timeout',
    'shop',
    'shop-migrate-r1',
    path('releases/r1/compose.yml'),
    dependencies,
    'web',
    ...command,
  ];
  const removal = 'rm --force --volumes shop-migrate-r1';

  it('runs the command in a container of its own, without what it depends on', async () => {
    const server = serverWith('echo migrated');
    expect(await server.run('one-off', args(server, ['python', 'manage.py', 'migrate']))).toMatchObject({
      code: 0,
      stdout: 'migrated\n',
    });
    expect(server.dockerCalls()).toEqual([
      removal,
      `compose --project-name shop --file ${server.path('releases/r1/one-off.yml')} run --no-TTY --quiet-pull --no-deps --name shop-migrate-r1 web python manage.py migrate`,
      'inspect --type container --format {{.State.StartedAt}} shop-migrate-r1',
      removal,
    ]);
    expect(readdirSync(server.path('releases/r1'))).toEqual(['compose.yml']);
  });

  it('takes nothing from the containers of its service: no address, port, name or label of a proxy', async () => {
    const server = serverWith('cat "$5"');
    const { stdout } = await server.run('one-off', args(server, ['x']));
    expect(parse(stdout)).toEqual({
      services: {
        web: {
          image: 'x@sha256:1',
          pull_policy: 'never',
          labels: { 'traefik.enable': 'false' },
          networks: { default: { aliases: ['site'] } },
        },
        db: { image: 'y@sha256:1', pull_policy: 'never', container_name: 'the-db', labels: { a: 'b' } },
      },
    });
  });

  it('starts what it depends on when asked to', async () => {
    const server = serverWith('');
    await server.run('one-off', args(server, ['x'], '60', 'yes'));
    expect(server.dockerCalls()[1]).not.toContain('--no-deps');
  });

  it('fails as the command does', async () => {
    const server = serverWith('echo bad >&2; exit 3');
    expect(await server.run('one-off', args(server, ['x']))).toMatchObject({ code: 3, stderr: 'bad\n' });
  });

  it.each(['', '0001-01-01T00:00:00Z'])(
    'tells a command that never ran from one that failed: started %j',
    async (at) => {
      const server = serverWith('echo "no such image" >&2; exit 1', at);
      expect(await server.run('one-off', args(server, ['x']))).toMatchObject({
        code: 125,
        stderr: 'no such image\nthe command was never started\n',
      });
    },
  );

  it.each(shells)('stops a command that takes too long, and removes its container: $name', async ({ bin }) => {
    const server = serverWith('exec sleep 1000');
    const result = await server.run('one-off', args(server, ['x'], '1'), { path: bin });
    expect(result).toMatchObject({
      code: 124,
      stderr: expect.stringMatching(/stopped after 1 s, the limit set by migrate-timeout\n$/),
    });
    expect(server.dockerCalls().at(-1)).toBe(removal);
  });

  it.each([
    ['124', 124],
    ['125', 1],
  ])('does not take a code of the command for one of its own: %s', async (code, expected) => {
    const server = serverWith(`exit ${code}`);
    const result = await server.run('one-off', args(server, ['x']));
    expect(result.code).toBe(expected);
    expect(result.stderr).toBe(code === '125' ? 'the command exited with code 125\n' : '');
  });

  it('does not say that a command never started when it cannot know', async () => {
    const server = sandbox({ docker: 'case $1 in compose) exit 1 ;; rm) ;; *) exit 1 ;; esac' });
    server.write({ 'releases/r1/compose.yml': sealed });
    expect(await server.run('one-off', args(server, ['x']))).toMatchObject({ code: 1, stderr: '' });
  });

  it.each(shells)('removes what an engine that is restarted in its last moment left there: $name', async ({ bin }) => {
    // rm fails, and so does version, until it is back. $0 is the program itself.
    const docker = `case $1 in
  compose) : >"$0.away" ;;
  rm) [ ! -e "$0.away" ] ;;
  version) [ ! -e "$0.away" ] || { rm "$0.away"; exit 1; } ;;
  inspect) [ ! -e "$0.away" ] && echo 2026-02-03T04:05:06Z ;;
esac`;
    const server = sandbox({ docker });
    server.write({ 'releases/r1/compose.yml': sealed });
    expect(await server.run('one-off', args(server, ['x']), { path: bin })).toMatchObject({ code: 0, stderr: '' });
    expect(server.dockerCalls().at(-1)).toBe(removal);
  });

  it('takes no clock that is set meanwhile for time', async () => {
    const server = serverWith('echo migrated');
    const bin = server.path('bin');
    server.write({ 'bin/date': '#!/bin/sh\necho 1 >>"$0.calls"; wc -l <"$0.calls" | awk "{ print \\$1 * 1000 }"\n' });
    chmodSync(join(bin, 'date'), 0o755);
    symlinkSync('/bin/sh', join(bin, 'sh'));
    expect(await server.run('one-off', args(server, ['x'], '5'), { path: bin })).toMatchObject({ code: 0, stderr: '' });
  });

  it('tells a command that was killed from one that took too long', async () => {
    const server = serverWith('exit 137');
    const result = await server.run('one-off', args(server, ['x']));
    expect(result.code).toBe(137);
    expect(result.stderr).toMatch(/^killed: out of memory/);
  });

  it('removes the container when it is cancelled, and ends what it started', async () => {
    const server = serverWith('exec sleep 30');
    const cancel = new AbortController();
    const running = server.run('one-off', args(server, ['x']), { signal: cancel.signal });
    await until('the command runs', 10_000, async () =>
      server.dockerCalls().some((call) => call.startsWith('compose')),
    );
    cancel.abort();
    expect(await running).toMatchObject({ code: null });
    expect(server.dockerCalls().at(-1)).toBe(removal);
  });

  it('gives the command no input', async () => {
    const server = serverWith('cat; echo end');
    expect(await server.run('one-off', args(server, ['x']), { stdin: 'secret' })).toMatchObject({
      code: 0,
      stdout: 'end\n',
    });
  });

  it('passes on every word as it is, and runs none of it', async () => {
    const server = serverWith('shift 11; printf "%s\\0" "$@"');
    const canary = server.path('../canary');
    const nasty = [
      `$(touch ${canary})`,
      `\`touch ${canary}\``,
      `; touch ${canary}`,
      `\ntouch ${canary}\n`,
      `'; touch ${canary} #`,
      `" && touch ${canary} "`,
    ];
    const odd = ['', ' ', '-', '--help', '*', '~', '\\', "'", '"', '$1', '"$@"', 'é', 'x'.repeat(10_000)];
    const word = fc.oneof(fc.constantFrom(...nasty, ...odd), fc.string({ unit: 'grapheme' }));
    const commands = fc.sample(fc.array(word, { minLength: 20, maxLength: 40 }), { numRuns: 12, seed: 11 });
    for (const command of commands) {
      const { stdout } = await server.run('one-off', args(server, command));
      expect(stdout.split('\0').slice(0, -1)).toEqual(['web', ...command]);
    }
    expect(existsSync(canary)).toBe(false);
  });
});

describe('pull', () => {
  const [web, cache] = [`registry.example.com:5000/shop/web@${digest('1')}`, `redis@${digest('2')}`];
  /** One image is here, the other one once it was pulled. */
  const docker = (more = '') => `
case "$*" in
  version*) echo amd64 ;;
  'image inspect --format'*redis*) echo amd64 ;;
  'image inspect --format'*) [ -e "$HOME/pulled" ] && echo amd64 ;;
  ${more}
  pull*) touch "$HOME/pulled" ;;
esac`;

  it('brings what is not here and tags everything, side by side', async () => {
    const server = sandbox({ docker: docker() });
    const { code, stdout } = await server.run('pull', ['/dev/null', `shop-${id}`, web, cache]);
    expect([code, facts(stdout)]).toEqual([0, []]);
    expect(
      server
        .dockerCalls()
        .filter((call) => /^(pull|tag)/.test(call))
        .toSorted(),
    ).toEqual([
      `pull --quiet ${web}`,
      `tag ${cache} redis:shop-${id}`,
      `tag ${web} registry.example.com:5000/shop/web:shop-${id}`,
    ]);
  });

  it('brings what a service wants for another platform for that one', async () => {
    const docker = `case "$*" in
      version*) echo amd64 ;;
      'image inspect --format'*redis*) [ -e "$HOME/pulled-redis" ] && echo arm64 ;;
      'image inspect --format'*) [ -e "$HOME/pulled-web" ] && echo arm64 ;;
      pull*redis*) touch "$HOME/pulled-redis" ;;
      pull*) touch "$HOME/pulled-web" ;;
    esac`;
    const server = sandbox({ docker });
    const sealed = `services:\n  cache:\n    image: ${cache}\n  web:\n    image: ${web}\n    platform: linux/arm64\n`;
    server.write({ 'compose.yml': sealed });
    const { code, stdout } = await server.run('pull', [server.path('compose.yml'), 'tag', web, cache]);
    expect([code, facts(stdout)]).toEqual([0, [`wrong-architecture\t${cache}\tarm64\tamd64`]]);
    expect(server.dockerCalls()).toContain(`pull --quiet --platform linux/arm64 ${web}`);
    expect(server.dockerCalls()).toContain(`pull --quiet ${cache}`);
  });

  it('reports a service that others wait for until it is healthy, and whose image has no healthcheck', async () => {
    const server = sandbox({
      docker: docker().replace(
        "'image inspect --format'*redis*) echo amd64 ;;",
        "'image inspect --format {{with'*) echo ;;\n  'image inspect --format'*redis*) echo amd64 ;;",
      ),
    });
    const waits = 'depends_on:\n      cache:\n        condition: service_healthy\n';
    server.write({
      'compose.yml': `services:\n  cache:\n    image: ${cache}\n  web:\n    ${waits}    image: ${web}\n`,
    });
    const { code, stdout } = await server.run('pull', [server.path('compose.yml'), 'tag', web, cache]);
    expect([code, facts(stdout)]).toEqual([0, ['unchecked\tcache\tweb\t']]);
  });

  it('fails when one image does not come, and brings the others', async () => {
    const server = sandbox({ docker: docker("pull*) echo 'no such image' >&2; exit 1 ;;") });
    const { code, stdout, stderr } = await server.run('pull', ['/dev/null', 'tag', web, cache]);
    expect([code, facts(stdout), stderr]).toEqual([1, [], 'no such image\n']);
    expect(server.dockerCalls()).toContain(`tag ${cache} redis:tag`);
  });

  it('fails when an image cannot be kept', async () => {
    const server = sandbox({ docker: docker('tag*) exit 1 ;;') });
    expect((await server.run('pull', ['/dev/null', 'tag', cache])).code).toBe(1);
  });

  it('reports an image that cannot run here', async () => {
    const server = sandbox({
      docker: `case "$*" in version*) echo arm64;; 'image inspect --format'*) echo amd64;; esac`,
    });
    const { code, stdout } = await server.run('pull', ['/dev/null', 'tag', cache]);
    expect([code, facts(stdout)]).toEqual([0, [`wrong-architecture\t${cache}\tamd64\tarm64`]]);
    expect(server.dockerCalls().filter((call) => call.startsWith('tag'))).toEqual([]);
  });
});

describe('pull', () => {
  it.each([
    ['of which machine this is', 'version*) exit 1 ;;'],
    ['of what an image is built for', "version*) echo amd64 ;;\n'image inspect --format'*) exit 1 ;;"],
  ])('fails, and is tried again, when Docker says nothing %s', async (_, silent) => {
    const server = sandbox({ docker: `case "$*" in ${silent} 'image inspect --format'*) echo amd64 ;; esac` });
    const { code, stdout } = await server.run('pull', ['/dev/null', 'tag', 'redis@sha256:1']);
    expect([code, facts(stdout)]).toEqual([1, []]);
  });

  it.each([
    [
      'and tells which',
      `printf '%s\\n' '   "architecture": "s390x",' '   "architecture": "arm64",' '   "architecture": "unknown",'`,
      'arm64,s390x',
    ],
    ['also when nobody tells which', 'exit 1', 'other machines'],
  ])('does not try again for an image that is for other machines, %s', async (_, manifest, builtFor) => {
    const server = sandbox({
      docker: `case "$*" in
        version*) echo amd64 ;;
        'image inspect'*) exit 1 ;;
        pull*) echo 'Error response from daemon: no matching manifest for linux/amd64 in the manifest list entries' >&2; exit 1 ;;
        'manifest inspect'*) ${manifest} ;;
      esac`,
    });
    const { code, stdout, stderr } = await server.run('pull', ['/dev/null', 'tag', 'redis@sha256:1']);
    expect([code, facts(stdout), stderr]).toEqual([0, [`wrong-architecture\tredis@sha256:1\t${builtFor}\tamd64`], '']);
  });
});

describe('attested', () => {
  const image = `ghcr.io/acme/shop-web@${digest('1')}`;
  const other = `ghcr.io/acme/shop-api@${digest('2')}`;
  /** A stand-in for GitHub's program. Shell lines: what it does. */
  const asked = async (gh: string, images: readonly string[] = [image]) => {
    const server = sandbox();
    server.write({ 'bin/gh': `#!/bin/sh\n${gh}\n` });
    chmodSync(server.path('bin/gh'), 0o755);
    return await server.run('attested', ['acme/shop', ...images], {
      stdin: 'token',
      env: { PATH: `${server.path('bin')}:${process.env['PATH']}` },
    });
  };
  const valid = `echo '[{"attestation":{},"verificationResult":{}}]'`;
  const help = `case "$*" in *--help) echo 'gh attestation verify [<file-path> | oci://<image-uri>]'; exit ;; esac`;

  it('asks GitHub about each image, with the token', async () => {
    const { code, stdout } = await asked(
      `${help}; echo "$GH_TOKEN $*" >&2; case $* in *api*) exit 1 ;; *) ${valid} ;; esac`,
      [image, other],
    );
    expect([code, facts(stdout)]).toEqual([
      0,
      [
        `attested\t${image}`,
        `refused\t${other}\ttoken attestation verify oci://${other} --repo acme/shop --format json`,
      ],
    ]);
  });

  // What gh 2.49, 2.67 and 2.102 say.
  it.each([
    ['there is none', 'printf "\\nError: no attestations found\\n" >&2; exit 1', 'no attestations found'],
    ['there is none, and ended well with nothing before 2.67', 'echo "[]"', ''],
    [
      'GitHub does not know it',
      'printf "\\nError: HTTP 404: Not Found (https://api.github.com/x)\\n" >&2; exit 1',
      'HTTP 404: Not Found (https://api.github.com/x)',
    ],
    [
      'another workflow signed it',
      `printf '\\nError: verifying with issuer "sigstore.dev"\\n' >&2; exit 1`,
      'verifying with issuer "sigstore.dev"',
    ],
  ])('refuses an image where gh says that %s', async (_, gh, why) => {
    const { code, stdout } = await asked(`${help}; ${gh}`);
    expect([code, facts(stdout)]).toEqual([0, [`refused\t${image}\t${why}`]]);
  });

  it.each([
    [
      'has no token',
      `${help}; printf 'gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable. Example:\\n  env:\\n    GH_TOKEN: x\\n' >&2; exit 4`,
      'login',
    ],
    [
      'does not know the command',
      `printf 'unknown command "attestation" for "gh"\\n\\nAvailable commands:\\n  alias\\n  workflow\\n' >&2; exit 1`,
      'old',
    ],
  ])('says so where gh %s, once', async (_, gh, fact) => {
    const { code, stdout } = await asked(gh, [image, other]);
    expect([code, facts(stdout)]).toEqual([0, [`gh\t${fact}`]]);
  });

  it('says so where there is no gh', async () => {
    const server = sandbox({ programs: ['sh', 'printf', 'cat', 'mktemp', 'grep', 'tail', 'rm'] });
    const { code, stdout } = await server.run('attested', ['acme/shop', image]);
    expect([code, facts(stdout)]).toEqual([0, ['gh\tmissing']]);
  });
});

describe('pin', () => {
  const docker = (registry: string, local = '') => `
case "$*" in
  'buildx imagetools inspect'*) ${registry} ;;
  'pull --quiet broken'*) exit 1 ;;
  'pull --quiet'*) exit 0 ;;
  'image inspect'*) ${local} ;;
esac`;

  it('finds the digest of every image, whatever its name looks like', async () => {
    const server = sandbox({ docker: docker(`echo '${digest('1')}'`) });
    const { code, stdout } = await server.run('pin', [
      'redis',
      'redis:7',
      'localhost:5000/a/b',
      'localhost:5000/a/b:v1',
    ]);
    expect(code).toBe(0);
    expect(facts(stdout).toSorted()).toEqual([
      `pinned\tlocalhost:5000/a/b\tlocalhost:5000/a/b@${digest('1')}`,
      `pinned\tlocalhost:5000/a/b:v1\tlocalhost:5000/a/b@${digest('1')}`,
      `pinned\tredis\tredis@${digest('1')}`,
      `pinned\tredis:7\tredis@${digest('1')}`,
    ]);
  });

  const named = `localhost:5000/a:v1@${digest('2')}`;
  const itsPin = `pinned\t${named}\tlocalhost:5000/a@${digest('2')}`;
  const x509 = 'ERROR: tls: failed to verify certificate: x509: certificate signed by unknown authority';
  const unknown = `manifest for ${named} not found: manifest unknown: manifest unknown`;

  it.each([
    ['that is there', 'buildx) echo {} ;;', itsPin],
    ['whose registry does not answer', "buildx) echo 'dial tcp: lookup r: no such host' >&2; exit 1 ;;", itsPin],
    [
      'that its registry does not have',
      `buildx) echo 'ERROR: ${named}: not found' >&2; exit 1 ;;`,
      `refused\t${named}\tERROR: ${named}: not found`,
    ],
    ['whose registry the engine knows', `buildx) echo '${x509}' >&2; exit 1 ;; image) exit 1 ;;`, itsPin],
    ['that is here', `buildx) echo '${x509}' >&2; exit 1 ;; image) ;; pull) exit 9 ;;`, itsPin],
    [
      'that the engine does not find',
      `buildx) echo '${x509}' >&2; exit 1 ;; image) exit 1 ;; pull) echo '${unknown}' >&2; exit 1 ;;`,
      `refused\t${named}\t${unknown}`,
    ],
    [
      'that the engine may not have',
      `buildx) echo '${x509}' >&2; exit 1 ;; image) exit 1 ;; pull) echo 'denied' >&2; exit 1 ;;`,
      itsPin,
    ],
  ])('takes the digest that an image has already, and looks for it: one %s', async (_, cases, fact) => {
    const server = sandbox({ docker: `case $1 in ${cases} esac` });
    const { code, stdout } = await server.run('pin', [named]);
    expect([code, facts(stdout)]).toEqual([0, [fact]]);
  });

  it('pulls an image whose registry only the engine knows', async () => {
    const local = `printf '%s\\n' 'other@${digest('8')}' 'own.example.com/a@${digest('3')}'`;
    const server = sandbox({ docker: docker('exit 1', local) });
    expect(facts((await server.run('pin', ['own.example.com/a:v1'])).stdout)).toEqual([
      `pinned\town.example.com/a:v1\town.example.com/a@${digest('3')}`,
    ]);
  });

  it.each([
    ['docker.io/library/redis:7', 'redis'],
    ['index.docker.io/library/redis', 'redis'],
    ['library/redis', 'redis'],
    ['redis:7', 'docker.io/library/redis'],
    ['docker.io/acme/app', 'acme/app'],
  ])('takes %s for what the engine calls %s', async (image, known) => {
    const local = `printf '%s\\n' 'redisx@${digest('8')}' 'acme-app@${digest('9')}' '${known}@${digest('3')}'`;
    const server = sandbox({ docker: docker('exit 1', local) });
    expect(facts((await server.run('pin', [image])).stdout)).toEqual([
      `pinned\t${image}\t${image.replace(/:7$/, '')}@${digest('3')}`,
    ]);
  });

  it('reports an image of which nobody knows a digest', async () => {
    const server = sandbox({ docker: docker('exit 1', `echo 'own-example-com/a@${digest('3')}'`) });
    const { code, stdout } = await server.run('pin', ['own.example.com/a:v1']);
    expect([code, facts(stdout)]).toEqual([0, ['refused\town.example.com/a:v1\tthe registry has no digest for it']]);
  });

  it('fails, and is tried again, when the engine does not say what it has pulled', async () => {
    const server = sandbox({ docker: docker('exit 1', 'exit 1') });
    const { code, stdout } = await server.run('pin', ['own.example.com/a:v1']);
    expect([code, facts(stdout)]).toEqual([1, []]);
  });

  it.each([
    'Error response from daemon: manifest for x:1 not found: manifest unknown: manifest unknown',
    'Error response from daemon: pull access denied for x, repository does not exist',
    'Error response from daemon: Head "https://r/v2/x/manifests/1": no basic auth credentials',
    'Error response from daemon: Head "https://r/v2/x/manifests/1": unauthorized: authentication required',
    'invalid reference format: repository name (X) must be lowercase',
  ])('reports what a retry cannot fix: %s', async (why) => {
    const server = sandbox({
      docker: `case "$*" in 'pull'*) echo 'a warning' >&2; echo '${why}' >&2; exit 1;; *) exit 1;; esac`,
    });
    const { code, stdout } = await server.run('pin', ['x:1']);
    expect([code, facts(stdout)]).toEqual([0, [`refused\tx:1\t${why}`]]);
  });

  it('fails when a registry does not answer, and finds the others', async () => {
    const server = sandbox({
      docker: `case "$*" in
        *inspect*broken*) exit 1;;
        *inspect*) echo '${digest('1')}';;
        pull*) echo 'lookup r: no such host' >&2; exit 1;;
      esac`,
    });
    const { code, stdout, stderr } = await server.run('pin', ['broken:1', 'redis:7']);
    expect([code, facts(stdout), stderr]).toEqual([
      1,
      [`pinned\tredis:7\tredis@${digest('1')}`],
      'lookup r: no such host\n',
    ]);
  });
});

describe('tidy', () => {
  const row = (id: string, name: string, oneOff: string, service: string, status: string, ...ids: readonly string[]) =>
    `${id} /${name} ${oneOff} ${service} ${status} ${ids.map((each) => `${each} `).join('')}`;
  const docker = (...rows: readonly string[]): string => `
case "$*" in
  'ps --all'*) printf '%s\\n' ids ;;
  'network ls'*) printf '%s\\n' n1 n2 ;;
  inspect*) printf '%s\\n' ${rows.map((each) => `'${each}'`).join(' ')} ;;
  *'config --services') printf '%s\\n' web cache ;;
esac`;
  const calls = async (rows: readonly string[], args: readonly string[]) => {
    const server = sandbox({ docker: docker(...rows) });
    const { code, stderr } = await server.run('tidy', args);
    return { code, stderr, calls: server.dockerCalls().filter((call) => /^rm|^unpause| create /.test(call)) };
  };

  it('removes what an interrupted switch left, and nothing else', async () => {
    const left = [
      row('a', '0123456789ab_shop-web-1', 'False', 'web', 'created', 'gone'),
      row('b', 'shop-migrate-20260203', 'True', 'web', 'exited', 'gone'),
    ];
    const rest = [
      row('c', 'shop-web-1', 'False', 'web', 'running', 'n1'),
      row('d', 'x', 'True', 'web', 'exited', 'n1'),
    ];
    const found = await calls([...left, ...rest], ['shop', '/r1/compose.yml']);
    expect(found).toMatchObject({ code: 0, calls: ['rm --force a', 'rm --force b'] });
    expect(found.stderr).toBe(
      'removing the leftover container 0123456789ab_shop-web-1\nremoving the leftover container shop-migrate-20260203\n',
    );
  });

  it('replaces what has ended on a network that is gone, of the services that the release has', async () => {
    const rows = [
      row('a', 'shop-web-1', 'False', 'web', 'exited', 'n1', 'gone'),
      row('b', 'shop-old-1', 'False', 'old', 'exited', 'gone'),
      row('c', 'shop-cache-1', 'False', 'cache', 'exited', 'n2'),
      row('d', 'shop-db-1', 'False', 'db', 'running', 'gone'),
    ];
    const created =
      'compose --project-name shop --file /r1/compose.yml create --no-build --pull never --force-recreate web';
    expect(await calls(rows, ['shop', '/r1/compose.yml'])).toMatchObject({ code: 0, calls: [created] });
    expect(await calls(rows.slice(1), ['shop', '/r1/compose.yml'])).toMatchObject({ code: 0, calls: [] });
    // There is no release to go back to.
    expect(await calls(rows, ['shop'])).toMatchObject({ code: 0, calls: [] });
  });

  it('lets a paused container go on, which Compose cannot start', async () => {
    const rows = [
      row('a', 'shop-web-1', 'False', 'web', 'paused', 'n1'),
      row('b', '0123456789ab_shop-db-1', 'False', 'db', 'paused', 'n1'),
      row('c', 'shop-cache-1', 'False', 'cache', 'exited', 'n2'),
    ];
    const found = await calls(rows, ['shop', '/r1/compose.yml']);
    expect(found).toMatchObject({ code: 0, calls: ['unpause a', 'rm --force b'] });
    expect(found.stderr).toContain('unpausing shop-web-1\n');
  });

  it('asks again where Docker did not answer, and fails rather than leave something behind', async () => {
    const left = row('a', '0123456789ab_shop-web-1', 'False', 'web', 'created', 'n1');
    for (const [failures, code] of [
      [1, 0],
      [9, 1],
    ] as const) {
      const first = `case "$*" in inspect*) [ "$(grep -c ^inspect "$0.calls")" -gt ${failures} ] || exit 1 ;; esac\n`;
      const count = 'case "$*" in inspect*) echo inspect >>"$0.calls" ;; esac\n';
      const server = sandbox({ docker: count + first + docker(left) });
      expect((await server.run('tidy', ['shop'])).code).toBe(code);
      expect(server.dockerCalls().filter((call) => call.startsWith('rm'))).toEqual(code === 0 ? ['rm --force a'] : []);
    }
  });
});

describe('inspect', () => {
  const line = (id: string) => `{"id":"${id}","state":{"Health":{"Status":"starting"}}}`;
  /** What Docker says of the healthcheck of each container: how many words, and the words, a line each. */
  const checks: Readonly<Record<string, readonly string[]>> = {
    shell: ['2', 'CMD-SHELL', 'test -e /ready &&', '  echo "$HOME"'],
    words: ['4', 'CMD', 'curl', '--fail', 'http://a/?x=*'],
    fails: ['2', 'CMD', 'false'],
    lines: ['3', 'CMD', 'echo', 'two', 'lines'],
    ownShell: ['0', 'CMD-SHELL', 'true'],
    other: ['2', 'CMD', 'true'],
  };
  const docker = `case "$*" in
  'ps --all'*) echo ids ;;
  *health=starting*) printf '%s\\n' ${Object.keys(checks)
    .map((id) => `'${id} ${id === 'other' ? 'cache' : 'web'}'`)
    .join(' ')} ;;
  *Healthcheck*) eval "id=\\\${$#}"; case $id in ${Object.entries(checks)
    .map(([id, words]) => `${id}) printf '%s\\n' ${words.map((word) => `'${word}'`).join(' ')} ;;`)
    .join(' ')} esac ;;
  'exec fails'*) exit 1 ;;
  exec*) ;;
  inspect*) printf '%s\\n' ${Object.keys(checks)
    .map((id) => `'${line(id)}'`)
    .join(' ')} ;;
esac`;

  it.each(shells)('runs the healthchecks of the services that are named as Docker would: $name', async ({ bin }) => {
    const server = sandbox({ docker });
    const { code, stdout } = await server.run('inspect', ['shop', 'web', 'api'], { path: bin });
    expect([
      code,
      facts(stdout)
        .filter((fact) => fact.startsWith('passes'))
        .toSorted(),
    ]).toEqual([0, ['passes\tshell', 'passes\twords']]);
    expect(
      server
        .dockerCalls()
        .filter((call) => call.startsWith('exec'))
        .toSorted(),
    ).toEqual([
      'exec fails false',
      'exec shell /bin/sh -c test -e /ready &&', // and its second line
      'exec words curl --fail http://a/?x=*',
    ]);
  });

  it('asks no container when no service is named', async () => {
    const server = sandbox({ docker });
    expect(facts((await server.run('inspect', ['shop'])).stdout).at(-1)).toBe(`container\t${line('other')}`);
    expect(server.dockerCalls().filter((call) => call.includes('Healthcheck'))).toEqual([]);
  });
});

describe('stopping', () => {
  const states: Readonly<Record<string, string>> = {
    asked: 'true 10 SIGTERM /shop-web-1',
    quit: 'true 90 SIGQUIT /shop-proxy-1',
    ended: 'false 10 SIGTERM /shop-old-1',
    reloaded: 'true 10 SIGTERM /shop-nginx-1',
    longAgo: 'true 10 SIGTERM /shop-stubborn-1',
    started: 'true 10 SIGTERM /shop-db-1',
  };
  it.each(shells)('waits for what is being stopped, and for nothing else: $name', async ({ bin }) => {
    const now = Math.floor(Date.now() / 1000);
    const events = [
      `kill asked ${now - 1} 15`,
      `start quit ${now - 500} `,
      `kill quit ${now - 60} 3`,
      `kill ended ${now - 2} 15`,
      `kill reloaded ${now - 1} 1`,
      `kill longAgo ${now - 60} 15`,
      `kill started ${now - 3} 15`,
      `die started ${now - 2} `,
      `start started ${now - 1} `,
    ];
    const rows = Object.entries(states).map(([id, state]) => `*${id}) echo '${state}' ;;`);
    const server = sandbox({
      docker: `case "$*" in
  events*) printf '%s\n' ${events.map((each) => `'${each}'`).join(' ')} ;;
  inspect*) case "$*" in ${rows.join(' ')} esac ;;
esac`,
    });
    const { code, stderr } = await server.run('stopping', ['shop'], { path: bin });
    expect(code).toBe(0);
    expect(stderr.split('\n').toSorted()).toEqual([
      '',
      'waiting for shop-proxy-1, which is being stopped',
      'waiting for shop-web-1, which is being stopped',
    ]);
    expect(
      server
        .dockerCalls()
        .filter((call) => call.startsWith('wait'))
        .toSorted(),
    ).toEqual(['wait asked', 'wait quit']);
  });

  it('never fails: without an answer nothing is being stopped', async () => {
    expect(await sandbox({ docker: 'exit 1' }).run('stopping', ['shop'])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('bake', () => {
  const rest = ['--file', 'bake.yml', '--push'];
  const args = ['fs=* ssh', '', ...rest];
  const old = '--set stringArray';

  it.each([
    ['allows what is asked for', '--allow stringArray', '', '--allow fs=* --allow ssh'],
    ['hands on what steps ask for', '--allow x', 'a.entitlements=b', '--allow fs=* --allow ssh --set a.entitlements=b'],
    ['says nothing of it to one that is older', old, '', ''],
  ])('%s', async (_, help, entitlements, more) => {
    const server = sandbox({ docker: `case "$*" in *--help) echo '      ${help}' ;; esac` });
    expect(await server.run('bake', ['fs=* ssh', entitlements, ...rest])).toMatchObject({ code: 0, stderr: '' });
    expect(server.dockerCalls().at(-1)).toBe(`buildx bake --file bake.yml --push ${more}`.trimEnd());
  });

  it('says which buildx a build with entitlements needs, where the one there would leave them out', async () => {
    const version = 'github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3';
    const docker = `case "$*" in *--help) echo '      ${old}' ;; *version) echo '${version}' ;; esac`;
    const { code, stderr } = await sandbox({ docker }).run('bake', ['fs=*', 'a.entitlements=b', ...rest]);
    expect([code, stderr]).toEqual([
      1,
      'compose-file: a build with `entitlements` or `privileged` needs buildx 0.17 or later on the runner (found: 0.13.1+ds1): update it, for example with docker/setup-buildx-action\n',
    ]);
  });

  it('fails as bake does', async () => {
    const server = sandbox({ docker: 'case "$*" in *--help) ;; *) exit 4 ;; esac' });
    expect((await server.run('bake', args)).code).toBe(4);
  });
});

describe('refresh', () => {
  const row = (minute: number, service: string, what: string): string =>
    `2026-02-03T04:0${minute}:00.5Z id-of-${service} ${service} ${what}`;
  const serverWith = (exec: string, ...rows: readonly string[]) =>
    sandbox({
      docker: `case $1 in ps) echo ids ;; inspect) printf '%s\\n' '${rows.join("' '")}' ;; exec) ${exec} ;; esac`,
    });
  const old = [
    row(1, 'proxy', 'nginx@sha256:1 /docker-entrypoint.sh nginx -g'),
    row(1, 'db', 'postgres@sha256:1 postgres'),
  ];
  const web = row(5, 'web', 'web@sha256:1 nginx');

  it('lets an nginx read its configuration again that is older than another container', async () => {
    const server = serverWith('', ...old, web);
    expect(await server.run('refresh', ['shop', 'first'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await server.run('refresh', ['shop', 'last'])).toMatchObject({
      code: 0,
      stdout: 'proxy: nginx has resolved its upstreams again\n',
    });
    const reloads = server.dockerCalls().filter((call) => call.startsWith('exec'));
    expect(reloads).toEqual(['exec id-of-proxy nginx -s reload', 'exec id-of-proxy nginx -s reload']);
  });

  it('reports a proxy that it cannot tell, and does not fail', async () => {
    const server = serverWith(
      'echo "host not found in upstream" >&2; exit 1',
      ...old,
      row(2, 'lb', 'haproxy@x a'),
      web,
    );
    expect(await server.run('refresh', ['shop', 'first'])).toMatchObject({ code: 0, stdout: '' });
    const { code, stdout } = await server.run('refresh', ['shop', 'last']);
    expect([code, stdout.split('\n')]).toEqual([
      0,
      [
        expect.stringMatching(/^warning: proxy was not recreated.*\(host not found in upstream\)/),
        expect.stringMatching(/^warning: lb was not recreated, and HAProxy/),
        '',
      ],
    ]);
  });

  it.each(['exit 1', 'echo'])('does nothing where there is nothing to see: %s', async (ps) => {
    const server = sandbox({ docker: `case $1 in ps) ${ps} ;; *) exit 1 ;; esac` });
    expect(await server.run('refresh', ['shop', 'last'])).toMatchObject({ code: 0, stdout: '' });
  });
});

describe('login', () => {
  const args = (folder: string) => [folder, 'registry.example.com', 'ci'];

  it('gives the password through stdin, into a configuration of its own', async () => {
    const server = sandbox({ docker: 'printf "%s" "$(cat)" >"$2/got"' });
    mkdirSync(server.root, { recursive: true });
    const folder = server.path('login');
    expect((await server.run('login', args(folder), { stdin: new Secret('hunter2') })).code).toBe(0);
    expect(server.dockerCalls()).toEqual([
      `--config ${folder} login --username ci --password-stdin registry.example.com`,
    ]);
    expect(readFileSync(`${folder}/got`, 'utf8')).toBe('hunter2');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('that fails says why, without what docker says of every login', async () => {
    const server = sandbox({
      docker: `cat >&2 <<'END'
WARNING! Your password will be stored unencrypted in /tmp/.login-x/config.json.
Configure a credential helper to remove this warning. See
https://docs.docker.com/engine/reference/commandline/login/#credentials-store

Error saving credentials: no space left on device
END
exit 1`,
    });
    mkdirSync(server.root, { recursive: true });
    const { code, stderr } = await server.run('login', args(server.path('login')), { stdin: 'x' });
    expect([code, stderr.trim()]).toEqual([1, 'Error saving credentials: no space left on device']);
  });

  it('starts as a copy of the configuration of the user, which it does not change', async () => {
    const server = sandbox({ docker: 'echo changed >"$2/config.json"' });
    server.write({ 'theirs/config.json': 'theirs', 'theirs/cli-plugins/docker-compose': 'plugin' });
    const folder = server.path('login');
    const env = { DOCKER_CONFIG: server.path('theirs') };
    expect((await server.run('login', args(folder), { stdin: 'x', env })).code).toBe(0);
    expect(server.read('theirs/config.json')).toBe('theirs');
    expect(server.read('login/config.json')).toBe('changed\n');
    expect(server.read('login/cli-plugins/docker-compose')).toBe('plugin');
  });

  const helper = 'registry.example.com';
  it.each([
    ['of all registries', '{"auths": {}, "credsStore": "desktop"}', { auths: {}, credsStore: 'desktop' }, {}],
    ['alone', '{"credsStore":"desktop"}\n', { credsStore: 'desktop' }, {}],
    ['of others', '{\n\t"credHelpers": {\n\t\t"a.example.com": "ecr"\n\t}\n}', {}, { 'a.example.com': 'ecr' }],
    ['of none', '{"credHelpers": { }, "credsStore": "x"}', { credsStore: 'x' }, {}],
    [
      'of this one and of others',
      `{"credHelpers": {"${helper}": "ecr-login", "b.example.com": "gcr"}, "auths": {"${helper}": {}}}`,
      { auths: { [helper]: {} } },
      { 'b.example.com': 'gcr' },
    ],
  ])('keeps the password out of a credential helper %s', async (_, config, rest, helpers) => {
    const server = sandbox({ docker: '' });
    server.write({ 'theirs/config.json': config });
    const env = { DOCKER_CONFIG: server.path('theirs') };
    expect((await server.run('login', args(server.path('login')), { stdin: 'x', env })).code).toBe(0);
    expect(JSON.parse(server.read('login/config.json'))).toEqual({
      ...rest,
      credHelpers: { ...helpers, [helper]: '' },
    });
  });

  it('reports what the registry said when it fails', async () => {
    const server = sandbox({ docker: 'echo "unauthorized" >&2; exit 1' });
    mkdirSync(server.root, { recursive: true });
    expect(await server.run('login', args(server.path('login')), { stdin: 'x' })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'unauthorized\n',
    });
  });

  it('says nothing of what Docker warns about when it succeeds', async () => {
    const server = sandbox({ docker: 'echo "WARNING! stored unencrypted" >&2' });
    mkdirSync(server.root, { recursive: true });
    expect(await server.run('login', args(server.path('login')), { stdin: 'x' })).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  it('uses no folder that somebody else made', async () => {
    const server = sandbox({ docker: '' });
    server.write({ 'login/config.json': 'planted' });
    expect((await server.run('login', args(server.path('login')), { stdin: 'x' })).code).not.toBe(0);
    expect(server.dockerCalls()).toEqual([]);
  });
});

describe('observe', () => {
  const container =
    '{"id":"a","name":"/shop-web-1","image":"x","labels":["web","h","False"],"restarts":0,"state":{"Status":"running"}}';
  const docker = `
case "$*" in
  'info'*) echo "26.1.5 v2.26.1 $HOME" ;;
  'ps --all'*) printf 'a\\nb\\n' ;;
  'inspect'*) printf '%s\\n' '${container}' ;;
  'compose version --short') echo 2.26.1 ;;
esac`;
  const tools = [
    'sh',
    'awk',
    'sed',
    'sort',
    'comm',
    'sha256sum',
    'timeout',
    'df',
    'tar',
    'id',
    'uname',
    'dirname',
    'basename',
    'readlink',
    'xargs',
    'tail',
    'tr',
    'cat',
    'flock',
  ];

  it('reports all that a deploy must know about a server, and changes nothing', async () => {
    const server = sandbox({ docker });
    const attempt = attemptOf();
    server.write({
      'releases/r1/compose.yml': '',
      'releases/half/raw.yml': '',
      'files/00ff/x': '',
      'history.jsonl': attemptLine(attempt),
    });
    symlinkSync('releases/r1', server.path('current'));
    const { code, stdout, stderr } = await server.run('observe', [server.root, 'shop']);
    expect([code, stderr]).toEqual([0, '']);
    expect(readHostState('web1', stdout)).toMatchObject({
      problems: [],
      current: 'r1',
      releases: ['r1'],
      files: ['00ff'],
      history: [attempt],
      containers: [{ name: 'shop-web-1', service: 'web' }],
      docker: '26.1.5',
      compose: '2.26.1',
    });
    expect(server.dockerCalls()).not.toContain('compose version --short');
    expect(server.dockerCalls().join('\n')).toContain('label=com.docker.compose.project=shop');
    expect(server.dockerCalls().join('\n')).toContain('inspect --type container');
    expect(server.dockerCalls().join('\n')).toMatch(/ a b$/m);
  });

  it('asks Compose itself for its version where Docker does not know it', async () => {
    const server = sandbox({ docker: docker.replace('26.1.5 v2.26.1 ', '26.1.5  ') });
    const { stdout } = await server.run('observe', [server.root, 'shop']);
    expect(readHostState('web1', stdout)).toMatchObject({ docker: '26.1.5', compose: '2.26.1' });
  });

  it('reports a link to a release that is gone, and a folder in its place', async () => {
    const server = sandbox({ docker });
    server.write({ 'releases/r1/compose.yml': '' });
    symlinkSync('releases/gone', server.path('current'));
    const lost = readHostState('web1', (await server.run('observe', [server.root, 'shop'])).stdout);
    expect(lost).toMatchObject({ fatal: true, current: undefined, problems: [expect.stringContaining('of r1')] });
    rmSync(server.path('current'));
    server.write({ 'current/compose.yml': '' });
    const folder = readHostState('web1', (await server.run('observe', [server.root, 'shop'])).stdout);
    expect(folder).toMatchObject({ fatal: true, current: undefined, problems: [expect.stringContaining('a folder')] });
  });

  it('finds a new server fit', async () => {
    const server = sandbox({ docker });
    const { stdout } = await server.run('observe', [server.root, 'shop']);
    expect(readHostState('web1', stdout)).toMatchObject({
      fatal: false,
      problems: [],
      current: undefined,
      releases: [],
      files: [],
      history: [],
    });
    expect(existsSync(server.root)).toBe(false);
  });

  it.each([
    ['Error loading config file: /home/deploy/.docker/config.json: unexpected EOF'],
    ['Error parsing config file (/home/deploy/.docker/config.json): unexpected EOF'],
  ])('reports a configuration that Docker cannot read: %s', async (said) => {
    const server = sandbox({ docker: `echo 'WARNING: ${said}' >&2\n${docker}` });
    const { stdout } = await server.run('observe', [server.root, 'shop']);
    expect(readHostState('web1', stdout)).toMatchObject({
      problems: [],
      warnings: [expect.stringContaining(' works without it: /home/deploy/.docker/config.json: unexpected EOF. ')],
    });
  });

  it('reports what is not installed', async () => {
    const server = sandbox({ programs: tools.filter((tool) => tool !== 'sort' && tool !== 'timeout') });
    const { stdout } = await server.run('observe', [server.root, 'shop']);
    expect(readHostState('web1', stdout).problems).toEqual([
      expect.stringMatching(/^web1: not installed: docker, .*sort, timeout \(see docs\/server\.md\)$/),
    ]);
  });

  it('reports an engine that does not answer, and a Compose that is missing', async () => {
    const server = sandbox({
      docker: `case $1 in version) printf 'Cannot connect\\nto the daemon' >&2; exit 1;; compose) exit 1;; esac`,
    });
    const { code, stdout } = await server.run('observe', [server.root, 'shop']);
    expect(code).toBe(0);
    expect(readHostState('web1', stdout).problems).toEqual([
      'web1: Docker is not responding: Cannot connect to the daemon',
      'web1: Docker Compose is not installed: install the Compose plugin, 2.24.4 or later',
    ]);
  });

  const attemptsOf = async (attempts: readonly ReturnType<typeof attemptOf>[]): Promise<readonly string[]> => {
    const server = sandbox({ docker });
    server.write({ 'history.jsonl': attempts.map(attemptLine).join('') });
    const { stdout } = await server.run('observe', [server.root, 'shop']);
    return readHostState('web1', stdout).history.map(({ release }) => release);
  };

  it('reports the last 200 attempts, and of those before the ones that touched what runs', async () => {
    const refused = Array.from({ length: 250 }, (_, n) =>
      attemptOf({ release: `refused${n}`, outcome: 'failed', switched: false, reason: '"switched":true' }),
    );
    const told = await attemptsOf([...refused, attemptOf({ release: 'r1' }), ...refused]);
    expect([told.length, told[0], told[1], told.at(-1)]).toEqual([201, 'r1', 'refused50', 'refused249']);
  });

  it('reports no more than 1000 attempts', async () => {
    const told = await attemptsOf(Array.from({ length: 1100 }, (_, n) => attemptOf({ release: `r${n}` })));
    expect([told.length, told[0], told.at(-1)]).toEqual([1000, 'r100', 'r1099']);
  });

  it.each([
    ['networks', "'network ls'*) exit 1 ;;"],
    ['containers', "'ps --all'*) exit 1 ;;"],
  ])('fails when Docker does not name its %s: the server would seem to have none', async (_, silent) => {
    const server = sandbox({ docker: docker.replace('case "$*" in', `case "$*" in\n  ${silent}`) });
    expect((await server.run('observe', [server.root, 'shop'])).code).toBe(1);
  });

  it('reports that the application’s folder is taken by a file', async () => {
    const server = sandbox({ docker });
    server.write({ '../shop': 'a file' });
    const { stdout } = await server.run('observe', [server.root, 'shop']);
    expect(readHostState('web1', stdout).problems[0]).toContain(`cannot write to ${server.root}`);
  });
});

describe('inspect', () => {
  it('reports the time of the server and its containers', async () => {
    const server = sandbox({ docker: `case $1 in ps) echo a;; inspect) echo '{"id":"a"}';; esac` });
    const before = Date.now();
    const { stdout } = await server.run('inspect', ['shop']);
    const [time = '', ...containers] = facts(stdout);
    const now = Number(time.replace('time\t', ''));
    expect(now).toBeGreaterThanOrEqual(Math.floor(before / 1000));
    expect(now).toBeLessThanOrEqual(Date.now() / 1000);
    expect(containers).toEqual(['container\t{"id":"a"}']);
  });

  it.each(shells)('fails with $name when Docker does not answer for a container that is there', async ({ bin }) => {
    const server = sandbox({
      docker: `case $1 in ps) printf 'a\\nb\\n' ;; inspect) echo '{"id":"a"}'; echo 'try again' >&2; exit 1 ;; esac`,
    });
    expect(await server.run('inspect', ['shop'], { path: bin })).toMatchObject({ code: 1, stderr: 'try again\n' });
  });

  it.each(shells)('reports with $name those that stay when one goes meanwhile', async ({ bin }) => {
    const server = sandbox({
      docker: `case $1 in
        ps) echo a; [ -e "$0.asked" ] || { : >"$0.asked"; echo b; } ;;
        inspect) echo '{"id":"a"}'; exit 1 ;;
      esac`,
    });
    const { code, stdout } = await server.run('inspect', ['shop'], { path: bin });
    expect([code, facts(stdout).at(-1)]).toEqual([0, 'container\t{"id":"a"}']);
  });

  it('asks about no container when there is none', async () => {
    const server = sandbox({ docker: '' });
    expect((await server.run('inspect', ['shop'])).code).toBe(0);
    expect(server.dockerCalls()).toHaveLength(1);
  });

  it('fails when Docker is not responding', async () => {
    const server = sandbox({ docker: 'exit 1' });
    expect((await server.run('inspect', ['shop'])).code).not.toBe(0);
  });
});

describe('prune', () => {
  const ids = [1, 2, 3, 4, 5].map((n) => `2026010${n}-000000-00000000000${n}`);
  const [r1 = '', r2 = '', r3 = '', r4 = '', r5 = ''] = ids;
  const hash = (n: number): string => String(n).repeat(16);
  /** Five releases with a shipped file each; all succeeded, and the fifth is current. */
  const filled = (docker: string) => {
    const server = sandbox({ docker });
    for (const [n, release] of ids.entries()) {
      server.write({
        [`releases/${release}/compose.yml`]: `      source: ${server.root}/files/${hash(n + 1)}/site.conf\n`,
        [`files/${hash(n + 1)}/site.conf`]: 'x',
      });
      utimesSync(server.path(`releases/${release}`), 1, 1);
    }
    server.write({
      'history.jsonl': ids.map((release) => attemptLine(attemptOf({ release }))).join(''),
      'shared/.env': 'mine',
    });
    symlinkSync(`releases/${r5}`, server.path('current'));
    return server;
  };
  const left = (server: ReturnType<typeof filled>) => readdirSync(server.path('releases'));

  it('keeps the newest releases with their files', async () => {
    const server = filled('');
    const { code, stdout } = await server.run('prune', [server.root, 'shop', '2']);
    expect([code, facts(stdout)]).toEqual([0, []]);
    expect(left(server)).toEqual([r4, r5]);
    expect(readdirSync(server.path('files'))).toEqual([hash(4), hash(5)]);
    expect(server.read('shared/.env')).toBe('mine');
  });

  it('keeps a shipped file that a container has written to, and says so', async () => {
    const server = filled('');
    const sum = createHash('sha256').update('x').digest('hex');
    server.write({ [`files/${hash(1)}/.shipped`]: `${sum}\n`, [`files/${hash(2)}/.shipped`]: `${sum}\n` });
    server.write({ [`files/${hash(1)}/site.conf`]: 'x and rows' });
    for (let times = 0; times < 2; times++) {
      const { stdout } = await server.run('prune', [server.root, 'shop', '2']);
      expect(facts(stdout)).toEqual([`kept\t${server.path(`files/${hash(1)}`)}\ta container has written to it`]);
    }
    expect(readdirSync(server.path('files'))).toEqual([hash(1), hash(4), hash(5)]);
  });

  it('counts a commit once that is deployed again and again, and keeps the previous release', async () => {
    const server = filled('');
    const again = ['20260106', '20260107', '20260108'].map((day) => `${day}-000000-000000000005`);
    for (const release of again) server.write({ [`releases/${release}/compose.yml`]: '' });
    const history = [...ids, ...again].map((release) => attemptLine(attemptOf({ release }))).join('');
    server.write({ 'history.jsonl': history });
    rmSync(server.path('current'));
    symlinkSync(`releases/${again[2]}`, server.path('current'));
    await server.run('prune', [server.root, 'shop', '3']);
    expect(left(server)).toEqual([r3, r4, again[1], again[2]]);
  });

  it('keeps all when there are fewer', async () => {
    const server = filled('');
    expect(facts((await server.run('prune', [server.root, 'shop', '9'])).stdout)).toEqual([]);
    expect(left(server)).toEqual(ids);
  });

  it('counts by success, the last one first', async () => {
    const server = filled('');
    const again = attemptLine(attemptOf({ release: r1, command: 'rollback' }));
    const failed = attemptLine(attemptOf({ release: r4, outcome: 'failed', reason: '"outcome":"succeeded"' }));
    const history = [r2, r3, r5].map((release) => attemptLine(attemptOf({ release }))).join('');
    server.write({ 'history.jsonl': `${history}${failed}${again}` });
    await server.run('prune', [server.root, 'shop', '2']);
    expect(left(server)).toEqual([r1, r5]);
  });

  it('counts no attempt that was interrupted, but what was current before an attempt', async () => {
    const server = filled('');
    const started = attemptOf({ release: r4, outcome: 'started', previous: r2 });
    const ended = { ...started, outcome: 'succeeded', release: r5, previous: r3 } as const;
    server.write({ 'history.jsonl': [attemptOf({ release: r1 }), started, ended].map(attemptLine).join('') });
    await server.run('prune', [server.root, 'shop', '3']);
    expect(left(server)).toEqual([r2, r3, r5]);
  });

  it('reads the history whatever the order of its fields, and whatever people wrote into it', async () => {
    const server = filled('');
    const reason = `","release":"${r2}","outcome":"succeeded","previous":"${r1}`;
    const { release, outcome, ...rest } = attemptOf({ release: r4, reason, actor: `\\${reason}` });
    const failed = attemptOf({ release: r3, outcome: 'failed', reason: `{"release":"${r3}","outcome":"succeeded"}` });
    server.write({ 'history.jsonl': `${JSON.stringify({ ...rest, outcome, release })}\n${attemptLine(failed)}` });
    await server.run('prune', [server.root, 'shop', '3']);
    expect(left(server)).toEqual([r4, r5]);
  });

  it('keeps a release that was interrupted as long as containers need it', async () => {
    const server = filled(`case $1 in ps) echo "$ROOT/releases/${r3}/compose.yml";; esac`);
    const good = attemptOf({ release: r5 });
    const started = attemptOf({ release: r3, outcome: 'started', previous: r5 });
    const refused = attemptOf({ release: r4, outcome: 'failed', switched: false, previous: r5 });
    server.write({ 'history.jsonl': [good, started, refused].map(attemptLine).join('') });
    await server.run('prune', [server.root, 'shop', '2'], { env: { ROOT: server.root } });
    expect(left(server)).toEqual([r3, r5]);
    server.write({ 'history.jsonl': [good, started, refused, attemptOf({ release: r5 })].map(attemptLine).join('') });
    await server.run('prune', [server.root, 'shop', '2'], { env: { ROOT: server.root } });
    expect(left(server)).toEqual([r5]);
  });

  it('keeps the current release and those that containers still need, whatever their age', async () => {
    const server = filled(
      `case $1 in ps) echo /opt/other/releases/x/compose.yml; echo "$ROOT/releases/${r2}/compose.yml";; esac`,
    );
    server.write({ 'history.jsonl': [r3, r4].map((release) => attemptLine(attemptOf({ release }))).join('') });
    await server.run('prune', [server.root, 'shop', '2'], { env: { ROOT: server.root } });
    expect(left(server)).toEqual([r2, r3, r4, r5]);
  });

  it.each(shells)(
    'keeps with $name what another run has just brought, and nothing that it left long ago',
    async ({ bin }) => {
      const server = filled(`case "$*" in 'image ls'*) printf 'web:shop-%s\\n' ${r1} ${r2} ;; esac`);
      server.write({
        'history.jsonl': attemptLine(attemptOf({ release: r5 })),
        '.incoming-a/x': '',
        '.incoming-b/x': '',
        'files/.merging-a/x': '',
        'files/.merging-b/x': '',
      });
      for (const name of ['.incoming-a', 'files/.merging-a']) utimesSync(server.path(name), 1, 1);
      // It is not resolved yet.
      rmSync(server.path(`releases/${r1}/compose.yml`));
      server.write({ [`releases/${r1}/paths.tab`]: `site.conf\t${server.path(`files/${hash(1)}/site.conf`)}\n` });
      expect((await server.run('prune', [server.root, 'shop', '2'], { path: bin })).code).toBe(0);
      expect(left(server)).toEqual([r1, r5]);
      expect(readdirSync(server.path('files'))).toEqual(['.merging-b', hash(1), hash(5)]);
      expect(server.dockerCalls()).toContain(`image rm web:shop-${r2}`);
      expect(readdirSync(server.root).filter((name) => name.startsWith('.'))).toEqual(['.incoming-b']);
      server.write({ 'history.jsonl': '' });
      await server.run('prune', [server.root, 'shop', '2'], { path: bin });
      expect(left(server)).toEqual([r1, r5]);
    },
  );

  it('unties its own tags of releases that are gone, and no others', async () => {
    const images = [
      `web:shop-${r1}`,
      `localhost:5000/web:shop-${r5}`,
      `web:shop2-${r1}`,
      `web:my-shop-${r1}`,
      'web:latest',
      `redis:shop-${r2}`,
      '<none>:<none>',
    ];
    const server = filled(
      `case "$*" in 'image ls'*) printf '%s\\n' ${images.map((image) => `'${image}'`).join(' ')};; esac`,
    );
    await server.run('prune', [server.root, 'shop', '2']);
    expect(server.dockerCalls().filter((call) => call.startsWith('image rm'))).toEqual([
      // In one call, however many there are.
      `image rm web:shop-${r1} redis:shop-${r2}`,
    ]);
  });

  it('does not mind an image that cannot be removed', async () => {
    const server = filled(`case "$*" in 'image ls'*) echo web:shop-${r1};; 'image rm'*) exit 1;; esac`);
    expect((await server.run('prune', [server.root, 'shop', '2'])).code).toBe(0);
  });

  it('leaves what a container mounts, or a volume binds, and reports it', async () => {
    const server = filled(`case "$*" in
      'ps --all --quiet'*) echo id ;;
      'inspect --type container'*) echo "$ROOT/releases/${r1}/files/db"; echo "$ROOT/files/${hash(2)}/site.conf" ;;
      'volume ls'*) echo v ;;
      'inspect --type volume'*) echo "<no value>"; echo "$ROOT/releases/${r2}/data" ;;
    esac`);
    const { stdout } = await server.run('prune', [server.root, 'shop', '1'], { env: { ROOT: server.root } });
    expect(readKept('web1', stdout)).toEqual(
      [r1, r2].map(
        (release) =>
          `web1: ${server.path(`releases/${release}`)} was left in place, although no release needs it: a container or a volume uses it; check it, and remove it by hand`,
      ),
    );
    expect(left(server)).toEqual([r1, r2, r5]);
    expect(readdirSync(server.path('files'))).toEqual([hash(1), hash(2), hash(5)]);
  });

  it('leaves a release that holds what no deploy brought there, and reports it', async () => {
    const server = filled('');
    server.write({
      [`releases/${r1}/files/db/PG_VERSION`]: '16',
      [`releases/${r2}/source/above-3/above-2/above-1/repository/compose.yml`]: '',
      [`releases/${r3}/source/data.db`]: 'x',
    });
    mkdirSync(server.path(`releases/${r4}/empty`));
    const old = new Date(0);
    utimesSync(server.path(`releases/${r2}/source/above-3/above-2/above-1/repository/compose.yml`), old, old);
    for (const release of [r1, r2, r3, r4]) utimesSync(server.path(`releases/${release}/compose.yml`), 1, 1);
    const { stdout } = await server.run('prune', [server.root, 'shop', '1']);
    expect(readKept('web1', stdout)).toEqual(
      [r1, r3].map((release) =>
        expect.stringContaining(`${release} was left in place, although no release needs it: it holds files`),
      ),
    );
    expect(left(server)).toEqual([r1, r3, r5]);
  });

  it('removes what env-files replaced, and does not take it for data, unless a way back needs it', async () => {
    const server = filled('');
    const replaced = `releases/${r5}/replaced/files/.env`;
    server.write({ [`releases/${r1}/replaced/files/.env`]: 'old', [replaced]: 'old', 'lease/failed/undo.sh': '' });
    const first = await server.run('prune', [server.root, 'shop', '1']);
    expect(readKept('web1', first.stdout)).toEqual([]);
    expect(left(server)).toEqual([r5]);
    expect(server.read(replaced)).toBe('old');
    rmSync(server.path('lease'), { recursive: true });
    await server.run('prune', [server.root, 'shop', '1']);
    expect(existsSync(server.path(`releases/${r5}/replaced`))).toBe(false);
  });

  it('has nothing to do where nothing was deployed', async () => {
    const server = sandbox({ docker: '' });
    mkdirSync(server.root, { recursive: true });
    const { code, stdout, stderr } = await server.run('prune', [server.root, 'shop', '2']);
    expect([code, facts(stdout), stderr]).toEqual([0, [], '']);
  });

  it.each(shells)('removes nothing with $name when Docker does not say what a container uses', async ({ bin }) => {
    for (const silent of ['container', 'volume']) {
      const server = filled(`case "$*" in
        'ps --all --quiet'*) printf '%s\\n' gone there ;;
        'volume ls'*) printf '%s\\n' gone there ;;
        'inspect --type ${silent}'*) echo gone; echo 'Error response from daemon: try again' >&2; exit 1 ;;
      esac`);
      server.write({ 'releases/x/replaced/files/.env': 'old' });
      const { code, stderr } = await server.run('prune', [server.root, 'shop', '2'], { path: bin });
      expect([code, stderr]).toEqual([
        1,
        `Error response from daemon: try again\nnothing was removed, because Docker does not say what the ${silent} there uses\n`,
      ]);
      expect(left(server)).toEqual([...ids, 'x']);
      expect(server.exists('releases/x/replaced/files/.env')).toBe(true);
    }
  });

  it.each(shells)('does not mind with $name a container or volume that goes meanwhile', async ({ bin }) => {
    // $0 is the program itself.
    const server = filled(`case "$*" in
      'ps --all --quiet'* | 'volume ls'*) echo there; [ -e "$0.$1" ] || { : >"$0.$1"; echo gone; } ;;
      'inspect --type'*) echo there; echo "$ROOT/releases/${r1}/data"; echo 'Error: No such object: gone' >&2; exit 1 ;;
    esac`);
    const given = { path: bin, env: { ROOT: server.root } };
    expect((await server.run('prune', [server.root, 'shop', '2'], given)).code).toBe(0);
    expect(left(server)).toEqual([r1, r4, r5]);
  });

  it('removes no release that it cannot tell from one in use, because Docker is not responding', async () => {
    const server = filled('exit 1');
    server.write({ 'history.jsonl': attemptLine(attemptOf({ release: r5 })) });
    await server.run('prune', [server.root, 'shop', '2']);
    expect(left(server)).toEqual(ids);
  });

  it('follows no link out of the application', async () => {
    const server = filled('');
    server.write({ '../outside/file': 'x' });
    symlinkSync('../../outside', server.path('releases/link'));
    await server.run('prune', [server.root, 'shop', '2']);
    expect(server.read('../outside/file')).toBe('x');
    expect(lstatSync(server.path('current')).isSymbolicLink()).toBe(true);
  });
});

describe('what only root may look at', () => {
  it('is not missing: a rollback passes over it, and reports it', async () => {
    const server = sandbox({ docker: '' });
    const release = `releases/${id}`;
    const closed = server.path('../closed');
    const at = (path: string): string => join(closed, path);
    mkdirSync(at('live/sub'), { recursive: true });
    const sources = [
      at('live/cert.pem'),
      at('live/sub'),
      at('none'),
      server.path('shared/ssl'),
      server.path('shared/no'),
    ];
    const mounts = sources.map((source) => `      - type: bind\n        source: ${source}\n        read_only: true\n`);
    server.write({
      [`${release}/compose.yml`]: `services:\n  web:\n    volumes:\n${mounts.join('')}`,
      [`${release}/release.json`]: '{}',
      'shared/x': '',
    });
    symlinkSync(at('live/cert.pem'), server.path('shared/ssl'));
    const reopen = shellLine(program('reopen', [server.root, id]));
    // Whatever runs this: to root nothing is closed.
    for (let folder = closed; folder !== tmpdir() && folder !== '/'; folder = dirname(folder)) chmodSync(folder, 0o755);
    // The fake docker notes there how it was called.
    server.write({ '../../calls': '' });
    chmodSync(server.path('../../calls'), 0o666);
    chmodSync(at('live'), 0o700);
    const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) chmodSync(at('live'), 0o000);
    const [command = '', ...args] = [...(isRoot ? nobody : []), '/bin/sh', '-c', reopen];
    const env = { PATH: `${server.path('../../bin')}:${process.env['PATH']}`, HOME: '/' };
    const output = execFileSync(command, args, { env, encoding: 'utf8' });
    if (!isRoot) chmodSync(at('live'), 0o700);
    const { problems, notes } = readReopened('web1', output, server.root);
    expect(problems.toSorted()).toEqual(
      [
        expect.stringContaining(`${at('none')} is missing (read by web)`),
        expect.stringContaining(`${server.path('shared/no')} is missing (read by web)`),
      ].toSorted((a, b) => String(a).localeCompare(String(b))),
    );
    expect(notes.toSorted()).toEqual(
      [at('live/cert.pem'), at('live/sub'), server.path('shared/ssl')].map((path) =>
        expect.stringContaining(`${path} cannot be checked, because the deploy user cannot enter its folder`),
      ),
    );
  });
});
