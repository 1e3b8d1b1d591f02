import type { StepReport } from '../model/report.ts';

type Bar = { readonly host: string; readonly stage: string; readonly from: number; readonly to: number };

/** The stages of each host over time, as a Mermaid chart; undefined where nothing was timed. */
export function gantt(steps: readonly StepReport[]): string | undefined {
  const bars = barsOf(steps);
  const start = Math.min(...bars.map(({ from }) => from));
  if (bars.length === 0) return undefined;
  const hosts = [...new Set(bars.map(({ host }) => host))];
  const rows = hosts.flatMap((host) => [
    `  section ${plain(host)}`,
    ...bars
      .filter((bar) => bar.host === host)
      .map(({ stage, from, to }) => `  ${plain(stage)} :${from - start}, ${Math.max(to - start, from - start + 1)}`),
  ]);
  return ['```mermaid', 'gantt', '  dateFormat x', '  axisFormat %M:%S', ...rows, '```'].join('\n');
}

/** The most bars that can be told apart. */
const most = 100;

function barsOf(steps: readonly StepReport[]): readonly Bar[] {
  const bars = new Map<string, Bar>();
  for (const { host, stage, started, seconds } of steps) {
    if (started === undefined) continue;
    const key = `${host}\n${stage}`;
    const [from, to] = [Math.round(started), Math.round(started + seconds * 1000)];
    const bar = bars.get(key);
    bars.set(key, { host, stage, from: Math.min(bar?.from ?? from, from), to: Math.max(bar?.to ?? to, to) });
  }
  return [...bars.values()].slice(0, most);
}

/** Nothing in a name is read as the syntax of the chart. */
const plain = (text: string): string => text.replaceAll(/[^\p{L}\p{N} ._-]/gu, ' ').trim() || '-';
