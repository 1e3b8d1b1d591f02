/** Stand-ins for the outside world: every one of them is a port that is passed as an argument. */
import type { Clock, EnginePorts } from '../../src/engine/ports.ts';
import type { Host, RunOptions } from '../../src/hosts/host.ts';
import type { Log } from '../../src/log/log.ts';
import type { Command, Result } from '../../src/model/command.ts';

/** How a command ends; `lines` are told as they would come, those of `errors` as its stderr. */
export type Answer = Partial<Result> & { readonly lines?: readonly string[]; readonly errors?: readonly string[] };
export type AnswerTo = (command: Command, options: RunOptions) => Answer | Promise<Answer>;

export type FakeHost = Host & {
  /** What it was asked to run, in order. */
  readonly ran: Command[];
  readonly isClosed: () => boolean;
};

/** A host whose commands are answered by a function: by default each one succeeds and prints nothing. */
export function fakeHost(name: string, answer: AnswerTo = () => ({})): FakeHost {
  const ran: Command[] = [];
  let closed = false;
  return {
    name,
    ran,
    isClosed: () => closed,
    run: async (command, options = {}) => {
      ran.push(command);
      const given = options.signal?.aborted ? { code: null } : await answer(command, options);
      const { lines = [], errors = [], ...result } = given;
      for (const line of lines) options.onLine?.(line, 'stdout');
      for (const line of errors) options.onLine?.(line, 'stderr');
      return { code: 0, stdout: '', stderr: '', seconds: 0, timedOut: false, ...result };
    },
    close: async () => {
      closed = true;
    },
  };
}

/** The program of a command that runs on a server (`korrigo-ship`), else its first words. */
export function nameOf({ argv }: Command): string {
  return argv.find((word) => word.startsWith('korrigo-')) ?? argv.slice(0, 2).join(' ');
}

export type FakeClock = Clock & {
  /** The pauses that were made, in milliseconds. */
  readonly slept: number[];
  readonly advance: (milliseconds: number) => void;
};

/** Time passes only when somebody sleeps or a test says so, and then at once. */
export function fakeClock(start = Date.parse('2026-02-03T04:05:06Z')): FakeClock {
  let now = start;
  const slept: number[] = [];
  const advance = (milliseconds: number): void => {
    now += milliseconds;
  };
  return {
    slept,
    advance,
    now: () => now,
    sleep: async (milliseconds, signal) => {
      if (signal?.aborted) return;
      slept.push(milliseconds);
      advance(milliseconds);
    },
  };
}

export type CollectedLog = Log & { readonly lines: string[] };

/** Keeps what is logged, each line after the kind of its call: `info ✓ web1: pull`. */
export function collectedLog(): CollectedLog {
  const lines: string[] = [];
  return {
    lines,
    stage: (title) => void lines.push(`stage ${title}`),
    end: () => void lines.push('end'),
    info: (line) => void lines.push(`info ${line}`),
    warn: (line) => void lines.push(`warn ${line}`),
    output: (host, line) => void lines.push(`output ${host} | ${line}`),
  };
}

export type FakePorts = EnginePorts & { readonly log: CollectedLog; readonly clock: FakeClock };

/** Ports of the engine over the given hosts; by default no URL answers. */
export function enginePorts(hosts: readonly Host[], overrides: Partial<FakePorts> = {}): FakePorts {
  return {
    host: (name) => {
      const found = hosts.find((host) => host.name === name);
      if (found === undefined) throw new Error(`no host is called ${name}`);
      return found;
    },
    log: collectedLog(),
    clock: fakeClock(),
    ask: async () => 'does not answer: connection refused',
    signal: new AbortController().signal,
    ...overrides,
  };
}
