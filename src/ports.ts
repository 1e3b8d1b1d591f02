import { randomBytes } from 'node:crypto';
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

/** One GET, at most 5 s. Redirects are answers: following them would measure another site. */
export const askOverHttp: Ask = async (url) => {
  try {
    const { status, body } = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(5000),
      headers: { connection: 'close' },
    });
    await body?.cancel();
    return status;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `does not answer: ${cause instanceof Error ? cause.message || cause.name : String(cause)}`;
  }
};
