import { type LeaseKey, leaseStage, leaveLease } from '../commands/lease.ts';
import { LeaseLostError } from '../errors.ts';
import { factsMarker } from '../facts/facts.ts';
import { readStanding } from '../facts/lease.ts';
import type { Host } from '../hosts/host.ts';
import type { Command, Result } from '../model/command.ts';
import type { LeaseOutcome } from '../model/lease.ts';
import { type Background, startInBackground } from './background.ts';
import { follow } from './follow.ts';
import type { Link } from './link.ts';

/** The lease of one host, while it is held. */
export type Held = {
  readonly name: string;
  readonly root: string;
  readonly token: string;
  /** Runs commands that go on by themselves: a dropped connection neither ends them nor runs them twice. */
  readonly detached: Host;
  /** Runs short commands. One that a dropped connection has cut off ends with the code null. */
  readonly direct: Host;
  /** Starts a command that goes on by itself until it is stopped. */
  readonly background: (title: string, command: Command) => Promise<Background>;
  /** Aborts with a LeaseLostError as its reason as soon as it is known that the lease is over. */
  readonly lost: AbortSignal;
  /** A call of the lease: `armLease`, `confirmLease`. It may be repeated after a dropped connection. */
  readonly call: (command: Command) => Promise<Result>;
  /** What is done now, for those who wait. */
  stage(name: string): Promise<void>;
  /** Undoes what is armed and frees the lease. `unfinished`: it was not come to an end within the seconds. */
  leave(waitSeconds: number): Promise<LeaseOutcome>;
};

export type Every = (milliseconds: number, act: () => void) => () => void;

const everySoOften: Every = (milliseconds, act) => {
  const timer = setInterval(act, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
};

/** @param graceSeconds without a call, and the host takes the lease back: signs of life go there four times as often. */
export function heldOn(link: Link, key: LeaseKey, graceSeconds: number, every: Every = everySoOften): Held {
  const { name } = link;
  const ended = new AbortController();
  let jobs = 0;
  let last = 0;

  const stopBeating = every((graceSeconds * 1000) / 4, () => {
    if (performance.now() - last >= (graceSeconds * 1000) / 4.5) call(leaseStage(key)).catch(() => {});
  });
  const lose = (error: LeaseLostError): never => {
    stopBeating();
    ended.abort(error);
    throw error;
  };
  const call = async (command: Command): Promise<Result> => {
    if (ended.signal.aborted) throw ended.signal.reason;
    last = performance.now();
    const result = await link.call(command).catch((error: unknown) => {
      if (error instanceof LeaseLostError) return lose(error);
      throw error;
    });
    // What failed on the host itself, for a full disk say, is told by the code; without an answer there is no lease left.
    if (result.code !== 0 && result.stdout.includes(factsMarker)) return result;
    const standing = readStanding(result.stdout) ?? { kind: 'lost', outcome: 'unfinished' };
    return standing.kind === 'ours' ? result : lose(lostError(name, key.root, standing.outcome));
  };
  return {
    name,
    root: key.root,
    token: key.token,
    lost: ended.signal,
    call,
    detached: {
      name,
      run: async (command, options) => await follow(key, String(++jobs), command, call, options),
      close: link.close,
    },
    direct: { name, run: link.run, close: link.close },
    background: async (title, command) =>
      await startInBackground({ name, key, id: String(++jobs), title }, command, call),
    stage: async (stage) => void (await call(leaseStage(key, stage))),
    leave: async (waitSeconds) => {
      stopBeating();
      // Nobody waits for a connection that is away: without it the server does the same by itself.
      const signal = AbortSignal.timeout((waitSeconds + 5) * 1000);
      const { stdout } = await link.call(leaveLease(key, waitSeconds), { signal });
      const standing = readStanding(stdout);
      return standing?.kind === 'lost' ? standing.outcome : 'unfinished';
    },
  };
}

/** The host as plans use it: each command goes the way that its step names. */
export function hostOf({ name, detached, direct, call }: Held): Host {
  const ways = {
    detached: detached.run,
    lease: async (command: Command) => await call(command).catch(unlessConfirmed),
  } as const;
  return {
    name,
    run: async (command, options = {}) =>
      await (options.channel === undefined ? direct.run(command, options) : ways[options.channel](command, options)),
    close: direct.close,
  };
}

/** The answer to a confirmation got lost, and then the lease came to its end: as good as an answer. */
function unlessConfirmed(error: unknown): Result {
  if (error instanceof LeaseLostError && error.outcome === 'confirmed')
    return { code: 0, stdout: '', stderr: '', seconds: 0, timedOut: false };
  throw error;
}

function lostError(host: string, root: string, outcome: LeaseOutcome): LeaseLostError {
  const { says, hint } = told[outcome];
  return new LeaseLostError(host, outcome, says, { hint: hint.replace('{root}', root).replace('{host}', host) });
}

const told: Readonly<Record<LeaseOutcome, { readonly says: string; readonly hint: string }>> = {
  released: {
    says: 'the connection was lost for too long, and the server released its lease; no running container was touched',
    hint: 'Deploy again.',
  },
  confirmed: {
    says: 'the lease has ended; the deploy is confirmed',
    hint: 'Check it with the command status.',
  },
  'rolled-back': {
    says: 'the connection was lost for too long, so the server rolled back by itself',
    hint: 'Deploy again.',
  },
  'rollback-failed': {
    says: 'the connection was lost for too long, so the server tried to roll back by itself, and failed',
    hint: 'On {host}, read {root}/lease/undo.log, fix the problem, and run: sh {root}/lease/failed/undo.sh',
  },
  unfinished: {
    says: 'the connection was lost for too long, so the server is rolling back by itself',
    hint: 'Check it with the command status, then deploy again.',
  },
};
