import { type LeaseKey, leaseStage, leaveLease } from '../commands/lease.ts';
import { LeaseLostError } from '../errors.ts';
import { factsMarker } from '../facts/facts.ts';
import { readStanding } from '../facts/lease.ts';
import type { Host } from '../hosts/host.ts';
import type { Command, Result } from '../model/command.ts';
import type { LeaseOutcome } from '../model/lease.ts';
import { type Background, startInBackground } from './background.ts';
import { follow } from './follow.ts';
import { heal } from './lease.ts';
import type { Link } from './link.ts';

/** The lease of one host, while it is held. */
export type Held = {
  readonly name: string;
  readonly root: string;
  readonly token: string;
  /** Runs detached commands: a dropped connection neither ends them nor runs them twice. */
  readonly detached: Host;
  /** Runs short commands. One that a dropped connection interrupts ends with the code null. */
  readonly direct: Host;
  /** Starts a detached command that runs until it is stopped. */
  readonly background: (title: string, command: Command) => Promise<Background>;
  /** Aborts with a LeaseLostError as its reason as soon as the lease is known to be over. */
  readonly lost: AbortSignal;
  /** A call of the lease: `armLease`, `confirmLease`. It may be repeated after a dropped connection. */
  readonly call: (command: Command) => Promise<Result>;
  /** The current stage, for those who wait. */
  stage(name: string): Promise<void>;
  /** Undoes what is armed and frees the lease. `unfinished`: it did not finish within the seconds. */
  leave(waitSeconds: number): Promise<LeaseOutcome>;
  /** The same, with its output, followed to its end for at most that long. Rejects if it cannot be followed. */
  undo(limitSeconds: number, ports: UndoPorts): Promise<LeaseOutcome>;
};

type UndoPorts = Required<Parameters<typeof heal>[3]>;

export type Every = (milliseconds: number, act: () => void) => () => void;

const everySoOften: Every = (milliseconds, act) => {
  const timer = setInterval(act, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
};

/** @param graceSeconds without a call before the host takes the lease back; signs of life are sent four times as often. */
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
    // A failure on the host itself, e.g. a full disk, shows in the exit code; without an answer the lease is gone.
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
      // Nothing waits for a connection that is down: without it the server does the same by itself.
      const signal = AbortSignal.timeout((waitSeconds + 5) * 1000);
      const { stdout } = await link.call(leaveLease(key, waitSeconds), { signal });
      const standing = readStanding(stdout);
      return standing?.kind === 'lost' ? standing.outcome : 'unfinished';
    },
    undo: async (limitSeconds, ports) => {
      stopBeating();
      const { stdout } = await link.call(leaveLease(key, 0), { signal: ports.signal });
      const standing = readStanding(stdout);
      if (standing?.kind === 'lost' && standing.outcome !== 'unfinished') return standing.outcome;
      const healed = await heal(name, link.call, key.root, ports, { token: key.token, limitSeconds });
      return healed?.outcome ?? 'unfinished';
    },
  };
}

/** The host as plans use it: each command runs the way its step says. */
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

/** The answer to a confirmation was lost, but the lease ended as confirmed: so that is the answer. */
function unlessConfirmed(error: unknown): Result {
  if (error instanceof LeaseLostError && error.outcome === 'confirmed')
    return { code: 0, stdout: '', stderr: '', seconds: 0, timedOut: false };
  throw error;
}

function lostError(host: string, root: string, outcome: LeaseOutcome): LeaseLostError {
  const { says, hint } = endings[outcome];
  return new LeaseLostError(host, outcome, says, { hint: hint.replace('{root}', root).replace('{host}', host) });
}

const endings: Readonly<Record<LeaseOutcome, { readonly says: string; readonly hint: string }>> = {
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
