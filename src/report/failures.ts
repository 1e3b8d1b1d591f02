import type { Failure } from '../model/failure.ts';
import type { Outcome, Report } from '../model/report.ts';

/** Everything that is known of the failures, the first one first. */
export const failuresText = (failures: readonly Failure[]): string => failures.map(({ message }) => message).join('\n');

/** What to do next. */
export const hintOf = ({ failures, undone }: Pick<Report, 'failures' | 'undone'>): string | undefined =>
  failures.map((failure) => hintFor(failure, undone)).find((hint) => hint !== undefined);

/** The same about one of them. Where its host was rolled back, a container that failed cannot be looked at any more. */
export function hintFor({ kind, service, host, hint }: Failure, undone: Report['undone'] = []): string | undefined {
  const replaced = undone.some((other) => other.host === host && other.outcome === 'rolled-back');
  return kind === 'health' && service !== undefined && replaced ? replacedHint : hint;
}

const replacedHint =
  'The rollback has replaced that container, and the rest of its log is gone. Fix the cause and deploy again. To look into a container that fails, set on-failure to keep.';

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
