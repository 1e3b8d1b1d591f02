import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { exec } from '@actions/exec';
import { bytesOf, type Command, type Result } from '../model/command.ts';
import { isTimeout, onAbort } from './abort.ts';
import type { Host, RunOptions } from './host.ts';
import { startProblem } from './local-start.ts';
import { collect, listenAlone, type Output } from './output.ts';

type Options = {
  /** The environment that commands start with; their own `env` is added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Seconds between SIGTERM and SIGKILL when a command is aborted. */
  readonly graceSeconds?: number;
  /** The program that makes the one in its arguments the leader of a process group of its own. */
  readonly groupLeader?: readonly [program: string, ...args: string[]];
};

/** This machine. Commands run without a shell, in a process group of their own. */
export function local({ env, graceSeconds = 5, groupLeader = groupLeaderOn(process.platform) }: Options): Host {
  return {
    name: 'local',
    run: async (command, options = {}) => {
      const started = performance.now();
      const stdout = collect((line) => options.onLine?.(line, 'stdout'));
      const stderr = collect((line) => options.onLine?.(line, 'stderr'));
      const code = options.signal?.aborted
        ? null
        : await codeOf({ ...command, env: { ...defined(env), ...command.env } }, options, {
            stdout,
            stderr,
            graceSeconds,
            groupLeader,
          });
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

/** @actions/exec starts its programs in the process group of this one. macOS has no setsid. */
export const groupLeaderOn = (platform: NodeJS.Platform): Required<Options>['groupLeader'] =>
  platform === 'darwin' ? ['perl', '-e', 'setpgrp; exec { $ARGV[0] } @ARGV; exit 127'] : ['setsid'];

const defined = (env: Options['env']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  );

type Process = Required<Pick<Options, 'graceSeconds' | 'groupLeader'>> & Readonly<Record<'stdout' | 'stderr', Output>>;

async function codeOf(
  command: Command & Required<Pick<Command, 'env'>>,
  { signal }: RunOptions,
  { stdout, stderr, graceSeconds, groupLeader: [leader, ...before] }: Process,
): Promise<Result['code']> {
  const problem = startProblem(command);
  if (problem !== undefined) {
    stderr.push(Buffer.from(`${problem.text}\n`));
    return problem.code;
  }
  const { argv, cwd, env, stdin } = command;
  let stopListening = () => {};
  const onStart = (child: ChildProcess) => {
    listenAlone(child.stdout, stdout.push);
    listenAlone(child.stderr, stderr.push);
    child.stdin?.on('error', () => {}); // a program need not read all of its input
    stopListening = onAbort(signal, () => kill(child, graceSeconds));
  };
  try {
    return await starting.run(onStart, () =>
      exec(leader, [...before, ...argv], {
        ...(cwd === undefined ? {} : { cwd }),
        env,
        input: Buffer.from(stdin === undefined ? [] : bytesOf(stdin)), // without one it would stay open
        silent: true,
        ignoreReturnCode: true,
        delay: 2 ** 31 - 1, // a child of the program may speak as long as it likes
      }),
    );
  } finally {
    stopListening();
  }
}

/**
 * @actions/exec keeps its child process to itself, and a process has to be stopped and its broken pipe survived. Node
 * tells about each process that it creates, before it starts.
 */
const starting = new AsyncLocalStorage<(child: ChildProcess) => void>();

subscribe('child_process', (message) => {
  const onStart = starting.getStore();
  if (onStart === undefined || !isNews(message)) return;
  queueMicrotask(() => onStart(message.process)); // when it is started, and has its streams
});

const isNews = (message: unknown): message is { readonly process: ChildProcess } =>
  typeof message === 'object' && message !== null && 'process' in message;

function kill(child: ChildProcess, graceSeconds: number): void {
  const send = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return child.pid !== undefined && process.kill(-child.pid, signal);
    } catch {
      return child.exitCode === null && child.signalCode === null && child.kill(signal); // no group yet, or none any more
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
