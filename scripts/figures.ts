/**
 * What the action costs, measured on the test bed: size, start, memory, connections, and the time of a deploy beside
 * the same steps typed by hand.
 *
 *     npm run figures            prints a table, about two minutes
 *     npm run figures -- 9       rounds of the comparison (default 7)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type Bed, type Server, upBed } from '../bed/bed.ts';
import { output, run } from '../bed/process.ts';
import { dist, node24, type Outcome, reach, releaseOf, startKorrigo } from '../fixtures/korrigo.ts';
import { newRepository, type Repository } from '../fixtures/repository.ts';
import { shopFiles } from '../fixtures/shop.ts';

const rounds = Number(process.argv[2] ?? 7);
const migration = "web: sh -c 'echo migrated >/data/migrated'";

async function main(): Promise<void> {
  const bundle = readFileSync(join(dist, 'index.js'));
  say('bundle', `${kb(statSync(join(dist, 'index.js')).size)} (${kb(gzipSync(bundle).length)} gzipped)`);
  const starts = await times(10, async () => await firstOutput([node24, join(dist, 'cli.js'), '--help']));
  const bare = await times(10, async () => await firstOutput([node24, '--eval', 'process.stdout.write("x")']));
  say('start to first line', `${Math.round(median(starts))} ms, of which Node itself ${Math.round(median(bare))} ms`);
  const bed = await upBed();
  const repository = newRepository();
  try {
    const [server, other] = await Promise.all([bed.server(), bed.server()]);
    await measureOne(bed, server, repository);
    await compare(bed, server, other, repository);
  } finally {
    repository.remove();
    await bed.down();
  }
  say('load of this machine meanwhile', loadavg()[0]?.toFixed(1) ?? '?');
}

const say = (what: string, value: string): void => console.log(`${what.padEnd(32)} ${value}`);
const kb = (bytes: number): string => `${Math.round(bytes / 1000)} kB`;
const seconds = (values: readonly number[]): string => values.map((value) => (value / 1000).toFixed(2)).join(' ');

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[Math.floor(index)] ?? 0;
  return (at((sorted.length - 1) / 2) + at(sorted.length / 2)) / 2;
}

async function times(count: number, measure: () => Promise<number>): Promise<readonly number[]> {
  const values: number[] = [];
  for (let round = 0; round < count; round++) values.push(await measure());
  return values;
}

async function firstOutput([program = '', ...args]: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const elapsed = performance.now() - started;
  child.stdout.resume();
  await once(child, 'close');
  return elapsed;
}

/** Memory, connections and remote commands of one deploy. */
async function measureOne(bed: Bed, server: Server, repository: Repository): Promise<void> {
  repository.commit(shopFiles(bed));
  must(await startDeploy(bed, server, repository, ['build', 'push', 'deploy'], {}).done);
  const release = await push(bed, server, repository, 'measured');
  await server.exec([
    'sh',
    '-c',
    'echo LogLevel VERBOSE >/etc/ssh/sshd_config.d/00-figures.conf && kill -HUP $(pgrep -o -x sshd)',
  ]);
  await sleep(500);
  const before = await sshdLog(bed, server);
  const deploying = startDeploy(bed, server, repository, ['deploy'], { release, migrate: migration });
  const peak = await peakMemory(deploying.pid, deploying.done);
  const { all } = must(await deploying.done);
  await sleep(300);
  const log = (await sshdLog(bed, server)).slice(before.length);
  say('peak memory of a deploy', `${Math.round(peak / 1024)} MiB`);
  say('SSH connections of a deploy', String(count(log, /Accepted publickey/g)));
  say('remote commands of a deploy', String(count(log, /Starting session: command/g)));
  say('lines of its log', String(all.trim().split('\n').length));
}

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

async function sshdLog({ engine, id }: Bed, { name }: Server): Promise<string> {
  const { stdout, stderr } = await engine.tryDocker(['logs', `${id}-${name}`]);
  return `${stdout}${stderr}`;
}

/** KiB; the kernel keeps the mark. */
async function peakMemory(pid: number, done: Promise<unknown>): Promise<number> {
  let [peak, ended] = [0, false];
  void done.then(() => {
    ended = true;
  });
  while (!ended) {
    try {
      const [, mark] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      peak = Math.max(peak, Number(mark ?? 0));
    } catch {
      // It has just ended.
    }
    await sleep(20);
  }
  return peak;
}

/** The same new images on two servers, in turns: by the action, and by somebody who types fast. */
async function compare(bed: Bed, server: Server, other: Server, repository: Repository): Promise<void> {
  const [ours, typed]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const release = await push(bed, server, repository, `round ${round}`);
    const pair = [
      async () => void ours.push(await elapsed(async () => await byAction(bed, server, repository, release))),
      async () => void typed.push(await elapsed(async () => await byHand(bed, other, release))),
    ];
    for (const turn of round % 2 === 0 ? pair : pair.toReversed()) await turn();
    if (round > 0) continue;
    // The first round only warms up: both servers have the application now.
    ours.length = 0;
    typed.length = 0;
  }
  say('a deploy by the action', `${(median(ours) / 1000).toFixed(2)} s   (${seconds(ours)})`);
  say('the same typed by hand', `${(median(typed) / 1000).toFixed(2)} s   (${seconds(typed)})`);
  say('ratio of the medians', (median(ours) / median(typed)).toFixed(2));
}

async function elapsed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return performance.now() - started;
}

async function byAction(bed: Bed, server: Server, repository: Repository, release: string): Promise<void> {
  must(await startDeploy(bed, server, repository, ['deploy'], { release, migrate: migration }).done);
}

/** Login, pull, up, migrate, wait until healthy, logout: over one connection that the commands share. */
async function byHand(bed: Bed, server: Server, release: string): Promise<void> {
  const { registry, folder } = bed;
  const { images } = JSON.parse(release);
  const control = join(folder, 'control');
  const known = join(folder, server.name, 'known_hosts');
  const options = ['-F', '/dev/null', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${known}`, '-S', control];
  const ssh = async (line: string, stdin = ''): Promise<string> =>
    await output(['ssh', ...options, `deploy@${server.ip}`, line], { stdin });
  await output([
    'ssh',
    ...options,
    '-i',
    server.privateKeyFile,
    '-o',
    'ControlPersist=60',
    '-MNf',
    `deploy@${server.ip}`,
  ]);
  const file = shopFiles(bed)
    ['compose.yml']?.replace(/ {4}build:[\s\S]*?(?= {4}environment:)/, `    image: ${images.web}\n`)
    .replace(/image: \S+busybox\S*/, `image: ${images.cache}`);
  await ssh('mkdir -p /opt/shop && cd /opt/shop && cat >compose.yml && echo "colour = blue" >site.conf', file);
  await ssh(`docker login --username ${registry.username} --password-stdin ${registry.address}`, registry.password);
  await ssh('cd /opt/shop && docker compose pull --quiet');
  await ssh('cd /opt/shop && docker compose up --detach --remove-orphans');
  await ssh("cd /opt/shop && docker compose run --rm --no-TTY --no-deps web sh -c 'echo migrated >/data/migrated'");
  const healthy = 'docker inspect --format "{{.State.Health.Status}}" shop-web-1 shop-cache-1 | grep -vqx healthy';
  await ssh(`while ${healthy}; do sleep 0.5; done`);
  await ssh(`docker logout ${registry.address}`);
  await run(['ssh', ...options, '-O', 'exit', `deploy@${server.ip}`]);
}

async function push(bed: Bed, server: Server, repository: Repository, page: string): Promise<string> {
  repository.commit({ 'www/index.html': `${page}\n` });
  return releaseOf(must(await startDeploy(bed, server, repository, ['push'], {}).done));
}

function startDeploy(
  bed: Bed,
  server: Server,
  repository: Repository,
  commands: readonly string[],
  more: Readonly<Record<string, string>>,
) {
  const { inputs, env } = reach(bed, server);
  return startKorrigo(repository.folder, commands, { ...inputs, ...more }, env);
}

function must(outcome: Outcome): Outcome {
  if (outcome.code !== 0) throw new Error(outcome.all);
  return outcome;
}

await main();
