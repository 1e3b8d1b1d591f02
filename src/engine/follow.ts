import { followJob, type LeaseKey, startJob, stopJob } from '../commands/lease.ts';
import { readJob } from '../facts/lease.ts';
import { isTimeout, onAbort } from '../hosts/abort.ts';
import type { RunOptions } from '../hosts/host.ts';
import { collect } from '../hosts/output.ts';
import type { Command, Result } from '../model/command.ts';
import type { JobNews } from '../model/lease.ts';

/** A call of the holder; throws a LeaseLostError when the lease is over. */
export type Call = (command: Command) => Promise<Result>;

/** Longer waits would keep the one session of a server that allows no more. */
const waitSeconds = 3;
/** Between TERM and KILL. */
const killSeconds = 5;

/**
 * Runs a command that goes on by itself on the host, and follows it: the output is told whole and once, whatever becomes of
 * the connection. After a timeout the command is ended and its last output told; a cancel does not wait for that.
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

  const toItsEnd = async (): Promise<number | null> => {
    let answer = await call(startJob(key, id, command, waitSeconds));
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
      answer = await call(followJob(key, id, news, waitSeconds));
    }
  };
  const cancelled = new Promise<null>((resolve) => {
    onAbort(signal, () => {
      // Whatever comes of it: without further calls the keeper ends the job.
      call(stopJob(key, id, killSeconds)).catch(() => {});
      if (!isTimeout(signal)) resolve(null);
    });
  });
  return result(await Promise.race([toItsEnd(), cancelled]));
}

const codeOf = ({ state, code }: JobNews): number | null => {
  if (state === 'missing') return 126;
  return state === 'ended' ? (code ?? null) : null;
};
