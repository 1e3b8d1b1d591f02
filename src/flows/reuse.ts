import { readClaims } from '../facts/claims.ts';
import { readFacts, rowsOf } from '../facts/facts.ts';
import type { Release } from '../model/release.ts';
import type { HostState, Resolution } from '../model/state.ts';
import { probeProblems } from '../plan/probe.ts';
import type { Opened } from './open.ts';
import { refusals } from './refusals.ts';
import type { Session } from './session.ts';

/** A release that was prepared on all servers while the tests ran, and the servers' state at that time. */
export type Ahead = {
  readonly release: Release;
  readonly resolved: readonly Resolution[];
  readonly states: readonly HostState[];
};

/**
 * What was resolved ahead, with what the servers have now; undefined if anything has changed since then, or
 * there is a problem: then everything is prepared again.
 */
export function stillTrue(
  { config }: Session,
  opened: Opened,
  { release, resolved, states }: Ahead,
): readonly Resolution[] | undefined {
  const isSame = opened.states.every((state) => {
    const before = states.find(({ host }) => host === state.host);
    return before !== undefined && isUnchanged(before, state) && isLooked(opened.output(state.host, 'unchanged'));
  });
  if (!isSame || opened.unreachable.length > 0 || opened.states.length !== resolved.length) return undefined;
  const now = resolved.map(
    (resolution): Resolution => ({ ...resolution, claims: readClaims(opened.output(resolution.host, 'claims')) }),
  );
  const problems = [
    ...probeProblems(opened.states, config.health.probe),
    ...refusals(opened, now, release, config.accept),
  ];
  return problems.length === 0 ? now : undefined;
}

/** What Compose's answers depended on, and what would stop a deploy. */
function isUnchanged(before: HostState, now: HostState): boolean {
  if (now.fatal || now.problems.length + now.full.length > 0) return false;
  const seen = ({ current, containers, history }: HostState): string =>
    JSON.stringify([
      current,
      history.length,
      history.at(-1),
      containers.map(({ id, status, networks }) => [id, status, networks].join()).sort(),
    ]);
  return seen(before) === seen(now);
}

function isLooked(output: string): boolean {
  const facts = readFacts(output);
  return rowsOf(facts, 'looked').length > 0 && rowsOf(facts, 'other').length === 0;
}
