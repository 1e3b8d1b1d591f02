/** Who holds the lease of an application on a host, as the host reports it. */
export type Holder = {
  readonly actor: string;
  readonly run: string | undefined;
  readonly command: string;
  readonly release: string;
  /** ISO 8601, by the clock of the host. */
  readonly since: string;
  /** What they are doing. */
  readonly stage: string;
  /** Seconds since their last sign of life. */
  readonly quietSeconds: number | undefined;
  /** The host is ending it: what was not confirmed is being undone. */
  readonly ending: boolean;
};

/** Of a lease that is over: how the host ended it. `unfinished`: not known yet, `heal` finishes it. */
export type LeaseOutcome = 'released' | 'confirmed' | 'rolled-back' | 'rollback-failed' | 'unfinished';

export type Taken =
  | { readonly kind: 'taken' }
  | { readonly kind: 'busy'; readonly holder: Holder }
  /** The previous run never finished, and its keeper is gone: `heal` comes first. */
  | { readonly kind: 'open'; readonly holder: Holder }
  /** Programs that a lease needs are not installed. */
  | { readonly kind: 'missing'; readonly programs: readonly string[] };

/** The answer to a call of the holder: the lease is still theirs, or it is over. */
export type Standing = { readonly kind: 'ours' } | { readonly kind: 'lost'; readonly outcome: LeaseOutcome };

/** News of a job: new bytes of its output, and whether it has ended. */
export type JobNews = {
  readonly state: 'running' | 'ended' | 'killed' | 'missing';
  /** If it ended by itself. */
  readonly code: number | undefined;
  readonly out: Uint8Array;
  readonly err: Uint8Array;
  /** Offset up to which the output has been passed on. */
  readonly outEnd: number;
  readonly errEnd: number;
};

/** The progress of a lease that is ending and has no holder any more. */
export type Healing = {
  readonly state: 'over' | 'ending' | 'busy' | 'free';
  /** Identifies the lease: sent with the next call. */
  readonly token: string;
  readonly holder: Holder;
  /** New bytes of the undo's output. */
  readonly log: Uint8Array;
  readonly logEnd: number;
  readonly outcome: LeaseOutcome | undefined;
};

export type LeaseView = {
  /** `open`: it is unfinished, and nothing is finishing it. */
  readonly state: 'free' | 'busy' | 'open';
  readonly holder: Holder;
  /** The program that a person can run again after an undo that failed. */
  readonly failedUndo: string | undefined;
};
