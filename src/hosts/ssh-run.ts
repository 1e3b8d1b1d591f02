import { Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { bytesOf, type Content, type Result } from '../model/command.ts';
import { isTimeout, onAbort } from './abort.ts';
import type { RunOptions } from './host.ts';
import { collect, listenAlone } from './output.ts';
import { full } from './sessions.ts';
import type { Link } from './ssh-login.ts';
import type { NotStarted } from './ssh-not-started.ts';
import { afterMark, killLine, remote } from './ssh-shell.ts';

/** The server lets the user in, but opens nothing for a command. */
export const refused = Symbol('refused');

export type Work = RunOptions & {
  /** For a POSIX shell. */
  readonly line: string;
  readonly stdin: Content | undefined;
  /** Seconds between TERM and KILL when it is aborted. */
  readonly graceSeconds: number;
  /** How many seconds it may take to start; undefined: as long as it likes, where a command has run before. */
  readonly startSeconds: number | undefined;
};

/** Runs a line in a channel of its own, without a terminal. */
export async function runOn(link: Link, work: Work): Promise<Result | NotStarted | typeof full | typeof refused> {
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

  const { command, before } = remote(work.line);
  const stopper = stopperOf(link);
  const marked = Promise.withResolvers<void>();
  const onPid = (pid: string): void => {
    marked.resolve();
    stopper.onPid(pid);
  };
  const [out, err] = [afterMark(onPid, stdout.push), afterMark(onPid, stderr.push)];
  const began = work.startSeconds === undefined ? undefined : marked.promise;
  const stdin = Readable.from(inputOf(before, bytesOf(work.stdin ?? ''), began));
  const session = await open(link, command, { stdin, stdout: out.push, stderr: err.push });
  if (session === undefined) return result(null);
  if (session === full || session === refused) return session;
  const end = await ended(session, link.lost, work, stopper);
  for (const stream of [session.channel, session.channel.stderr]) stream.removeAllListeners('data').resume();
  if (end === null || stopper.knows() || work.signal?.aborted) return result(end === tooLate ? null : end);
  return { said: `${out.before()}\n${err.before()}`, code: end === tooLate ? undefined : end };
}

/**
 * All that a command reads. It may be a secret: on a server that has not run a command of ours yet it waits until this one
 * has begun, because something else may be running there, and read it.
 */
async function* inputOf(
  before: string,
  stdin: Uint8Array,
  began: Promise<void> | undefined,
): AsyncGenerator<Uint8Array> {
  if (before !== '') yield Buffer.from(before);
  if (stdin.length === 0) return;
  await began;
  yield stdin;
}

/** `code`: when all output has come. It never resolves when the connection is lost meanwhile. */
type Session = { readonly channel: ClientChannel; readonly code: Promise<number | null> };
type Opened = Session | typeof full | typeof refused | undefined;
type Streams = {
  readonly stdin: Readable;
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
    // As a stream: a string would not keep its bytes.
    const running = ssh.execCommand(line, { stdin, onChannel, noTrim: true });
    running.catch((error: unknown) => {
      stopListening();
      // A socket that has ended makes it fail at once; `lost` is about to tell.
      if (lost.aborted || !socket.writable) resolve(undefined);
      else resolve(error instanceof Error && 'reason' in error ? full : refused);
    });
  });
}

type Stopper = {
  readonly onPid: (pid: string) => void;
  /** Whether the process id has come, and so the command has started. */
  readonly knows: () => boolean;
  readonly stop: (signal: 'TERM' | 'KILL') => void;
};

/**
 * Kills through a channel of its own. The `signal` request of SSH would not do: sshd ignores it for root, and ssh2 sends
 * none once stdin is closed.
 */
function stopperOf(link: Link): Stopper {
  let pid: string | undefined;
  let wanted: 'TERM' | 'KILL' | undefined;
  const kill = async () => {
    if (pid === undefined || wanted === undefined) return;
    await open(link, killLine(pid, wanted), { stdin: Readable.from([]), stdout: () => {}, stderr: () => {} });
  };
  return {
    knows: () => pid !== undefined,
    stop: (signal) => {
      wanted = signal;
      void kill();
    },
    onPid: (told) => {
      const known = pid !== undefined;
      pid = told;
      if (!known) void kill(); // it stands on both streams
    },
  };
}

const tooLate = Symbol('too late');

async function ended(
  { channel, code }: Session,
  lost: AbortSignal,
  { signal, graceSeconds, startSeconds }: Work,
  { knows, stop }: Stopper,
): Promise<number | null | typeof tooLate> {
  const timers: NodeJS.Timeout[] = [];
  const listening: (() => void)[] = [];
  const after = (seconds: number, act: () => void) => timers.push(setTimeout(act, seconds * 1000));
  const cutOff = new Promise<null | typeof tooLate>((resolve) => {
    const giveUp = (reason: null | typeof tooLate) => {
      channel.close();
      resolve(reason);
    };
    listening.push(
      onAbort(lost, () => setImmediate(resolve, null)), // after the output that has arrived
      onAbort(signal, () => {
        stop('TERM');
        after(graceSeconds, () => {
          stop('KILL');
          giveUp(null);
        });
      }),
    );
    if (startSeconds !== undefined) after(startSeconds, () => knows() || giveUp(tooLate));
  });
  try {
    return await Promise.race([code, cutOff]);
  } finally {
    for (const stopListening of listening) stopListening();
    for (const timer of timers) clearTimeout(timer);
  }
}
