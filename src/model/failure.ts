/**
 * What kind of failure: `input` and `refused` are found before anything starts, `connection` is about reaching a host,
 * `command` and `health` about what ran there. `cancelled` is nobody's fault.
 */
export type FailureKind = 'input' | 'refused' | 'connection' | 'command' | 'health' | 'cancelled';

/** A program's own fault: its input was fine, and the next try may work. */
export type Fault = 'builder';

/** A failure as data, from the engine to the summary. Facts are fields, never parsed back out of a text. */
export type Failure = {
  readonly kind: FailureKind;
  /** One line that names the host. */
  readonly short: string;
  /** The same with all details: the output, the container's log. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string | undefined;
  readonly host?: string | undefined;
  readonly service?: string | undefined;
  /** The title of the step. */
  readonly step?: string | undefined;
  /** Null: it did not exit by itself. */
  readonly code?: number | null | undefined;
  readonly timedOut?: boolean | undefined;
  readonly fault?: Fault | undefined;
  /** The file of the repository that is at fault, and the line in it. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** The log has all of `message` already: it was printed live. */
  readonly shown?: boolean | undefined;
};
