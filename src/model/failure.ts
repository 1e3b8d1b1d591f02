/**
 * What kind of failure: `input` and `refused` are found before anything starts, `connection` is about reaching a host,
 * `command` and `health` about what ran there. `cancelled` is nobody's fault.
 */
export type FailureKind = 'input' | 'refused' | 'connection' | 'command' | 'health' | 'cancelled';

/** A failure as data, from the engine to the summary. Facts are fields: nobody reads them back out of a text. */
export type Failure = {
  readonly kind: FailureKind;
  /** One line that names the host. */
  readonly short: string;
  /** The same with all that is known: the output, the log of the container. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string | undefined;
  readonly host?: string | undefined;
  readonly service?: string | undefined;
  /** The title of the step. */
  readonly step?: string | undefined;
  /** Null: it did not end by itself. */
  readonly code?: number | null | undefined;
  readonly timedOut?: boolean | undefined;
  /** The log has all of `message` already: it was printed as it came. */
  readonly shown?: boolean | undefined;
};
