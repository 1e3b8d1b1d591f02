import { ConnectError, LeaseLostError } from '../errors.ts';
import { onAbort } from '../hosts/abort.ts';
import type { Host, RunOptions } from '../hosts/host.ts';
import type { Log } from '../log/log.ts';
import type { Command, Result } from '../model/command.ts';
import type { Clock } from './ports.ts';

export type LinkPorts = {
  readonly log: Log;
  readonly clock: Clock;
  /** Connects to the same machine again, in one attempt, without logging it. Rejects with a ConnectError. */
  readonly reconnect: () => Promise<Host>;
};

/** A connection that reconnects after it has dropped. */
export type Link = {
  readonly name: string;
  /**
   * Runs what may run twice: it is repeated if the connection drops meanwhile. Throws a LeaseLostError if the connection is
   * not back in time. Aborting also ends the wait.
   */
  call(command: Command, options?: RunOptions): Promise<Result>;
  /** Runs once, on a connection that exists at the start. */
  run(command: Command, options?: RunOptions): Promise<Result>;
  close(): Promise<void>;
};

/** @param patienceSeconds how long the connection may be down */
export function linkTo(first: Host, patienceSeconds: number, { log, clock, reconnect }: LinkPorts): Link {
  const { name } = first;
  let host = first;
  let restoring: Promise<void> | undefined;
  let closed = false;
  let gone: LeaseLostError | undefined;
  let worked = false;
  /** Since when nothing has come through, connected or not, and on which connection we noticed. */
  let failing: { readonly since: number; readonly on: Host } | undefined;

  const succeeded = (result: Result): Result => {
    worked = true;
    failing = undefined;
    return result;
  };
  /** Stops asking a host that lets us in but runs nothing; at once if it never ran anything. */
  const failed = async (on: Host, error: ConnectError | undefined): Promise<void> => {
    if (error?.runsNothing && !worked) throw error;
    failing ??= { since: clock.now(), on };
    if (clock.now() - failing.since >= patienceSeconds * 1000) {
      gone ??= unreachable(name, patienceSeconds, error);
      throw gone;
    }
    if (failing.on !== on) await clock.sleep(1000);
  };

  const restore = async (): Promise<void> => {
    const dropped = clock.now();
    void host.close().catch(() => {});
    for (;;) {
      try {
        host = await reconnect();
        log.info(`${name}: connection dropped, back after ${Math.round((clock.now() - dropped) / 1000)} s`);
        return;
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        if (closed || clock.now() - dropped >= patienceSeconds * 1000) {
          gone = unreachable(name, patienceSeconds, error);
          throw gone;
        }
        await clock.sleep(1000);
      }
    }
  };
  /** The first call that notices reconnects for all. */
  const restored = async (lost: Host): Promise<void> => {
    if (host !== lost) return;
    // One wait is enough.
    if (gone !== undefined) throw gone;
    restoring ??= restore().finally(() => {
      restoring = undefined;
    });
    await restoring;
  };

  const once = async (command: Command, options: RunOptions): Promise<Result | undefined> => {
    const used = host;
    let failure: ConnectError | undefined;
    try {
      const result = await used.run(command, options);
      if (result.code !== null || options.signal?.aborted) return succeeded(result);
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      failure = error;
    }
    if (closed) throw unreachable(name, 0);
    await failed(used, failure);
    await restored(used);
    return undefined;
  };

  return {
    name,
    call: async (command, options = {}) => {
      const { signal } = options;
      const repeated = async (): Promise<Result> => {
        for (;;) {
          await restoring;
          const result = signal?.aborted ? cutOff : await once(command, options);
          if (result !== undefined) return result;
        }
      };
      if (signal === undefined) return await repeated();
      const aborted = new Promise<Result>((resolve) => onAbort(signal, () => resolve(cutOff)));
      return await Promise.race([repeated(), aborted]);
    },
    run: async (command, options = {}) => {
      for (;;) {
        await restoring;
        const used = host;
        try {
          return succeeded(await used.run(command, options));
        } catch (error) {
          // It rejects only if it never started.
          if (!(error instanceof ConnectError) || closed) throw error;
          await failed(used, error);
          await restored(used);
        }
      }
    },
    close: async () => {
      closed = true;
      await host.close();
    },
  };
}

const cutOff: Result = { code: null, stdout: '', stderr: '', seconds: 0, timedOut: false };

function unreachable(name: string, seconds: number, cause?: ConnectError): LeaseLostError {
  return new LeaseLostError(name, 'unfinished', `the connection dropped and did not come back within ${seconds} s`, {
    hint: 'The server rolls back by itself. Check its network, then deploy again.',
    cause,
  });
}
