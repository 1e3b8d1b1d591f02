import { isRecord } from '../model/release.ts';

/** Reads the time, and waits: both in milliseconds. */
export type Sleeper = { readonly now: () => number; readonly sleep: (milliseconds: number) => Promise<void> };

/** The longest wait for a single answer from GitHub. */
const longestSeconds = 60;
const pauses = [1, 5] as const;

/** Why GitHub did not do it. */
export type Refusal = {
  /** As one sentence. */
  readonly problem: string;
  /** The token has no permission: GitHub says that with 403, and with 404 about what the token may not even see. */
  readonly denied: boolean;
};

/**
 * Sends a request to GitHub, and retries if that helps: after a 5xx, and when GitHub says to come back later.
 * @returns the answer, or why there is none. Never throws for an answer of GitHub.
 */
export async function asked<T>(request: () => Promise<T>, clock: Sleeper): Promise<{ readonly value: T } | Refusal> {
  for (let tries = 0; ; tries++) {
    try {
      return { value: await request() };
    } catch (error) {
      const { status, later, message } = read(error, clock.now());
      const pause = pauses[tries];
      const again = later !== undefined || status === undefined || status >= 500;
      if (!again || pause === undefined || (later ?? 0) > longestSeconds)
        return { problem: message, denied: later === undefined && (status === 403 || status === 404) };
      await clock.sleep((later ?? pause) * 1000);
    }
  }
}

type Failed = {
  readonly status: number | undefined;
  /** In how many seconds GitHub will answer again after too many requests. */
  readonly later: number | undefined;
  readonly message: string;
};

function read(error: unknown, now: number): Failed {
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  if (!isRecord(error) || typeof error['status'] !== 'number') return { status: undefined, later: undefined, message };
  const status = error['status'];
  const response = isRecord(error['response']) ? error['response'] : {};
  const headers = isRecord(response['headers']) ? response['headers'] : {};
  return { status, later: status === 429 || status === 403 ? laterOf(headers, status, now) : undefined, message };
}

/** A per-minute limit comes with `Retry-After`, the hourly one with the time when it resets. */
function laterOf(headers: Readonly<Record<string, unknown>>, status: number, now: number): number | undefined {
  const [after, reset] = [numberOf(headers['retry-after']), numberOf(headers['x-ratelimit-reset'])];
  if (after !== undefined) return after;
  if (headers['x-ratelimit-remaining'] === '0' && reset !== undefined)
    return Math.max(1, Math.ceil(reset - now / 1000));
  return status === 429 ? longestSeconds : undefined;
}

function numberOf(value: unknown): number | undefined {
  const number = value === undefined || value === '' ? Number.NaN : Number(value);
  return Number.isNaN(number) ? undefined : number;
}
