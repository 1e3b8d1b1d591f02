import type { Command, Content } from './command.ts';
import type { Expectation } from './state.ts';

/** Tried again, with the pauses in seconds between the tries. */
export type Retry = { readonly pauses: readonly number[] };

export type RunStep = {
  readonly kind: 'run';
  readonly title: string;
  readonly command: Command;
  /** `live` shows the output as it comes; `quiet` shows its end when the command fails. */
  readonly output: 'live' | 'quiet';
  /** Default: an hour. */
  readonly timeoutSeconds?: number;
  readonly retry?: Retry;
  /** Names the stdout of this step in what apply returns. */
  readonly id?: string;
  /** What to do next when this step fails. */
  readonly hint?: string;
  /** Where to look for the reason when it fails. */
  readonly explain?: Pick<WaitStep, 'probe' | 'until'>;
};

export type WriteStep = {
  readonly kind: 'write';
  readonly title: string;
  readonly path: string;
  readonly content: Content;
};

/** Asks again and again until the answer is what it should be, is hopeless, or the time is up. */
export type WaitStep = {
  readonly kind: 'wait';
  readonly title: string;
  readonly probe: Command | { readonly url: string };
  readonly until: Expectation;
  readonly timeoutSeconds: number;
};

export type Step = RunStep | WriteStep | WaitStep;

/** The steps of one host, one after the other; `always` are done afterwards whatever happened. */
export type Task = {
  readonly host: string;
  readonly steps: readonly Step[];
  readonly always?: readonly Step[];
};

/** Tasks side by side. The next stage begins when all of them have succeeded. */
export type Stage = {
  readonly name: string;
  readonly tasks: readonly Task[];
};

export type Plan = {
  readonly title: string;
  readonly stages: readonly Stage[];
};
