import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Address, SshTarget } from '../model/target.ts';
import { onAbort } from './abort.ts';
import { type Credentials, outOfDate } from './ssh-credentials.ts';
import { type Failure, notForwarded } from './ssh-failure.ts';
import { type Link, type Login, login } from './ssh-login.ts';
import { openProxy } from './ssh-proxy.ts';

export type Attempt = Pick<Login, 'keepaliveSeconds' | 'signal'> & { readonly credentials: Credentials };

/**
 * One attempt to log in to a host, the way it is reached: directly, through a jump host, or through a program. A
 * server is asked for one host key after another if a fingerprint does not say which type it belongs to.
 */
export async function connect(target: SshTarget, attempt: Attempt): Promise<Link | Failure> {
  const first = await connectOnce(target, attempt, []);
  const shown: string[] = [];
  let found = first;
  while ('passes' in found && found.shown !== undefined && !shown.includes(found.shown)) {
    shown.push(found.shown);
    found = await connectOnce(target, attempt, shown);
  }
  return 'client' in found ? found : first;
}

async function connectOnce(target: SshTarget, attempt: Attempt, shown: readonly string[]): Promise<Link | Failure> {
  const { hostKeys, connectTimeoutSeconds: timeoutSeconds, certificate, jump, proxy } = target;
  const stale = certificate && outOfDate(certificate, new Date());
  if (stale !== undefined) return stale;
  const to = ({ host, port, user }: Address): Login => ({
    ...attempt,
    host,
    port,
    user,
    hostKeys,
    shown,
    timeoutSeconds,
  });
  if (proxy !== undefined) return await openProxy(proxy, target, async (socket) => await login(to(target), socket));
  if (jump === undefined) return await login(to(target));
  const first = await login(to(jump));
  if (!('client' in first)) return viaJump(jump, first);
  const tunnel = await forward(first, target, timeoutSeconds);
  const link = 'passes' in tunnel ? viaJump(jump, tunnel) : await login(to(target), tunnel);
  if ('client' in link) onAbort(link.lost, first.end);
  else first.end();
  return link;
}

const viaJump = ({ host }: Address, failure: Failure) => ({
  ...failure,
  message: `jump host ${host}: ${failure.message}`,
});

async function forward({ ssh, lost }: Link, to: Address, timeoutSeconds: number): Promise<Duplex | Failure> {
  const timeUp = new AbortController();
  const tooLate = pause(timeoutSeconds * 1000, undefined, { signal: timeUp.signal }).catch(() => undefined);
  try {
    const channel = await Promise.race([ssh.forwardOut('127.0.0.1', 0, to.host, to.port), tooLate]);
    return channel ?? notForwarded(to, 'no answer', false);
  } catch (error) {
    const reason = error instanceof Error && 'reason' in error ? error.reason : undefined;
    const said = error instanceof Error ? error.message.replace(/^.*failure: /, '') : '';
    return notForwarded(to, lost.aborted ? `${lost.reason}` : said, reason === 1);
  } finally {
    timeUp.abort();
  }
}
