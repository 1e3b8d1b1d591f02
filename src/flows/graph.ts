import { DeployError } from '../errors.ts';

/** Work that starts once everything it needs has succeeded. */
export type Flow<Name extends string> = {
  readonly name: Name;
  readonly needs: readonly Name[];
  readonly run: (signal: AbortSignal) => Promise<void>;
};

export type GraphOptions<Name extends string> = {
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
  /** How many flows may run at once. */
  readonly most: number;
  /** Called when a flow has ended, or will never start. `stopped`: because of another one, or a cancellation. */
  readonly ended?: (name: Name, stopped: boolean) => void;
};

/**
 * Runs flows in parallel as far as their needs allow; those that can start do so in the order of the list. After the first
 * failure none starts, and running ones are cancelled. Rejects when all have ended: with the bug, if one was thrown, otherwise
 * with the expected failures in the order of the list, without those that were only cancelled because of them.
 */
export async function runGraph<Name extends string>(
  flows: readonly Flow<Name>[],
  { signal, most, ended = () => {} }: GraphOptions<Name>,
): Promise<readonly DeployError[]> {
  const others = new AbortController();
  const either = AbortSignal.any([signal, others.signal]);
  const running = new Map<Name, Promise<void>>();
  const done = new Set<Name>();
  const errors = new Map<Name, unknown>();
  const begin = ({ name, run }: Flow<Name>): void => {
    const work = run(either)
      .then(() => void done.add(name))
      .catch((error: unknown) => {
        errors.set(name, error);
        others.abort();
      })
      .finally(() => {
        running.delete(name);
        ended(name, isStopped(errors.get(name)));
      });
    running.set(name, work);
  };
  const ready = (flow: Flow<Name>): boolean =>
    !(running.has(flow.name) || done.has(flow.name)) && flow.needs.every((need) => done.has(need));
  for (;;) {
    const free = errors.size > 0 ? 0 : most - running.size;
    flows.filter(ready).slice(0, free).forEach(begin);
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  for (const { name } of flows) if (!(done.has(name) || errors.has(name))) ended(name, true);
  return expected(flows.flatMap(({ name }) => (errors.has(name) ? [errors.get(name)] : [])));
}

const isStopped = (error: unknown): boolean => error instanceof DeployError && error.kind === 'cancelled';

function expected(errors: readonly unknown[]): readonly DeployError[] {
  // Flows may fail for the same reason: the checkout is read once for all of them.
  const failures = [...new Set(errors)].filter((error) => error instanceof DeployError);
  const bug = errors.find((error) => !(error instanceof DeployError));
  if (bug !== undefined) throw bug;
  const own = failures.filter(({ kind }) => kind !== 'cancelled');
  return own.length > 0 ? own : failures.slice(0, 1);
}
