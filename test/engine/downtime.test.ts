import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../fixtures/fakes.ts';
import { watchUrl } from '../../src/engine/downtime.ts';

/** Watches while the URL gives these answers, one a probe; each takes some time. Then it is stopped, before one more. */
async function watched(answers: readonly (number | string)[], { seconds = 0.05, last = 200 as number | string } = {}) {
  const clock = fakeClock();
  const stopping = Promise.withResolvers<void>();
  let asked = 0;
  const ask = async (): Promise<number | string> => {
    clock.advance(seconds * 1000);
    const answer = answers[asked++];
    if (asked >= answers.length) stopping.resolve();
    // A probe after the last one belongs to the stop: it begins when the caller has had its turn.
    if (answer === undefined) await new Promise((resolve) => setImmediate(resolve));
    return answer ?? last;
  };
  const watch = watchUrl('https://shop.example.com/', { ask, clock });
  await stopping.promise;
  const measured = await watch.stop();
  const result = measured === 'not-up-before' ? undefined : measured;
  return { result, clock, asked: () => asked };
}

describe('downtime', () => {
  it('is none when every probe is answered', async () => {
    const { result } = await watched([200, 204, 302, 200]);
    expect(result).toMatchObject({ failed: 0, longestGapSeconds: 0, up: true });
  });

  it('is not measured where nothing answered at the start', async () => {
    expect((await watched(['does not answer'])).result).toBeUndefined();
    expect((await watched([503])).result).toBeUndefined();
  });

  it('is the time between the good answers around the failed ones', async () => {
    // Good at 0.05 s, then every 0.25 s: two failures, good again.
    const { result } = await watched([200, 503, 'reset', 200, 200]);
    expect(result?.failed).toBe(2);
    expect(result?.longestGapSeconds).toBeCloseTo(0.75);
    expect(result?.up).toBe(true);
  });

  it('is the longest of several gaps', async () => {
    const { result } = await watched([200, 500, 200, 500, 500, 500, 200, 500, 200]);
    expect(result).toMatchObject({ failed: 5, longestGapSeconds: 1 });
  });

  it('counts the time that a failing probe takes', async () => {
    const { result } = await watched([200, 'timed out', 200], { seconds: 5 });
    expect(result?.longestGapSeconds).toBeCloseTo(10.4);
  });

  it('goes on to the end when it does not end', async () => {
    const { result } = await watched([200, 500, 500], { last: 500 });
    expect(result?.longestGapSeconds).toBeGreaterThanOrEqual(0.5);
    expect(result?.up).toBe(false);
  });

  it('counts a failure that only the last probe saw', async () => {
    const { result } = await watched([200, 500], { last: 500 });
    expect(result?.up).toBe(false);
    expect(result?.longestGapSeconds).toBeGreaterThan(0);
  });

  it('is asked for five times a second', async () => {
    const { clock } = await watched([200, 200, 200]);
    expect(new Set(clock.slept)).toEqual(new Set([200]));
  });

  it('ends with at most one probe after it is stopped', async () => {
    const { asked, result } = await watched([200, 200, 200]);
    const after = asked();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked()).toBe(after);
    expect(result?.probes).toBe(after);
  });
});
