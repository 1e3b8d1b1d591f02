/** What builds read and what images are found: the real bake and registry. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindOf, withKind } from '../../bed/kinds.ts';
import { failureOf, korrigo, type Outcome, releaseOf, type Texts } from '../../fixtures/korrigo.ts';
import { openBed } from '../../fixtures/open-bed.ts';
import type { Files } from '../../fixtures/repository.ts';

const { bed, repository } = await openBed();
const app = repository('built');
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'korrigo-build-'));
  // What docker is called with, and the files that it gets.
  const spy = `#!/bin/sh
PATH=\${PATH#*:}
case "$*" in *' bake '*) cat "$4" >>'${folder}/bake'; echo "$*" >>'${folder}/bake' ;; esac
exec docker "$@"
`;
  writeFileSync(join(folder, 'docker'), spy);
  chmodSync(join(folder, 'docker'), 0o755);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
});

const run = async (commands: readonly string[], env: Texts = {}): Promise<Outcome> => {
  const { address, username, password } = bed.registry;
  const all = {
    ...bed.engine.env,
    KORRIGO_REGISTRY_PASSWORD: password,
    PATH: `${folder}:${process.env['PATH']}`,
    ...env,
  };
  return await korrigo(app.folder, commands, { registry: address, 'registry-username': username }, all);
};

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('secrets of a build', () => {
  const files = (): Readonly<Record<string, string>> => ({
    'compose.yml': `services:
  web:
    build:
      context: .
      args: {BASE: "${bed.engine.images.busybox}"}
      secrets: [token, {source: file, target: mine}]
  other:
    build:
      context: .
      dockerfile: Other
      args: {BASE: "${bed.engine.images.busybox}"}
      secrets: [{source: file2, target: mine}]
secrets:
  token: {environment: BUILD_TOKEN}
  file: {file: ./not-tracked}
  file2: {file: "./a, b"}
  unused: {environment: NOWHERE}
`,
    Dockerfile: `ARG BASE
FROM \${BASE}
RUN --mount=type=secret,id=token --mount=type=secret,id=mine cd /run/secrets && sha256sum token mine >/seen
`,
    Other: `ARG BASE\nFROM \${BASE}\nRUN --mount=type=secret,id=mine cd /run/secrets && sha256sum * >/seen\n`,
    '.gitignore': 'not-tracked\n',
    'a, b': 'of the other one',
  });

  it('reach the builds that use them, and are written nowhere', async () => {
    app.commit(files());
    app.write({ 'not-tracked': 'file-hunter2' });
    const { code, all } = await run(['build'], { BUILD_TOKEN: 'token-hunter2' });
    expect(code, all).toBe(0);
    const seen = async (service: string): Promise<string> =>
      await bed.engine.docker('run', '--rm', `${bed.registry.address}/built-${service}:main`, 'cat', '/seen');
    expect((await seen('web')).trim()).toBe(`${sha('token-hunter2')}  token\n${sha('file-hunter2')}  mine`);
    expect((await seen('other')).trim()).toBe(`${sha('of the other one')}  mine`);
    const written = readFileSync(join(folder, 'bake'), 'utf8');
    expect(written).toContain('id=token,env=BUILD_TOKEN');
    expect(`${written}${all}`).not.toContain('hunter2');
  });

  it('that are not set are reported before anything is built', async () => {
    app.commit(files());
    const outcome = await run(['build']);
    expect([outcome.code, failureOf(outcome)]).toEqual([
      1,
      'compose-file: the build of web needs the secret token, and BUILD_TOKEN is not set; set it with `env:` on this step',
    ]);
  });
});

describe('what the compose file asks of a build', () => {
  it('is allowed, without a person to ask: the network of the host, files and caches elsewhere, and odd names', async () => {
    writeFileSync(join(folder, 'npmrc'), 'npmrc-hunter2');
    const build = `{context: ., network: host, args: {BASE: "${bed.engine.images.busybox}"}, secrets: [npmrc]}`;
    app.commit({
      'compose.yml': `services:
  MongoConnector: {image: mongoconnector, build: ${build}}
  web_: {build: ${build}}
  base.v1: {build: {context: ., dockerfile: Base, args: {BASE: "${bed.engine.images.busybox}"}}}
  web.v2: {build: {context: ., dockerfile: Other, additional_contexts: {first: "service:base.v1"}}}
  worker: {build: ${build}, command: ["sleep", "1"]}
secrets:
  npmrc: {file: "\${NPMRC:-~/.npmrc}"}
`,
      Dockerfile:
        'ARG BASE\nFROM ${BASE}\nRUN --mount=type=secret,id=npmrc sha256sum </run/secrets/npmrc >/seen && ip link >>/seen\n',
      Base: 'ARG BASE\nFROM ${BASE}\nRUN echo one >/base\n',
      Other: 'FROM first\nRUN echo two >>/base\n',
      'sub/a': '',
    });
    const { address, username, password } = bed.registry;
    const env = { ...bed.engine.env, KORRIGO_REGISTRY_PASSWORD: password, NPMRC: join(folder, 'npmrc') };
    const inputs = { registry: address, 'registry-username': username };
    const outcome = await korrigo(join(app.folder, 'sub'), ['push'], inputs, env);
    expect(outcome.code, outcome.all).toBe(0);
    const { images, built } = JSON.parse(releaseOf(outcome));
    expect(built.toSorted()).toEqual(['MongoConnector', 'base.v1', 'web.v2', 'web_', 'worker']);
    // The same build is built and pushed once.
    expect(images.worker).toBe(images.web_);
    expect(images.MongoConnector).toBe(images.web_);
    expect(images['web.v2']).toMatch(new RegExp(`^${address}/built-web\\.v2@sha256:`));
    const read = async (image: string, file: string) => await bed.engine.docker('run', '--rm', image, 'cat', file);
    expect(await read(images['web.v2'], '/base')).toBe('one\ntwo');
    expect(await read(images.web_, '/seen')).toContain(sha('npmrc-hunter2'));
    expect(outcome.all).not.toContain('hunter2');
  });
});

describe('a build that asks for', () => {
  const files = (asks: string, run: string): Files => ({
    'compose.yml': `services: {web: {build: {context: ., args: {BASE: "${bed.engine.images.busybox}"}, ${asks}}}}\n`,
    Dockerfile: `ARG BASE\nFROM \${BASE}\nRUN ${run}\nCOPY . /app\n`,
    // The second one is of the tests before.
    '.dockerignore': 'left-out\nnot-tracked\n',
  });
  const image = `${bed.registry.address}/built-web:main`;

  it('the agent of SSH has it, and files that git does not know are in its image, and named', async () => {
    const agent = execFileSync('ssh-agent', ['-s'], { encoding: 'utf8' });
    const [, socket = ''] = /SSH_AUTH_SOCK=([^;]+)/.exec(agent) ?? [];
    const [, pid = ''] = /SSH_AGENT_PID=(\d+)/.exec(agent) ?? [];
    app.commit(files('ssh: [default]', '--mount=type=ssh [ -S "$SSH_AUTH_SOCK" ] && echo "$SSH_AUTH_SOCK" >/seen'));
    app.write({ 'notes.txt': 'mine', 'left-out': 'mine' });
    try {
      const outcome = await run(['build'], { SSH_AUTH_SOCK: socket });
      expect(outcome.code, outcome.all).toBe(0);
      expect(outcome.all.match(/not in git, but in the build context: .*/g)).toEqual([
        'not in git, but in the build context: notes.txt. Add what the image does not need to .dockerignore',
      ]);
    } finally {
      process.kill(Number(pid));
    }
    const seen = await bed.engine.docker('run', '--rm', image, 'sh', '-c', 'ls /app && cat /seen');
    expect(seen).toContain('notes.txt\n');
    expect(seen).not.toContain('left-out');
    // BuildKit's own socket, which leads to the agent.
    expect(seen).toMatch(/^\/run\/buildkit\/ssh_agent/m);
    app.write({ 'notes.txt': null, 'left-out': null });
  });

  it('the network of the host in one step gets it, from a buildx that knows how to ask', async () => {
    app.commit(files('entitlements: [network.host]', '--network=host ip link >/seen'));
    const old = await run(['build']);
    expect([old.code, old.all]).toEqual([1, expect.stringContaining('needs buildx 0.17 or later on the runner')]);
    const engine = await withKind(bed.engine, kindOf('newest'), bed.folder);
    const outcome = await run(['build'], { ...engine.env, PATH: `${folder}:${engine.env['PATH']}` });
    expect(outcome.code, outcome.all).toBe(0);
    // The host has the bridge of the engine.
    expect(await bed.engine.docker('run', '--rm', image, 'cat', '/seen')).toMatch(/(docker|br-)\S*:/);
  });
});

describe('an image of somebody else', () => {
  it('that does not exist is reported at once, with all others', async () => {
    const { address } = bed.registry;
    const gone = `sha256:${'5f'.repeat(32)}`;
    app.commit({
      'compose.yml': `services:
  web: {image: "${address}/nope:1"}
  db: {image: "${address}/korrigo-test/busybox:1@${gone}"}
  cache: {image: "${address}/korrigo-test/busybox:0"}
  fine: {image: "${bed.image('busybox')}"}
`,
    });
    const outcome = await run(['push']);
    expect(outcome.code, outcome.all).toBe(1);
    expect(outcome.all).not.toContain('trying again');
    const unknown = (image: string): string =>
      `- compose-file: image ${image} cannot be pulled: Error response from daemon: manifest for ${image.replace(/:1@/, '@')} not found: manifest unknown: manifest unknown`;
    expect(failureOf(outcome)).toBe(
      [
        '3 problems:',
        ...[`${address}/korrigo-test/busybox:0`, `${address}/korrigo-test/busybox:1@${gone}`, `${address}/nope:1`].map(
          unknown,
        ),
        '→ Check the name, and that this user may read it. Nothing was deployed.',
      ].join('\n'),
    );
  });
});
