import { describe, expect, it } from 'vitest';
import { containerOf, inspectFacts, releaseOf } from '../../fixtures/builders.ts';
import { type Answer, enginePorts, fakeHost } from '../../fixtures/fakes.ts';
import { waitFor } from '../../src/engine/wait.ts';
import { ConnectError, HealthError } from '../../src/errors.ts';
import type { WaitStep } from '../../src/model/plan.ts';
import type { Container } from '../../src/model/state.ts';

const web = releaseOf().images['web'] ?? '';
const step: WaitStep = {
  kind: 'wait',
  id: 'healthy',
  title: 'healthy',
  probe: { argv: ['inspect'] },
  until: { kind: 'services', images: { web }, settleSeconds: 5 },
  timeoutSeconds: 10,
};
const answers: WaitStep = { ...step, probe: { url: 'https://shop.example.com/' }, until: { kind: 'answers' } };

/** What `inspect` prints of one container. */
function printed(overrides: Partial<Container> = {}): Answer {
  const { id, name, image, service, status, exitCode, startedAt, restarts, health, healthOutput } =
    containerOf(overrides);
  const state = {
    Status: status,
    ExitCode: exitCode,
    StartedAt: startedAt,
    ...(health === 'none' ? {} : { Health: { Status: health, Log: [{ Output: healthOutput }] } }),
  };
  const line = JSON.stringify({ id, name: `/${name}`, image, labels: [service, 'hash', 'False'], restarts, state });
  return { stdout: inspectFacts(Date.parse('2026-02-03T05:00:00Z') / 1000, line) };
}
/** One answer after the other, the last one for ever; `docker logs` prints `log`. */
const host = (probes: readonly Answer[], log: Answer = {}) => {
  let asked = 0;
  return fakeHost('web1', ({ argv }) =>
    argv[0] === 'docker' ? log : (probes[Math.min(asked++, probes.length - 1)] ?? {}),
  );
};
const starting = printed({ health: 'starting' });
const healthy = printed({ health: 'healthy' });

describe('waiting', () => {
  it('ends as soon as all is healthy', async () => {
    const ports = enginePorts([host([healthy])]);
    await waitFor(step, 'web1', ports);
    expect(ports.clock.slept).toEqual([]);
    expect(ports.log.lines).toEqual([]);
  });

  it.each([
    [undefined, ['info web1: web exited with code 0, which counts as completed']],
    [['web'], []],
  ])('says that a container has ended well, unless others wait for that: %j', async (completes, lines) => {
    const ports = enginePorts([host([printed({ status: 'exited' })])]);
    const until = { kind: 'services', images: { web }, settleSeconds: 5, ...(completes && { completes }) } as const;
    await waitFor({ ...step, until }, 'web1', ports);
    expect(ports.log.lines).toEqual(lines);
  });

  it('asks at short notice and tells only what is new', async () => {
    const ports = enginePorts([host([{ stdout: inspectFacts(1) }, starting, starting, starting, healthy])]);
    await waitFor(step, 'web1', ports);
    expect(ports.clock.slept).toEqual([100, 100, 100, 100]);
    expect(ports.log.lines).toEqual(['info … web1: web has no container', 'info … web1: web is starting']);
  });

  describe('asks the containers themselves', () => {
    const asking: WaitStep = { ...step, ask: { argv: ['ask'] } };
    const passing = { ...starting, stdout: `${starting.stdout}passes\t${containerOf().id}\n` };

    it('and takes one that passes its healthcheck for healthy, before Docker says so', async () => {
      const web1 = fakeHost('web1', ({ argv }) => (argv[0] === 'ask' ? passing : starting));
      const ports = enginePorts([web1]);
      await waitFor(asking, 'web1', ports);
      expect(ports.clock.slept).toEqual([]);
    });

    it('but not one that has only just started', async () => {
      const early = printed({ health: 'starting', startedAt: '2026-02-03T04:59:59.5Z' });
      const answers = [{ ...early, stdout: `${early.stdout}passes\t${containerOf().id}\n` }, starting, healthy];
      let asked = 0;
      const ports = enginePorts([fakeHost('web1', () => answers[asked++] ?? {})]);
      await waitFor(asking, 'web1', ports);
      expect(asked).toBe(3);
    });

    it('and leaves healthchecks that take long to Docker', async () => {
      const calls: string[] = [];
      const ports = enginePorts([]);
      const web1 = fakeHost('web1', async ({ argv }) => {
        calls.push(argv[0] ?? '');
        if (argv[0] === 'ask') await ports.clock.sleep(calls.length < 3 ? 1_500 : 2_500);
        return calls.length < 5 ? starting : healthy;
      });
      await waitFor(asking, 'web1', { ...ports, host: () => web1 });
      expect(calls).toEqual(['ask', 'ask', 'ask', 'inspect', 'inspect']);
    });
  });

  it('believes a container that has run for long enough, whatever was done to the clock of its server', async () => {
    const ports = enginePorts([host([printed({ startedAt: '2026-02-03T06:00:00Z', health: 'none' })])]);
    await waitFor(step, 'web1', ports);
    expect(ports.clock.slept.reduce((sum, pause) => sum + pause, 0)).toBe(5000);
  });

  it('asks less often when it takes long', async () => {
    const ports = enginePorts([host([starting])]);
    await expect(waitFor({ ...step, timeoutSeconds: 12 }, 'web1', ports)).rejects.toBeInstanceOf(HealthError);
    expect([...new Set(ports.clock.slept)]).toEqual([100, 250, 500]);
  });

  it('asks again when the host did not say', async () => {
    const ports = enginePorts([host([{ code: 1, stderr: 'busy\n' }, { code: null }, healthy])]);
    await waitFor(step, 'web1', ports);
    expect(ports.log.lines).toEqual([
      'info … web1: docker inspect failed: busy',
      'info … web1: docker inspect failed: no answer',
    ]);
  });

  it('leaves out lines that are no containers', async () => {
    await waitFor(step, 'web1', enginePorts([host([{ stdout: `${healthy.stdout}Warning: x\n\n` }])]));
  });

  it('quotes only the beginning of a line without an end', async () => {
    const log = { stdout: `${'x'.repeat(10_000_000)}\nthe reason\n` };
    await expect(waitFor(step, 'web1', enginePorts([host([starting], log)]))).rejects.toMatchObject({
      message: `web1: web is starting (gave up after 10 s)\nits healthcheck has not passed yet\nlast log lines of shop-web-1:\n  ${'x'.repeat(4000)}…\n  the reason`,
    });
  });

  it('fails when the time is up, with what was waited for', async () => {
    const ports = enginePorts([host([starting])]);
    await expect(waitFor(step, 'web1', ports)).rejects.toMatchObject({
      name: 'HealthError',
      failures: [
        {
          kind: 'health',
          host: 'web1',
          service: 'web',
          short: 'web1: web is starting (gave up after 10 s)',
          message: 'web1: web is starting (gave up after 10 s)\nits healthcheck has not passed yet\nits log is empty',
          hint: 'For the full log, run `docker logs shop-web-1` on web1.',
        },
      ],
    });
    expect(ports.clock.slept.reduce((sum, pause) => sum + pause)).toBe(10_000);
  });

  it('fails at once when it is hopeless, with the healthcheck and the end of the log', async () => {
    const bad = printed({ health: 'unhealthy', healthOutput: 'connection refused\n' });
    const ports = enginePorts([host([starting, bad], { stdout: 'one\ntwo\n', stderr: 'three\n' })]);
    const failure = waitFor(step, 'web1', ports);
    await expect(failure).rejects.toBeInstanceOf(HealthError);
    await expect(failure).rejects.toMatchObject({
      message: [
        'web1: web is unhealthy',
        'last healthcheck output: connection refused',
        'last log lines of shop-web-1:',
        '  one',
        '  two',
        '  three',
      ].join('\n'),
    });
    expect(ports.clock.slept).toHaveLength(1);
  });

  it('bears with a container that is restarted until a migration is through, and not with one that goes on', async () => {
    const restarting = (restarts: number) => printed({ status: 'restarting', exitCode: 1, restarts });
    const patient = enginePorts([host([restarting(8), restarting(10), healthy])]);
    await waitFor(step, 'web1', patient);
    const hopeless = enginePorts([host([restarting(8), restarting(11)])]);
    await expect(waitFor(step, 'web1', hopeless)).rejects.toThrow('web1: web keeps restarting (exit code 1)');
  });

  it('gives each look a limit of its own: a Docker that hangs is no answer', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const web1 = fakeHost('web1', (_, { signal }) => {
      signals.push(signal);
      return signals.length === 1 ? { code: null, timedOut: true } : healthy;
    });
    await waitFor(step, 'web1', enginePorts([web1]));
    expect(signals.map((signal) => signal?.aborted)).toEqual([false, false]);
  });

  it('for a service without a container says where to look', async () => {
    await expect(waitFor(step, 'web1', enginePorts([host([{ stdout: inspectFacts(1) }])]))).rejects.toMatchObject({
      message: 'web1: web has no container (gave up after 10 s)',
      failures: [{ hint: 'List the containers with `docker ps --all` on web1.', service: undefined }],
    });
  });

  it('ends when it is cancelled', async () => {
    const cancel = new AbortController();
    const ports = enginePorts(
      [
        fakeHost('web1', () => {
          cancel.abort();
          return { code: null };
        }),
      ],
      { signal: cancel.signal },
    );
    await expect(waitFor(step, 'web1', ports)).rejects.toMatchObject({
      name: 'Cancelled',
      message: 'web1: cancelled during: healthy',
      failures: [{ kind: 'cancelled', host: 'web1' }],
    });
    expect(ports.clock.slept).toEqual([]);
  });

  it('ends when the host goes away', async () => {
    const gone = fakeHost('web1', () => {
      throw new ConnectError('web1', 'went away');
    });
    await expect(waitFor(step, 'web1', enginePorts([gone]))).rejects.toThrow('web1: went away');
  });
});

describe('waiting for an answer', () => {
  it('asks until the URL answers with success', async () => {
    const said: (number | string)[] = ['does not answer: connect ECONNREFUSED', 502, 502, 200];
    const asked: string[] = [];
    const ask = async (url: string) => {
      asked.push(url);
      return said.shift() ?? 200;
    };
    const ports = enginePorts([], { ask });
    await waitFor(answers, 'local', ports);
    expect(asked).toEqual(Array(4).fill('https://shop.example.com/'));
    expect(ports.log.lines).toEqual([
      'info … local: https://shop.example.com/ does not answer: connect ECONNREFUSED',
      'info … local: https://shop.example.com/ answers 502',
    ]);
  });

  it('fails when it never does', async () => {
    await expect(waitFor(answers, 'local', enginePorts([]))).rejects.toMatchObject({
      message: 'local: https://shop.example.com/ does not answer: connection refused (gave up after 10 s)',
      hint: expect.stringMatching(/^All containers are healthy, so check health-url itself/),
    });
  });
});
