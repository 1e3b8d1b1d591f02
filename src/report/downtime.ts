import type { Known } from '../model/report.ts';

/** The result of the `health-url` probes. @param during what was done meanwhile: "the switch" */
export function downtimeText(downtime: NonNullable<Known['downtime']>, during: string): string {
  if (downtime === 'not-up-before') return `downtime: not measured, health-url did not answer before ${during}`;
  const { probes, failed, longestGapSeconds, up } = downtime;
  const gap = `${longestGapSeconds.toFixed(1)} s`;
  if (!up) return `still down: health-url has not answered for ${gap} so far (${failed} of ${probes} probes failed)`;
  if (failed === 0) return `no downtime: health-url answered all ${probes} probes during ${during}`;
  return `downtime: ${gap} (${failed} of ${probes} health-url probes failed during ${during})`;
}
