import { readFacts, rowsOf } from './facts.ts';

/** Why `gh` could not be asked: it is not installed, too old, or not logged in. */
export type Unasked = 'missing' | 'old' | 'login';

export type Asked =
  | { readonly unasked: Unasked }
  | { readonly refused: readonly (readonly [image: string, why: string])[] };

const reasons: readonly Unasked[] = ['missing', 'old', 'login'];

/** What the `attested` program printed: the images refused, with why. */
export function readAsked(output: string): Asked {
  const facts = readFacts(output);
  const unasked = reasons.find((reason) => rowsOf(facts, 'gh').some(([found]) => found === reason));
  if (unasked !== undefined) return { unasked };
  return { refused: rowsOf(facts, 'refused').map(([image = '', why = '']) => [image, why] as const) };
}
