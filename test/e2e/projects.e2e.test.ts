/** Several applications of one repository on one server: each has its own name, and none takes another one's place. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { type Deployer, deployer } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { quickHealth } from '../../fixtures/shop.ts';
import { output, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
let server: Server;
let mono: Repository;
let deploy: Deployer;

beforeAll(async () => {
  server = await bed.server({ preload: [bed.image('busybox')] });
});
afterEach(async () => {
  await shell(
    server,
    'docker ps --all --quiet | xargs -r docker rm --force >/dev/null; docker volume ls --quiet | xargs -r docker volume rm >/dev/null; docker network prune --force >/dev/null; rm -rf /opt/*',
  );
});

const compose = (top = ''): string => `${top}services:
  web:
    image: ${bed.image('busybox')}
    command: ["sleep", "infinity"]
    init: true
    stop_grace_period: 1s
    volumes: ["data:/data", "../../common/robots.txt:/robots.txt:ro"]
${quickHealth}volumes: {data: {}}
`;

/** Compose's names for the folders below /opt are the deploy user's. */
async function open(folders: string, top = ''): Promise<void> {
  await shell(server, `cd /opt && install -d -o deploy ${folders}`);
  mono = repository('checkout');
  mono.git('remote', 'add', 'origin', 'https://x-access-token:secret@github.com/Acme/Mono.git');
  mono.commit({
    'common/robots.txt': 'User-agent: *\n',
    'apps/blog/compose.yml': compose(top),
    'apps/wiki/compose.yml': compose(top),
  });
  deploy = deployer(mono.folder, bed, server);
}
const running = async (): Promise<readonly string[]> => Object.keys((await stateOf(server)).containers);
const write = async (container: string, text: string) =>
  await shell(server, `docker exec ${container} sh -c 'echo ${text} >/data/rows'`);
const rows = async (container: string) => await output(server, 'docker', 'exec', container, 'cat', '/data/rows');

describe('two applications of a repository, in folders of their own', () => {
  it('are two projects where no file names one: after the repository that it was cloned from, and the folder', async () => {
    await open('mono-apps-blog mono-apps-wiki');
    succeeded(await deploy(['push', 'deploy'], { 'compose-file': 'apps/blog/compose.yml' }));
    await write('mono-apps-blog-web-1', 'posts');
    succeeded(await deploy(['push', 'deploy'], { 'compose-file': 'apps/wiki/compose.yml' }));
    await write('mono-apps-wiki-web-1', 'pages');
    const { all } = succeeded(
      await deploy(['push', 'deploy'], { 'working-directory': 'apps/blog', 'force-recreate': 'none' }),
    );
    expect(all).toMatch(/^ +web +keep$/m);
    expect(await running()).toEqual(['mono-apps-blog-web-1', 'mono-apps-wiki-web-1']);
    expect([await rows('mono-apps-blog-web-1'), await rows('mono-apps-wiki-web-1')]).toEqual(['posts\n', 'pages\n']);
    expect(await shell(server, 'grep -rl secret /opt || true')).toBe('');
  });

  it('of one name are not taken for each other, and the name that is asked for resolves it', async () => {
    await open('mono wiki', 'name: mono\n');
    succeeded(await deploy(['push', 'deploy'], { 'compose-file': 'apps/blog/compose.yml' }));
    await write('mono-web-1', 'posts');
    const before = await stateOf(server, '/opt/mono');
    const { code, all } = await deploy(['push', 'deploy'], { 'compose-file': 'apps/wiki/compose.yml' });
    expect(code, all).not.toBe(0);
    expect(all).toContain(
      'project mono was last deployed from github.com/acme/mono: apps/blog/compose.yml, but this is github.com/acme/mono: apps/wiki/compose.yml',
    );
    expect(all).not.toMatch(/^Push/m);
    expect(await stateOf(server, '/opt/mono')).toEqual(before);
    succeeded(await deploy(['push', 'deploy'], { 'compose-file': 'apps/wiki/compose.yml', 'project-name': 'wiki' }));
    expect(await running()).toEqual(['mono-web-1', 'wiki-web-1']);
    expect(await rows('mono-web-1')).toBe('posts\n');
  });
});

describe('an application that moved to another folder', () => {
  it('stays the same one, with its data, when that is said', async () => {
    await open('shop', 'name: shop\n');
    succeeded(await deploy(['push', 'deploy'], { 'compose-file': 'apps/blog/compose.yml' }));
    await write('shop-web-1', 'posts');
    mono.git('mv', 'apps/blog', 'apps/journal');
    mono.commit({});
    const moved = { 'compose-file': 'apps/journal/compose.yml' };
    expect((await deploy(['push', 'deploy'], moved)).all).toContain('set accept to other-source');
    succeeded(await deploy(['push', 'deploy'], { ...moved, accept: 'other-source' }));
    succeeded(await deploy(['push', 'deploy'], moved));
    expect(await rows('shop-web-1')).toBe('posts\n');
  });
});

describe('COMPOSE_PROJECT_NAME in .env', () => {
  it('names the project, as Compose takes it, before the file does', async () => {
    await open('fromenv', 'name: mono\n');
    mono.commit({ '.env': 'COMPOSE_PROJECT_NAME=fromenv\n' });
    succeeded(await deploy(['push', 'deploy'], { 'compose-file': 'apps/blog/compose.yml' }));
    expect(await running()).toEqual(['fromenv-web-1']);
  });

  it('and COMPOSE_FILE beside it are taken as Compose takes them: that name, and all of the files', async () => {
    await open('sentry');
    mono.commit({
      '.env': 'COMPOSE_PROJECT_NAME=sentry\nCOMPOSE_FILE=compose.yml:compose.extra.yml\n',
      'compose.yml': compose().replace(
        '"../../common/robots.txt:/robots.txt:ro"',
        '"./common/robots.txt:/robots.txt:ro"',
      ),
      'compose.extra.yml': compose()
        .replace('  web:', '  cache:')
        .replace(/^.*volumes:.*\n/gm, ''),
    });
    succeeded(await deploy(['push', 'deploy']));
    expect(await running()).toEqual(['sentry-cache-1', 'sentry-web-1']);
  });
});
