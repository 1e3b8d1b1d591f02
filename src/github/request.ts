import { isRecord } from '../model/release.ts';

/** Waits for so many milliseconds. */
export type Sleeper = { readonly sleep: (milliseconds: number) => Promise<void> };

/** The longest that anybody waits for a comment, at a time. */
const longestSeconds = 60;
const pauses = [1, 5] as const;

/**
 * Asks GitHub, and again where that helps: after a 5xx, and when it says to come back later.
 * @returns the answer, or in one sentence why there is none. Never throws for an answer of GitHub.
 */
export async function asked<T>(
  request: () => Promise<T>,
  clock: Sleeper,
): Promise<{ readonly value: T } | { readonly problem: string; readonly status: number | undefined }> {
  for (let tries = 0; ; tries++) {
    try {
      return { value: await request() };
    } catch (error) {
      const { status, retryAfter, message } = read(error);
      const pause = pauses[tries];
      const later = status === 429 || (status === 403 && retryAfter !== undefined);
      const again = later || status === undefined || status >= 500;
      if (!again || pause === undefined || (retryAfter ?? 0) > longestSeconds) return { problem: message, status };
      await clock.sleep((retryAfter ?? pause) * 1000);
    }
  }
}

type Failed = {
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly message: string;
};

function read(error: unknown): Failed {
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  if (!isRecord(error) || typeof error['status'] !== 'number')
    return { status: undefined, retryAfter: undefined, message };
  const response = isRecord(error['response']) ? error['response'] : {};
  const headers = isRecord(response['headers']) ? response['headers'] : {};
  const after = headers['retry-after'];
  const seconds = after === undefined ? Number.NaN : Number(after);
  return { status: error['status'], retryAfter: Number.isNaN(seconds) ? undefined : seconds, message };
}
