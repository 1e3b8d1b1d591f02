import type { Known, Outage, StepReport } from '../model/report.ts';

export type Longest = {
  readonly seconds: number;
  /** Where `probe` measured it; undefined: it was `health-url`. */
  readonly host?: string;
};

/** The longest time without an answer: of `probe` where it was asked, else of `health-url`. Undefined where nothing was measured. */
export function longestDowntime({ probed, downtime }: Pick<Known, 'probed' | 'downtime'>): Longest | undefined {
  if (probed !== undefined) {
    const longest = probed.flatMap((found): readonly Longest[] =>
      found.kind === 'counted'
        ? [{ host: found.host, seconds: Math.max(0, ...found.outages.map(({ seconds }) => seconds)) }]
        : [],
    );
    return longest.toSorted((a, b) => b.seconds - a.seconds)[0];
  }
  return typeof downtime === 'object' ? { seconds: downtime.longestGapSeconds } : undefined;
}

/** What was being done on the host when the outage began. */
export function stepAt(steps: readonly StepReport[], host: string, { started }: Outage): StepReport | undefined {
  return steps
    .filter((step) => step.host === host && (step.started ?? Number.POSITIVE_INFINITY) <= started)
    .toSorted((a, b) => (a.started ?? 0) - (b.started ?? 0))
    .at(-1);
}
