import type { ClientChannel } from 'ssh2';
import { bytesOf, type Content, type Result } from '../model/command.ts';
import { isTimeout, onAbort } from './abort.ts';
import type { RunOptions } from './host.ts';
import { collect } from './output.ts';
import { full } from './sessions.ts';
import type { Link } from './ssh-login.ts';
import { killLine, remoteLine, takePid } from './ssh-shell.ts';

/** The server lets the user in, but runs no commands for them. */
export const refused = Symbol('refused');

export type Work = RunOptions & {
  /** For a POSIX shell. */
  readonly line: string;
  readonly stdin: Content | undefined;
  /** Seconds between TERM and KILL when it is aborted. */
  readonly graceSeconds: number;
};

/** Runs a line in a channel of its own, without a terminal. */
export async function runOn(link: Link, work: Work): Promise<Result | typeof full | typeof refused> {
  const started = performance.now();
  const stdout = collect((line) => work.onLine?.(line, 'stdout'));
  const stderr = collect((line) => work.onLine?.(line, 'stderr'));
  const result = (code: number | null): Result => ({
    code: work.signal?.aborted ? null : code,
    stdout: stdout.end(),
    stderr: stderr.end(),
    seconds: (performance.now() - started) / 1000,
    timedOut: isTimeout(work.signal),
  });
  if (work.signal?.aborted) return result(null);

  const session = await open(link, remoteLine(work.line));
  if (session === undefined) return result(null);
  if (session === full || session === refused) return session;
  const { channel } = session;
  const stopper = stopperOf(link, channel);
  const errors = takePid(stopper.onPid, stderr.push);
  channel.on('data', stdout.push);
  channel.stderr.on('data', errors.push);
  channel.end(work.stdin === undefined ? undefined : bytesOf(work.stdin)); // ssh2 keeps to the window of the server
  const code = await ended(session, link.lost, work, stopper.stop);
  channel.removeAllListeners('data').resume();
  channel.stderr.removeAllListeners('data').resume();
  errors.end();
  return result(code);
}

type Session = { readonly channel: ClientChannel; readonly exit: { code: number | null } };
type Opened = Session | typeof full | typeof refused | undefined;

/** Undefined when the connection is lost meanwhile: the command may have started or not. */
function open({ client, lost }: Link, line: string): Promise<Opened> {
  return new Promise((resolve) => {
    const stopListening = onAbort(lost, () => resolve(undefined));
    try {
      client.exec(line, (error, channel) => {
        stopListening();
        if (error === undefined) resolve(sessionOf(channel));
        else if (lost.aborted) resolve(undefined);
        else resolve('reason' in error ? full : refused);
      });
    } catch {
      resolve(undefined); // the socket has ended, and `lost` is about to tell
    }
  });
}

/** The exit code of a short command is there before a promise could have resolved: ssh2 tells it only once. */
function sessionOf(channel: ClientChannel): Session {
  const exit: Session['exit'] = { code: null };
  channel.on('exit', (code: number | null) => {
    exit.code = code;
  });
  return { channel, exit };
}

type Stop = (signal: 'TERM' | 'KILL') => void;

/**
 * Kills through a channel of its own. The `signal` request of SSH would not do: sshd ignores it for root, and ssh2 sends
 * none once stdin is closed.
 */
function stopperOf(link: Link, channel: ClientChannel): { readonly onPid: (pid: string) => void; readonly stop: Stop } {
  let pid: string | undefined;
  let wanted: Parameters<Stop>[0] | undefined;
  const kill = async () => {
    if (pid === undefined || wanted === undefined) return;
    const killer = await open(link, killLine(pid, wanted));
    if (typeof killer === 'object') killer.channel.resume().end();
  };
  return {
    stop: (signal) => {
      wanted = signal;
      void kill();
      if (signal === 'KILL') channel.close();
    },
    onPid: (told) => {
      pid = told;
      void kill();
    },
  };
}

function ended(
  { channel, exit }: Session,
  lost: AbortSignal,
  { signal, graceSeconds }: Work,
  stop: Stop,
): Promise<number | null> {
  return new Promise((resolve) => {
    let streams = 2;
    let timer: NodeJS.Timeout | undefined;
    const finish = (code: number | null) => {
      for (const stopListening of listening) stopListening();
      clearTimeout(timer);
      resolve(code);
    };
    const closed = () => {
      if (--streams === 0) finish(exit.code);
    };
    channel.on('close', closed);
    channel.stderr.on('close', closed);
    const listening = [
      onAbort(lost, () => setImmediate(finish, null)), // after the output that has arrived
      onAbort(signal, () => {
        stop('TERM');
        timer = setTimeout(() => {
          stop('KILL');
          finish(null);
        }, graceSeconds * 1000);
      }),
    ];
  });
}
