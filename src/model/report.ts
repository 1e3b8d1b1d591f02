import type { Failure } from './failure.ts';
import type { Forecast } from './forecast.ts';
import type { Release } from './release.ts';
import type { HostStatus } from './state.ts';
import type { SwitchPlan } from './switch.ts';

export type StepReport = {
  readonly stage: string;
  readonly host: string;
  readonly id: string;
  readonly title: string;
  /** Whether it was meant to change running containers. */
  readonly changes: boolean;
  readonly outcome: 'done' | 'failed';
  /** It did not fail by itself: something else failed, or the run was cancelled. */
  readonly stopped?: true;
  readonly seconds: number;
  /** When it began: milliseconds since 1970. */
  readonly started?: number;
};

export type Downtime = {
  readonly probes: number;
  readonly failed: number;
  /** Longest time between two good answers around a failed one; 0 when none failed. */
  readonly longestGapSeconds: number;
  /** Whether the last probe was answered. */
  readonly up: boolean;
};

/** A time in which requests failed, one after the other. */
export type Outage = {
  /** When the first of them was sent: milliseconds since 1970. */
  readonly started: number;
  readonly seconds: number;
  readonly failed: number;
  /** What the last of them got: `HTTP 502`, `no answer`. */
  readonly answer: string;
};

/** Results of the requests that a host sent to itself during the switch. */
export type Probed =
  | {
      readonly host: string;
      readonly kind: 'counted';
      readonly requests: number;
      readonly failed: number;
      readonly outages: readonly Outage[];
      /** Whether the last one was answered. */
      readonly up: boolean;
    }
  | { readonly host: string; readonly kind: 'not-up-before'; readonly answer: string };

/** What a failed switch has left on a host. */
export type HostAfter = {
  readonly host: string;
  /** Which release its containers belong to: the previous one, both, or the new one. */
  readonly containers: 'untouched' | 'mixed' | 'new';
  readonly current: string | undefined;
};

/** What becomes known during a run, as soon as it is known: the report of a failure has it too. */
export type Known = {
  readonly steps: StepReport[];
  /** The folder of the application on the servers. */
  root?: string;
  release?: Release;
  /** What was wrong with servers and has been said. */
  warned?: Set<string>;
  /** The release that was current before, on the first host. */
  previousRelease?: string | undefined;
  plan?: SwitchPlan;
  /** The commit of the checkout, in words. */
  commit?: { readonly subject: string; readonly author: string };
  /** How many steps the build had, and how many of them came from the cache. */
  buildCache?: { readonly steps: number; readonly cached: number };
  /** Service → its Dockerfile, from the top of the repository, for what is built. */
  dockerfiles?: Readonly<Record<string, string>>;
  /** The workflow of the repository that rolls back, by the name of its file. */
  rollbackWorkflow?: string;
  /** What was current on each host before, and since when (ISO 8601), if the history has it. */
  before?: readonly Before[];
  /** What a plan found. */
  forecast?: Forecast;
  downtime?: Downtime | 'not-up-before';
  /** What `probe` found on each host. */
  probed?: readonly Probed[];
  /** The backup made before anything was changed: its host, and its last line of output. */
  backup?: string;
  status?: readonly HostStatus[];
  /** The outcome on each host where a failed switch was undone. */
  undone?: readonly Undone[];
};

export type Before = {
  readonly host: string;
  readonly release: string | undefined;
  readonly commit: string | undefined;
  readonly since: string | undefined;
};

export type Undone = {
  readonly host: string;
  /** `unfinished`: the server does it by itself, and the run did not wait for the end. */
  readonly outcome: 'rolled-back' | 'rollback-failed' | 'unfinished';
  /** Why it failed. */
  readonly failure?: Failure;
};

/** How a cancelled or killed run ended on a host. `released`: no running container was changed. */
export type Interrupted = 'released' | 'succeeded' | 'failed' | 'rolled-back' | 'rollback-failed' | 'unfinished';

/** `failed`: no running container was changed, or they were meant to stay as they are. */
export type Outcome = 'succeeded' | 'rolled-back' | 'rollback-failed' | 'failed';

export type Report = Readonly<Known> & {
  readonly commands: readonly string[];
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly url?: string;
  /** URL of the repository. */
  readonly source?: string;
  /** When it ended: ISO 8601, UTC. */
  readonly ended?: string;
  /** The first is the one to report; empty after a success. */
  readonly failures: readonly Failure[];
};
