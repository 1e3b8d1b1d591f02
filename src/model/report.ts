import type { Release } from './release.ts';
import type { HostStatus } from './state.ts';

export type StepReport = {
  readonly stage: string;
  readonly host: string;
  readonly title: string;
  readonly outcome: 'done' | 'failed';
  readonly seconds: number;
};

export type Downtime = {
  readonly probes: number;
  readonly failed: number;
  /** Longest time between two good answers around a failed one; 0 when none failed. */
  readonly longestGapSeconds: number;
  /** Whether the last probe was answered. */
  readonly up: boolean;
};

/** What happened to a service on a host, and why. */
export type ServiceChange = {
  readonly service: string;
  readonly action: 'create' | 'recreate' | 'start' | 'scale' | 'keep' | 'remove';
  readonly reasons: readonly string[];
};

export type Failure = {
  readonly message: string;
  readonly hint: string | undefined;
};

/** What a switch that failed has left on a host. */
export type HostAfter = {
  readonly host: string;
  /** Of which release its containers are: the one of before, both, or the new one. */
  readonly containers: 'untouched' | 'mixed' | 'new';
  readonly current: string | undefined;
};

export type Report = {
  readonly commands: readonly string[];
  readonly outcome: 'succeeded' | 'failed';
  readonly steps: readonly StepReport[];
  readonly seconds: number;
  readonly release?: Release;
  readonly previousRelease?: string;
  /** What was planned for each host. */
  readonly hosts: Readonly<Record<string, readonly ServiceChange[]>>;
  readonly url?: string;
  readonly downtime?: Downtime;
  /** The backup that was made before anything was changed: its host, and what it said last. */
  readonly backup?: string;
  readonly failure?: Failure;
  /** After a switch that failed. */
  readonly after?: readonly HostAfter[];
  /** Of the command `status`. */
  readonly status?: readonly HostStatus[];
};
