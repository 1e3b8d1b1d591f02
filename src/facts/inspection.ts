import type { Container } from '../model/state.ts';
import { readContainer } from './containers.ts';
import { readFacts } from './facts.ts';

export type Inspection = {
  /** Of the host, seconds since 1970. */
  readonly now: number;
  readonly containers: readonly Container[];
};

/** Reads what the `inspect` program printed. */
export function readInspection(output: string): Inspection {
  const facts = readFacts(output);
  const [now = ''] = facts.get('time') ?? [];
  const containers = (facts.get('container') ?? []).map(readContainer);
  return { now: Number(now), containers: containers.filter((container) => container !== undefined) };
}
