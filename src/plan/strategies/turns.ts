import type { Rolling, ServiceChange } from '../../model/changes.ts';

/** A service that rolls. */
export type Turn = Rolling & { readonly service: string };

/** In the order in which they roll. */
export const turnsOf = (changes: readonly ServiceChange[]): readonly Turn[] =>
  changes
    .flatMap(({ service, rolling: how }) => (how === undefined ? [] : [{ service, ...how }]))
    .toSorted((a, b) => a.turn - b.turn);

export const isRemoved = ({ action }: ServiceChange): boolean => action === 'remove';
