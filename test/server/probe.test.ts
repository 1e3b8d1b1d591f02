import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../bed/process.ts';
import { shells } from '../../fixtures/shells.ts';
import { probe } from '../../src/commands/server.ts';
import { readProbed } from '../../src/facts/probed.ts';

/** A website that answers with this status, and counts. */
async function site(status = 200) {
  let [requests, now] = [0, status];
  const server = createServer((_request, response) => {
    requests += 1;
    response.writeHead(now, now === 302 ? { location: 'http://127.0.0.1:9/' } : {}).end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    requests: () => requests,
    answer: (other: number) => {
      now = other;
    },
  };
}

/** Runs the program in a group of its own, as a lease does. @param bin the only folder with programs */
function start(url: string, sh: string, bin: string) {
  const { argv } = probe(url);
  const child = spawn(sh, argv.slice(1), { env: { PATH: bin }, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    stop: async () => {
      process.kill(-(child.pid ?? 0), 'SIGTERM');
      expect(await ended).toBe(0);
      return readProbed('web1', output, 0);
    },
  };
}

const machine = process.env['PATH'] ?? '';
const busyBox = shells.find(({ name }) => name === 'BusyBox ash')?.bin ?? '';
/** A folder with GNU's wget and no curl. */
const gnu = (): string => {
  const folder = execFileSync('mktemp', ['--directory'], { encoding: 'utf8' }).trim();
  onTestFinished(() => void execFileSync('rm', ['--recursive', folder]));
  execFileSync('sh', [
    '-c',
    'for name in wget timeout sleep; do ln -s "$(command -v $name)" "$1"; done',
    'link',
    folder,
  ]);
  return folder;
};

const clients = [
  ...shells.map(({ name, bin }) => ({ name: `curl in ${name}`, sh: join(bin, 'sh'), path: () => machine })),
  { name: 'wget of GNU', sh: '/bin/sh', path: gnu },
  { name: 'wget of BusyBox', sh: join(busyBox, 'sh'), path: () => busyBox },
];

describe.each(clients)('asking a URL with $name', ({ sh, path }) => {
  it('counts every answer, and the end is no failure', async () => {
    const { url, requests } = await site();
    const asking = start(url, sh, path());
    await until('it has asked', 20_000, async () => requests() > 3);
    const found = await asking.stop();
    expect(found).toMatchObject({ kind: 'counted', failed: 0, outages: [], up: true });
  });

  it('tells a status that is no answer from one that is, and how many there were', async () => {
    const { url, requests, answer } = await site(302);
    const asking = start(url, sh, path());
    await until('it has asked', 20_000, async () => requests() > 2);
    answer(502);
    const before = requests();
    await until('it failed', 20_000, async () => requests() > before + 2);
    answer(204);
    const failed = requests();
    await until('it is back', 20_000, async () => requests() > failed + 2);
    const found = await asking.stop();
    expect(found).toMatchObject({ kind: 'counted', up: true, outages: [{ answer: 'HTTP 502' }] });
  });

  it('says where nothing answers', async () => {
    const asking = start('http://127.0.0.1:9/', sh, path());
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await asking.stop()).toEqual({ host: 'web1', kind: 'not-up-before', answer: 'no answer' });
  });
});
