import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { until } from '../../bed/process.ts';
import { kill, type LeaseServer, leaseServer, undoOf } from '../../fixtures/lease.ts';
import { isAlive } from '../../fixtures/processes.ts';
import { type Shell, shells } from '../../fixtures/shells.ts';
import { startJob } from '../../src/commands/lease.ts';
import type { Command } from '../../src/model/command.ts';
import type { JobNews } from '../../src/model/lease.ts';

const a = 'a1a1a1';
const within = 30_000;

async function taken(shell: Shell, onTestFinished: TestContext['onTestFinished']): Promise<LeaseServer> {
  const server = leaseServer(shell, onTestFinished);
  await server.take(a);
  return server;
}

/** All that a job prints, followed to its end. */
async function whole(server: LeaseServer, id: string, command: Command): Promise<JobNews & { readonly calls: number }> {
  const [out, err]: Buffer[][] = [[], []];
  let news = await server.start(a, id, command, 1);
  for (let calls = 1; ; calls++) {
    out?.push(Buffer.from(news.out));
    err?.push(Buffer.from(news.err));
    if (news.state !== 'running')
      return { ...news, out: Buffer.concat(out ?? []), err: Buffer.concat(err ?? []), calls };
    news = await server.more(a, id, news, 1);
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe.concurrent.each(shells)('a job with $name', (shell) => {
  it('reports its output, its errors and its exit code', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const news = await server.start(a, '1', { argv: ['sh', '-c', 'echo out; echo err >&2; printf half; exit 3'] });
    expect(news).toMatchObject({ state: 'ended', code: 3, outEnd: 8, errEnd: 4 });
    expect([text(news.out), text(news.err)]).toEqual(['out\nhalf', 'err\n']);
  });

  it.for<readonly [string, readonly string[], number]>([
    ['a program that is not there', ['no-such-program'], 127],
    ['one that a signal ends', ['sh', '-c', 'kill -TERM $$'], 143],
    ['one that is killed', ['sh', '-c', 'kill -KILL $$'], 137],
  ])('has the exit code that a shell would have: %s', async ([, argv, code], { onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    expect(await server.start(a, '1', { argv })).toMatchObject({ state: 'ended', code });
  });

  it('gets its arguments, environment, folder, umask and input as they are', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const argv = [
      'sh',
      '-c',
      'printf "%s|" "$@" "$A" "$(pwd)" "$(umask)"; cat',
      'x',
      `it's`,
      '$(id) "q"',
      'new\nline',
      '',
    ];
    const stdin = randomBytes(300_000);
    const news = await whole(server, '1', { argv, env: { A: 'a b' }, cwd: server.root, stdin });
    const umask = await server.ok({ argv: ['sh', '-c', 'umask'] });
    const before = `it's|$(id) "q"|new\nline||a b|${server.root}|${umask.trim()}|`;
    expect(text(news.out).startsWith(before)).toBe(true);
    expect(Buffer.from(news.out).subarray(before.length).equals(stdin)).toBe(true);
    expect(server.exists('lease/jobs/1/stdin')).toBe(false);
  });

  it('fails where its folder is missing, and runs nowhere else', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const news = await server.start(a, '1', { argv: ['touch', 'x'], cwd: '/no/such/folder' });
    expect(news.state).toBe('ended');
    expect(news.code).not.toBe(0);
    expect(text(news.err)).toContain('/no/such/folder');
  });

  it('has nothing open but its input and output, and is alone in a session', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const list = 'for n in 0 1 2 3 4 5 6 7 8 9 10 11 12; do [ ! -e "/proc/$$/fd/$n" ] || echo "$n"; done';
    const news = await server.start(a, '1', { argv: ['dash', '-c', list] });
    expect(text(news.out)).toBe('0\n1\n2\n');
    expect(await server.leave(a)).toBe('released');
  });

  it('frees the lease for others while what it left in the background goes on', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const news = await server.start(a, '1', { argv: ['sh', '-c', 'setsid sleep 600 & echo started'] });
    expect(news).toMatchObject({ state: 'ended', code: 0 });
    expect(await server.leave(a)).toBe('released');
    expect(await server.take('b')).toEqual({ kind: 'taken' });
  });

  it('is reported byte by byte, in parts, once', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const bytes = randomBytes(700_000);
    writeFileSync(join(server.env.HOME, 'bytes'), bytes);
    const command = 'head -c 100000 bytes; sleep 1; tail -c +100001 bytes | tee /dev/stderr; exit 4';
    const news = await whole(server, '1', { argv: ['sh', '-c', command], cwd: server.env.HOME });
    expect(news).toMatchObject({ state: 'ended', code: 4 });
    expect(Buffer.from(news.out).equals(bytes)).toBe(true);
    expect(Buffer.from(news.err).equals(bytes.subarray(100_000))).toBe(true);
    expect(news.calls).toBeGreaterThan(3);
  });

  it('reports what is new while it runs', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const script = 'echo one; until [ -e "$HOME/go" ]; do sleep 1; done; echo two';
    const first = await server.start(a, '1', { argv: ['sh', '-c', script] }, 60);
    expect([first.state, text(first.out)]).toEqual(['running', 'one\n']);
    const second = server.more(a, '1', first, 60);
    writeFileSync(join(server.env.HOME, 'go'), '');
    expect(text((await second).out)).toBe('two\n');
  });

  it('runs once, however often and by how many it is started', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const command = { argv: ['sh', '-c', 'echo x >>"$HOME/ran"; cat; sleep 1'], stdin: 'input' };
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map(() => server.start(a, '1', command, 30)));
    expect(all.map(({ state }) => state)).not.toContain('missing');
    const again = await whole(server, '1', command);
    expect([again.state, text(again.out)]).toEqual(['ended', 'input']);
    expect(readFileSync(join(server.env.HOME, 'ran'), 'utf8')).toBe('x\n');
  });

  it('is not run when its input was interrupted, and is run by the next try', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const command = startJob(server.key(a), '1', { argv: ['sh', '-c', 'cat >"$HOME/got"'], stdin: 'all of it' }, 10);
    const { code, stderr } = await server.host.run({ ...command, stdin: 'all' });
    expect([code, stderr]).toEqual([1, 'the connection ended too early\n']);
    expect(readdirSync(server.env.HOME)).not.toContain('got');
    await server.ok(command);
    expect(readFileSync(join(server.env.HOME, 'got'), 'utf8')).toBe('all of it');
  });

  it('that is killed from outside has no exit code', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const first = await server.start(a, '1', { argv: ['sh', '-c', 'echo $PPID; sleep 600'] }, 30);
    kill(server.read('lease/jobs/1/pid').split(' ')[0] ?? '', 'SIGKILL');
    expect(await server.more(a, '1', first, 30)).toMatchObject({ state: 'killed', code: undefined });
    expect(await server.start(a, '1', { argv: ['true'] }, 30)).toMatchObject({ state: 'killed' });
    // What it started is still ours, and ends with the lease.
    expect(await server.leave(a)).toBe('released');
    await server.quiet();
  });

  it('ends with all that it started, when it is stopped', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    // timeout leaves the process group, as GNU's does.
    const script = 'trap "echo last words; exit 1" TERM; timeout 600 sleep 600 & sleep 600 | cat & echo up; wait';
    const first = await server.start(a, '1', { argv: ['sh', '-c', script] }, 30);
    await server.stop(a, '1');
    const last = await server.more(a, '1', first, 30);
    expect(last.state).toBe('ended');
    expect(text(last.out)).toBe('last words\n');
    await server.leave(a);
    await server.quiet();
  });

  it('ends even when it takes no notice of TERM, in a process group of its own', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    const script =
      'trap "" TERM; timeout 600 sh -c "trap \\"\\" TERM; echo deaf; while :; do sleep 1; done" & wait; sleep 600';
    const first = await server.start(a, '1', { argv: ['sh', '-c', script] }, 30);
    expect(text(first.out)).toBe('deaf\n');
    await server.stop(a, '1', 1);
    expect(await server.more(a, '1', first, 30)).toMatchObject({ state: 'ended', code: 137 });
    await server.leave(a);
    await server.quiet();
  });

  it('does not begin any more when the lease is over', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    await server.leave(a);
    const out = await server.ok(startJob(server.key(a), '1', { argv: ['touch', join(server.env.HOME, 'ran')] }, 5));
    expect(out).toContain('lost\treleased\n');
    expect(readdirSync(server.env.HOME)).not.toContain('ran');
  });

  it('never outlives the lease, at whatever instant that ends', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    await server.arm(a, undoOf('sleep 2; ls "$HOME"'));
    const job = (n: number) => startJob(server.key(a), String(n), { argv: ['sh', '-c', `sleep 1; sleep 600`] }, 1);
    const starts = Array.from({ length: 12 }, async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, n * 40));
      return await server.host.run(job(n));
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await server.leave(a, 60)).toBe('rolled-back');
    await Promise.all(starts);
    await server.quiet();
  });

  it('keeps its number to itself: a process that has it by now is left alone', async ({ onTestFinished }) => {
    const server = await taken(shell, onTestFinished);
    await server.start(a, '1', { argv: ['sleep', '600'] }, 0);
    await until('the job', within, async () => server.read('lease/jobs/1/pid') !== '');
    const [, birth, boot] = server.read('lease/jobs/1/pid').trim().split(' ');
    const innocent = String(process.pid);
    mkdirSync(server.path('lease/jobs/2'), { recursive: true });
    writeFileSync(server.path('lease/jobs/2/pid'), `${innocent} ${birth} ${boot}\n`);
    await server.stop(a, '2', 0);
    expect(isAlive(innocent)).toBe(true);
    await server.stop(a, '1', 0);
    await server.leave(a);
    await server.quiet();
  });
});
