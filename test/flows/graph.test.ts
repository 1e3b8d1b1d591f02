import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { files, type Surroundings, scene, server } from '../../fixtures/application.ts';
import { commit, configOf, factsOf, releaseOf } from '../../fixtures/builders.ts';
import { type Answer, type FakeHost, nameOf } from '../../fixtures/fakes.ts';
import { Cancelled, DeployError } from '../../src/errors.ts';
import { type Flow, runGraph } from '../../src/flows/graph.ts';
import type { Command } from '../../src/model/command.ts';
import { run } from '../../src/run.ts';

const ticks = async (count: number): Promise<void> => {
  for (let tick = 0; tick < count; tick++) await new Promise((resolve) => setImmediate(resolve));
};
const never = new AbortController().signal;

describe('a graph of flows', () => {
  const graph = (...flows: readonly (readonly [string, readonly string[], (signal: AbortSignal) => Promise<void>])[]) =>
    flows.map(([name, needs, work]): Flow<string> => ({ name, needs, run: work }));
  const noting =
    (seen: string[], name: string, count = 1) =>
    async () => {
      seen.push(`${name} begins`);
      await ticks(count);
      seen.push(`${name} ends`);
    };

  it('runs side by side what does not depend on each other', async () => {
    const seen: string[] = [];
    const flows = graph(
      ['test', [], noting(seen, 'test', 3)],
      ['build', [], noting(seen, 'build')],
      ['push', ['test', 'build'], noting(seen, 'push')],
    );
    expect(await runGraph(flows, { signal: never, most: 3 })).toEqual([]);
    expect(seen).toEqual(['test begins', 'build begins', 'build ends', 'test ends', 'push begins', 'push ends']);
  });

  it('runs one after the other where no more may run at once', async () => {
    const seen: string[] = [];
    await runGraph(graph(['a', [], noting(seen, 'a', 3)], ['b', [], noting(seen, 'b')]), { signal: never, most: 1 });
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('cancels the others after a failure, waits for them, and reports the failure alone', async () => {
    const ended: string[] = [];
    const failure = new DeployError('the tests failed');
    const flows = graph(
      [
        'build',
        [],
        async (signal) => {
          await ticks(5);
          if (signal.aborted) throw new Cancelled('local', 'during', 'build');
        },
      ],
      ['test', [], async () => await Promise.reject(failure)],
      ['push', ['test', 'build'], async () => expect.fail('the push began')],
    );
    expect(await runGraph(flows, { signal: never, most: 3, ended: (name) => ended.push(name) })).toEqual([failure]);
    expect(ended).toEqual(['test', 'build', 'push']);
  });

  it('reports once what several of them fail by', async () => {
    const shared = Promise.reject(new DeployError('no compose file'));
    const work = async (): Promise<void> => await shared;
    const failures = await runGraph(graph(['a', [], work], ['b', [], work]), { signal: never, most: 2 });
    expect(failures.map(({ message }) => message)).toEqual(['no compose file']);
  });

  it('reports a cancel once', async () => {
    const cancel = new AbortController();
    const stopped = async (signal: AbortSignal): Promise<void> => {
      await ticks(2);
      if (signal.aborted) throw new Cancelled(undefined, 'during', 'x');
    };
    const ending = runGraph(graph(['a', [], stopped], ['b', [], stopped]), { signal: cancel.signal, most: 2 });
    cancel.abort();
    expect(await ending).toMatchObject([{ kind: 'cancelled' }]);
  });

  it('throws a bug when everything has ended', async () => {
    const seen: string[] = [];
    const flows = graph(
      ['a', [], async () => await Promise.reject(new TypeError('x'))],
      ['b', [], noting(seen, 'b', 3)],
    );
    await expect(runGraph(flows, { signal: never, most: 2 })).rejects.toThrow(TypeError);
    expect(seen).toEqual(['b begins', 'b ends']);
  });
});

describe('a whole run whose parts run side by side', () => {
  const texts = {
    command: 'test, build, push, deploy',
    'test-compose-file': 'compose.test.yml',
    registry: 'registry.example.com',
    'registry-username': 'ada',
    'registry-password': 'secret-password',
  };
  const web1 = { kind: 'ssh', name: 'web1', host: 'web1', port: 22, user: 'deploy' } as const;
  const sure = ['test', 'build', 'push', 'login', 'rehearse', 'send', 'pull'] as const;
  type Part = (typeof sure)[number];
  const { images } = releaseOf();
  const pushes = ({ argv }: Command): boolean => argv.includes('--push');
  const partOf: Readonly<Record<string, (command: Command) => Part>> = {
    'korrigo-test': () => 'test',
    'korrigo-login': () => 'login',
    'korrigo-bake': (command) => (pushes(command) ? 'push' : 'build'),
    'korrigo-tag': () => 'push',
    'korrigo-resolve': () => 'rehearse',
    'korrigo-upload': () => 'send',
    'korrigo-pull': () => 'pull',
  };

  /** Each part takes its number of ticks; one may fail, and the run may be cancelled. Tells in which order parts began and ended. */
  async function perform(
    slow: Readonly<Record<Part, number>>,
    failing: Part | undefined,
    cancelAfter: number | undefined,
    answers: Readonly<Record<string, Answer>> = {},
    cores = 4,
  ) {
    const events: string[] = [];
    const cancel = new AbortController();
    const answer =
      (name: string, fallback?: Answer) =>
      async (command: Command): Promise<Answer> => {
        const part = partOf[name]?.(command) ?? 'test';
        const first = !events.includes(`${part} begins`);
        events.push(`${part} begins`);
        await ticks(slow[part]);
        if (cancel.signal.aborted) return { code: null };
        if (failing === part && first) return { code: 1, stderr: 'denied' };
        events.push(`${part} succeeded`);
        return fallback ?? {};
      };
    const resolved: Answer = { stdout: (await server('x').run({ argv: ['sh', '-c', '', 'korrigo-resolve'] })).stdout };
    const host: FakeHost = server('web1', {
      'korrigo-resolve': answer('korrigo-resolve', resolved),
      'korrigo-pull': answer('korrigo-pull'),
      ...answers,
    });
    const sent: Answer = { stdout: factsOf(['uploaded', 'web', images['web'] ?? '']) };
    const runner = {
      ...Object.fromEntries(
        ['korrigo-test', 'korrigo-login', 'korrigo-bake', 'korrigo-tag'].map((name) => [name, answer(name)]),
      ),
      'korrigo-upload': answer('korrigo-upload', sent),
    };
    const surroundings: Surroundings = {
      files,
      servers: [host],
      runner,
      overrides: { cores, signal: cancel.signal },
    };
    const ports = scene(surroundings);
    const running = run({ ...configOf({ ...texts, hosts: 'local' }), hosts: [web1] }, ports);
    if (cancelAfter !== undefined) {
      await ticks(cancelAfter);
      cancel.abort();
    }
    const report = await running;
    const changed = [...host.ran.map(nameOf), ...host.leaseCalls.map(({ name }) => name)].filter((name) =>
      ['arm', 'confirm', 'docker compose', 'korrigo-record'].includes(name),
    );
    const called = (name: string): readonly Command[] => host.ran.filter((command) => nameOf(command) === name);
    const ahead = called('korrigo-pull');
    const discarded = called('korrigo-discard').flatMap(({ argv }) => argv);
    // What a deploy has begun to keep records of is pruned by it.
    const left = ahead.flatMap(({ argv }) => argv.slice(5, 6)).filter((tag) => !discarded.includes(tag));
    const lastOf = (isIt: (command: Command) => boolean): number => host.ran.findLastIndex(isIt);
    const isRemoval = (command: Command): boolean =>
      nameOf(command) === 'rm -rf' && command.argv.some((word) => word.includes('/releases/'));
    /** Whether a release that was shipped is there in the end. */
    const shipped = lastOf((command) => nameOf(command) === 'korrigo-ship') > lastOf(isRemoval);
    const resolves = called('korrigo-resolve').length;
    /** Folders with the registry's password that are there in the end; with a lease, the server removes its own. */
    const logins = called('korrigo-login')
      .flatMap(({ argv }) => argv.slice(4, 5))
      .filter((folder) => !host.ran.some(({ argv }) => argv[0] === 'rm' && argv.includes(folder)))
      .slice(host.leaseCalls.length > 0 ? 1 : 0);
    const moved = ports.local.ran
      .filter((command) => nameOf(command) === 'korrigo-upload')
      .flatMap(({ argv }) => argv.slice(4, 5))
      .filter((tag) => tag !== `build-${commit.slice(0, 12)}`);
    const down = ports.local.ran.some(({ argv }) => argv.includes('down'));
    const baked = ports.local.ran.some(pushes);
    return { events, report, changed, ahead, left, moved, down, resolves, baked, shipped, logins };
  }

  it('succeeds, and runs the tests beside the build and the check of the servers', async () => {
    const { events, report, changed } = await perform(
      { test: 30, build: 5, push: 1, login: 1, rehearse: 3, send: 1, pull: 1 },
      undefined,
      undefined,
    );
    expect(report.failures).toEqual([]);
    expect(changed).toContain('confirm');
    const at = (event: string): number => events.indexOf(event);
    expect(at('build begins')).toBeLessThan(at('test succeeded'));
    expect(at('rehearse begins')).toBeLessThan(at('test succeeded'));
    expect(at('pull succeeded')).toBeLessThan(at('test succeeded'));
    expect(at('test succeeded')).toBeLessThan(at('push begins'));
  });

  it('runs no more at once than there are processors: the tests, on which all others wait, would take longer', async () => {
    const slow = { test: 30, build: 5, push: 1, login: 1, rehearse: 3, send: 1, pull: 1 };
    const { events, report } = await perform(slow, undefined, undefined, {}, 2);
    expect(report.outcome).toBe('succeeded');
    const at = (event: string): number => events.indexOf(event);
    expect(at('build begins')).toBeGreaterThan(at('rehearse succeeded'));
    expect(at('pull succeeded')).toBeLessThan(at('test succeeded'));
  });

  const quick = { test: 60, build: 5, push: 1, login: 1, rehearse: 3, send: 1, pull: 1 };

  it('deploys after the tests what was resolved and pulled while they ran', async () => {
    const { report, resolves, ahead, events } = await perform(quick, undefined, undefined);
    expect(report.outcome).toBe('succeeded');
    expect([resolves, ahead.length]).toEqual([2, 1]);
    expect(events.lastIndexOf('rehearse begins')).toBeLessThan(events.indexOf('test succeeded'));
    expect(ahead[0]?.argv).toContain(`shop-${report.release?.id}`);
  });

  it('does it anew where the server has changed meanwhile, and leaves nothing of the first time', async () => {
    const other = { 'korrigo-unchanged': { stdout: factsOf(['other', '.env'], ['looked', 'yes']) } };
    const { report, resolves, ahead, shipped } = await perform(quick, undefined, undefined, other);
    expect(report.outcome).toBe('succeeded');
    expect([resolves, ahead.length]).toEqual([3, 2]);
    expect(shipped).toBe(true);
  });

  it('lets bake push what did not get its tags', async () => {
    const { report, moved, baked } = await perform(quick, 'push', undefined);
    expect([report.outcome, moved, baked]).toEqual(['succeeded', [], true]);
    expect((await perform(quick, undefined, undefined)).baked).toBe(false);
  });

  it('removes what the tests made beside the push, and also when that fails', async () => {
    expect((await perform(quick, undefined, undefined)).down).toBe(true);
    expect((await perform({ ...quick, test: 1, build: 60 }, 'build', undefined)).down).toBe(true);
    expect((await perform(quick, 'test', undefined)).down).toBe(true);
    expect((await perform(quick, undefined, 62)).down).toBe(true);
  });

  it('takes back what it brought to the servers when the tests fail then', async () => {
    const slow = { test: 60, build: 5, push: 1, login: 1, rehearse: 3, send: 1, pull: 1 };
    const { ahead, left, shipped, report } = await perform(slow, 'test', undefined);
    expect(report.outcome).toBe('failed');
    expect(ahead).toHaveLength(1);
    expect(left).toEqual([]);
    expect(shipped).toBe(false);
  });

  it('deploys all the same when nothing could be sent ahead', async () => {
    const slow = { test: 30, build: 5, push: 1, login: 1, rehearse: 3, send: 1, pull: 1 };
    expect((await perform(slow, 'send', undefined)).report.outcome).toBe('succeeded');
    expect((await perform(slow, 'pull', undefined)).report.outcome).toBe('succeeded');
  });

  it.each([
    ['the servers log in', 'korrigo-login'],
    ['images are looked up', 'korrigo-pin'],
  ])(
    'leaves no login on a server that nothing else would remove, when it is cancelled while %s',
    async (_, program) => {
      const cancel = new AbortController();
      const cancelled = async (): Promise<Answer> => {
        cancel.abort();
        return { code: null };
      };
      const host = server('web1', program === 'korrigo-login' ? { [program]: cancelled } : {});
      const ports = scene({
        files,
        servers: [host],
        runner: program === 'korrigo-pin' ? { [program]: cancelled } : {},
        overrides: { cores: 4, signal: cancel.signal },
      });
      const report = await run({ ...configOf({ ...texts, hosts: 'local' }), hosts: [web1] }, ports);
      expect(new Set(report.failures.map(({ kind }) => kind))).toEqual(new Set(['cancelled']));
      const folders = host.ran.filter((command) => nameOf(command) === 'korrigo-login').map(({ argv }) => argv[4]);
      expect(folders).toEqual([expect.stringContaining('.login-')]);
      expect(host.ran.map(({ argv }) => argv)).toContainEqual(['rm', '-rf', '--', folders[0]]);
    },
  );

  it('moves no tag and changes no server unless everything before has succeeded, however it is interleaved', async () => {
    const slowness = fc.nat({ max: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          test: slowness,
          build: slowness,
          push: slowness,
          login: slowness,
          rehearse: slowness,
          send: slowness,
          pull: slowness,
        }),
        fc.option(fc.constantFrom(...sure), { nil: undefined }),
        fc.option(fc.nat({ max: 40 }), { nil: undefined }),
        fc.integer({ min: 2, max: 4 }),
        async (slow, failing, cancelAfter, cores) => {
          const { events, report, changed, left, moved, down, shipped, logins } = await perform(
            slow,
            failing,
            cancelAfter,
            {},
            cores,
          );
          const before = (event: string): readonly string[] => events.slice(0, events.indexOf(event));
          if (events.includes('push begins'))
            for (const part of ['test', 'build', 'rehearse'] as const)
              expect(before('push begins')).toContain(`${part} succeeded`);
          if (changed.length > 0) expect(events).toContain('push succeeded');
          expect(moved).toEqual([]);
          expect(logins).toEqual([]);
          // Secrets that came with it, too; what a deploy has begun to keep records of is pruned.
          if (report.before === undefined) expect(shipped).toBe(false);
          if (report.outcome === 'failed' && cancelAfter === undefined) expect(left).toEqual([]);
          if (events.includes('test begins')) expect(down).toBe(true);
          const stops = failing !== undefined && !['push', 'send', 'pull'].includes(failing);
          if (stops && cancelAfter === undefined) {
            expect(report.outcome).toBe('failed');
            expect(events).not.toContain('push begins');
            expect(changed).toEqual([]);
          }
          if (!stops && cancelAfter === undefined) expect(report.outcome).toBe('succeeded');
        },
      ),
      { numRuns: 1000 },
    );
  });
});
