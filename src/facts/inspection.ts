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
  const passing = new Set(facts.get('passes'));
  const containers = (facts.get('container') ?? []).flatMap((line) => readContainer(line) ?? []);
  return { now: Number(now), containers: containers.map((each) => asPassed(each, passing, Number(now))) };
}

/** A healthcheck may pass before the program has come as far as what it fails at. */
const trustedSeconds = 1;

/** What passes its healthcheck once is healthy: Docker will say so when it has run it, too. */
function asPassed(container: Container, passing: ReadonlySet<string>, now: number): Container {
  const { id, health, startedAt } = container;
  const age = now - Date.parse(startedAt) / 1000;
  return health === 'starting' && passing.has(id) && age >= trustedSeconds
    ? { ...container, health: 'healthy' }
    : container;
}
