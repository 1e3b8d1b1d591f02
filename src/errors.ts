/** Facts are fields, never parsed from text. `hint` says what to do next, in one line. */
type Details = { readonly hint?: string; readonly cause?: unknown };

/** An expected failure, told in one short line. Anything else that is thrown is a bug and shows its stack. */
export class DeployError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, { hint, cause }: Details = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.hint = hint;
  }
}

/** Something to mend before a deploy can start: `problems` holds all of them, one sentence each. */
export class ConfigError extends DeployError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], details: Details = {}) {
    super(
      problems.length === 1
        ? `${problems[0]}`
        : `${problems.length} problems:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
      details,
    );
    this.problems = problems;
  }
}

/** The host could not be reached, did not prove who it is, or went away. */
export class ConnectError extends DeployError {
  readonly host: string;

  constructor(host: string, message: string, details: Details = {}) {
    super(`${host}: ${message}`, details);
    this.host = host;
  }
}

/** A command of a plan failed. `output` is the end of what it printed. */
export class CommandError extends DeployError {
  readonly host: string;
  readonly code: number | null;
  readonly timedOut: boolean;
  readonly output: string;

  constructor(
    failed: { host: string; title: string; code: number | null; timedOut: boolean; output: string },
    details: Details = {},
  ) {
    const how = failed.timedOut
      ? 'took too long and was ended'
      : failed.code === null
        ? 'was cut off'
        : `failed with exit code ${failed.code}`;
    super(`${failed.host}: ${failed.title} ${how}${failed.output === '' ? '' : `\n${failed.output}`}`, details);
    this.host = failed.host;
    this.code = failed.code;
    this.timedOut = failed.timedOut;
    this.output = failed.output;
  }
}

/** The new version runs but is not well. */
export class HealthError extends DeployError {
  readonly host: string;
  readonly service: string | undefined;

  constructor(host: string, service: string | undefined, message: string, details: Details = {}) {
    super(`${host}: ${message}`, details);
    this.host = host;
    this.service = service;
  }
}
