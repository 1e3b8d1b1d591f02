import type { Failure } from '../model/failure.ts';
import type { Outcome, Report } from '../model/report.ts';

/** Everything that is known of the failures, the first one first. */
export const failuresText = (failures: readonly Failure[]): string => failures.map(({ message }) => message).join('\n');

/** What to do next. */
export const hintOf = (failures: readonly Failure[]): string | undefined =>
  failures.find(({ hint }) => hint !== undefined)?.hint;

/** The same as part of a sentence. */
export const endingText: Readonly<Record<ReturnType<typeof endingOf>, string>> = {
  succeeded: 'succeeded',
  'rolled-back': 'failed and was rolled back',
  'rollback-failed': 'failed, and so did the rollback',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** The word for how it ended: the outcome, but that a cancellation is nobody's failure. */
export function endingOf({ outcome, failures: [first] }: Report): Outcome | 'cancelled' {
  return outcome === 'failed' && first?.kind === 'cancelled' ? 'cancelled' : outcome;
}
