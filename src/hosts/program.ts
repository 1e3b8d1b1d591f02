import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { exec } from '@actions/exec';
import type { Command } from '../model/command.ts';

export type Program = Required<Pick<Command, 'argv' | 'env'>> & {
  readonly cwd?: string | undefined;
  /** All of its stdin; undefined: left open for the caller. */
  readonly input: Buffer | undefined;
  /** The program that makes the one in its arguments a process group leader. */
  readonly groupLeader?: readonly [program: string, ...args: string[]];
};

/**
 * Runs a program on this machine through @actions/exec, in its own process group. `onStart` gets the process as soon as
 * its streams exist. Resolves with its exit code when they are closed, null if it was killed.
 */
export async function runProgram(
  { argv, env, cwd, input, groupLeader: [leader, ...before] = groupLeaderOn(process.platform) }: Program,
  onStart: (child: ChildProcess) => void,
): Promise<number | null> {
  const start = (child: ChildProcess) => {
    child.stdin?.on('error', () => {}); // a program need not read all of its input
    onStart(child);
  };
  return await starting.run(start, () =>
    exec(leader, [...before, ...argv], {
      ...(cwd === undefined ? {} : { cwd }),
      env,
      ...(input === undefined ? {} : { input }),
      silent: true,
      ignoreReturnCode: true,
      delay: 2 ** 31 - 1, // a child of the program may speak as long as it likes
    }),
  );
}

/** @actions/exec starts programs in our own process group. macOS has no setsid. */
export const groupLeaderOn = (platform: NodeJS.Platform): Required<Program>['groupLeader'] =>
  platform === 'darwin' ? ['perl', '-e', 'setpgrp; exec { $ARGV[0] } @ARGV; exit 127'] : ['setsid'];

/**
 * @actions/exec hides its child process, but we have to stop processes and survive a broken pipe. Node
 * announces every process it creates, before it starts.
 */
const starting = new AsyncLocalStorage<(child: ChildProcess) => void>();

subscribe('child_process', (message) => {
  const start = starting.getStore();
  if (start === undefined || !hasProcess(message)) return;
  queueMicrotask(() => start(message.process)); // when it is started, and has its streams
});

const hasProcess = (message: unknown): message is { readonly process: ChildProcess } =>
  typeof message === 'object' && message !== null && 'process' in message;

/** Ends a program's process group: TERM, then KILL for what is left after the grace period. */
export function endProgram(child: ChildProcess, graceSeconds: number): void {
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
