import { describe, expect, it } from 'vitest';
import { digest } from '../../fixtures/builders.ts';
import { sandbox } from '../../fixtures/server.ts';
import { shells } from '../../fixtures/shells.ts';
import { readUploaded } from '../../src/facts/images.ts';

const web = 'registry.example.com:5000/shop-web';
const api = 'ghcr.io/acme/api';

describe.each(shells)('upload with $name', ({ bin }) => {
  it('sends every image under a tag of its own, which does not stay here, and reports its digest', async () => {
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

  it('fails as the registry does, and reports what came through all the same', async () => {
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
    expect([code, stderr]).toEqual([1, `${web}:main does not point to ${web}@${digest('7')}\n`]);
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
