/** Brute force, a flood and connections without an end, from this machine, while others are at work: they are answered. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { output } from '../../bed/process.ts';
import { acmeImage, buildAcmeImage } from './infra/acme.ts';
import { ask, newStack, type Stack } from './infra/stack.ts';

const seconds = 20;

type Got = Readonly<Record<string, number>>;
type Row = readonly (string | number)[];

let bed: Bed;
let stack: Stack;
let authorization: Readonly<Record<string, string>>;
const rows: Row[] = [];

beforeAll(async () => {
  bed = await upBed();
  await buildAcmeImage(bed);
  const env = {
    CERTBOT_IMAGE: acmeImage,
    NGINX_IMAGE: bed.engine.images.nginx_next,
    TRUSTED_PROXIES: '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16',
  };
  stack = await newStack(bed, 'prod', { env });
  await stack.compose('up', '-d', '--build');
  await stack.healthy();
  authorization = await stack.migrate();
});
afterAll(async () => {
  const head = ['', 'the attack got', 'others: requests', 'median ms', '95 %', 'slowest', 'nginx MB'];
  console.log([head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n'));
  await stack?.down();
  await bed?.down();
});

it('nobody attacks', async () => {
  await measured('nothing', async () => {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return {};
  });
});

it('passwords are guessed from one address', async () => {
  const got = await measured('passwords from one address, 20 at once', () => attack('passwords'));
  expect(got['no token']).toBeUndefined();
  expect(got['403'] ?? 0).toBeLessThan(40);
  expect(got['429']).toBeGreaterThan(100);
});

it('passwords are guessed from many addresses', async () => {
  const got = await measured('passwords from 200 addresses, 20 at once', () => attack('addresses'));
  expect(got['no token']).toBeUndefined();
  expect(got['200']).toBeUndefined();
  expect(got['403'] ?? 0).toBeLessThanOrEqual(100);
});

it('requests come in a flood', async () => {
  const got = await measured('requests from one address, 100 at once', () => attack('requests'));
  expect(got['429']).toBeGreaterThan(got['401'] ?? 0);
});

it('connections are opened, and never end a request', async () => {
  const got = await measured('1,500 TLS connections that never end a request', () => attack('endless'));
  expect(got['connected']).toBe(1500);
  expect(got['closed']).toBe(1500);
});

const attack = async (kind: string): Promise<Got> => {
  const program = [process.execPath, join(import.meta.dirname, 'infra/attack.ts')];
  return JSON.parse(await output([...program, kind, String(stack.ports.https), String(seconds)])) as Got;
};

/** Four others, who ask ten times a second, each from an address of its own, and have to be answered each time. */
const measured = async (what: string, attacking: () => Promise<Got>): Promise<Got> => {
  const times: number[] = [];
  const statuses = new Set<number>();
  let isOver = false;
  let memory = 0;
  const other = async (n: number): Promise<void> => {
    while (!isOver) {
      const began = performance.now();
      const headers = { ...authorization, host: 'korrigo.example', 'x-forwarded-for': `203.0.113.${n + 1}` };
      const { status } = await ask({ port: stack.ports.https, tls: true, path: '/api/exams/', headers });
      const took = performance.now() - began;
      times.push(took);
      statuses.add(status);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 100 - took)));
    }
  };
  const watch = async (): Promise<void> => {
    const { Id } = await stack.inspect('nginx');
    while (!isOver) {
      const used = await bed.engine.docker('stats', '--no-stream', '--format', '{{.MemUsage}}', Id);
      memory = Math.max(memory, Number(/^([\d.]+)MiB/.exec(used)?.[1] ?? 0));
    }
  };
  const others = [0, 1, 2, 3].map(other);
  const watching = watch();
  const got = await attacking().finally(() => {
    isOver = true;
  });
  await Promise.all([...others, watching]);
  expect([...statuses]).toEqual([200]);
  times.sort((a, b) => a - b);
  const at = (share: number): number => Math.round(times[Math.floor(share * (times.length - 1))] ?? 0);
  const told = Object.entries(got).map(([name, count]) => `${count} × ${name}`);
  rows.push([what, told.join(', '), times.length, at(0.5), at(0.95), at(1), memory]);
  return got;
};
