import { bytesOf, type Command, type Result } from '../model/command.ts';
import { isTimeout, onAbort } from './abort.ts';
import type { Host, RunOptions } from './host.ts';
import { startProblem } from './local-start.ts';
import { collect, listenAlone, type Output } from './output.ts';
import { endProgram, type Program, runProgram } from './program.ts';

type Options = Pick<Program, 'groupLeader'> & {
  /** The environment of all commands; their own `env` is added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Seconds between SIGTERM and SIGKILL when a command is aborted. */
  readonly graceSeconds?: number;
};

/** This machine. Commands run without a shell, in their own process group. */
export function local({ env, graceSeconds = 5, ...how }: Options): Host {
  return {
    name: 'local',
    run: async (command, options = {}) => {
      const started = performance.now();
      const stdout = collect((line) => options.onLine?.(line, 'stdout'));
      const stderr = collect((line) => options.onLine?.(line, 'stderr'));
      const given = { ...command, env: { ...defined(env), ...command.env } };
      const code = options.signal?.aborted
        ? null
        : await codeOf(given, options, { ...how, stdout, stderr, graceSeconds });
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

const defined = (env: Options['env']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  );

type How = Pick<Program, 'groupLeader'> & { readonly graceSeconds: number } & Readonly<
    Record<'stdout' | 'stderr', Output>
  >;

async function codeOf(
  { argv, cwd, env, stdin }: Command & Required<Pick<Command, 'env'>>,
  { signal }: RunOptions,
  { stdout, stderr, graceSeconds, ...how }: How,
): Promise<Result['code']> {
  const problem = startProblem({ argv, cwd, env });
  if (problem !== undefined) {
    stderr.push(Buffer.from(`${problem.text}\n`));
    return problem.code;
  }
  let stopListening = () => {};
  try {
    const input = Buffer.from(stdin === undefined ? [] : bytesOf(stdin));
    return await runProgram({ argv, cwd, env, input, ...how }, (child) => {
      listenAlone(child.stdout, stdout.push);
      listenAlone(child.stderr, stderr.push);
      stopListening = onAbort(signal, () => endProgram(child, graceSeconds));
    });
  } finally {
    stopListening();
  }
}
