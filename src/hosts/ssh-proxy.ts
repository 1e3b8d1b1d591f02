import type { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Address, ProxyCommand } from '../model/target.ts';
import { onAbort } from './abort.ts';
import { startProblem } from './local-start.ts';
import { collect } from './output.ts';
import { endProgram, runProgram } from './program.ts';
import type { Failure } from './ssh-failure.ts';
import type { Link } from './ssh-login.ts';

/**
 * Logs in over a program whose stdin and stdout are the connection. It ends with the connection. A failure before the
 * server has said anything is the program's.
 */
export async function openProxy(
  { argv, env }: ProxyCommand,
  to: Address,
  login: (socket: Duplex) => Promise<Link | Failure>,
): Promise<Link | Failure> {
  const program = argv.map((word) => filledIn(word, to));
  const problem = startProblem({ argv: program, env });
  if (problem !== undefined) return notStarted(problem.text);
  const stderr = collect(() => {});
  const { child, ended } = await start(program, env, stderr.push);
  if (child.stdout === null || child.stdin === null) throw new Error(`${program[0]} has no streams`);
  let hasAnswered = false;
  child.stdout.once('data', () => {
    hasAnswered = true;
  });
  const link = await login(Duplex.from({ readable: child.stdout, writable: child.stdin }));
  if ('client' in link) {
    onAbort(link.lost, () => endProgram(child, graceSeconds));
    return link;
  }
  const code = hasAnswered
    ? undefined
    : await Promise.race([ended, pause(graceSeconds * 1000, undefined, { ref: false })]);
  endProgram(child, graceSeconds);
  return hasAnswered ? link : failed(code, stderr.end(), link);
}

const graceSeconds = 1;

/** As OpenSSH does for its ProxyCommand. */
function filledIn(word: string, { host, port, user }: Address): string {
  const values: Readonly<Record<string, string>> = { '%h': host, '%p': String(port), '%r': user, '%%': '%' };
  return word.replace(/%./g, (sign) => values[sign] ?? sign);
}

type Started = { readonly child: ChildProcess; readonly ended: Promise<number | null> };

function start(argv: readonly string[], env: ProxyCommand['env'], onError: (chunk: Buffer) => void): Promise<Started> {
  return new Promise((resolve, reject) => {
    const ended = runProgram({ argv, env, input: undefined }, (child) => {
      child.stdout?.removeAllListeners('data').pause();
      child.stderr?.removeAllListeners('data').on('data', onError);
      resolve({ child, ended });
    });
    ended.catch(reject);
  });
}

const notStarted = (text: string): Failure => ({
  message: `proxy-command: ${text}`,
  hint: 'Install the program in an earlier step of this job, or write its whole path.',
  passes: false,
});

function failed(code: number | null | undefined, said: string, { message, hint }: Failure): Failure {
  const words = said.trim().split('\n').slice(-3).join(' ').slice(-300);
  const quoted = words === '' ? '' : `: ${words}`;
  if (code === undefined) return { message: `proxy-command: ${message}${quoted}`, hint, passes: true };
  return {
    message: `proxy-command ended with ${code === null ? 'a signal' : `exit code ${code}`} before the server answered${quoted}`,
    hint: 'Run the program by hand where this runs: the greeting of the server (SSH-2.0-…) has to appear.',
    passes: true,
  };
}
