import { followJob, type LeaseKey, startJob, stopJob } from '../commands/lease.ts';
import { readJob } from '../facts/lease.ts';
import { isTimeout, onAbort } from '../hosts/abort.ts';
import type { RunOptions } from '../hosts/host.ts';
import { collect } from '../hosts/output.ts';
import type { Command, Result } from '../model/command.ts';
import type { JobNews } from '../model/lease.ts';

/** A call of the holder; throws a LeaseLostError if the lease is over. */
export type Call = (command: Command) => Promise<Result>;

/** Longer waits would occupy the only session of a server that allows no more. */
const waitSeconds = 3;
/** Between TERM and KILL. */
const killSeconds = 5;

/**
 * Runs a detached command on the host, and follows it: the output arrives complete and only once, whatever happens to
 * the connection. After a timeout the command is stopped and its last output passed on; a cancellation does not wait for that.
 */
export async function follow(
  key: LeaseKey,
  id: string,
  command: Command,
  call: Call,
  { onLine, signal }: RunOptions = {},
): Promise<Result> {
  const started = performance.now();
  let listening = true;
  const tell = (stream: 'stdout' | 'stderr') => (line: string) => listening && onLine?.(line, stream);
  const stdout = collect(tell('stdout'));
  const stderr = collect(tell('stderr'));
  const result = (code: number | null): Result => {
    const texts = { stdout: stdout.end(), stderr: stderr.end() };
    listening = false;
    const seconds = (performance.now() - started) / 1000;
    return { code: signal?.aborted ? null : code, ...texts, seconds, timedOut: isTimeout(signal) };
  };
  if (signal?.aborted) return result(null);

  let stopped = false;
  const toItsEnd = async (): Promise<number | null> => {
    let answer = await call(startJob(key, id, command, waitSeconds));
    let over = false;
    for (;;) {
      if (answer.code !== 0) {
        stderr.push(Buffer.from(answer.stderr));
        return answer.code;
      }
      const news = readJob(answer.stdout);
      stdout.push(Buffer.from(news.out));
      stderr.push(Buffer.from(news.err));
      if (news.state === 'missing') stderr.push(Buffer.from('the command could not be started: is the disk full?\n'));
      if (news.state !== 'running') return codeOf(news);
      // What even KILL does not end hangs in the kernel.
      if (over && news.out.length + news.err.length === 0) return null;
      over = stopped;
      answer = await call(followJob(key, id, news, waitSeconds));
    }
  };
  let stopListening = (): void => {};
  const cancelled = new Promise<null>((resolve) => {
    stopListening = onAbort(signal, () => {
      // Whatever the result: without further calls the keeper ends the job.
      call(stopJob(key, id, killSeconds))
        .then(() => {
          stopped = true;
        })
        .catch(() => {});
      if (!isTimeout(signal)) resolve(null);
    });
  });
  // Once it has ended, a cancellation has no call to spare for it.
  return result(await Promise.race([toItsEnd(), cancelled]).finally(stopListening));
}

const codeOf = ({ state, code }: JobNews): number | null => {
  if (state === 'missing') return 126;
  return state === 'ended' ? (code ?? null) : null;
};
