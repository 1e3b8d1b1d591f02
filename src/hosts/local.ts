import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { bytesOf, type Command, type Result } from '../model/command.ts';
import { isTimeout, onAbort } from './abort.ts';
import type { Host, RunOptions } from './host.ts';
import { collect } from './output.ts';

type Options = {
  /** The environment that commands start with; their own `env` is added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Seconds between SIGTERM and SIGKILL when a command is aborted. */
  readonly graceSeconds?: number;
};

/** This machine. Commands run without a shell, in a process group of their own. */
export function local({ env, graceSeconds = 5 }: Options): Host {
  return {
    name: 'local',
    run: async (command, options = {}) => {
      const started = performance.now();
      const stdout = collect((line) => options.onLine?.(line, 'stdout'));
      const stderr = collect((line) => options.onLine?.(line, 'stderr'));
      const code = options.signal?.aborted
        ? null
        : await codeOf(command, env, { stdout: stdout.push, stderr: stderr.push }, options, graceSeconds);
      return {
        code: options.signal?.aborted ? null : code,
        stdout: stdout.end(),
        stderr: stderr.end(),
        seconds: (performance.now() - started) / 1000,
        timedOut: isTimeout(options.signal),
      };
    },
    close: async () => {},
  };
}

type Sinks = Readonly<Record<'stdout' | 'stderr', (chunk: Buffer) => void>>;

function codeOf(
  command: Command,
  env: Options['env'],
  to: Sinks,
  { signal }: RunOptions,
  graceSeconds: number,
): Promise<Result['code']> {
  return new Promise((resolve, reject) => {
    const notStarted = (error: unknown) => {
      const problem = startProblem(error, command);
      if (problem === undefined) return reject(error);
      to.stderr(Buffer.from(`${problem.text}\n`));
      resolve(problem.code);
    };
    try {
      const [program = '', ...args] = command.argv;
      const child = spawn(program, args, { cwd: command.cwd, env: { ...env, ...command.env }, detached: true });
      const stopListening = onAbort(signal, () => kill(child, graceSeconds));
      child.on('error', notStarted);
      child.stdout.on('data', to.stdout);
      child.stderr.on('data', to.stderr);
      child.stdin.on('error', () => {}); // a program need not read all of its input
      child.stdin.end(command.stdin === undefined ? undefined : bytesOf(command.stdin));
      child.on('close', (code) => {
        stopListening();
        resolve(code);
      });
    } catch (error) {
      notStarted(error);
    }
  });
}

/** The exit code and the words of a shell for a program that cannot be started; Node says ENOENT for a missing cwd too. */
function startProblem(
  error: unknown,
  { argv, cwd }: Command,
): { readonly code: number; readonly text: string } | undefined {
  const program = argv[0] ?? '';
  const reason = error instanceof Error && 'code' in error ? error.code : undefined;
  if (reason === 'ENOENT' || reason === 'ENOTDIR') {
    const isFolder = cwd === undefined || statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true;
    return { code: 127, text: isFolder ? `${program}: command not found` : `${cwd}: no such directory` };
  }
  if (reason === 'EACCES') return { code: 126, text: `${program}: permission denied` };
  if (reason === 'E2BIG') return { code: 126, text: `${program}: argument list too long` };
  return undefined;
}

function kill(child: ChildProcess, graceSeconds: number): void {
  const send = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return child.pid !== undefined && process.kill(-child.pid, signal);
    } catch {
      return false; // the whole group is gone
    }
  };
  send('SIGTERM');
  const timer = setTimeout(() => {
    send('SIGKILL');
    child.stdout?.destroy(); // a grandchild that left the group may still hold them
    child.stderr?.destroy();
  }, graceSeconds * 1000);
  child.on('close', () => {
    if (!send(0)) clearTimeout(timer);
  });
}
