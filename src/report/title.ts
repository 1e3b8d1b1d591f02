import type { Report } from '../model/report.ts';
import { endingOf, endingText } from './failures.ts';

const icons = {
  succeeded: '✅',
  'rolled-back': '↩️',
  'rollback-failed': '🔥',
  failed: '❌',
  cancelled: '⏹️',
  'rolling-back': '❌',
} as const;

/** How it ended, in one line. */
export function title(report: Report): string {
  const ending = endingOf(report);
  if (ending === 'succeeded' && report.status?.some(({ drift }) => drift.length > 0) === true)
    return '⚠️ status: what runs differs from what was deployed';
  return `${icons[ending]} ${report.commands.join(', ')} ${endingText[ending]}`;
}
