import { readFacts, rowsOf } from './facts.ts';

/** Reads what the `prune` program printed: what it left in place although no kept release needs it, one sentence each. */
export function readKept(host: string, output: string): readonly string[] {
  return rowsOf(readFacts(output), 'kept').map(
    ([path = '', why = '']) =>
      `${host}: ${path} stays, although no release needs it: ${why}; look at it, and remove it yourself`,
  );
}
