import { followJob, type LeaseKey, startJob, stopJob } from '../commands/lease.ts';
import { CommandError } from '../errors.ts';
import { readJob } from '../facts/lease.ts';
import type { Command, Result } from '../model/command.ts';
import type { Call } from './follow.ts';

/** A command that runs in the background until it is stopped. Nothing follows it meanwhile. */
export type Background = {
  /** Ends it, and returns what it printed. */
  stop(): Promise<string>;
};

/** Between TERM and KILL. */
const killSeconds = 2;
const fromTheStart = { outEnd: 0, errEnd: 0 };

/** Starts it. Throws a CommandError if that fails, and a LeaseLostError if the lease is over. */
export async function startInBackground(
  {
    name,
    key,
    id,
    title,
  }: { readonly name: string; readonly key: LeaseKey; readonly id: string; readonly title: string },
  command: Command,
  call: Call,
): Promise<Background> {
  const check = ({ code, stderr, timedOut }: Result): void => {
    if (code !== 0) throw new CommandError({ host: name, title, code, timedOut, output: stderr.trim() });
  };
  check(await call(startJob(key, id, command, 0)));
  return {
    stop: async () => {
      check(await call(stopJob(key, id, killSeconds)));
      const parts: Uint8Array[] = [];
      for (let seen = fromTheStart; ; ) {
        const answer = await call(followJob(key, id, seen, 1));
        check(answer);
        const news = readJob(answer.stdout);
        parts.push(news.out);
        seen = news;
        // It has ended, or nothing can end it: then it hangs in the kernel and prints nothing more.
        if (news.state !== 'running' || news.out.length + news.err.length === 0) return Buffer.concat(parts).toString();
      }
    },
  };
}
