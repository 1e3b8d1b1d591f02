import type { Report } from '../model/report.ts';
import { statusText } from './status.ts';

/** The last lines of a log: what happened, and after a failure why and what to do. */
export function closing(report: Report): readonly string[] {
  const { outcome, commands, release, seconds, failure, status } = report;
  const what = `${commands.join(', ')} ${outcome} in ${seconds.toFixed(1)} s`;
  if (status !== undefined) return statusText(status);
  if (failure === undefined) return [`✓ ${what}${release === undefined ? '' : `: release ${release.id}`}`];
  return [failure.message, ...(failure.hint === undefined ? [] : [`→ ${failure.hint}`]), `✗ ${what}`];
}
