/** Who holds the lease of an application on a host, as the host tells it. */
export type Holder = {
  readonly actor: string;
  readonly run: string | undefined;
  readonly command: string;
  readonly release: string;
  /** ISO 8601, by the clock of the host. */
  readonly since: string;
  /** What they are doing. */
  readonly stage: string;
  /** Seconds since they were last heard of. */
  readonly quietSeconds: number | undefined;
  /** The host is ending it: what was not confirmed is being undone. */
  readonly ending: boolean;
};

/** Of a lease that is over: how the host ended it. `unfinished`: nobody knows yet, `heal` brings it to its end. */
export type LeaseOutcome = 'released' | 'confirmed' | 'rolled-back' | 'rollback-failed' | 'unfinished';

export type Taken =
  | { readonly kind: 'taken' }
  | { readonly kind: 'busy'; readonly holder: Holder }
  /** The one before did not come to its end, and its keeper is gone: `heal` comes first. */
  | { readonly kind: 'open'; readonly holder: Holder }
  /** What a lease needs is not installed. */
  | { readonly kind: 'missing'; readonly programs: readonly string[] };

/** What a call of the holder is answered: it is still theirs, or it is over. */
export type Standing = { readonly kind: 'ours' } | { readonly kind: 'lost'; readonly outcome: LeaseOutcome };

/** What there is to tell of a job: new bytes of its output, and whether it has ended. */
export type JobNews = {
  readonly state: 'running' | 'ended' | 'killed' | 'missing';
  /** Of one that ended by itself. */
  readonly code: number | undefined;
  readonly out: Uint8Array;
  readonly err: Uint8Array;
  /** Where the output ends that was told so far. */
  readonly outEnd: number;
  readonly errEnd: number;
};

/** How the end of a lease goes on that nobody holds any more. */
export type Healing = {
  readonly state: 'over' | 'ending' | 'busy' | 'free';
  /** Which lease it is: named in the next call. */
  readonly token: string;
  readonly holder: Holder;
  /** New bytes of what the undo printed. */
  readonly log: Uint8Array;
  readonly logEnd: number;
  readonly outcome: LeaseOutcome | undefined;
};

export type LeaseView = {
  /** `open`: it did not come to its end, and nobody is there to end it. */
  readonly state: 'free' | 'busy' | 'open';
  readonly holder: Holder;
  /** The program that a person can run again after an undo that failed. */
  readonly failedUndo: string | undefined;
};
