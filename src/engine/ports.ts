import type { Host } from '../hosts/host.ts';
import type { Log } from '../log/log.ts';

export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after that time, or at once if the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
};

/** Requests a URL once: the status of the response, or why there was none. */
export type Ask = (url: string) => Promise<number | string>;

export type EnginePorts = {
  readonly host: (name: string) => Host;
  readonly log: Log;
  readonly clock: Clock;
  readonly ask: Ask;
  /** Called at the start of each stage. */
  readonly onStage?: (name: string) => void;
  /** Aborts when the person or the runner cancels. */
  readonly signal: AbortSignal;
};
