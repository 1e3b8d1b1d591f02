import { afterEach, describe, expect, it, vi } from 'vitest';
import { containerOf, inspectFacts, releaseOf } from '../../fixtures/builders.ts';
import { type Answer, type AnswerTo, enginePorts, fakeHost } from '../../fixtures/fakes.ts';
import { apply } from '../../src/engine/apply.ts';
import { CommandError, ConnectError, DeployError, HealthError } from '../../src/errors.ts';
import type { Plan, RunStep, Step, Task } from '../../src/model/plan.ts';
import { Secret } from '../../src/model/secret.ts';

const run = (title: string, overrides: Partial<RunStep> = {}): RunStep => ({
  kind: 'run',
  id: title,
  title,
  command: { argv: [title] },
  output: 'quiet',
  ...overrides,
});
const on = (host: string, ...steps: readonly Step[]): Task => ({ host, steps });
const plan = (...stages: readonly (readonly Task[])[]): Plan => ({
  stages: stages.map((tasks, index) => ({ name: `stage ${index + 1}`, tasks })),
});
/** Answers by the first word of the command. */
const answering =
  (answers: Readonly<Record<string, Answer>>): AnswerTo =>
  ({ argv }) =>
    answers[argv[0] ?? ''] ?? {};
const wordsOf = (ran: readonly { readonly argv: readonly string[] }[]) => ran.map(({ argv }) => argv[0]);

describe('a plan', () => {
  it('goes through its stages and steps in order', async () => {
    const [web1, web2] = [fakeHost('web1'), fakeHost('web2')];
    const ports = enginePorts([web1, web2]);
    const applied = await apply(
      plan([on('web1', run('a'), run('b'))], [on('web2', run('c')), on('web1', run('d'))]),
      ports,
    );
    expect(applied.failures).toEqual([]);
    expect(wordsOf(web1.ran)).toEqual(['a', 'b', 'd']);
    expect(wordsOf(web2.ran)).toEqual(['c']);
    expect(applied.steps.map(({ stage, host, title, outcome }) => `${stage}: ${host} ${title} ${outcome}`)).toEqual([
      'stage 1: web1 a done',
      'stage 1: web1 b done',
      'stage 2: web2 c done',
      'stage 2: web1 d done',
    ]);
    expect(ports.log.lines).toEqual([
      'stage stage 1',
      'info ✓ web1: a (0.0 s)',
      'info ✓ web1: b (0.0 s)',
      'end',
      'stage stage 2',
      'info ✓ web2: c (0.0 s)',
      'info ✓ web1: d (0.0 s)',
      'end',
    ]);
  });

  it('works on its hosts side by side', async () => {
    const meeting = Promise.withResolvers<void>();
    const web1 = fakeHost('web1', async () => {
      await meeting.promise;
      return {};
    });
    const web2 = fakeHost('web2', () => {
      meeting.resolve();
      return {};
    });
    expect(
      (await apply(plan([on('web1', run('waits')), on('web2', run('lets it go'))]), enginePorts([web1, web2])))
        .failures,
    ).toEqual([]);
  });

  it('does not begin a stage before the one before has ended everywhere', async () => {
    const order: string[] = [];
    const slow = fakeHost('slow', async ({ argv }) => {
      for (let n = 0; n < 20; n++) await Promise.resolve();
      order.push(`slow ${argv[0]}`);
      return {};
    });
    const fast = fakeHost('fast', ({ argv }) => {
      order.push(`fast ${argv[0]}`);
      return {};
    });
    await apply(plan([on('slow', run('a')), on('fast', run('a'))], [on('fast', run('b'))]), enginePorts([slow, fast]));
    expect(order).toEqual(['fast a', 'slow a', 'fast b']);
  });

  it('gives the output of its steps, by host and id', async () => {
    const answer = answering({ tell: { stdout: 'told\n' }, other: { stdout: 'not kept' } });
    const ports = enginePorts([fakeHost('web1', answer), fakeHost('web2', answer)]);
    const { output } = await apply(
      plan([on('web1', run('tell', { id: 'x' }), run('other')), on('web2', run('tell', { id: 'x' }))]),
      ports,
    );
    expect([output('web1', 'x'), output('web2', 'x'), output('web2', 'other')]).toEqual(['told\n', 'told\n', '']);
  });

  it('measures every step', async () => {
    const ports = enginePorts([
      fakeHost('web1', () => {
        ports.clock.advance(61_234);
        return {};
      }),
    ]);
    expect((await apply(plan([on('web1', run('a'))]), ports)).steps).toMatchObject([{ seconds: 61.234 }]);
    expect(ports.log.lines).toContain('info ✓ web1: a (61.2 s)');
  });

  it('for a host that nobody connected is a bug', async () => {
    await expect(apply(plan([on('web9', run('a'))]), enginePorts([]))).rejects.toThrow('no host is called web9');
  });
});

describe('a failure', () => {
  it('ends its task and its stage, and lets the other hosts finish that stage', async () => {
    const [web1, web2] = [fakeHost('web1', answering({ bad: { code: 3 } })), fakeHost('web2')];
    const ports = enginePorts([web1, web2]);
    const stages = plan([on('web1', run('bad'), run('not')), on('web2', run('a'), run('b'))], [on('web2', run('not'))]);
    const { failures, steps } = await apply(stages, ports);
    expect(failures.map(({ message }) => message)).toEqual(['web1: bad failed with exit code 3']);
    expect(wordsOf([...web1.ran, ...web2.ran])).toEqual(['bad', 'a', 'b']);
    expect(steps.filter(({ outcome }) => outcome === 'failed')).toMatchObject([{ host: 'web1', title: 'bad' }]);
    expect(ports.log.lines).toContain('info ✗ web1: bad (0.0 s)');
  });

  it('of something else stops a step, which has not failed by itself', async () => {
    const cancel = new AbortController();
    const ports = { ...enginePorts([fakeHost('web1')]), signal: cancel.signal };
    cancel.abort();
    const { steps } = await apply(plan([on('web1', run('a'))]), ports);
    expect(steps).toMatchObject([{ title: 'a', outcome: 'failed', stopped: true }]);
    expect(ports.log.lines).toContain('info – web1: a (stopped after 0.0 s)');
  });

  it('is reported for every host that failed', async () => {
    const answer = answering({ bad: { code: 1 } });
    const ports = enginePorts([fakeHost('web1', answer), fakeHost('web2', answer)]);
    const { failures } = await apply(plan([on('web1', run('bad')), on('web2', run('bad'))]), ports);
    expect(failures.map(({ message }) => message)).toEqual([
      'web1: bad failed with exit code 1',
      'web2: bad failed with exit code 1',
    ]);
  });

  it.each<readonly [string, Answer, string]>([
    ['with its exit code', { code: 7 }, 'web1: bad failed with exit code 7'],
    ['as a timeout', { code: null, timedOut: true }, 'web1: bad timed out and was stopped'],
    ['with what was printed', { code: 1, lines: ['one', '', 'two'] }, 'web1: bad failed with exit code 1\none\ntwo'],
    [
      'with a line that comes again and again said once',
      { code: 1, lines: ['no such folder', 'no such folder', '', 'no such folder', 'gone'] },
      'web1: bad failed with exit code 1\nno such folder\ngone',
    ],
    [
      'with the last 20 lines of much output',
      { code: 1, lines: Array.from({ length: 25 }, (_, n) => `line ${n}`) },
      `web1: bad failed with exit code 1\n${Array.from({ length: 20 }, (_, n) => `line ${n + 5}`).join('\n')}`,
    ],
    [
      'with the beginning of a line without an end',
      { code: 1, lines: ['x'.repeat(64_000), 'the reason'] },
      `web1: bad failed with exit code 1\n${'x'.repeat(4000)}…\nthe reason`,
    ],
  ])('is reported %s', async (_, answer, message) => {
    const { failures } = await apply(
      plan([on('web1', run('bad', { hint: 'try this' }))]),
      enginePorts([fakeHost('web1', () => answer)]),
    );
    expect(failures.flatMap((error) => error.failures)).toMatchObject([
      { kind: 'command', step: 'bad', message, hint: 'try this', host: 'web1' },
    ]);
    expect(failures[0]).toBeInstanceOf(CommandError);
  });

  it('of a command that was lost tells to wait for its server, and on this machine only what the step says', async () => {
    const [web1, here] = [fakeHost('web1', () => ({ code: null })), fakeHost('local', () => ({ code: null }))];
    const steps = run('bad', { hint: 'try this' });
    const { failures } = await apply(plan([on('web1', steps), on('local', steps)]), enginePorts([web1, here]));
    expect(failures.flatMap((error) => error.failures)).toMatchObject([
      {
        message: 'web1: bad was interrupted',
        hint: 'The connection dropped while this was running. Check the server with `status`, then deploy again.',
      },
      { message: 'local: bad was interrupted', hint: 'try this' },
    ]);
  });

  it('of a step whose output is for us tells only what it complained about', async () => {
    const answer = { code: 1, lines: ['fact\tx'], errors: ['no space'] };
    const { failures } = await apply(
      plan([on('web1', run('bad', { output: 'facts' }))]),
      enginePorts([fakeHost('web1', () => answer)]),
    );
    expect(failures.map(({ message }) => message)).toEqual(['web1: bad failed with exit code 1\nno space']);
  });

  it('that nobody expects is thrown', async () => {
    const broken = fakeHost('web1', () => {
      throw new TypeError('x is not a function');
    });
    await expect(apply(plan([on('web1', run('a'))]), enginePorts([broken]))).rejects.toThrow(TypeError);
  });

  it('to connect is one of the host', async () => {
    const gone = fakeHost('web1', () => {
      throw new ConnectError('web1', 'went away');
    });
    const { failures } = await apply(plan([on('web1', run('a', { retry: { pauses: [1] } }))]), enginePorts([gone]));
    expect(failures.map(({ message }) => message)).toEqual(['web1: went away']);
    expect(gone.ran).toHaveLength(1);
  });
});

describe('a step that is tried again', () => {
  const retried = run('pull', { retry: { pauses: [2, 5] }, id: 'pull' });
  const failing = (times: number): AnswerTo => {
    let tries = 0;
    return () => (++tries <= times ? { code: 1, errors: [`no ${tries}`] } : { stdout: 'yes' });
  };

  it('pauses longer each time and goes on when it succeeds', async () => {
    const ports = enginePorts([fakeHost('web1', failing(2))]);
    const { failures, output } = await apply(plan([on('web1', retried)]), ports);
    expect(failures).toEqual([]);
    expect(output('web1', 'pull')).toBe('yes');
    expect(ports.clock.slept).toEqual([2000, 5000]);
    expect(ports.log.lines.slice(1)).toEqual([
      'warn web1: pull failed with exit code 1\nno 1\nretrying in 2 s',
      'warn web1: pull failed with exit code 1\nno 2\nretrying in 5 s',
      'info ✓ web1: pull (7.0 s)',
      'end',
    ]);
  });

  it.each([
    [
      'fails at once where it failed for something else',
      'no such file',
      ['web1: pull failed with exit code 1\nno such file'],
      1,
    ],
    [
      'goes on where it failed for a fault of the builder',
      'ERROR: failed to solve: inconsistent graph state in edge',
      [],
      3,
    ],
  ])('%s', async (_, says, expected, tries) => {
    let tried = 0;
    const web1 = fakeHost('web1', () => (++tried < 3 ? { code: 1, errors: [says] } : {}));
    const step = run('pull', { retry: { pauses: [2, 5], after: 'builder' } });
    const { failures } = await apply(plan([on('web1', step)]), enginePorts([web1]));
    expect(failures.map(({ message }) => message)).toEqual(expected);
    expect(web1.ran).toHaveLength(tries);
  });

  it('fails with its last failure', async () => {
    const ports = enginePorts([fakeHost('web1', failing(9))]);
    const { failures } = await apply(plan([on('web1', retried)]), ports);
    expect(failures.map(({ message }) => message)).toEqual(['web1: pull failed with exit code 1\nno 3']);
  });

  it('is not tried again after a cancel', async () => {
    const cancel = new AbortController();
    const web1 = fakeHost('web1', () => {
      cancel.abort();
      return { code: null };
    });
    const ports = enginePorts([web1], { signal: cancel.signal });
    const { failures } = await apply(plan([on('web1', retried)]), ports);
    expect(failures.map(({ message }) => message)).toEqual(['web1: cancelled during: pull']);
    expect(web1.ran).toHaveLength(1);
  });
});

describe('steps that are always done', () => {
  const task = (...steps: readonly Step[]): Task => ({ host: 'web1', steps, always: [run('clean'), run('up')] });

  it('follow a success', async () => {
    const web1 = fakeHost('web1');
    await apply(plan([task(run('a'))]), enginePorts([web1]));
    expect(wordsOf(web1.ran)).toEqual(['a', 'clean', 'up']);
  });

  it('follow a failure, which is the one that is reported', async () => {
    const web1 = fakeHost('web1', answering({ bad: { code: 1 }, clean: { code: 2 } }));
    const { failures } = await apply(plan([task(run('bad'))]), enginePorts([web1]));
    expect(wordsOf(web1.ran)).toEqual(['bad', 'clean']);
    expect(failures.map(({ message }) => message)).toEqual(['web1: bad failed with exit code 1']);
  });

  it('can fail themselves', async () => {
    const { failures } = await apply(
      plan([task(run('a'))]),
      enginePorts([fakeHost('web1', answering({ clean: { code: 2 } }))]),
    );
    expect(failures.map(({ message }) => message)).toEqual(['web1: clean failed with exit code 2']);
  });

  it('are really done after a cancel', async () => {
    const cancel = new AbortController();
    const web1 = fakeHost('web1', ({ argv }, { signal }) => {
      if (argv[0] === 'a') cancel.abort();
      return { code: signal?.aborted ? null : 0 };
    });
    const { failures, steps } = await apply(
      plan([task(run('a'), run('b'))]),
      enginePorts([web1], { signal: cancel.signal }),
    );
    expect(failures.map(({ message }) => message)).toEqual(['web1: cancelled during: a']);
    expect(steps.map(({ title, outcome }) => `${title} ${outcome}`)).toEqual(['a failed', 'clean done', 'up done']);
  });

  it('are done when nothing else was, because it was cancelled before', async () => {
    const web1 = fakeHost('web1');
    const { failures } = await apply(plan([task(run('a'))]), enginePorts([web1], { signal: AbortSignal.abort() }));
    expect(failures.map(({ message }) => message)).toEqual(['web1: cancelled before: a']);
    expect(wordsOf(web1.ran)).toEqual(['clean', 'up']);
  });

  it('are done after a bug as well', async () => {
    const web1 = fakeHost('web1', ({ argv }) => {
      if (argv[0] === 'a') throw new TypeError('a bug');
      return {};
    });
    await expect(apply(plan([task(run('a'))]), enginePorts([web1]))).rejects.toThrow('a bug');
    expect(wordsOf(web1.ran)).toEqual(['a', 'clean', 'up']);
  });
});

describe('a step', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('that is live shows its lines as they come, without the empty ones', async () => {
    const ports = enginePorts([fakeHost('web1', () => ({ lines: ['one', '  ', 'two'] }))]);
    await apply(plan([on('web1', run('a', { output: 'live' }))]), ports);
    expect(ports.log.lines.slice(1, 3)).toEqual(['output web1 | one', 'output web1 | two']);
  });

  it('does not repeat what Docker says of its configuration, which the check of the server has said', async () => {
    const said = 'WARNING: Error loading config file: /home/deploy/.docker/config.json: unexpected EOF';
    const ports = enginePorts([fakeHost('web1', () => ({ code: 1, errors: [said, 'no space'] }))]);
    const { failures } = await apply(plan([on('web1', run('a', { output: 'live' }))]), ports);
    expect(ports.log.lines).not.toContain(`output web1 | ${said}`);
    expect(failures.map(({ message }) => message)).toEqual(['web1: a failed with exit code 1\nno space']);
  });

  it('that is quiet shows none of them', async () => {
    const ports = enginePorts([fakeHost('web1', () => ({ lines: ['one'] }))]);
    await apply(plan([on('web1', run('a'))]), ports);
    expect(ports.log.lines).toEqual(['stage stage 1', 'info ✓ web1: a (0.0 s)', 'end']);
  });

  it('that writes a file replaces it in one go, readable by its owner alone', async () => {
    const web1 = fakeHost('web1');
    const content = new Secret('hunter2');
    await apply(
      plan([on('web1', { kind: 'write', id: 'w', title: 'w', path: '/opt/a b', content })]),
      enginePorts([web1]),
    );
    expect(web1.ran).toEqual([
      {
        argv: ['sh', '-c', 'umask 077 && cat >"$1.new" && mv "$1.new" "$1"', 'korrigo-write', '/opt/a b'],
        stdin: content,
      },
    ]);
  });

  it('has the time that it is given', async () => {
    const web1 = fakeHost('web1', async (_, { signal }) => {
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      return { code: null, timedOut: signal?.reason instanceof Error && signal.reason.name === 'TimeoutError' };
    });
    const { failures } = await apply(plan([on('web1', run('slow', { timeoutSeconds: 0.05 }))]), enginePorts([web1]));
    expect(failures.map(({ message }) => message)).toEqual(['web1: slow timed out and was stopped']);
  });

  it('that says nothing for long is told to be still going on, until it ends', async () => {
    vi.useFakeTimers();
    const ending = Promise.withResolvers<Answer>();
    const ports = enginePorts([fakeHost('web1', () => ending.promise)]);
    const applied = apply(plan([on('web1', run('slow'))]), ports);
    for (let n = 0; n < 3; n++) {
      ports.clock.advance(15_000);
      await vi.advanceTimersByTimeAsync(15_000);
    }
    ending.resolve({});
    await applied;
    ports.clock.advance(60_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ports.log.lines).toEqual([
      'stage stage 1',
      'info … web1: slow (15 s)',
      'info … web1: slow (30 s)',
      'info … web1: slow (45 s)',
      'info ✓ web1: slow (45.0 s)',
      'end',
    ]);
  });

  it('is no longer told to be going on when its host went away', async () => {
    vi.useFakeTimers();
    const gone = fakeHost('web1', () => {
      throw new ConnectError('web1', 'went away');
    });
    const ports = enginePorts([gone]);
    await apply(plan([on('web1', run('a'))]), ports);
    ports.clock.advance(60_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ports.log.lines.filter((line) => line.startsWith('info …'))).toEqual([]);
  });
});

describe('a failed step that knows where to look', () => {
  const { images } = releaseOf();
  const explain = {
    probe: { argv: ['inspect'] },
    until: { kind: 'services', images, settleSeconds: 5 },
  } as const;
  const line = (overrides: Parameters<typeof containerOf>[0]): string => {
    const { id, name, image, service, configHash, status, exitCode } = containerOf(overrides);
    return JSON.stringify({
      id,
      name: `/${name}`,
      image,
      labels: [service, configHash, 'False'],
      restarts: 0,
      state: { Status: status, ExitCode: exitCode },
    });
  };
  const bad = plan([on('web1', run('up', { explain }))]);

  it('reports which container is the reason, with the end of its log', async () => {
    const answer = answering({
      up: { code: 1, lines: ['container web exited'] },
      inspect: { stdout: inspectFacts(1_770_000_000, line({ status: 'exited', exitCode: 1 })) },
      docker: { stdout: 'starting\n', stderr: 'no database\n' },
    });
    const { failures } = await apply(bad, enginePorts([fakeHost('web1', answer)]));
    expect(failures[0]).toBeInstanceOf(HealthError);
    expect(failures[0]).toMatchObject({
      message: 'web1: web exited with code 1\nlast log lines of shop-web-1:\n  starting\n  no database',
      hint: 'For the full log, run `docker logs shop-web-1` on web1.',
      cause: expect.any(CommandError),
    });
  });

  it('takes no error of docker logs for lines of the container', async () => {
    const answer = answering({
      up: { code: 1 },
      inspect: { stdout: inspectFacts(1_770_000_000, line({ status: 'exited', exitCode: 1 })) },
      docker: { code: 1, stderr: 'Error response from daemon: configured logging driver does not support reading\n' },
    });
    const { failures } = await apply(bad, enginePorts([fakeHost('web1', answer)]));
    expect(failures[0]).toMatchObject({
      message: 'web1: web exited with code 1\nits logging driver keeps no log on the server',
      hint: expect.stringMatching(/^Look where its logging driver sends the log/),
    });
  });

  it('reports which container it waited for when the time was up', async () => {
    const answer = answering({
      up: { code: null, timedOut: true },
      inspect: { stdout: inspectFacts(1_770_000_000, line({ status: 'restarting', exitCode: 1 })) },
      docker: { stdout: 'no database\n' },
    });
    const { failures } = await apply(bad, enginePorts([fakeHost('web1', answer)]));
    expect(failures[0]).toMatchObject({
      name: 'HealthError',
      message: expect.stringMatching(
        /^web1: web is restarting \(exit code 1\).*, timed out\nlast log lines of shop-web-1:\n {2}no database$/,
      ),
    });
  });

  it('reports the command when no container is the reason', async () => {
    const answer = answering({
      up: { code: 1, lines: ['no space'] },
      inspect: { stdout: inspectFacts(1_770_000_000, line({})) },
    });
    const { failures } = await apply(bad, enginePorts([fakeHost('web1', answer)]));
    expect(failures.map(({ message }) => message)).toEqual(['web1: up failed with exit code 1\nno space']);
  });

  it('reports the command when a container is only still the old one', async () => {
    const answer = answering({
      up: { code: 1, lines: ['port is already allocated'] },
      inspect: { stdout: inspectFacts(1_770_000_000, line({ image: 'old' })) },
    });
    const { failures } = await apply(bad, enginePorts([fakeHost('web1', answer)]));
    expect(failures.map(({ message }) => message)).toEqual([
      'web1: up failed with exit code 1\nport is already allocated',
    ]);
  });

  it('reports the command when it cannot look', async () => {
    const answer = answering({ up: { code: 1 }, inspect: { code: 1, stderr: 'docker is gone' } });
    const { failures } = await apply(bad, enginePorts([fakeHost('web1', answer)]));
    expect(failures.map(({ message }) => message)).toEqual(['web1: up failed with exit code 1']);
  });

  it('does not look when it was interrupted', async () => {
    const web1 = fakeHost('web1', answering({ up: { code: null } }));
    const { failures } = await apply(bad, enginePorts([web1]));
    expect(wordsOf(web1.ran)).toEqual(['up']);
    expect(failures[0]).toBeInstanceOf(DeployError);
  });
});
