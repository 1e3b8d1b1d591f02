/** Programs as child processes: argv in, exit code and output out. Never a shell. */
import { spawn } from 'node:child_process';

export type Result = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  /** Milliseconds, then SIGKILL; default 10 minutes. */
  readonly timeout?: number;
};

/** Runs a program to its end. A code other than 0 is a result; code null means it was killed. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      timeout: options.timeout ?? 600_000,
      killSignal: 'SIGKILL',
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {}); // a program may end before it has read everything
    child.stdin.end(options.stdin);
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

/** Runs a program that has to succeed and gives its standard output, trimmed. */
export async function output(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(argv, options);
  if (result.code === 0) return result.stdout.trim();
  const said = result.stderr.trim() || result.stdout.trim();
  throw new Error(`${argv.join(' ')}\nexited with ${result.code}: ${said}`);
}

/** A machine that does much else is slow, and no failure of what is waited for. Milliseconds. */
const patience = 240_000;

/**
 * Asks again and again until the answer is true; who does not answer yet is asked again. At first every 50 ms, and the
 * longer it takes the less often: most questions start programs. Throws, naming what was waited for, when that takes more
 * than `patience` and more than `timeout` milliseconds.
 */
export async function until(what: string, timeout: number, ask: () => Promise<boolean>): Promise<void> {
  const limit = Math.max(timeout, patience);
  const started = Date.now();
  let cause: unknown;
  for (;;) {
    try {
      if (await ask()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const waited = Date.now() - started;
    if (waited > limit) throw new Error(`${what}: not within ${limit / 1000} s`, { cause });
    await new Promise((resolve) => setTimeout(resolve, Math.min(500, 50 + waited / 20)));
  }
}
