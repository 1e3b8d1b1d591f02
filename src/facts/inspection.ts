import type { Container } from '../model/state.ts';
import { readContainer } from './containers.ts';

export type Inspection = {
  /** Of the host, seconds since 1970. */
  readonly now: number;
  readonly containers: readonly Container[];
};

/** Reads what the `inspect` program printed: the clock of the host, and a container a line. */
export function readInspection(output: string): Inspection {
  const [now = '', ...lines] = output.trim().split('\n');
  return { now: Number(now), containers: lines.map(readContainer).filter((container) => container !== undefined) };
}
