import type { StepReport } from '../model/report.ts';

type Bar = {
  readonly host: string;
  readonly stage: string;
  readonly from: number;
  readonly to: number;
  readonly failed: boolean;
};

/** The stages of each host over time, as a Mermaid chart, red where something failed; undefined if nothing was timed. */
export function gantt(steps: readonly StepReport[]): string | undefined {
  const bars = barsOf(steps);
  const start = Math.min(...bars.map(({ from }) => from));
  if (bars.length === 0) return undefined;
  const hosts = [...new Set(bars.map(({ host }) => host))];
  const rows = hosts.flatMap((host) => [
    `  section ${plain(host)}`,
    ...bars
      .filter((bar) => bar.host === host)
      .map(({ stage, from, to, failed }) => {
        const times = `${from - start}, ${Math.max(to - start, from - start + 1)}`;
        return `  ${plain(stage)} :${failed ? 'crit, ' : ''}${times}`;
      }),
  ]);
  // Host names are to the left of the bars, and Mermaid reserves the same space for every name.
  const space = 30 + 7 * Math.max(...hosts.map((host) => plain(host).length));
  const init = `%%{init: {"gantt": {"leftPadding": ${space}}}}%%`;
  return ['```mermaid', init, 'gantt', '  dateFormat x', '  axisFormat %M:%S', ...rows, '```'].join('\n');
}

/** The most bars that stay readable. */
const most = 100;
/** What a stage does after a longer pause, e.g. the second half of one that started early, is a separate bar. */
const pauseMilliseconds = 1000;

function barsOf(steps: readonly StepReport[]): readonly Bar[] {
  const bars: Bar[] = [];
  const timed = steps.flatMap(({ host, stage, started, seconds, outcome, stopped }): readonly Bar[] =>
    started === undefined
      ? []
      : [
          {
            host,
            stage,
            from: Math.round(started),
            to: Math.round(started + seconds * 1000),
            failed: outcome === 'failed' && stopped !== true,
          },
        ],
  );
  for (const step of timed.toSorted((a, b) => a.from - b.from)) {
    const { host, stage, from, to, failed } = step;
    const at = bars.findLastIndex((bar) => bar.host === host && bar.stage === stage);
    const bar = bars[at];
    if (bar === undefined || from - bar.to > pauseMilliseconds) bars.push(step);
    else bars[at] = { ...bar, to: Math.max(bar.to, to), failed: bar.failed || failed };
  }
  return bars.slice(0, most);
}

/** No name may be read as chart syntax, even if it starts with a keyword (`click`, `title`). */
const plain = (text: string): string => `\u200b${text.replaceAll(/[^\p{L}\p{N} ._-]/gu, ' ').trim() || '-'}`;
