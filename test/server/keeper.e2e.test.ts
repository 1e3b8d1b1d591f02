import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { until } from '../../bed/process.ts';
import { kill, leaseServer, terms, undoOf } from '../../fixtures/lease.ts';
import { isAlive } from '../../fixtures/processes.ts';
import { shells } from '../../fixtures/shells.ts';
import { armLease, confirmLease, type LeaseKey, startJob, takeLease } from '../../src/commands/lease.ts';

const [a, b] = ['a1a1a1', 'b2b2b2'];
const rolledBack = /^{"release":"r2","outcome":"rolled-back","time":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"}$/;
const rollbackFailed = /^{"release":"r2","outcome":"rollback-failed","time":"20.*Z"}$/;
const within = 30_000;

/** A program that does what it does, and kills the process that $HOME/changes names once that has asked so often for one. */
const killsAfter = (name: string): string => `/bin/${name} "$@"; code=$?
read -r keeper left <"$HOME/changes" && [ "$keeper" = "$PPID" ] || exit "$code"
echo "$keeper $((left - 1))" >"$HOME/changes"
[ "$left" -ne 1 ] || kill -KILL "$keeper"
exit "$code"`;

describe.concurrent.each(shells)('the lease with $name', (shell) => {
  describe('taken', () => {
    it("is one holder's at a time, and the others learn whose", async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      expect(await server.take(a)).toEqual({ kind: 'taken' });
      await server.stage(a, 'Recreate');
      const { actor, run, command, release } = terms;
      expect(await server.take(b)).toEqual({
        kind: 'busy',
        holder: {
          actor,
          run,
          command,
          release,
          since: expect.stringMatching(/^20.*Z$/),
          stage: 'Recreate',
          quietSeconds: expect.any(Number),
          ending: false,
        },
      });
      expect(await server.show()).toMatchObject({ state: 'busy', holder: { actor: 'ana' } });
      expect(await server.leave(a)).toBe('released');
      await server.quiet();
      expect(await server.show()).toMatchObject({ state: 'free' });
      expect(await server.take(b)).toEqual({ kind: 'taken' });
    });

    it('again by the same holder, whose answer got lost, is still theirs', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      const keeper = await server.keeper();
      expect(await server.take(a)).toEqual({ kind: 'taken' });
      expect(await server.keeper()).toBe(keeper);
    });

    it('is waited for, and handed on as soon as it is free', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      const second = server.take(b, {}, 60);
      await server.leave(a);
      expect(await second).toEqual({ kind: 'taken' });
    });

    it('says what is not installed', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      server.addProgram('sh', `command() { case $2 in flock|setsid) return 1;; esac; }\n. "$HOME/take"`);
      const { argv, stdin } = takeLease(server.key(a), terms, 0);
      writeFileSync(join(server.env.HOME, 'take'), argv[2] ?? '');
      const script = `command() { case $2 in flock|setsid) return 1;; esac; }\n${argv[2]}`;
      const out = await server.ok({ argv: ['/bin/sh', '-c', script, ...argv.slice(3)], stdin: stdin ?? '' });
      expect(out).toContain('missing\tflock setsid\n');
    });

    it('is not, where nobody may write', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      writeFileSync(server.root, 'a file');
      await expect(server.take(a)).rejects.toThrow(/exit code 1: .*(exists|directory)/i);
    });

    it('is not, when the program of the keeper was interrupted', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      const command = takeLease(server.key(a), terms, 0);
      const { code, stderr } = await server.host.run({ ...command, stdin: 'set -u' });
      expect([code, stderr]).toEqual([1, 'the connection ended too early\n']);
      expect(server.exists('lease')).toBe(false);
    });

    it('leaves the folder of the application as open as others are, and keeps its own to itself', async ({
      onTestFinished,
    }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      const modes = await server.ok({
        argv: ['stat', '-c', '%a', server.root, server.path('lease'), server.path('lease/keeper.sh')],
      });
      expect(modes).toBe('755\n700\n600\n');
    });
  });

  it('is never two holders at once', async ({ onTestFinished }) => {
    const server = leaseServer(shell, onTestFinished);
    const tokens = Array.from({ length: 50 }, (_, n) => `c${n}`);
    const taken = await Promise.all(tokens.map((token) => server.take(token)));
    const winners = tokens.filter((_, n) => taken[n]?.kind === 'taken');
    expect(winners).toHaveLength(1);
    expect(taken.filter(({ kind }) => kind === 'busy')).toHaveLength(49);
    for (const winner of winners) expect(await server.leave(winner)).toBe('released');
    await server.quiet();
  });

  describe('without a sign of life', () => {
    it('is given up: what is armed is undone, once, and the history says so', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      const login = join(server.env.HOME, '.login-korrigo-1');
      mkdirSync(login);
      await server.take(a, { graceSeconds: 2, login });
      writeFileSync(server.path('history.jsonl'), 'x\nhalf');
      await server.arm(a, undoOf('echo undone\necho one >>"$HOME/undone"\necho err >&2\n'));
      await server.free();
      await server.quiet();
      expect(readFileSync(join(server.env.HOME, 'undone'), 'utf8')).toBe('one\n');
      expect(server.lines('history.jsonl')).toEqual(['x', 'half', expect.stringMatching(rolledBack)]);
      expect(server.read('lease/undo.log')).toMatch(/^--- 20.*\nundone\nerr\n$/);
      expect(await server.ok({ argv: ['ls', '-A', server.env.HOME] })).not.toContain('.login');
      expect(await server.stage(a)).toEqual({ kind: 'lost', outcome: 'rolled-back' });
      expect(await server.confirm(a, 'late\n')).toEqual({ kind: 'lost', outcome: 'rolled-back' });
      expect(await server.take(b)).toEqual({ kind: 'taken' });
      expect(await server.stage(a)).toEqual({ kind: 'lost', outcome: 'rolled-back' });
      expect(server.lines('history.jsonl')).toHaveLength(3);
    });

    it('is given up where nothing is armed, and then nothing is undone', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a, { graceSeconds: 2 });
      await server.free();
      expect(await server.stage(a)).toEqual({ kind: 'lost', outcome: 'released' });
      expect(server.exists('history.jsonl')).toBe(false);
    });

    it('ends what runs before it undoes, and removes nothing that is no login', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      const precious = join(server.env.HOME, 'precious');
      mkdirSync(precious);
      await server.take(a, { graceSeconds: 2, login: precious });
      await server.arm(a, undoOf('cat "$HOME/ended" && ls "$HOME"'));
      const job = 'trap "sleep 1; echo ended >$HOME/ended; exit 1" TERM; while :; do sleep 1 & wait $!; done';
      await server.start(a, '1', { argv: ['sh', '-c', job] }, 0);
      await server.free();
      await server.quiet();
      expect(server.read('lease/undo.log')).toMatch(/\nended\n.*precious/s);
    });

    it('is kept alive by any call, whatever the clock does', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a, { graceSeconds: 3 });
      const keeper = await server.keeper();
      for (let n = 0; n < 12; n++) {
        expect(await server.stage(a)).toEqual({ kind: 'ours' });
        // The clock of the server is set, an hour forth and back.
        const time = Date.now() / 1000 + (n % 2 === 0 ? 3600 : -3600);
        utimesSync(server.path('lease/beat'), time, time);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      expect(await server.keeper()).toBe(keeper);
      expect(await server.leave(a)).toBe('released');
    });
  });

  describe('left by its holder', () => {
    it('is undone at once, when something is armed', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('sleep 1; echo undone'));
      expect(await server.leave(a, 0)).toBe('unfinished');
      expect(await server.stage(a)).toEqual({ kind: 'lost', outcome: 'unfinished' });
      expect(await server.take(b)).toMatchObject({ kind: 'busy', holder: { actor: 'ana', ending: true } });
      expect(await server.leave(a)).toBe('rolled-back');
      await server.quiet();
      expect(server.lines('history.jsonl')).toEqual([expect.stringMatching(rolledBack)]);
    });

    it('keeps what was confirmed, and the history has its line once', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo undone >>"$HOME/undone"'));
      expect(await server.confirm(a, '{"n":1}\n')).toEqual({ kind: 'ours' });
      expect(await server.confirm(a, '{"n":1}\n')).toEqual({ kind: 'ours' });
      expect(await server.leave(a)).toBe('confirmed');
      await server.quiet();
      expect(server.lines('history.jsonl')).toEqual(['{"n":1}']);
      expect(await server.ok({ argv: ['ls', server.env.HOME] })).not.toContain('undone');
      expect(await server.confirm(a, '{"n":1}\n')).toEqual({ kind: 'lost', outcome: 'confirmed' });
    });

    it('undoes what was armed after a confirmation', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo first'));
      await server.confirm(a);
      await server.arm(a, undoOf('echo second'));
      await server.arm(a, undoOf('echo third'));
      expect(await server.leave(a)).toBe('rolled-back');
      expect(server.read('lease/undo.log')).toMatch(/^---.*\nthird\n$/);
    });

    it('may be one in which nothing was armed, and a line for the history', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      expect(await server.confirm(a, '{"n":1}\n')).toEqual({ kind: 'ours' });
      expect(await server.leave(a)).toBe('released');
      expect(server.lines('history.jsonl')).toEqual(['{"n":1}']);
    });

    it('leaves nothing behind but the outcome', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.start(a, '1', { argv: ['true'] });
      await server.arm(a, undoOf('true'));
      await server.leave(a);
      await server.quiet();
      const left = readdirSync(server.path('lease'), { recursive: true, encoding: 'utf8' });
      expect(left.sort()).toEqual(
        [
          ...['keeper.sh', 'lock', 'beat', 'contact', 'past', 'surroundings', 'terms', 'undo.log'],
          ...['outcomes', `outcomes/${a}.rolled-back`],
        ].sort(),
      );
    });
  });

  describe('whose undo', () => {
    it('fails is tried again', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo try >>"$HOME/tries"; [ "$(wc -l <"$HOME/tries")" -ge 2 ]'));
      expect(await server.leave(a, 60)).toBe('rolled-back');
      expect(server.read('lease/undo.log').match(/^--- /gm)).toHaveLength(2);
    });

    it('always fails says so, keeps the undo for a person, and is tried again when one asks', async ({
      onTestFinished,
    }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo hopeless; [ -e "$HOME/fixed" ]'));
      expect(await server.leave(a, 60)).toBe('rollback-failed');
      await server.quiet();
      expect(server.lines('history.jsonl')).toEqual([expect.stringMatching(rollbackFailed)]);
      expect(await server.show()).toMatchObject({ state: 'free', failedUndo: server.path('lease/failed/undo.sh') });
      expect(await server.healed()).toMatchObject({ state: 'free', outcome: undefined });
      writeFileSync(join(server.env.HOME, 'fixed'), '');
      expect(await server.healed(true)).toMatchObject({ state: 'over', outcome: 'rolled-back' });
      expect(server.lines('history.jsonl')).toEqual([
        expect.stringMatching(rollbackFailed),
        expect.stringMatching(rolledBack),
      ]);
    });

    it('hangs is ended when its time is up', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo hangs; trap "" TERM; sleep 600', 2));
      expect(await server.leave(a, 60)).toBe('rollback-failed');
      await server.quiet();
      expect(server.read('lease/undo.log').match(/hangs/g)).toHaveLength(1);
    });

    it('needs Docker waits until it answers', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished, 'echo x >>"$HOME/asked"; [ "$(wc -l <"$HOME/asked")" -ge 3 ]');
      await server.take(a);
      await server.arm(a, undoOf('echo undone'));
      expect(await server.leave(a, 60)).toBe('rolled-back');
      expect(readFileSync(join(server.env.HOME, 'asked'), 'utf8')).toBe('x\nx\nx\n');
    });

    it('was cut off on its way there is not armed', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      const command = armLease(server.key(a), undoOf('echo undone'));
      const { code, stderr } = await server.host.run({ ...command, stdin: 'one\ntwo\nrm -rf' });
      expect([code, stderr]).toEqual([1, 'the connection ended too early\n']);
      expect(await server.leave(a)).toBe('released');
    });
  });

  describe('that is over', () => {
    it.for([
      { call: 'arm', file: /arming.*\/all$/, command: (key: LeaseKey) => armLease(key, undoOf('echo undone')) },
      { call: 'confirm', file: /\/line/, command: (key: LeaseKey) => confirmLease(key, '{"release":"r2"}') },
      {
        call: 'start',
        file: /\/stdin/,
        command: (key: LeaseKey) => startJob(key, '1', { argv: ['cat'], stdin: 'abc' }, 9),
      },
    ])('leaves no call behind that still waits for its input: $call', async ({ file, command }, { onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      const { argv } = command(server.key(a));
      const call = spawn(argv[0] ?? '', argv.slice(1), { env: server.env, stdio: ['pipe', 'pipe', 'ignore'] });
      onTestFinished(() => void call.kill());
      const ended = text(call.stdout);
      call.stdin.write('a');
      await until('it to read', within, async () => {
        const files = readdirSync(server.path('lease'), { recursive: true, encoding: 'utf8' });
        return files.some((name) => file.test(`/${name}`) && server.read(`lease/${name}`) === 'a');
      });
      expect(await server.leave(a)).toBe('released');
      expect(await ended).toMatch(/\nlost\t(unfinished|released)\n$/);
      await server.quiet();
      expect(server.processes()).toEqual([]);
    });
  });

  describe('whose keeper is killed', () => {
    it('has a new one with the next call, and nothing is lost', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo undone'));
      await server.start(a, '1', { argv: ['sh', '-c', 'echo begin; sleep 5; echo end'] }, 0);
      const keeper = await server.keeper();
      kill(keeper, 'SIGKILL');
      expect(await server.more(a, '1', { outEnd: 0, errEnd: 0 })).toMatchObject({ state: 'running' });
      // A killed process may take a moment to die.
      await until('another keeper', within, async () => {
        await server.more(a, '1', { outEnd: 0, errEnd: 0 }, 0);
        return (await server.keeper()) !== keeper && isAlive(await server.keeper());
      });
      expect(await server.take(b)).toMatchObject({ kind: 'busy' });
      await until('the job to end', within, async () => {
        const { state, out } = await server.more(a, '1', { outEnd: 0, errEnd: 0 });
        return state === 'ended' && Buffer.from(out).toString() === 'begin\nend\n';
      });
      expect(await server.leave(a)).toBe('rolled-back');
      await server.quiet();
    });

    it('is finished by whoever comes next', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.stage(a, 'Recreate');
      await server.arm(a, undoOf('echo undone'));
      await server.start(a, '1', { argv: ['sleep', '600'] }, 0);
      kill(await server.keeper(), 'SIGKILL');
      await until('the lease to be open', within, async () => (await server.show()).state === 'open');
      expect(await server.take(b)).toMatchObject({ kind: 'open', holder: { actor: 'ana', stage: 'Recreate' } });
      const healed = await server.healed();
      expect(healed).toMatchObject({ state: 'over', token: a, outcome: 'rolled-back' });
      await server.quiet();
      expect(server.lines('history.jsonl')).toEqual([expect.stringMatching(rolledBack)]);
      expect(await server.take(b)).toEqual({ kind: 'taken' });
    });

    /** A program that answers only when the lease has ended. */
    const afterTheEnd = (name: string): string =>
      `/bin/${name} "$@"; until ls "$HOME"/it*/lease/outcomes/* >/dev/null 2>&1; do sleep 0.05; done`;

    it('is finished with an answer that says how, however soon the new one is done', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo undone'));
      kill(await server.keeper(), 'SIGKILL');
      await until('the lease to be open', within, async () => (await server.show()).state === 'open');
      server.addProgram('stat', afterTheEnd('stat'));
      expect(await server.heal()).toMatchObject({ state: 'over', token: a, outcome: 'rolled-back' });
      await server.quiet();
    });

    it('is finished with an answer that has all lines of its undo', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo first; sleep 1; echo last'));
      kill(await server.keeper(), 'SIGKILL');
      await until('the lease to be open', within, async () => (await server.show()).state === 'open');
      server.addProgram('wc', `${afterTheEnd('wc')}`);
      const { state, log } = await server.heal();
      expect([state, Buffer.from(log).toString().split('\n').slice(1)]).toEqual(['over', ['first', 'last', '']]);
      await server.quiet();
    });

    it('at its very last change has an outcome all the same', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(b);
      await server.leave(b);
      await server.quiet();
      await server.take(a);
      await server.arm(a, undoOf('echo undone'));
      await server.leave(a);
      await server.quiet();
      mkdirSync(server.path('lease/undone'));
      expect(await server.heal()).toMatchObject({ state: 'over', token: a, outcome: 'rolled-back' });
      await server.quiet();
      expect(await server.heal()).toMatchObject({ state: 'free', outcome: undefined });
    });

    it('says so when nothing can take its place', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      kill(await server.keeper(), 'SIGKILL');
      await until('the lease to be open', within, async () => (await server.show()).state === 'open');
      rmSync(server.path('lease/keeper.sh'));
      await expect(server.heal()).rejects.toThrow('lease/keeper.sh is missing');
    });

    it('is finished when the holder leaves', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo undone'));
      kill(await server.keeper(), 'SIGKILL');
      expect(await server.leave(a)).toBe('rolled-back');
      await server.quiet();
    });

    it('in the middle of its undo is undone again, from the beginning, and the history says so once', async ({
      onTestFinished,
    }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo try $$; [ -e "$HOME/go" ] || sleep 600 || exit; echo undone'));
      await server.leave(a, 0);
      await until('the undo to begin', within, async () => server.read('lease/undo.log').includes('try'));
      kill(await server.keeper(), 'SIGKILL');
      const first = /try (\d+)/.exec(server.read('lease/undo.log'))?.[1] ?? '';
      expect(isAlive(first)).toBe(true);
      writeFileSync(join(server.env.HOME, 'go'), '');
      expect(await server.healed()).toMatchObject({ outcome: 'rolled-back' });
      expect(isAlive(first)).toBe(false);
      await server.quiet();
      expect(server.read('lease/undo.log').match(/undone/g)).toHaveLength(1);
      expect(server.lines('history.jsonl')).toHaveLength(1);
    });

    it.for([0, 30, 60, 90, 150, 250])(
      '%i ms after its holder left comes to one end',
      async (milliseconds, { onTestFinished }) => {
        const server = leaseServer(shell, onTestFinished);
        await server.take(a);
        await server.arm(a, undoOf('echo undone'));
        await server.start(a, '1', { argv: ['sleep', '600'] }, 0);
        const keeper = await server.keeper();
        await server.leave(a, 0);
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        kill(keeper, 'SIGKILL');
        await server.healed();
        await server.quiet();
        expect(server.lines('history.jsonl')).toEqual([expect.stringMatching(rolledBack)]);
        expect(await server.leave(a)).toBe('rolled-back');
        expect(await server.take(b)).toEqual({ kind: 'taken' });
      },
    );
  });

  describe.each([
    ['undone', 9, undoOf('echo undone'), 'rolled-back', rolledBack],
    ['undone in vain', 10, undoOf('exit 1', 3), 'rollback-failed', rollbackFailed],
    ['confirmed', 4, undefined, 'confirmed', /^{"release":"r2","outcome":"succeeded"}$/],
  ] as const)('that is %s, and whose keeper is killed', (_, changes, undo, outcome, line) => {
    it.for(Array.from({ length: changes }, (_, index) => index + 1))(
      'after its change number %i has one outcome, and one line in the history',
      async (change, { onTestFinished }) => {
        const server = leaseServer(shell, onTestFinished);
        await server.take(a);
        await server.arm(a, undo ?? undoOf('echo undone'));
        if (undo === undefined) await server.confirm(a, '{"release":"r2","outcome":"succeeded"}');
        const keeper = await server.keeper();
        for (const name of ['mv', 'rm', 'sync']) server.addProgram(name, killsAfter(name));
        writeFileSync(join(server.env.HOME, 'changes'), `${keeper} ${change}\n`);
        await server.leave(a, 60);
        await server.quiet(); // the last program of a keeper that was killed holds its lock for a moment
        await server.healed();
        await server.quiet();
        expect(server.lines('history.jsonl')).toEqual([expect.stringMatching(line)]);
        expect(await server.leave(a)).toBe(outcome);
        if (outcome !== 'rollback-failed') expect(await server.take(b)).toEqual({ kind: 'taken' });
      },
    );
  });

  describe('of a server that lost power', () => {
    /** As if the machine had booted since: nothing that was noted lives. */
    const reboot = async (server: ReturnType<typeof leaseServer>): Promise<void> => {
      for (const pid of server.processes()) kill(pid, 'SIGKILL');
      await server.quiet();
    };

    it('is finished at boot, with the surroundings that the deploy had', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.arm(a, undoOf('echo "undone with $DOCKER_HOST"; docker ps'));
      await reboot(server);
      writeFileSync(
        server.path('lease/surroundings'),
        `${server.env.PATH}\nunix:///run/user/1000/docker.sock\n/run/user/1000\n`,
      );
      const boot = {
        argv: ['sh', server.path('lease/keeper.sh'), 'boot', server.root],
        env: { PATH: `${shell.bin}:/usr/bin:/bin` },
      };
      await server.ok(boot);
      expect(server.read('lease/undo.log')).toMatch(/undone with unix:\/\/\/run\/user\/1000\/docker.sock\n/);
      expect(server.lines('history.jsonl')).toEqual([expect.stringMatching(rolledBack)]);
      await server.ok(boot);
      expect(server.lines('history.jsonl')).toHaveLength(1);
      expect(await server.stage(a)).toEqual({ kind: 'lost', outcome: 'rolled-back' });
    });

    /** Docker with containers that it could not start: each line of $HOME/failed is one, and what `docker inspect` says of it. */
    const docker = `case $1 in
  ps) [ ! -e "$HOME/failed" ] || cut -d' ' -f1 "$HOME/failed" ;;
  inspect) cat "$HOME/failed" ;;
  start) shift; echo "$*" >>"$HOME/started"; grep -v "^$1 " "$HOME/failed" >"$HOME/left"; mv "$HOME/left" "$HOME/failed" ;;
esac`;

    it('starts what Docker tried to start and could not, one behind the other', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished, docker);
      await server.take(a);
      await server.leave(a);
      await server.quiet();
      const file = `${server.root}/releases/r1/compose.yml`;
      const rows = [
        `door unless-stopped failed ${file}`,
        `proxy always failed ${file}`,
        `stopped unless-stopped ended ${file}`,
        `once no failed ${file}`,
        `theirs always failed ${server.root}-too/releases/r1/compose.yml`,
      ];
      writeFileSync(join(server.env.HOME, 'failed'), rows.map((row) => `${row}\n`).join(''));
      await server.ok({ argv: ['sh', server.path('lease/keeper.sh'), 'boot', server.root] });
      expect(readFileSync(join(server.env.HOME, 'started'), 'utf8')).toBe('door proxy\nproxy\n');
    });

    it('leaves the containers to a deploy that holds the lease', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished, docker);
      await server.take(a);
      const row = `web always failed ${server.root}/releases/r1/compose.yml\n`;
      writeFileSync(join(server.env.HOME, 'failed'), row);
      await server.ok({ argv: ['sh', server.path('lease/keeper.sh'), 'boot', server.root] });
      expect(readFileSync(join(server.env.HOME, 'failed'), 'utf8')).toBe(row);
    });

    it('ends no process that has the number of one of ours by now', async ({ onTestFinished }) => {
      const server = leaseServer(shell, onTestFinished);
      await server.take(a);
      await server.start(a, '1', { argv: ['sleep', '600'] }, 0);
      const [pid, birth, boot] = server.read('lease/jobs/1/pid').trim().split(' ');
      await reboot(server);
      // An innocent one that leads a session, under the number that was noted.
      const bystander = server.host.run({ argv: ['setsid', 'sh', '-c', 'echo $$ >"$HOME/pid"; sleep 600; true'] });
      await until('the bystander', within, async () => server.processes().length >= 2);
      const innocent = readFileSync(join(server.env.HOME, 'pid'), 'utf8').trim();
      expect(innocent).not.toBe(pid);
      writeFileSync(server.path('lease/jobs/1/pid'), `${innocent} ${birth} ${boot}\n`);
      expect(await server.healed()).toMatchObject({ outcome: 'released' });
      expect(isAlive(innocent)).toBe(true);
      for (const each of server.processes()) kill(each, 'SIGKILL');
      await bystander;
    });
  });
});
