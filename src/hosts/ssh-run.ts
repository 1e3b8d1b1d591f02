import { Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { bytesOf, type Content, type Result } from '../model/command.ts';
import { isTimeout, onAbort } from './abort.ts';
import type { RunOptions } from './host.ts';
import { collect, listenAlone } from './output.ts';
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

  const stopper = stopperOf(link);
  const errors = takePid(stopper.onPid, stderr.push);
  const session = await open(link, remoteLine(work.line), {
    stdin: work.stdin,
    stdout: stdout.push,
    stderr: errors.push,
  });
  if (session === undefined) return result(null);
  if (session === full || session === refused) return session;
  const code = await ended(session, link.lost, work, stopper.stop);
  for (const stream of [session.channel, session.channel.stderr]) stream.removeAllListeners('data').resume();
  errors.end();
  return result(code);
}

/** `code`: when all output has come. It never resolves when the connection is lost meanwhile. */
type Session = { readonly channel: ClientChannel; readonly code: Promise<number | null> };
type Opened = Session | typeof full | typeof refused | undefined;
type Streams = {
  readonly stdin?: Content | undefined;
  readonly stdout: (chunk: Buffer) => void;
  readonly stderr: (chunk: Buffer) => void;
};

/** Undefined when the connection is lost meanwhile: the command may have started or not. */
function open({ ssh, lost, socket }: Link, line: string, { stdin, stdout, stderr }: Streams): Promise<Opened> {
  return new Promise((resolve) => {
    const stopListening = onAbort(lost, () => resolve(undefined));
    const onChannel = (channel: ClientChannel) => {
      stopListening();
      listenAlone(channel, stdout);
      listenAlone(channel.stderr, stderr);
      const closed = new Promise((close) => channel.stderr.once('close', close));
      resolve({ channel, code: Promise.all([running, closed]).then(([{ code }]) => code) });
    };
    // As a stream: ssh2 keeps to the window of the server.
    const input = stdin === undefined ? {} : { stdin: Readable.from([Buffer.from(bytesOf(stdin))]) };
    const running = ssh.execCommand(line, { ...input, onChannel, noTrim: true });
    running.catch((error: unknown) => {
      stopListening();
      // A socket that has ended makes it fail at once; `lost` is about to tell.
      if (lost.aborted || !socket.writable) resolve(undefined);
      else resolve(error instanceof Error && 'reason' in error ? full : refused);
    });
  });
}

type Stop = (signal: 'TERM' | 'KILL') => void;

/**
 * Kills through a channel of its own. The `signal` request of SSH would not do: sshd ignores it for root, and ssh2 sends
 * none once stdin is closed.
 */
function stopperOf(link: Link): { readonly onPid: (pid: string) => void; readonly stop: Stop } {
  let pid: string | undefined;
  let wanted: Parameters<Stop>[0] | undefined;
  const kill = async () => {
    if (pid === undefined || wanted === undefined) return;
    await open(link, killLine(pid, wanted), { stdout: () => {}, stderr: () => {} });
  };
  return {
    stop: (signal) => {
      wanted = signal;
      void kill();
    },
    onPid: (told) => {
      pid = told;
      void kill();
    },
  };
}

async function ended(
  { channel, code }: Session,
  lost: AbortSignal,
  { signal, graceSeconds }: Work,
  stop: Stop,
): Promise<number | null> {
  let timer: NodeJS.Timeout | undefined;
  const listening: (() => void)[] = [];
  const cutOff = new Promise<null>((resolve) => {
    listening.push(
      onAbort(lost, () => setImmediate(resolve, null)), // after the output that has arrived
      onAbort(signal, () => {
        stop('TERM');
        timer = setTimeout(() => {
          stop('KILL');
          channel.close();
          resolve(null);
        }, graceSeconds * 1000);
      }),
    );
  });
  try {
    return await Promise.race([code, cutOff]);
  } finally {
    for (const stopListening of listening) stopListening();
    clearTimeout(timer);
  }
}
