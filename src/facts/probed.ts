import type { Outage, Probed } from '../model/report.ts';
import { readFacts, rowsOf } from './facts.ts';

/**
 * Reads what the `probe` program printed. An outage begins when the first request that failed was sent, and ends when the
 * first one was sent that was answered again.
 * @param bootedAt when the host booted, in milliseconds since 1970, by the clock of this machine
 */
export function readProbed(host: string, output: string, bootedAt: number): Probed {
  const rows = rowsOf(readFacts(output), 'row').map(([kind, from, to, count, answer]) => ({
    good: kind === 'good',
    from: Number(from),
    to: Number(to),
    count: Number(count),
    answer: answer ?? '',
  }));
  if (rows[0]?.good !== true) return { host, kind: 'not-up-before', answer: answerText(rows[0]?.answer ?? '') };
  const outages: Outage[] = [];
  let [requests, failed, began] = [0, 0, 0];
  for (const [index, { good, from, to, count, answer }] of rows.entries()) {
    requests += count;
    if (good) continue;
    failed += count;
    const goesOn = rows[index - 1]?.good === false;
    const last = goesOn ? outages.pop() : undefined;
    if (last === undefined) began = from;
    outages.push({
      started: bootedAt + began * 10,
      seconds: ((rows[index + 1]?.from ?? to) - began) / 100,
      failed: count + (last?.failed ?? 0),
      answer: answerText(answer),
    });
  }
  return { host, kind: 'counted', requests, failed, outages, up: rows.at(-1)?.good === true };
}

/** curl prints 000 if nothing answered. */
const answerText = (status: string): string => (/^[1-9]\d\d$/.test(status) ? `HTTP ${status}` : 'no answer');
