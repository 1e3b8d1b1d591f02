import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { NodeSSH } from 'node-ssh';
import type { Client } from 'ssh2';
import type { Address, HostKeys } from '../model/target.ts';
import { onAbort } from './abort.ts';
import { hostKeyOrder, isTypeOpen, keyType, verdict } from './host-key.ts';
import { nameSignatures } from './ssh-certificate.ts';
import { attemptsOf, type Credentials, refusalOf } from './ssh-credentials.ts';
import * as failures from './ssh-failure.ts';
import * as refusals from './ssh-refusal.ts';

/** A logged-in connection. `lost` aborts when it ends, with the reason as text. */
export type Link = {
  readonly ssh: NodeSSH;
  /** The underlying ssh2 client. */
  readonly client: Client;
  readonly socket: Duplex;
  /** What the server calls itself: `SSH-2.0-OpenSSH_9.6`. */
  readonly software: string;
  readonly lost: AbortSignal;
  readonly end: () => void;
};

export type Login = Address & {
  readonly credentials: Credentials;
  readonly hostKeys: HostKeys;
  /** Types of host keys that the server has shown but that are not trusted: others are requested first. */
  readonly shown: readonly string[];
  readonly timeoutSeconds: number;
  /** A connection counts as lost when four of these pass without a sign of life. */
  readonly keepaliveSeconds: number;
  /** Ends the attempt; has no effect once logged in. */
  readonly signal: AbortSignal | undefined;
};

/** One attempt to log in, over `via` or its own TCP connection. Never rejects. */
export function login(to: Login, via?: Duplex): Promise<Link | failures.Failure> {
  return new Promise((resolve) => {
    const ssh = new NodeSSH();
    const lost = new AbortController();
    let connected = via !== undefined;
    let said = '';
    let banner = '';
    let refusal: failures.Failure | undefined;
    const attempts = [...attemptsOf(to.credentials, to.user)];

    const socket = via ?? new Socket().setNoDelay();
    socket.once('connect', () => {
      connected = true;
    });
    if (socket instanceof Socket) {
      // With the default of 250 ms, we would give up too early on a distant server that also has an IPv6 address.
      socket.connect({ host: to.host, port: to.port, autoSelectFamilyAttemptTimeout: 3000 });
    }
    const ready = ssh.connect({
      sock: socket,
      username: to.user,
      readyTimeout: to.timeoutSeconds * 1000,
      keepaliveInterval: to.keepaliveSeconds * 1000,
      keepaliveCountMax: 3,
      algorithms: { serverHostKey: hostKeyOrder(to.hostKeys, to.host, to.port, to.shown) },
      // Strictly a boolean: ssh2 accepts every answer except `false`.
      hostVerifier: (key: Buffer): boolean => {
        const trust = verdict(to.hostKeys, to.host, to.port, key);
        if (trust.kind !== 'trusted') {
          const failure = refusals.hostKeyRejected(trust, to, key);
          const open = trust.kind !== 'revoked' && isTypeOpen(to.hostKeys, to.host, to.port);
          refusal = open ? { ...failure, shown: keyType(key) } : failure;
        }
        return trust.kind === 'trusted';
      },
      authHandler: (methods, partial, next) => {
        const attempt = partial ? undefined : attempts.shift();
        if (attempt !== undefined) next(attempt);
        else refuse(refusalOf(to.credentials, to, methods ?? [], partial === true));
      },
    });
    ready.catch(() => {}); // the same as the events below, which know more
    socket.once('data', (chunk: Buffer) => {
      said = readable(chunk);
    });

    const client = clientOf(ssh);
    if (to.credentials.certificate !== undefined) nameSignatures(client);
    // ssh2 does not destroy a socket that it has ended. If nothing answers any more, it would live for a quarter of an hour.
    const leave = () => {
      client.end();
      setTimeout(() => socket.destroy(), lingerMilliseconds).unref();
    };
    const refuse = (failure: failures.Failure) => {
      refusal = failure;
      resolve(failure);
      leave();
    };
    // node-ssh stops listening when it is ready. Without a listener for the whole life of the connection, a reset
    // would be an uncaught exception.
    client.on('error', (error) => {
      const failure = refusal ?? failureOf(error, to, connected, said, banner);
      resolve(failure);
      lost.abort(error.level === 'client-timeout' ? 'the server stopped responding' : error.message);
      socket.destroy();
    });
    client.on('banner', (text) => {
      banner = text;
    });
    client.on('end', () => lost.abort('the server closed it'));
    client.on('close', () => {
      resolve(refusal ?? failures.closedEarly(said === '' ? 'it said nothing' : `it said ${JSON.stringify(said)}`));
      lost.abort('the server closed it');
    });
    const end = () => {
      lost.abort('it was closed here');
      leave();
    };
    client.on('ready', () => resolve({ ssh, client, socket, software: said, lost: lost.signal, end }));
    const stopListening = onAbort(to.signal, () => socket.destroy());
    client.once('ready', stopListening).once('close', stopListening);
  });
}

/** How long a server may take to close its side. */
export const lingerMilliseconds = 2000;

/** It exists as soon as `connect` is called. */
function clientOf({ connection }: NodeSSH): Client {
  if (connection === null) throw new Error('node-ssh has no connection');
  return connection.setMaxListeners(0); // it adds one for each command that begins
}

type SshError = Error & { readonly level?: string; readonly code?: unknown };

function failureOf(error: SshError, to: Login, connected: boolean, said: string, banner: string): failures.Failure {
  if (error.level === 'client-timeout')
    return connected ? failures.tooSlow(to.timeoutSeconds, banner.trim()) : failures.noAnswer(to);
  if (error.level === 'client-socket') return failures.networkFailure(codeOf(error), to);
  if (typeof error.code === 'number') return failures.disconnected(error.message);
  if (said === '') return failures.closedEarly('it said nothing');
  if (/MaxStartups|Not allowed at this time/.test(said)) return failures.closedEarly(`it said ${JSON.stringify(said)}`);
  return said.includes('SSH-2.0')
    ? failures.protocolFailure(error.message.replace('Handshake failed: ', ''))
    : failures.notSsh(to, said);
}

/** A name with several addresses fails with one error for each; an address that answered tells the most. */
function codeOf(error: SshError): string {
  const codes = [error, ...(error instanceof AggregateError ? error.errors : [])].map((each) => String(each.code));
  return ['ECONNREFUSED', 'ETIMEDOUT'].find((code) => codes.includes(code)) ?? codes[0] ?? '';
}

/** The first line, as far as it is text. */
function readable(chunk: Buffer): string {
  const [line = ''] = chunk.toString('latin1').split(/\r?\n/);
  return line.replace(/[^ -~]+/g, '?').slice(0, 80);
}
