import type { Command, Result } from '../model/command.ts';
import type { Channel } from '../model/plan.ts';

export type RunOptions = {
  /** Called for every complete line as it arrives, without its line end. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Aborting ends the process (its whole group where the host can) and resolves with `code: null`. */
  readonly signal?: AbortSignal;
  /** For a host whose lease is held; other hosts have only one way to run commands. */
  readonly channel?: Channel;
};

/** A machine that runs commands: this one, or one at the other end of SSH. */
export type Host = {
  readonly name: string;
  /** Resolves however the command ends; rejects with a ConnectError only if the machine cannot be reached at all. */
  run(command: Command, options?: RunOptions): Promise<Result>;
  close(): Promise<void>;
};
