import type { Report } from '../model/report.ts';
import { leftBehind, wayBack } from './after.ts';
import { statusText } from './status.ts';

/** The last lines of a log: what happened, and after a failure why, what is there now, and what to do. */
export function closing(report: Report): readonly string[] {
  const { outcome, commands, release, seconds, failure, status, backup } = report;
  const what = `${commands.join(', ')} ${outcome} in ${seconds.toFixed(1)} s`;
  const told = status === undefined ? undefined : statusText(status);
  if (failure === undefined) return told ?? [`✓ ${what}${release === undefined ? '' : `: release ${release.id}`}`];
  const back = wayBack(report);
  return [
    ...(told ?? [failure.message]),
    ...(failure.hint === undefined ? [] : [`→ ${failure.hint}`]),
    ...(backup === undefined ? [] : [`the backup from before this deploy: ${backup}`]),
    ...leftBehind(report),
    ...(back === undefined ? [] : [`→ ${back}`]),
    `✗ ${what}${headline(failure.message)}`,
  ];
}

/** Again as the very last words, when the lines of a container's log have moved it out of sight. */
function headline(message: string): string {
  const [first = '', ...more] = message.split('\n');
  return more.length === 0 ? '' : `: ${first.replace(/:$/, '')}`;
}
