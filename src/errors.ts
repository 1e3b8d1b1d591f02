import type { Failure, FailureKind } from './model/failure.ts';
import type { Holder, LeaseOutcome } from './model/lease.ts';

type Facts = Partial<Omit<Failure, 'short' | 'message'>> & { readonly cause?: unknown };

/** An expected failure: one short line, more lines if there is more to say, and facts as fields. Anything else that is thrown is a bug and shows its stack. */
export class DeployError extends Error {
  readonly failures: readonly Failure[];

  constructor(message: string, { cause, kind = 'refused', ...facts }: Facts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.failures = [{ kind, short: firstLine(message), message, ...facts }];
  }

  get kind(): FailureKind {
    return this.failures[0]?.kind ?? 'refused';
  }

  get hint(): string | undefined {
    return this.failures.find(({ hint }) => hint !== undefined)?.hint;
  }
}

/** Something to fix before a deploy can start: `problems` lists everything, one sentence each. */
export class ConfigError extends DeployError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], facts: Facts = {}) {
    const list = `${problems.length} problems:\n${problems.map((problem) => `- ${problem}`).join('\n')}`;
    super(problems.length === 1 ? `${problems[0]}` : list, { kind: 'input', ...facts });
    this.problems = problems;
  }
}

/** The host could not be reached, did not prove who it is, or disconnected. */
export class ConnectError extends DeployError {
  readonly host: string;
  /** There is a connection, but the host runs something else than our commands: reconnecting changes nothing. */
  readonly runsNothing: boolean;

  constructor(
    host: string,
    message: string,
    { runsNothing = false, ...facts }: Facts & { readonly runsNothing?: boolean } = {},
  ) {
    super(`${host}: ${message}`, { kind: 'connection', host, ...facts });
    this.host = host;
    this.runsNothing = runsNothing;
  }
}

type FailedCommand = {
  readonly host: string;
  readonly title: string;
  readonly code: number | null;
  readonly timedOut: boolean;
  /** The end of its output. */
  readonly output: string;
};

/** A command of a plan failed. */
export class CommandError extends DeployError {
  readonly code: number | null;
  readonly timedOut: boolean;

  constructor({ host, title, code, timedOut, output }: FailedCommand, facts: Facts = {}) {
    const how = timedOut
      ? 'timed out and was stopped'
      : code === null
        ? 'was interrupted'
        : `failed with exit code ${code}`;
    const message = `${host}: ${title} ${how}${output === '' ? '' : `\n${output}`}`;
    super(message, { kind: 'command', host, step: title, code, timedOut, ...facts });
    this.code = code;
    this.timedOut = timedOut;
  }
}

/** The new version runs but is not healthy. */
export class HealthError extends DeployError {
  constructor(host: string, service: string | undefined, message: string, facts: Facts = {}) {
    super(`${host}: ${message}`, { kind: 'health', host, service, ...facts });
  }
}

/** The person or the runner cancelled. A separate kind everywhere: it says nothing about the host. */
export class Cancelled extends DeployError {
  constructor(host: string | undefined, when: 'before' | 'during', step: string) {
    super(`${host === undefined ? '' : `${host}: `}cancelled ${when}: ${step}`, { kind: 'cancelled', host, step });
  }
}

/** Someone else holds a host's lease, and kept it for too long. */
export class LeaseBusyError extends DeployError {
  readonly holder: Holder;

  constructor(host: string, holder: Holder, message: string, facts: Facts = {}) {
    super(`${host}: ${message}`, { kind: 'refused', host, ...facts });
    this.holder = holder;
  }
}

/** A host's lease is over, and this program did not end it. */
export class LeaseLostError extends DeployError {
  /** How the host ended it, if known. */
  readonly outcome: LeaseOutcome;

  constructor(host: string, outcome: LeaseOutcome, message: string, facts: Facts = {}) {
    super(`${host}: ${message}`, { kind: 'connection', host, ...facts });
    this.outcome = outcome;
  }
}

/** Failures of several hosts as one. */
export class Failures extends DeployError {
  override readonly failures: readonly Failure[];

  constructor(errors: readonly DeployError[]) {
    super(errors.map(({ message }) => message).join('\n'), { cause: errors[0] });
    const all = errors.flatMap(({ failures }) => failures);
    // If everything was cancelled, it is a cancellation; if one host failed first, that is the failure.
    this.failures = [...all.filter(({ kind }) => kind !== 'cancelled'), ...all.filter(isCancelled)];
  }
}

const isCancelled = ({ kind }: Failure): boolean => kind === 'cancelled';

const firstLine = (message: string): string => (message.split('\n')[0] ?? '').replace(/:$/, '');
