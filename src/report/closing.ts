import type { Report } from '../model/report.ts';
import { afterwards } from './after.ts';
import { endingOf, endingText, hintOf } from './failures.ts';
import { forecastSum } from './forecast.ts';
import { statusText } from './status.ts';

/**
 * The last lines of a log: what happened, and after a failure why, what is there now, and what to do.
 * @param live whether the commands' live output is out of sight, in a folded group, or visible above
 */
export function closing(report: Report, live: 'folded' | 'open' = 'folded'): readonly string[] {
  const { commands, release, seconds, failures, status, backup, forecast, undone } = report;
  const ending = endingText[endingOf(report)];
  const what = `${commands.join(', ')} ${ending}${ending.includes(',') ? ',' : ''} ${failures.length === 0 ? 'in' : 'after'} ${seconds.toFixed(1)} s`;
  const said = status === undefined ? undefined : statusText(status);
  const [first] = failures;
  if (first === undefined && forecast !== undefined && commands[0] === 'plan')
    return [`✓ plan: ${forecastSum(forecast)} (${seconds.toFixed(1)} s, nothing was changed)`];
  if (first === undefined) return said ?? [`✓ ${what}${release === undefined ? '' : `: release ${release.id}`}`];
  const [{ lines, next }, hint] = [afterwards(report), hintOf(report)];
  // After a rollback, a command's live output is far above.
  const stands = live === 'open' && undone === undefined;
  const text = failures.map(({ short, message, shown }) => (shown && stands ? short : message)).join('\n');
  return [
    ...(said ?? [text]),
    ...(hint === undefined ? [] : [`→ ${hint}`]),
    ...(backup === undefined ? [] : [`backup taken before this deploy: ${backup}`]),
    ...lines,
    ...(next === undefined ? [] : [`→ ${next}`]),
    // Repeat the reason at the very end if a container's log lines have pushed it out of sight.
    `✗ ${what}${text.includes('\n') ? `: ${first.short}` : ''}`,
  ];
}
