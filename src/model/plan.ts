import type { Command, Content } from './command.ts';
import type { Fault } from './failure.ts';
import type { Expectation } from './state.ts';

/** Tried again, with the pauses in seconds between the tries. */
export type Retry = {
  readonly pauses: readonly number[];
  /** Only if the command failed for this reason. */
  readonly after?: Fault;
};

/**
 * `detached`: it may take long, so it goes on by itself on the host and is followed: a dropped connection does not end it.
 * `lease`: a call of the lease itself.
 */
export type Channel = 'detached' | 'lease';

type Named = {
  /** Its id among the steps of its host: results are found by it. */
  readonly id: string;
  readonly title: string;
  /** It changes running containers on the host. */
  readonly changes?: true;
};

export type RunStep = Named & {
  readonly kind: 'run';
  readonly command: Command;
  /** `live` shows the output as it comes; `quiet` shows its end when the command fails; the stdout of `facts` is for this program alone. */
  readonly output: 'live' | 'quiet' | 'facts';
  /** How it runs on a host whose lease is held. Default: as a short command. */
  readonly channel?: Channel;
  /** Default: an hour. */
  readonly timeoutSeconds?: number;
  readonly retry?: Retry;
  /** What to do next when this step fails. */
  readonly hint?: string;
  /** The same for a specific exit code. */
  readonly hints?: Readonly<Record<number, string>>;
  /** Where to find the reason if it fails. */
  readonly explain?: Pick<WaitStep, 'probe' | 'until'>;
};

export type WriteStep = Named & {
  readonly kind: 'write';
  readonly path: string;
  readonly content: Content;
};

/** Asks repeatedly until the answer is good, is definitely bad, or it times out. */
export type WaitStep = Named & {
  readonly kind: 'wait';
  readonly probe: Command | { readonly url: string };
  /** Instead of `probe`, as long as that is answered quickly: it asks the containers themselves. */
  readonly ask?: Command;
  readonly until: Expectation;
  readonly timeoutSeconds: number;
};

export type Step = RunStep | WriteStep | WaitStep;

/** The steps of one host, one after the other; `always` steps run afterwards in any case. */
export type Task = {
  readonly host: string;
  readonly steps: readonly Step[];
  readonly always?: readonly Step[];
  /** Bring the host back to where it was before `steps`. */
  readonly undo?: readonly Step[];
};

/** Tasks that run in parallel. The next stage starts when all of them have succeeded. */
export type Stage = {
  readonly name: string;
  readonly tasks: readonly Task[];
};

export type Plan = { readonly stages: readonly Stage[] };
