import { readFacts, rowsOf } from './facts.ts';

/** What the `attested` program printed: undefined where there is no `gh` to ask with, else the images refused, with why. */
export function readRefusedImages(output: string): readonly (readonly [image: string, why: string])[] | undefined {
  const facts = readFacts(output);
  if (rowsOf(facts, 'gh').length > 0) return undefined;
  return rowsOf(facts, 'refused').map(([image = '', why = '']) => [image, why] as const);
}
