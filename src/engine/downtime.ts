import { answerVerdict } from '../facts/verdict.ts';
import type { Downtime } from '../model/report.ts';
import type { EnginePorts } from './ports.ts';

const pauseMilliseconds = 200;

/** Nothing is measured if the URL did not answer at the start. */
export type Measured = Downtime | 'not-up-before';

/** Requests the URL repeatedly until stopped. */
export function watchUrl(
  url: string,
  { ask, clock }: Pick<EnginePorts, 'ask' | 'clock'>,
): { stop(): Promise<Measured> } {
  const stopping = new AbortController();
  const watching = watch(url, ask, clock, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      return await watching;
    },
  };
}

async function watch(
  url: string,
  ask: EnginePorts['ask'],
  clock: EnginePorts['clock'],
  stop: AbortSignal,
): Promise<Measured> {
  const isUp = async (): Promise<boolean> => answerVerdict(await ask(url)).kind === 'good';
  if (!(await isUp())) return 'not-up-before';
  let [probes, failed, longestGap, lastGood] = [1, 0, 0, clock.now()];
  let broken = false;
  while (!stop.aborted || broken) {
    await clock.sleep(pauseMilliseconds);
    const up = await isUp();
    probes += 1;
    if (!up) failed += 1;
    const gap = clock.now() - lastGood;
    if (!up || broken) longestGap = Math.max(longestGap, gap);
    if (up) lastGood = clock.now();
    broken = !up;
    if (stop.aborted) break;
  }
  return { probes, failed, longestGapSeconds: longestGap / 1000, up: !broken };
}
