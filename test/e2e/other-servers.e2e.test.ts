/** Whole deploys to servers that are not what OpenSSH on Debian is by default. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { output as programOutput, until } from '../../bed/process.ts';
import { type Deployer, deployer } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { shopFiles } from '../../fixtures/shop.ts';
import { page, shell } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
const shop = repository();
let server: Server;
let deploy: Deployer;

const everything = ['build', 'push', 'deploy'];
const migrate = "web: sh -c 'echo migrated'";

beforeAll(async () => {
  server = await bed.server();
  deploy = deployer(shop.folder, bed, server);
  await shell(server, 'apt-get update && apt-get install -y --no-install-recommends fish tcsh dropbear-bin');
});

describe('a login shell whose own files talk', () => {
  const write = async (path: string, text: string): Promise<void> =>
    void (await server.exec(['sh', '-c', `mkdir -p "$(dirname ${path})" && cat >${path}`], {
      stdin: `${text}\n`,
      user: 'deploy',
    }));
  const loginShell = async (path: string): Promise<string> => await shell(server, `usermod --shell ${path} deploy`);
  const talk = "echo 'Welcome!'; printf 'release\\tnot-a-fact\\njson\\t{}\\nno line end'; echo oops >&2";

  it('does not disturb a deploy, a status and a rollback', async () => {
    await write('/home/deploy/.bashrc', talk);
    await write('/home/deploy/.config/fish/config.fish', talk);
    await write('/home/deploy/.cshrc', "echo 'Welcome!'; echo 'release not-a-fact'; sh -c 'echo oops >&2'");
    const shown: string[] = [];
    const run = async (...given: Parameters<Deployer>): Promise<void> =>
      void shown.push(succeeded(await deploy(...given)).all);
    shop.commit(shopFiles(bed, 'one'));
    await run(everything, { migrate });
    expect(await page(server)).toBe('one');
    await loginShell('/usr/bin/fish');
    shop.commit(shopFiles(bed, 'two'));
    await run(everything, { migrate });
    expect(await page(server)).toBe('two');
    await run(['status']);
    await loginShell('/usr/bin/tcsh');
    await run(['rollback']);
    expect(await page(server)).toBe('one');
    await run(['status']);
    await loginShell('/bin/bash');
    expect(shown.join('\n')).not.toMatch(/Welcome|not-a-fact|no line end|oops/);
  });
});

it('Dropbear instead of sshd', async () => {
  const key = await shell(
    server,
    'mkdir -p /etc/dropbear && dropbearkey -t ed25519 -f /etc/dropbear/key >/dev/null 2>&1; dropbearkey -y -f /etc/dropbear/key | grep ^ssh-',
  );
  await shell(server, 'dropbear -E -s -p 2222 -r /etc/dropbear/key </dev/null >/var/log/dropbear.log 2>&1');
  const reached = { hosts: `${server.ip}:2222`, 'known-hosts': key.split(' ').slice(0, 2).join(' ') };
  shop.commit(shopFiles(bed, 'three'));
  succeeded(await deploy(everything, { ...reached, migrate }));
  expect(await page(server)).toBe('three');
  succeeded(await deploy(['rollback'], reached));
  expect(await page(server)).toBe('one');
});

it('a certificate instead of a key, through a program that is the connection', async () => {
  const folder = join(bed.folder, 'certificate');
  mkdirSync(folder);
  const [authority, key] = [join(folder, 'authority'), join(folder, 'key')];
  for (const file of [authority, key]) await programOutput(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file]);
  await programOutput(['ssh-keygen', '-q', '-s', authority, '-I', 'ci', '-n', 'deploy', '-V', '+1h', `${key}.pub`]);
  await server.exec(['sh', '-c', 'cat >/etc/ssh/authorities'], {
    stdin: await programOutput(['cat', `${authority}.pub`]),
  });
  await shell(
    server,
    "echo 'TrustedUserCAKeys /etc/ssh/authorities' >/etc/ssh/sshd_config.d/00-test.conf && kill -HUP $(pgrep -o -x sshd)",
  );
  await until('sshd', 20_000, async () => (await server.ssh('true')).code === 0);
  const pipe = join(folder, 'pipe.cjs');
  writeFileSync(
    pipe,
    "const socket = require('node:net').connect(process.argv[3], process.argv[2]);\nprocess.stdin.pipe(socket).pipe(process.stdout);\n",
  );
  const ways = {
    'ssh-key': `@${key}`,
    'ssh-certificate': `@${key}-cert.pub`,
    'proxy-command': `${process.execPath} ${pipe} %h %p`,
  };
  expect(succeeded(await deploy(['status'], ways)).stdout).toContain('shop-web-1');
});
