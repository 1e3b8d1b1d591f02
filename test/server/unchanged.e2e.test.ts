/** Whether what a release was made of on a server is still the same, with the real git and Compose. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeResolver, type Resolver } from '../../fixtures/resolver.ts';

let server: Resolver;
beforeEach(async () => {
  server = await makeResolver();
});
afterEach(() => server.remove());

const shared = { '.env': 'PORT=80\n', 'web.env': 'A=1\n', key: 's3cret', 'certificates/web.pem': 'x' };

/** One of each kind of what the server's own values are read from. */
async function resolved(): Promise<string> {
  const absolute = join(server.root, 'absolute.conf');
  mkdirSync(server.root, { recursive: true });
  writeFileSync(absolute, 'x');
  const volumes = ['./certificates:/certificates:ro', './site.conf:/site.conf:ro', './data:/data', `${absolute}:/a:ro`];
  const { id, problems } = await server.resolve({
    files: {
      'compose.yml': `name: shop
services:
  web:
    image: nginx
    env_file: [web.env, sent.env]
    volumes: ${JSON.stringify(volumes)}
    secrets: [key]
secrets: {key: {file: ./key}}
`,
      'site.conf': 'server {}',
    },
    shared,
    inputs: { 'env-files': 'sent.env=SENT' },
    env: { SENT: 'B=1\n' },
  });
  expect(problems).toEqual([]);
  return id;
}

describe('a release that waits on a server', () => {
  it('is still what it would be now where nothing of the server has changed', async () => {
    expect(await server.others(await resolved())).toEqual([]);
  });

  it('does not mind what is in folders: containers see it anyway', async () => {
    const id = await resolved();
    server.shared({ 'data/rows': 'x', 'certificates/web.pem': 'renewed' });
    expect(await server.others(id)).toEqual([]);
  });

  it.each([
    ['a value of .env', '.env', { '.env': 'PORT=81\n' }],
    ['an env_file', 'web.env', { 'web.env': 'A=2\n' }],
    ['a secret', 'key', { key: 'rotated' }],
  ])('is out of date when it is %s that has changed', async (_, name, files) => {
    const id = await resolved();
    server.shared(files);
    expect(await server.others(id)).toEqual([name]);
  });

  it('is out of date when something has gone, has come, or lies elsewhere on the server', async () => {
    const id = await resolved();
    rmSync(join(server.root, 'shared/key'));
    rmSync(join(server.root, 'shared/certificates'), { recursive: true });
    writeFileSync(join(server.root, 'absolute.conf'), 'y');
    expect([...(await server.others(id))].sort()).toEqual([join(server.root, 'absolute.conf'), 'certificates', 'key']);
  });

  it('is out of date when somebody has removed it', async () => {
    const id = await resolved();
    rmSync(join(server.root, 'releases', id), { recursive: true });
    await expect(server.others(id)).rejects.toThrow('it did not look to the end');
  });
});
