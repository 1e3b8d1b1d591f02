import { setTimeout as pause } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { ConnectError } from '../errors.ts';
import { shellLine } from '../model/command.ts';
import type { SshTarget } from '../model/target.ts';
import type { Host } from './host.ts';
import { full, sessions } from './sessions.ts';
import { type Link, lingerMilliseconds } from './ssh-login.ts';
import { notStarted } from './ssh-not-started.ts';
import { connect } from './ssh-route.ts';
import { refused, runOn } from './ssh-run.ts';

export type Retry = {
  readonly attempt: number;
  readonly attempts: number;
  readonly seconds: number;
  readonly error: ConnectError;
};

type Options = {
  /** Ends the attempts; a connected host is not affected. */
  readonly signal?: AbortSignal;
  /** Called before each pause; `attempt` is the one that failed. */
  readonly onRetry?: (retry: Retry) => void;
  readonly sleep?: (seconds: number) => Promise<unknown>;
  readonly keepaliveSeconds?: number;
  /** Seconds between TERM and KILL when a command is aborted. */
  readonly graceSeconds?: number;
};

const mostSessions = 8; // MaxSessions of sshd is 10
const longestPauseSeconds = 15;

/**
 * Logs in to a host, once; its commands share the connection. Temporary failures are retried after 1, 2, 4, 8, 15, 15… s.
 * Throws a ConnectError that says what to do.
 */
export async function connectSsh(target: SshTarget, options: Options = {}): Promise<Host> {
  const {
    onRetry,
    signal,
    sleep = (seconds: number) => pause(seconds * 1000, undefined, { signal }).catch(() => {}),
  } = options;
  const key = target.key && ssh2.utils.parseKey(target.key.reveal(), target.passphrase?.reveal());
  if (key instanceof Error) throw new ConnectError(target.name, 'the SSH key cannot be read', { cause: key });
  const credentials = { key, certificate: target.certificate };
  for (let attempt = 1; ; attempt++) {
    if (signal?.aborted) throw new ConnectError(target.name, 'cancelled while connecting');
    const link = await connect(target, { credentials, keepaliveSeconds: options.keepaliveSeconds ?? 5, signal });
    if ('client' in link) return hostOf(target, link, options.graceSeconds ?? 5);
    const { message, hint, passes } = link;
    const times = attempt > 1 ? ` (tried ${attempt} times)` : '';
    const error = new ConnectError(target.name, oneLine(`${message}${times}`), { hint });
    if (signal?.aborted) continue;
    if (!passes || attempt >= target.attempts) throw error;
    const seconds = Math.min(2 ** (attempt - 1), longestPauseSeconds);
    onRetry?.({ attempt, attempts: target.attempts, seconds, error });
    await sleep(seconds);
  }
}

/** What an unproven server says could otherwise forge log lines. */
const oneLine = (text: string) => text.replace(/[\0-\x1f\x7f]+/g, ' ');

function hostOf({ name, user, connectTimeoutSeconds }: SshTarget, link: Link, graceSeconds: number): Host {
  const inTurn = sessions(mostSessions);
  let hasRun = false;
  const alive = () => {
    if (!link.lost.aborted) return;
    throw new ConnectError(name, oneLine(`the connection dropped (${link.lost.reason})`), {
      hint: 'Run it again. A command that was running on the server may have been interrupted.',
    });
  };
  return {
    name,
    run: async (command, options = {}) => {
      const line = shellLine(command);
      const outcome = await inTurn(async () => {
        alive();
        const startSeconds = hasRun ? undefined : connectTimeoutSeconds;
        return await runOn(link, { ...options, line, stdin: command.stdin, graceSeconds, startSeconds });
      });
      if (outcome === full || outcome === refused)
        throw new ConnectError(name, `the server does not let user "${user}" run commands`, {
          hint: 'Check MaxSessions and ForceCommand in its sshd_config, and `command=` in authorized_keys.',
          runsNothing: true,
        });
      if ('said' in outcome) {
        const { message, hint } = notStarted(outcome, user, link.software);
        throw new ConnectError(name, oneLine(message), { hint, runsNothing: true });
      }
      hasRun = true;
      return outcome;
    },
    close: async () => {
      if (link.lost.aborted) return;
      const closed = new Promise((resolve) => link.client.once('close', () => resolve(undefined)));
      link.end();
      await Promise.race([closed, pause(lingerMilliseconds, undefined, { ref: false })]);
      link.socket.destroy();
    },
  };
}
