/** What a visitor of the site notices: asks for one page all the time, each time over a new connection. */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type Seen = {
  readonly requests: number;
  readonly failed: number;
  /** Longest time from one answer to the next, in seconds. */
  readonly gapSeconds: number;
};

export type Visitor = { stop(): Promise<Seen> };

const pauseMilliseconds = 20;
const patienceMilliseconds = 2000;

export function visit(url: string): Visitor {
  const seen = { requests: 0, failed: 0 };
  let [stopping, last, gap] = [false, performance.now(), 0];
  const visiting = (async () => {
    while (!stopping) {
      const good = await answers(url);
      const now = performance.now();
      seen.requests += 1;
      if (good) {
        gap = Math.max(gap, now - last);
        last = now;
      } else seen.failed += 1;
      await sleep(pauseMilliseconds);
    }
  })();
  return {
    stop: async () => {
      stopping = true;
      await visiting;
      return { ...seen, gapSeconds: Math.max(gap, performance.now() - last) / 1000 };
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: patienceMilliseconds }, (response) => {
      response
        .resume()
        .on('end', () => resolve(response.statusCode === 200))
        .on('error', () => resolve(false));
    });
    request.on('timeout', () => request.destroy()).on('error', () => resolve(false));
  });
}
