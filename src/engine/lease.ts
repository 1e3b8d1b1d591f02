import { healLease, type LeaseKey, type Terms, takeLease } from '../commands/lease.ts';
import { Cancelled, CommandError, DeployError, LeaseBusyError } from '../errors.ts';
import { readHealing, readTaken } from '../facts/lease.ts';
import { collect } from '../hosts/output.ts';
import type { Log } from '../log/log.ts';
import type { Command, Result } from '../model/command.ts';
import type { Holder, LeaseOutcome, Taken } from '../model/lease.ts';
import type { Clock } from './ports.ts';

/** What happens to the lease of one host. */
export type LeaseHost = {
  readonly name: string;
  take(waitSeconds: number): Promise<Taken>;
  /** Frees it again: nothing has been done yet. */
  leave(): Promise<unknown>;
  /** Finishes what another run could not. */
  heal(holder: Holder): Promise<unknown>;
};

type Ports = { readonly log: Log; readonly clock: Clock; readonly signal: AbortSignal };

/** How long one call waits for a lease. */
const waitSeconds = 5;
const sayMilliseconds = 15_000;

/**
 * Takes the leases of all hosts or of none, in the order of their names, and keeps none while waiting for another: so two
 * deploys never wait for each other. Logs every 15 s who holds it. Throws a LeaseBusyError if the wait times out.
 */
export async function takeAll(hosts: readonly LeaseHost[], timeoutSeconds: number, ports: Ports): Promise<void> {
  const { clock, log, signal } = ports;
  const ordered = hosts.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const deadline = clock.now() + timeoutSeconds * 1000;
  let toSay = clock.now();
  let waitingFor: LeaseHost | undefined;
  for (;;) {
    const found = await takeEach(ordered, waitingFor);
    if (found === undefined) return;
    const { host, holder } = found;
    waitingFor = host;
    if (signal.aborted)
      throw new DeployError(`${host.name}: cancelled while waiting for its lease`, {
        kind: 'cancelled',
        host: host.name,
      });
    if (clock.now() >= deadline) throw busyError(host.name, holder, timeoutSeconds);
    if (clock.now() >= toSay) {
      log.progress(`… ${host.name}: waiting for ${holderText(holder)}`);
      toSay += sayMilliseconds;
    }
    // The first host does its waiting on the server.
    await clock.sleep(host === ordered[0] ? 1000 : 3000, signal);
  }
}

/** The first host whose lease someone else holds; those already taken are freed again. */
async function takeEach(
  hosts: readonly LeaseHost[],
  waitingFor: LeaseHost | undefined,
): Promise<{ readonly host: LeaseHost; readonly holder: Holder } | undefined> {
  const taken: LeaseHost[] = [];
  const giveBack = async (): Promise<void> => void (await Promise.all(taken.map((host) => host.leave())));
  try {
    for (const host of hosts) {
      // It may wait for the host that was busy the last time, but not while others are held.
      const holder = await takeOne(host, host === waitingFor && taken.length === 0 ? waitSeconds : 0);
      if (holder === undefined) {
        taken.push(host);
        continue;
      }
      await giveBack();
      return { host, holder };
    }
    return undefined;
  } catch (error) {
    await giveBack();
    throw error;
  }
}

/** An interrupted lease is finished at the first attempt, unless another run takes it first. */
const heals = 3;

async function takeOne(host: LeaseHost, seconds: number): Promise<Holder | undefined> {
  for (let tries = 0; tries <= heals; tries++) {
    const taken = await host.take(seconds);
    if (taken.kind === 'taken') return undefined;
    if (taken.kind === 'busy') return taken.holder;
    if (taken.kind === 'missing') {
      throw new DeployError(`${host.name}: not installed: ${taken.programs.join(', ')}`, {
        hint: 'Install util-linux and coreutils on the server: see docs/server.md.',
        host: host.name,
      });
    }
    await host.heal(taken.holder);
  }
  throw new DeployError(`${host.name}: what an interrupted deploy left there cannot be finished`, {
    hint: "Read lease/undo.log in the application's folder on the server. No running container was touched.",
    host: host.name,
  });
}

/** "ana's deploy of 20260203-… (https://…), since 04:05 UTC, now: Recreate" */
export function holderText({ actor, run, command, release, since, stage, quietSeconds, ending }: Holder): string {
  const parts = [
    `${actor}'s ${command}${release === '' ? '' : ` of ${release}`}${run === undefined ? '' : ` (${run})`}`,
    ...(since === '' ? [] : [`since ${since.slice(11, 16)} UTC`]),
    ending ? 'now rolling back' : `now: ${stage || 'starting'}`,
    ...(quietSeconds === undefined || quietSeconds < 15 || ending ? [] : [`no sign of life for ${quietSeconds} s`]),
  ];
  return parts.join(', ');
}

function busyError(host: string, holder: Holder, seconds: number): LeaseBusyError {
  return new LeaseBusyError(host, holder, `still in use after ${seconds} s, by ${holderText(holder)}`, {
    hint: 'Nothing was changed. Wait for the other run and deploy again, or raise lock-timeout.',
  });
}

type Run = (command: Command, options?: { readonly signal?: AbortSignal }) => Promise<Result>;

export async function take(name: string, run: Run, key: LeaseKey, terms: Terms, seconds: number): Promise<Taken> {
  const { code, stdout, stderr, timedOut } = await run(takeLease(key, terms, seconds));
  const taken = code === 0 ? readTaken(stdout) : undefined;
  if (taken !== undefined) return taken;
  throw new CommandError({ host: name, title: 'take the lease', code, timedOut, output: stderr.trim() });
}

type HealOptions = { readonly token?: string; readonly retry?: boolean; readonly limitSeconds?: number };

export type Healed = { readonly outcome: LeaseOutcome | undefined; readonly holder: Holder };

/**
 * Finishes an interrupted deploy on a host, and passes on the undo's output. Undefined if there was
 * nothing to finish, or the lease is held.
 * Logs every 15 s that it is still running.
 * @param token of the lease to wait for
 * @param retry tries an undo again that has failed for good
 * @param limitSeconds after which we stop waiting: then it is `unfinished`
 */
export async function heal(
  name: string,
  run: Run,
  root: string,
  { log, clock, signal }: Pick<Ports, 'log' | 'clock'> & Partial<Pick<Ports, 'signal'>>,
  { token = '', retry = false, limitSeconds = Number.POSITIVE_INFINITY }: HealOptions = {},
): Promise<Healed | undefined> {
  const lines = collect((line) => log.output(name, line));
  let seen = { token, logEnd: 0, retry };
  let holder: Holder | undefined;
  const started = clock.now();
  let toSay = started + sayMilliseconds;
  for (;;) {
    const { code, stdout, stderr, timedOut } = await run(
      healLease(root, seen, waitSeconds),
      signal === undefined ? {} : { signal },
    );
    // The server continues by itself.
    if (signal?.aborted) throw new Cancelled(name, 'during', 'finish what was interrupted');
    const healing = code === 0 ? readHealing(stdout) : undefined;
    if (healing === undefined)
      throw new CommandError({
        host: name,
        title: 'finish what was interrupted',
        code,
        timedOut,
        output: stderr.trim(),
      });
    holder ??= healing.holder;
    lines.push(Buffer.from(healing.log));
    if (healing.state !== 'ending') {
      lines.end();
      return healing.outcome === undefined ? undefined : { outcome: healing.outcome, holder };
    }
    const seconds = Math.round((clock.now() - started) / 1000);
    if (seconds >= limitSeconds) {
      lines.end();
      return { outcome: 'unfinished', holder };
    }
    if (clock.now() >= toSay) {
      log.progress(`… ${name}: the server is rolling back by itself (${seconds} s)`);
      toSay += sayMilliseconds;
    }
    seen = { token: healing.token, logEnd: Math.max(seen.logEnd, healing.logEnd), retry: false };
    if (healing.log.length === 0) await clock.sleep(100);
  }
}
