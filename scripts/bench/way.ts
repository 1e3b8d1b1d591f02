import type { Files } from '../../fixtures/repository.ts';

/** A way from a commit to a healthy server, on a server of its own. */
export type Way = {
  readonly name: string;
  readonly what: string;
  readonly url: string;
  /** Another commit in the repository that is deployed. */
  readonly commit: (files: Files, message: string) => string;
  /** Resolves when the new version is healthy, with the seconds since everything was pushed. */
  readonly deploy: () => Promise<number>;
  /** What is needed to deploy once more what is live. */
  readonly prepare: () => Promise<void>;
  /** Deploys that once more, with nothing changed. */
  readonly again: () => Promise<void>;
  /** Resolves when the previous release is healthy, or where there is no such thing, when the containers are that were started anew. */
  readonly back: () => Promise<void>;
};

export const since = (started: number): number => (performance.now() - started) / 1000;

/** Seconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return since(started);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[Math.floor(index)] ?? 0;
  return (at((sorted.length - 1) / 2) + at(sorted.length / 2)) / 2;
}
