import { randomBytes } from 'node:crypto';
import { get as overTcp } from 'node:http';
import { get as overTls } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ask, Clock } from './engine/ports.ts';

/** The adapters that both shells use. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (milliseconds, signal) => {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  },
};

export const nonce = (): string => randomBytes(6).toString('hex');

/** The time limit for a request, in milliseconds. */
const askMilliseconds = 5000;

/**
 * One GET. Redirects are answers: following them would measure another site. Not `fetch`, which refuses ports that it
 * considers bad, such as 6000 or 10080.
 */
export const askOverHttp: Ask = async (url) =>
  await new Promise((resolve) => {
    const get = url.startsWith('https:') ? overTls : overTcp;
    const options = { agent: false, headers: { connection: 'close' }, signal: AbortSignal.timeout(askMilliseconds) };
    get(url, options, (answer) => {
      answer.on('error', () => {}).destroy();
      resolve(answer.statusCode ?? 0);
    }).on('error', (error: NodeJS.ErrnoException) => resolve(`does not answer: ${reasonOf(error)}`));
  });

function reasonOf({ code = '', name, message }: NodeJS.ErrnoException): string {
  if (name === 'AbortError') return `nothing within ${askMilliseconds / 1000} s`;
  if (code.startsWith('HPE_')) return 'that port does not speak HTTP';
  return reasons[code] ?? (message.trim() || code || name);
}

/** Node's message, which is written for programmers, or missing. */
const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name does not resolve',
  ECONNRESET: 'the connection was closed without an answer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate was issued by an authority that this machine does not trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate cannot be verified: the server sends an incomplete chain, or this machine does not trust the authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate cannot be verified: the server sends an incomplete chain, or this machine does not trust the authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'that port does not speak TLS (http:// instead of https://?)',
  EPROTO: 'that port does not speak TLS (http:// instead of https://?)',
};
