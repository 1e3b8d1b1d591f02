import { ConnectError, LeaseLostError } from '../errors.ts';
import { onAbort } from '../hosts/abort.ts';
import type { Host, RunOptions } from '../hosts/host.ts';
import type { Log } from '../log/log.ts';
import type { Command, Result } from '../model/command.ts';
import type { Clock } from './ports.ts';

export type LinkPorts = {
  readonly log: Log;
  readonly clock: Clock;
  /** Connects to the same machine again, one attempt; rejects with a ConnectError. Says nothing of it. */
  readonly reconnect: () => Promise<Host>;
};

/** A connection that may drop, and comes back. */
export type Link = {
  readonly name: string;
  /**
   * Runs what may be run twice: it is repeated when the connection dropped meanwhile. Throws a LeaseLostError when it is not
   * back in time. Aborting ends the wait for it, too.
   */
  call(command: Command, options?: RunOptions): Promise<Result>;
  /** Runs once, on a connection that was there at the beginning. */
  run(command: Command, options?: RunOptions): Promise<Result>;
  close(): Promise<void>;
};

/** @param patienceSeconds how long the connection may be away */
export function linkTo(first: Host, patienceSeconds: number, { log, clock, reconnect }: LinkPorts): Link {
  const { name } = first;
  let host = first;
  let restoring: Promise<void> | undefined;
  let closed = false;
  let gone: LeaseLostError | undefined;

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
  /** Whoever notices it first brings it back for all. */
  const restored = async (lost: Host): Promise<void> => {
    if (host !== lost) return;
    // Waited for once is enough.
    if (gone !== undefined) throw gone;
    restoring ??= restore().finally(() => {
      restoring = undefined;
    });
    await restoring;
  };

  const once = async (command: Command, options: RunOptions): Promise<Result | undefined> => {
    const used = host;
    try {
      const result = await used.run(command, options);
      if (result.code !== null || options.signal?.aborted) return result;
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
    }
    if (closed) throw unreachable(name, 0);
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
          return await used.run(command, options);
        } catch (error) {
          // It rejects only when it never began.
          if (!(error instanceof ConnectError) || closed) throw error;
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
