import type { Failure } from '../model/failure.ts';

/** Everything that is known of the failures, the first one first. */
export const failuresText = (failures: readonly Failure[]): string => failures.map(({ message }) => message).join('\n');

/** What to do next. */
export const hintOf = (failures: readonly Failure[]): string | undefined =>
  failures.find(({ hint }) => hint !== undefined)?.hint;

/** `failed` or `cancelled`: the word for how it ended. */
export const endingOf = ([first]: readonly Failure[]): 'succeeded' | 'failed' | 'cancelled' =>
  first === undefined ? 'succeeded' : first.kind === 'cancelled' ? 'cancelled' : 'failed';
