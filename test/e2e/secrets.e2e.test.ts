/** Where secrets can be seen while a deploy runs, and where they lie afterwards. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { failureOf, type Outcome, reach, runProcess, startKorrigo } from '../../fixtures/korrigo.ts';
import { openBed } from '../../fixtures/open-bed.ts';
import { type Findings, watchHere, watchServer } from '../../fixtures/sampler.ts';
import { shopFiles } from '../../fixtures/shop.ts';
import { output, shell } from '../../fixtures/state.ts';

const random = (): string => randomBytes(12).toString('hex');
const canary = `canary-${random()}`;
const passphrase = `passphrase-${random()}`;
const [token, second, third] = [`token-${random()}`, `second-${random()}`, `third-${random()}`];
const envFile = `API_TOKEN='${token}'\nOTHER=${second}\nDATABASE_URL=postgres://app:${third}@db/shop\n`;

const { bed, repository } = await openBed();
const shop = repository();
let server: Server;
/** HOME, TMPDIR and DOCKER_CONFIG of the runs. */
let home: string;
let needles: readonly string[];

beforeAll(async () => {
  server = await bed.server();
  home = join(bed.folder, 'home');
  mkdirSync(join(home, 'tmp'), { recursive: true });
  mkdirSync(join(home, '.docker'));
  const plugins = join(bed.engine.env['DOCKER_CONFIG'] ?? '', 'cli-plugins');
  if (bed.engine.env['DOCKER_CONFIG']) symlinkSync(plugins, join(home, '.docker/cli-plugins'));
  const key = join(bed.folder, 'encrypted');
  copyFileSync(server.privateKeyFile, key);
  execFileSync('ssh-keygen', ['-q', '-p', '-N', passphrase, '-f', key]);
  const { username, password } = bed.registry;
  const keyLines = [readFileSync(key, 'utf8'), server.privateKey].flatMap((text) => text.split('\n'));
  const anyKey = readFileSync(join(bed.folder, server.name, 'host_key'), 'utf8').split('\n');
  needles = [
    ...keyLines.filter((line) => line.length > 30 && !line.startsWith('-') && !anyKey.includes(line)),
    passphrase,
    password,
    Buffer.from(`${username}:${password}`).toString('base64'),
    token,
    second,
    third,
  ];
});

/** Deploys while both machines are watched. */
async function watched(inputs: Readonly<Record<string, string>> = {}): Promise<[Outcome, Findings, Findings]> {
  const { inputs: reached, env } = reach(bed, server);
  const allowed = new Set<number>();
  const here = watchHere([...needles, canary], allowed);
  const there = await watchServer(server, [...needles, canary]);
  const run = startKorrigo(
    shop.folder,
    ['build', 'push', 'deploy'],
    { ...reached, 'env-files': 'web.env=WEB_ENV', ...inputs },
    {
      ...env,
      HOME: home,
      TMPDIR: join(home, 'tmp'),
      ...(env['DOCKER_CONFIG'] === undefined ? {} : { DOCKER_CONFIG: join(home, '.docker') }),
      KORRIGO_SSH_KEY: readFileSync(join(bed.folder, 'encrypted'), 'utf8'),
      KORRIGO_SSH_PASSPHRASE: passphrase,
      WEB_ENV: envFile,
    },
  );
  allowed.add(run.pid);
  const outcome = await run.done;
  await showCanaries(async () => (await here.saw(canary)) && (await there.saw(canary)));
  return [outcome, await here.stop(), await there.stop()];
}

/** Proves that the samplers see what is there to be seen: on both machines, in a command line and in an environment. */
async function showCanaries(areSeen: () => Promise<boolean>): Promise<void> {
  const here = [spawn('cat', { env: { CANARY: canary } }), spawn('sh', ['-c', 'read line', canary])];
  const loop = "'while [ ! -e /tmp/enough ]; do sleep 0.1; done'";
  const there = [server.ssh(`sh -c ${loop} ${canary}`), server.ssh(`CANARY=${canary} sh -c ${loop}`)];
  await until('the canaries to be seen', 60_000, areSeen);
  for (const { stdin } of here) stdin.end();
  await shell(server, 'touch /tmp/enough');
  await Promise.all(there);
  await shell(server, 'rm /tmp/enough');
}

const isCanary = (line: string): boolean => line.includes(canary);

describe('a deploy with secrets', () => {
  let outcome: Outcome;
  let here: Findings;
  let there: Findings;

  beforeAll(async () => {
    shop.commit(shopFiles(bed, 'one', { web: '    env_file: web.env\n' }));
    [outcome, here, there] = await watched();
  });

  it('succeeds, and the application has them', async () => {
    expect(outcome.code, outcome.all).toBe(0);
    expect(await output(server, 'docker', 'exec', 'shop-web-1', 'sh', '-c', 'echo $API_TOKEN')).toBe(`${token}\n`);
  });

  it('is watched all the time: what is shown there is seen', () => {
    for (const { found, milliseconds } of [here, there]) {
      expect(found.filter((line) => isCanary(line) && line.startsWith('cmdline '))).not.toEqual([]);
      expect(found.filter((line) => isCanary(line) && line.startsWith('environ '))).not.toEqual([]);
      if (process.env['KORRIGO_SHOW'] === '1') process.stderr.write(`a look every ${milliseconds.toFixed(0)} ms\n`);
    }
  });

  it('shows none in a process list, neither here nor on the server, and lets nobody read its logins', () => {
    expect(here.found.filter((line) => !isCanary(line))).toEqual([]);
    expect(there.found.filter((line) => !isCanary(line))).toEqual([]);
  });

  it('prints none', () => {
    for (const needle of needles) expect(outcome.all).not.toContain(needle);
  });

  it('leaves none on this machine', async () => {
    const { stdout } = await search(['grep', '-rlaF', ...patterns(), home, shop.folder]);
    expect(stdout).toBe('');
    expect((await search(['find', join(home, 'tmp'), '-mindepth', '1'])).stdout).toBe('');
  });

  it('leaves them on the server where only the deploy user can read them: under shared/, and sealed', async () => {
    const found = await server.exec(
      [
        'sh',
        '-c',
        'cat >/root/needles; cd /; ls -A | grep -vxE "proc|sys|dev|bed" | xargs grep -rlaFf /root/needles --exclude-dir=docker --exclude=needles; rm /root/needles',
      ],
      { stdin: needles.map((needle) => `${needle}\n`).join('') },
    );
    const files = found.stdout.trim().split('\n').toSorted();
    expect(files).toEqual([
      expect.stringMatching(/^opt\/shop\/releases\/[\w-]+\/compose\.yml$/),
      'opt/shop/shared/web.env',
    ]);
    for (const file of files) expect(await shell(server, `stat -c '%a %U' /${file}`)).toBe('600 deploy\n');
  });

  const search = async (argv: readonly string[]) => await runProcess(argv, '/', { PATH: process.env['PATH'] ?? '' });
  const patterns = (): readonly string[] => needles.flatMap((needle) => ['-e', needle]);
});

describe('a version that prints its secrets and fails', () => {
  it('shows its log without them', async () => {
    const line = 'echo "connecting with $$API_TOKEN to $$DATABASE_URL"; env >&2; exit 3';
    shop.commit(
      shopFiles(bed, 'two', { web: `    env_file: web.env\n    command: ["sh", "-c", ${JSON.stringify(line)}]\n` }),
    );
    const [outcome, here, there] = await watched();
    expect(outcome.code).toBe(1);
    expect(failureOf(outcome)).toContain('connecting with *** to postgres://app:***@db/shop');
    for (const needle of needles) expect(outcome.all).not.toContain(needle);
    expect([...here.found, ...there.found].filter((found) => !isCanary(found))).toEqual([]);
  });
});
