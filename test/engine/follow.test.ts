import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { until } from '../../bed/process.ts';
import { collectedLog, fakeClock } from '../../fixtures/fakes.ts';
import { arm, confirm, kill, type LeaseServer, leaseServer, undoOf } from '../../fixtures/lease.ts';
import { limitAtFirstLine } from '../../fixtures/processes.ts';
import { shells } from '../../fixtures/shells.ts';
import { startInBackground } from '../../src/engine/background.ts';
import { type Call, follow } from '../../src/engine/follow.ts';
import { type Held, heldOn } from '../../src/engine/held.ts';
import { type Link, linkTo } from '../../src/engine/link.ts';
import { Cancelled, ConnectError, LeaseLostError } from '../../src/errors.ts';
import type { Host } from '../../src/hosts/host.ts';
import type { Command } from '../../src/model/command.ts';
import { systemClock } from '../../src/ports.ts';

const a = 'a1a1a1';
const within = 30_000;

/** What becomes of a command: it runs, it never gets there, or it runs and the answer gets lost. */
type Fate = 'runs' | 'lost' | 'unanswered';

function flaky(inner: Host, fate: (command: Command) => Fate): Host {
  let gone = false;
  const lose = (): ConnectError => new ConnectError('web1', 'the connection dropped');
  return {
    name: 'web1',
    run: async (command, options) => {
      if (gone) throw lose();
      const next = fate(command);
      gone = next !== 'runs';
      if (next === 'lost') throw lose();
      const result = await inner.run(command, options);
      return next === 'unanswered' ? { ...result, code: null, stdout: result.stdout.slice(0, 30) } : result;
    },
    close: async () => {},
  };
}

type Scene = {
  readonly server: LeaseServer;
  readonly held: Held;
  readonly link: Link;
  readonly lines: string[];
  readonly connections: () => number;
  readonly beat: () => void;
};

async function scene(
  onTestFinished: TestContext['onTestFinished'],
  {
    fate = () => 'runs',
    connect = () => true,
    connecting,
    graceSeconds = 60,
  }: {
    readonly fate?: (command: Command) => Fate;
    /** Whether the nth attempt to connect succeeds. */
    readonly connect?: (attempt: number) => boolean;
    /** What an attempt waits for. */
    readonly connecting?: Promise<never>;
    readonly graceSeconds?: number;
  } = {},
): Promise<Scene> {
  const [shell] = shells;
  if (shell === undefined) throw new Error('there is no shell');
  const server = leaseServer(shell, onTestFinished);
  await server.take(a, { graceSeconds });
  const log = collectedLog();
  let attempts = 0;
  const link = linkTo(flaky(server.host, fate), 2 * graceSeconds, {
    log,
    clock: fakeClock(),
    reconnect: async () => {
      await connecting;
      if (!connect(++attempts)) throw new ConnectError('web1', 'no route to host');
      return flaky(server.host, fate);
    },
  });
  let beat = (): void => {};
  const held = heldOn(link, server.key(a), graceSeconds, (_, act) => {
    beat = act;
    return () => {
      beat = () => {};
    };
  });
  return { server, held, link, lines: log.lines, connections: () => attempts, beat: () => beat() };
}

/** A server on which a job has said `up`, and goes on whatever is done about it. */
function endless() {
  const calls: string[] = [];
  const call: Call = async ({ argv }) => {
    calls.push(argv[5] ?? '');
    await new Promise(setImmediate);
    const out = calls.length === 1 ? 'out\tdXAK\n' : '';
    const stdout = `korrigo-facts 1\njob\trunning\nout-end\t3\n${out}err-end\t0\ncomplete\tyes\n`;
    return { code: 0, stdout, stderr: '', seconds: 0, timedOut: false };
  };
  return { calls, call };
}

describe.concurrent('a detached command', () => {
  it('ends as any command does', async ({ onTestFinished }) => {
    const { held } = await scene(onTestFinished);
    const lines: string[] = [];
    const argv = ['sh', '-c', 'echo out; printf err >&2; cat; exit 3'];
    const result = await held.detached.run(
      { argv, stdin: 'input', env: { A: '1' } },
      { onLine: (line, stream) => lines.push(`${stream} ${line}`) },
    );
    expect(result).toMatchObject({ code: 3, stdout: 'out\ninput', stderr: 'err', timedOut: false });
    expect(lines).toEqual(['stdout out', 'stdout input', 'stderr err']);
  });

  it('runs once, and its output appears complete and only once, whatever becomes of the connection', async ({
    onTestFinished,
  }) => {
    let calls = 0;
    const fates: readonly Fate[] = ['lost', 'unanswered', 'runs', 'unanswered', 'unanswered', 'lost', 'runs'];
    const { server, held, lines } = await scene(onTestFinished, {
      fate: () => fates[calls++ % fates.length] ?? 'runs',
    });
    const script =
      'echo x >>"$HOME/ran"; for n in 1 2 3 4 5 6; do echo "line $n"; echo "error $n" >&2; sleep 0.4; done';
    const told: string[] = [];
    const result = await held.detached.run({ argv: ['sh', '-c', script] }, { onLine: (line) => told.push(line) });
    const numbers = [1, 2, 3, 4, 5, 6];
    expect(result.code).toBe(0);
    expect(result.stdout).toBe(numbers.map((n) => `line ${n}\n`).join(''));
    expect(result.stderr).toBe(numbers.map((n) => `error ${n}\n`).join(''));
    expect(told.toSorted()).toEqual([...numbers.map((n) => `error ${n}`), ...numbers.map((n) => `line ${n}`)]);
    expect(readFileSync(join(server.env.HOME, 'ran'), 'utf8')).toBe('x\n');
    expect(lines.length).toBeGreaterThan(0); // a slow machine asks less often
    expect(new Set(lines)).toEqual(new Set(['info web1: connection dropped, back after 0 s']));
  });

  it('has characters whole that come in two parts', async ({ onTestFinished }) => {
    const { held } = await scene(onTestFinished);
    const told: string[] = [];
    const argv = [
      'sh',
      '-c',
      `printf 'gr\\303'; sleep 1.5; printf '\\274n \\360\\237'; sleep 1.5; printf '\\232\\200\\n'`,
    ];
    const result = await held.detached.run({ argv }, { onLine: (line) => told.push(line) });
    expect([result.stdout, told]).toEqual(['grün 🚀\n', ['grün 🚀']]);
  });

  it('is ended when its time is up, and what it said last is reported', async ({ onTestFinished }) => {
    const { server, held } = await scene(onTestFinished);
    const argv = ['sh', '-c', 'trap "echo last words; exit 0" TERM; echo up; while :; do sleep 0.1; done'];
    const result = await held.detached.run({ argv }, limitAtFirstLine());
    expect(result).toMatchObject({ code: null, timedOut: true, stdout: 'up\nlast words\n' });
    await held.leave(30);
    await server.quiet();
  });

  it('is ended by a cancel, which does not wait for that', async ({ onTestFinished }) => {
    const { server, held } = await scene(onTestFinished);
    const cancel = new AbortController();
    const told: string[] = [];
    const argv = ['sh', '-c', 'trap "sleep 1; echo late; exit 0" TERM; echo up; while :; do sleep 0.1; done'];
    const running = held.detached.run(
      { argv },
      {
        signal: cancel.signal,
        onLine: (line) => {
          told.push(line);
          cancel.abort();
        },
      },
    );
    expect(await running).toMatchObject({ code: null, timedOut: false, stdout: 'up\n' });
    await until('the job to end', within, async () => !existsSync(server.path('lease/jobs/1/running')));
    expect(told).toEqual(['up']);
  });

  it('is not ended again by a cancel that comes after its end', async ({ onTestFinished }) => {
    const calls: string[] = [];
    const { held } = await scene(onTestFinished, {
      fate: ({ argv }) => {
        calls.push(argv[5] ?? '');
        return 'runs';
      },
    });
    const cancel = new AbortController();
    expect((await held.detached.run({ argv: ['true'] }, { signal: cancel.signal })).code).toBe(0);
    cancel.abort();
    await held.stage('afterwards');
    expect(calls).not.toContain('stop');
  });

  it('that nothing can end is given up when its time is up', async () => {
    const { calls, call } = endless();
    const result = await follow({ root: '/opt/shop', token: a }, '1', { argv: ['true'] }, call, limitAtFirstLine());
    expect(result).toMatchObject({ code: null, timedOut: true, stdout: 'up\n' });
    expect(calls).toContain('stop');
  });

  it('that nothing can end is given up when it is to stop', async () => {
    const { calls, call } = endless();
    const job = { name: 'web1', key: { root: '/opt/shop', token: a }, id: '1', title: 'ask' };
    const background = await startInBackground(job, { argv: ['true'] }, call);
    await background.stop();
    expect(calls).toEqual(['start', 'stop', 'more']);
  });

  it('does not start after a cancel', async ({ onTestFinished }) => {
    const { server, held } = await scene(onTestFinished);
    expect(await held.detached.run({ argv: ['true'] }, { signal: AbortSignal.abort() })).toMatchObject({ code: null });
    expect(server.exists('lease/jobs/1')).toBe(false);
  });

  it('says what a server says that cannot start it', async ({ onTestFinished }) => {
    const { server, held } = await scene(onTestFinished);
    await server.ok({ argv: ['sh', '-c', 'rmdir "$1" && : >"$1"', 'sh', server.path('lease/jobs')] });
    const result = await held.detached.run({ argv: ['true'] });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/directory|exists/i);
  });

  it('that is killed from outside did not end by itself', async ({ onTestFinished }) => {
    const { server, held } = await scene(onTestFinished);
    const running = held.detached.run({ argv: ['sleep', '600'] });
    await until('the job', within, async () => server.read('lease/jobs/1/pid') !== '');
    kill(server.read('lease/jobs/1/pid').split(' ')[0] ?? '', 'SIGKILL');
    expect(await running).toMatchObject({ code: null, timedOut: false });
  });
});

describe.concurrent('a lease that is held', () => {
  it('reports what is done, arms, confirms and is left', async ({ onTestFinished }) => {
    const { server, held } = await scene(onTestFinished);
    await held.stage('Recreate');
    await server.keeper();
    expect(await server.show()).toMatchObject({ state: 'busy', holder: { stage: 'Recreate' } });
    await arm(held, undoOf('echo undone'));
    await confirm(held, '{"n":1}\n');
    expect(await held.leave(30)).toBe('confirmed');
    expect(server.lines('history.jsonl')).toEqual(['{"n":1}']);
    expect(held.lost.aborted).toBe(false);
  });

  it('is undone when it is left without a confirmation, and the outcome can be waited for', async ({
    onTestFinished,
  }) => {
    const { held } = await scene(onTestFinished);
    await arm(held, undoOf('sleep 1; echo undone'));
    expect(await held.leave(0)).toBe('unfinished');
    expect(await held.leave(30)).toBe('rolled-back');
  });

  it('is undone by the server and followed to its true end, told once, however often the connection drops', async ({
    onTestFinished,
  }) => {
    let calls = 0;
    const fate = ({ argv }: Command): Fate => (argv[3] === 'korrigo-lease-heal' && ++calls % 2 === 1 ? 'lost' : 'runs');
    const { server, held, lines } = await scene(onTestFinished, { fate });
    await arm(held, undoOf('echo first; sleep 1; echo second; sleep 60', 3));
    const log = collectedLog();
    const clock = { ...systemClock, now: () => calls * 10_000 };
    const ports = { log, clock, signal: new AbortController().signal };
    expect(await held.undo(600, ports)).toBe('rollback-failed');
    expect(log.lines.filter((line) => / (first|second)$/.test(line))).toEqual([
      'output web1 | first',
      'output web1 | second',
    ]);
    expect(log.lines).toContainEqual(
      expect.stringMatching(/^info … web1: the server is rolling back by itself \(\d+ s\)$/),
    );
    expect(lines).toContainEqual(expect.stringContaining('connection dropped, back after'));
    expect(server.lines('history.jsonl')).toEqual([expect.stringContaining('"rollback-failed"')]);
    // Of one that is over it is known at once.
    expect(await held.undo(600, ports)).toBe('rollback-failed');
  });

  it.for([
    ['its time is up', false],
    ['it is cancelled', true],
  ] as const)(
    'is not followed any longer when %s, and the server goes on',
    async ([, cancelled], { onTestFinished }) => {
      const { server, held } = await scene(onTestFinished);
      await arm(held, undoOf('sleep 2; echo undone'));
      const signal = cancelled ? AbortSignal.timeout(300) : new AbortController().signal;
      const outcome = await held
        .undo(cancelled ? 600 : 0, { log: collectedLog(), clock: systemClock, signal })
        .catch((error: unknown) => error);
      if (cancelled) expect(outcome).toBeInstanceOf(Cancelled);
      else expect(outcome).toBe('unfinished');
      expect(await held.leave(30)).toBe('rolled-back');
      expect(server.lines('lease/undo.log')).toContain('undone');
    },
  );

  it('shows that it lives four times in its grace, where nothing else does', async ({ onTestFinished }) => {
    const { server, held, beat } = await scene(onTestFinished, { graceSeconds: 6 });
    const keeper = await server.keeper();
    for (let n = 0; n < 6; n++) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      beat();
    }
    expect(await server.keeper()).toBe(keeper);
    expect(await held.leave(30)).toBe('released');
  });

  it.for([
    ['rolled back', 'echo undone', 'rolled-back', 'the server rolled back by itself'],
    ['freed with nothing armed', undefined, 'released', 'no running container was touched'],
    ['failed to roll back', 'exit 1', 'rollback-failed', 'tried to roll back by itself, and failed'],
  ] as const)('and was lost says so: the server %s', async ([, script, outcome, says], { onTestFinished }) => {
    const { server, held, beat } = await scene(onTestFinished, { graceSeconds: 5 });
    if (script !== undefined) await arm(held, undoOf(script, outcome === 'rollback-failed' ? 1 : 60));
    await server.free();
    const error: unknown = await held.detached.run({ argv: ['true'] }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LeaseLostError);
    expect(error).toMatchObject({ outcome, message: expect.stringContaining(says), hint: expect.any(String) });
    expect(held.lost).toMatchObject({ aborted: true, reason: error });
    await expect(held.stage('x')).rejects.toBe(error);
    beat();
    expect(await held.leave(5)).toBe(outcome);
  });

  it('is known to be lost by a sign of life as well', async ({ onTestFinished }) => {
    const { server, held, beat } = await scene(onTestFinished, { graceSeconds: 1 });
    await server.free();
    await new Promise((resolve) => setTimeout(resolve, 500));
    beat();
    await until('the news', within, async () => held.lost.aborted);
  });

  it('was confirmed even when the answer got lost, and the lease came to its end', async ({ onTestFinished }) => {
    const { server, held } = await scene(onTestFinished);
    await arm(held, undoOf('echo undone'));
    await server.confirm(a, '{"n":1}\n');
    await server.leave(a);
    await confirm(held, '{"n":1}\n');
    expect(server.lines('history.jsonl')).toEqual(['{"n":1}']);
  });

  it('cannot be armed where the server has no room for it', async ({ onTestFinished }) => {
    const { server, held } = await scene(onTestFinished);
    server.addProgram('mkdir', 'echo "mkdir: No space left on device" >&2; exit 1');
    await expect(arm(held, undoOf('true'))).rejects.toThrow(/arm the undo failed.*\n.*No space left on device/);
  });
});

describe.concurrent('a connection that drops', () => {
  it('is brought back once for all who wait for it', async ({ onTestFinished }) => {
    let dropped = false;
    const { held, lines, connections } = await scene(onTestFinished, {
      fate: () => (dropped ? 'runs' : 'lost'),
      connect: (attempt) => {
        dropped = attempt >= 4;
        return dropped;
      },
    });
    await Promise.all([held.stage('a'), held.stage('b'), held.detached.run({ argv: ['true'] })]);
    expect(connections()).toBe(4);
    expect(lines).toEqual(['info web1: connection dropped, back after 3 s']);
  });

  it('and does not come back ends the lease for the runner, who learns what the server does', async ({
    onTestFinished,
  }) => {
    const { held } = await scene(onTestFinished, { fate: () => 'lost', connect: () => false });
    const error: unknown = await held.detached.run({ argv: ['true'] }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      outcome: 'unfinished',
      message: 'web1: the connection dropped and did not come back within 120 s',
      hint: expect.stringContaining('rolls back by itself'),
    });
    expect(held.lost.aborted).toBe(true);
  });

  it('is not waited for by a holder who leaves', async ({ onTestFinished }) => {
    const { held } = await scene(onTestFinished, {
      fate: () => 'lost',
      connect: () => false,
      // An attempt that never comes to an end.
      connecting: new Promise<never>(() => {}),
    });
    expect(await held.leave(0)).toBe('unfinished');
  });

  it('cuts off a short command, but does not keep one from beginning', async ({ onTestFinished }) => {
    const fates: Fate[] = ['lost', 'unanswered', 'runs'];
    const { held } = await scene(onTestFinished, { fate: () => fates.shift() ?? 'runs' });
    expect(await held.direct.run({ argv: ['echo', 'one'] })).toMatchObject({ code: null });
    expect(await held.direct.run({ argv: ['echo', 'two'] })).toMatchObject({ code: 0, stdout: 'two\n' });
  });
});
