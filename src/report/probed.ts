import { stepAt } from '../facts/downtime.ts';
import type { Known, Outage, Probed, StepReport } from '../model/report.ts';

type Facts = Pick<Known, 'probed' | 'steps'>;
const mostOutages = 10;

/** What `probe` found, for a log. @param during what was done meanwhile: "the switch" */
export function probedLines({ probed = [], steps }: Facts, during: string): readonly string[] {
  return probed.flatMap((found) => [
    `${found.host}: ${countText(found, during)}`,
    ...outageTexts(found, steps).map((text) => `  ${text}`),
  ]);
}

/** When requests failed, for how long and why, each with its host. */
export function outageLines({ probed = [], steps }: Facts): readonly string[] {
  return probed.flatMap((found) => outageTexts(found, steps).map((text) => `${found.host}: ${text}`));
}

/** `0 of 812 requests failed`, for all hosts together; undefined if nothing was measured. */
export function probedSum({ probed = [] }: Pick<Known, 'probed'>): string | undefined {
  const counted = probed.filter((found) => found.kind === 'counted');
  if (counted.length === 0) return undefined;
  const [requests, failed] = [sum(counted.map((one) => one.requests)), sum(counted.map((one) => one.failed))];
  return `${failed} of ${requests} requests failed`;
}

function countText(found: Probed, during: string): string {
  if (found.kind === 'not-up-before')
    return `requests were not counted, the probe URL did not answer before ${during} (${found.answer})`;
  const down = found.up ? '' : ', and the probe URL does not answer yet';
  return `${found.failed} of ${found.requests} requests failed during ${during}${down}`;
}

/** The longest ones, in chronological order. */
function outageTexts(found: Probed, steps: readonly StepReport[]): readonly string[] {
  const outages = found.kind === 'counted' ? found.outages : [];
  const longest = new Set(outages.toSorted((a, b) => b.seconds - a.seconds).slice(0, mostOutages));
  const others = outages.length - longest.size;
  return [
    ...outages.filter((outage) => longest.has(outage)).map((outage) => outageText(outage, found.host, steps)),
    ...(others > 0 ? [`and ${others} shorter ${others === 1 ? 'time' : 'times'}`] : []),
  ];
}

function outageText(outage: Outage, host: string, steps: readonly StepReport[]): string {
  const { started, seconds, failed, answer } = outage;
  // If the server did not report its uptime, there is no time.
  const at = Number.isFinite(started) ? `${new Date(started).toISOString().slice(11, 21)} UTC, ` : '';
  const step = stepAt(steps, host, outage);
  const during = step === undefined ? '' : `, during "${step.title}"`;
  return `${at}${seconds.toFixed(1)} s, ${failed} ${failed === 1 ? 'request' : 'requests'} (${answer})${during}`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
