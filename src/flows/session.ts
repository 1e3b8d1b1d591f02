import type { Config } from '../config/config.ts';
import { type Applied, apply } from '../engine/apply.ts';
import type { Held } from '../engine/held.ts';
import type { EnginePorts } from '../engine/ports.ts';
import { Cancelled, CommandError, ConfigError, type DeployError, Failures } from '../errors.ts';
import { hasBegun } from '../facts/left.ts';
import type { Files } from '../hosts/files.ts';
import type { Host } from '../hosts/host.ts';
import type { Command, Result } from '../model/command.ts';
import type { Milestone } from '../model/milestone.ts';
import type { Plan } from '../model/plan.ts';
import type { Known } from '../model/report.ts';
import type { Environment, RefFacts } from '../model/surroundings.ts';
import type { HostSpec } from '../model/target.ts';
import { withDisk } from './disk.ts';

/** Everything a run needs from the outside world; the shells choose the adapters. */
export type RunPorts = Omit<EnginePorts, 'host'> & {
  readonly local: Host;
  /** Rejects with a ConnectError. */
  readonly connect: (spec: HostSpec, config: Config) => Promise<Host>;
  /** Connects once more, in one attempt, without logging. Rejects with a ConnectError. */
  readonly reconnect: (spec: HostSpec, config: Config) => Promise<Host>;
  readonly files: Files;
  /** Absolute folder where the program was started. */
  readonly cwd: string;
  /** Absolute folder for this run only, on this machine; it is removed at the end. */
  readonly scratch: string;
  readonly env: Environment;
  /** How many processors this machine has. */
  readonly cores: number;
  /** New at every call: hexadecimal digits. */
  readonly nonce: () => string;
  readonly ref: RefFacts;
  /** What must be cleaned up on this machine even if this process is killed. */
  readonly remember: (cleanUp: Command) => void;
  /** The leases we hold: whatever cleans up after this process notifies the servers. */
  readonly rememberLeases: (leases: readonly HeldLease[]) => void;
  /** Announces how far the run has come. */
  readonly announce: (milestone: Milestone) => void;
};

/** A lease as data. */
export type HeldLease = {
  readonly host: string;
  readonly root: string;
  readonly token: string;
  /** What its confirmation means: how the run ended there. */
  readonly end?: LeaseEnd;
};

export const leaseEnds = ['released', 'succeeded', 'rolled-back', 'failed'] as const;
export type LeaseEnd = (typeof leaseEnds)[number];

/** One run: its inputs, the outside world, the connected hosts, and what is known so far. */
export type Session = {
  readonly config: Config;
  readonly ports: RunPorts;
  readonly hosts: Map<string, Host>;
  /** Hosts whose lease is held. In `hosts`, their commands go through it. */
  readonly leases: Map<string, Held>;
  /** What is about to be confirmed there, or has been. */
  readonly ends: Map<string, LeaseEnd>;
  readonly known: Known;
};

/** Executes a plan and throws its failures as one. */
export async function perform(session: Session, plan: Plan): Promise<Applied> {
  const applied = await attempt(session, plan);
  throwAll(applied.failures);
  return applied;
}

/** Executes a plan, and leaves it to the caller what its failures mean. */
export async function attempt(session: Session, plan: Plan): Promise<Applied> {
  const { ports, hosts, leases, known } = session;
  const host = (name: string): Host => {
    const found = hosts.get(name);
    if (found === undefined) throw new Error(`no host is called ${name}`);
    return found;
  };
  // Those who wait need not hear about stages that are over in a moment: each would be a call to every server.
  let telling: NodeJS.Timeout | undefined;
  const onStage = (name: string): void => {
    clearTimeout(telling);
    telling = setTimeout(() => {
      for (const held of leases.values()) held.stage(name).catch(() => {});
    }, 1000);
    telling.unref();
  };
  const applied = await apply(plan, { ...ports, host, onStage }).finally(() => clearTimeout(telling));
  known.steps.push(...applied.steps);
  const { root, plan: planned } = known;
  if (root === undefined) return applied;
  const touched = planned !== undefined && hasBegun(planned, known.steps);
  const failures = applied.failures.map(async (failure) => {
    const name = failure.failures[0]?.host ?? '';
    const isServer = session.config.hosts.some((spec) => spec.name === name);
    return isServer ? await withDisk(failure, { host: host(name), root, touched }) : failure;
  });
  return { ...applied, failures: await Promise.all(failures) };
}

/** Runs a command on this machine that must succeed. */
export async function must({ ports }: Session, title: string, command: Command): Promise<Result> {
  const result = await ports.local.run(command, { signal: ports.signal });
  if (ports.signal.aborted) throw new Cancelled(undefined, 'during', title);
  if (result.code === 0) return result;
  const output = result.stderr.trim().split('\n').slice(-5).join('\n');
  throw new CommandError({ host: 'this machine', title, code: result.code, timedOut: result.timedOut, output });
}

export function throwAll(failures: readonly DeployError[]): void {
  const [first, ...others] = failures;
  if (first === undefined) return;
  throw others.length === 0 ? first : new Failures(failures);
}

/** A cancellation never counts as a host's problem. */
export function throwCancelled(failures: readonly DeployError[]): void {
  throwAll(failures.filter(({ kind }) => kind === 'cancelled'));
}

export function throwProblems(problems: readonly string[], hint: string): void {
  if (problems.length > 0) throw new ConfigError([...new Set(problems)], { hint });
}

/** The messages of the failures on this host. */
export function messagesOf(failures: readonly DeployError[], host: string): readonly string[] {
  return failures
    .flatMap((error) => error.failures)
    .flatMap((failure) => (failure.host === host ? [failure.message] : []));
}
