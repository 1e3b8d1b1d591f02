import type { Failure } from '../model/failure.ts';
import type { Outcome, Report } from '../model/report.ts';

/** Everything known about the failures, the first one first. */
export const failuresText = (failures: readonly Failure[]): string => failures.map(({ message }) => message).join('\n');

/** What to do next. */
export const hintOf = ({ failures, undone }: Pick<Report, 'failures' | 'undone'>): string | undefined =>
  failures.map((failure) => hintFor(failure, undone)).find((hint) => hint !== undefined);

/** The same for one of them. If its host was rolled back, a failed container can no longer be inspected. */
export function hintFor({ kind, service, host, hint }: Failure, undone: Report['undone'] = []): string | undefined {
  const replaced = undone.some((other) => other.host === host && other.outcome === 'rolled-back');
  return kind === 'health' && service !== undefined && replaced ? replacedHint : hint;
}

const replacedHint =
  'The rollback replaced that container, so nothing more can be read from it. Fix the cause and deploy again. To inspect a failing container, set `on-failure: keep`.';

/** The same as part of a sentence. */
export const endingText: Readonly<Record<ReturnType<typeof endingOf>, string>> = {
  succeeded: 'succeeded',
  'rolled-back': 'failed and was rolled back',
  'rollback-failed': 'failed, and so did the rollback',
  failed: 'failed',
  cancelled: 'cancelled',
  'rolling-back': 'failed and is rolling back',
};

/** The word for how it ended: the outcome, except that a cancellation is not a failure, and that a server may still be rolling back. */
export function endingOf({ outcome, failures: [first], undone = [] }: Report): Outcome | 'cancelled' | 'rolling-back' {
  if (outcome !== 'failed') return outcome;
  if (first?.kind === 'cancelled') return 'cancelled';
  return undone.some((host) => host.outcome === 'unfinished') ? 'rolling-back' : outcome;
}
