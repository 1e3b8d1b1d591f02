import { readFacts, rowsOf } from './facts.ts';

/** Reads what the `prune` program printed: what it left in place although no kept release needs it, one sentence each. */
export function readKept(host: string, output: string): readonly string[] {
  return rowsOf(readFacts(output), 'kept').map(
    ([path = '', why = '']) =>
      `${host}: ${path} was left in place, although no release needs it: ${why}; check it, and remove it by hand`,
  );
}

/** Whether the `confirm` call could not write its line into the history. */
export const isUnrecorded = (output: string): boolean => readFacts(output).has('unrecorded');
