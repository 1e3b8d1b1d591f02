import { describe, expect, it } from 'vitest';
import { digest } from '../../fixtures/builders.ts';
import { sandbox } from '../../fixtures/server.ts';
import { shells } from '../../fixtures/shells.ts';
import { readUploaded } from '../../src/facts/images.ts';

const web = 'registry.example.com:5000/shop-web';
const api = 'ghcr.io/acme/api';

describe.each(shells)('upload with $name', ({ bin }) => {
  it('sends every image under a tag of its own, which does not stay here, and tells its digest', async () => {
    const server = sandbox({
      docker: `case $1 in push) echo 'a1b2: Pushed'; echo "build-1: digest: ${digest('7')} size: 1234" ;; esac`,
    });
    const { code, stdout } = await server.run('upload', ['build-1', `web=${web}:main`, `api=${api}:main`], {
      path: bin,
    });
    expect(code).toBe(0);
    expect(Object.fromEntries(readUploaded(stdout))).toEqual({
      api: `${api}@${digest('7')}`,
      web: `${web}@${digest('7')}`,
    });
    const calls = server.dockerCalls();
    for (const name of [web, api])
      expect(calls.filter((call) => call.includes(name))).toEqual([
        `tag ${name}:main ${name}:build-1`,
        `push ${name}:build-1`,
        `image rm ${name}:build-1`,
      ]);
  });

  it('fails as the registry does, and tells what came through all the same', async () => {
    const server = sandbox({
      docker: `case "$*" in push*api*) echo denied >&2; exit 1 ;; push*) echo "x: digest: ${digest('7')} size: 1" ;; esac`,
    });
    const result = await server.run('upload', ['build-1', `web=${web}:main`, `api=${api}:main`], { path: bin });
    expect(result).toMatchObject({ code: 1, stderr: 'denied\n' });
    expect([...readUploaded(result.stdout)]).toEqual([['web', `${web}@${digest('7')}`]]);
  });
});

describe.each(shells)('tag with $name', ({ bin }) => {
  const tags = [`${web}:main=${web}@${digest('7')}`, `${web}:latest=${web}@${digest('7')}`];

  it('gives every tag to what was sent ahead', async () => {
    const server = sandbox({ docker: `case $1 in push) echo "main: digest: ${digest('7')} size: 1234" ;; esac` });
    expect((await server.run('tag', tags, { path: bin })).code).toBe(0);
    expect(server.dockerCalls().toSorted()).toEqual([
      `push ${web}:latest`,
      `push ${web}:main`,
      `tag ${web}@${digest('7')} ${web}:latest`,
      `tag ${web}@${digest('7')} ${web}:main`,
    ]);
  });

  it('fails where something else got a tag', async () => {
    const server = sandbox({ docker: `case $1 in push) echo "main: digest: ${digest('8')} size: 1234" ;; esac` });
    const { code, stderr } = await server.run('tag', tags.slice(0, 1), { path: bin });
    expect([code, stderr]).toEqual([1, `${web}:main became something else than ${web}@${digest('7')}\n`]);
  });

  it('fails as the registry does', async () => {
    const server = sandbox({
      docker: `case "$*" in push*latest) echo denied >&2; exit 1 ;; push*) echo "digest: ${digest('7')} " ;; esac`,
    });
    expect(await server.run('tag', tags, { path: bin })).toMatchObject({ code: 1, stderr: 'denied\n' });
  });
});

describe.each(shells)('discard with $name', ({ bin }) => {
  it('removes the tag, and of what was built also what no other name keeps', async () => {
    const server = sandbox({ docker: `case "$*" in 'image inspect'*api*) echo 'api:other' ;; esac` });
    const images = [`${web}@${digest('1')}`, `${api}@${digest('2')}`, 'redis'];
    expect((await server.run('discard', ['shop-1', ...images], { path: bin })).code).toBe(0);
    expect(server.dockerCalls().filter((call) => call.startsWith('image rm'))).toEqual([
      `image rm ${web}:shop-1`,
      `image rm ${web}@${digest('1')}`,
      `image rm ${api}:shop-1`,
      'image rm redis:shop-1',
    ]);
  });

  it('does not mind what is not there or in use', async () => {
    const server = sandbox({ docker: 'exit 1' });
    expect((await server.run('discard', ['shop-1', `${web}@${digest('1')}`], { path: bin })).code).toBe(0);
  });
});

describe.each(shells)('replace with $name', ({ bin }) => {
  const create = ['docker', 'compose', 'create', 'web', 'api'];

  it('starts what Compose made of the services that are named, and what had ended', async () => {
    const server = sandbox({
      docker: `case "$*" in *service=web*) printf 'w1\\nw2\\n' ;; *service=api*) echo a1 ;; esac`,
    });
    expect((await server.run('replace', ['shop', 'web api', ...create], { path: bin })).code).toBe(0);
    const calls = server.dockerCalls();
    expect(calls[0]).toBe('compose create web api');
    expect(calls.filter((call) => call.startsWith('start')).toSorted()).toEqual(['start a1', 'start w1', 'start w2']);
    expect(calls[1]).toContain('--filter label=com.docker.compose.project=shop');
    expect(calls[1]).toContain('--filter label=com.docker.compose.oneoff=False');
  });

  it('starts what has ended without Compose where there is nothing to make', async () => {
    const server = sandbox({ docker: 'case $1 in ps) echo w1 ;; esac' });
    expect((await server.run('replace', ['shop', 'web'], { path: bin })).code).toBe(0);
    expect(server.dockerCalls().slice(1)).toEqual(['start w1']);
  });

  it('starts nothing when Compose fails', async () => {
    const server = sandbox({ docker: 'case $1 in compose) exit 17 ;; esac' });
    expect((await server.run('replace', ['shop', 'web', ...create], { path: bin })).code).toBe(17);
    expect(server.dockerCalls()).toHaveLength(1);
  });

  it('fails when one container does not start, and starts the others', async () => {
    const server = sandbox({
      docker: `case "$*" in ps*) printf 'w1\\nw2\\n' ;; 'start w1') echo 'port is already allocated' >&2; exit 1 ;; esac`,
    });
    const result = await server.run('replace', ['shop', 'web', ...create], { path: bin });
    expect(result).toMatchObject({ code: 1, stderr: 'port is already allocated\n' });
    expect(server.dockerCalls()).toContain('start w2');
  });
});
