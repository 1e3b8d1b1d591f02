import { ConfigError } from '../errors.ts';
import type { Release } from '../model/release.ts';
import type { Resolution } from '../model/state.ts';
import { olderProblem } from '../plan/older.ts';
import { probeProblems } from '../plan/probe.ts';
import { sourceProblem } from '../plan/source.ts';
import type { Checkout } from './checkout.ts';
import type { Opened } from './open.ts';
import { refusals } from './refusals.ts';
import { type Session, throwAll, throwProblems } from './session.ts';
import { shipAndResolve } from './ship.ts';

/** What was resolved of a shipped release, and everything that would stop a deploy. */
export type Prepared = {
  readonly resolved: readonly Resolution[];
  readonly problems: readonly string[];
  readonly older: boolean;
};

type Preparation = {
  readonly release: Release;
  readonly stage: string;
  /** Whether a commit that is too old ends it at once. */
  readonly older: 'refuse' | 'go on';
};

/** Ships the release to all hosts that can take it, and has Compose resolve it there. */
export async function prepare(
  session: Session,
  checkout: Checkout,
  opened: Opened,
  { release, stage, older: whenOlder }: Preparation,
): Promise<Prepared> {
  const { root, unreachable, states } = opened;
  const { accept } = session.config;
  const older = session.config.allowOlder ? [] : states.flatMap((state) => olderProblem(state, release) ?? []);
  const foreign = accept.includes('other-source')
    ? []
    : states.flatMap((state) => sourceProblem(state, release.project, checkout.source) ?? []);
  const refused = whenOlder === 'refuse' && older.length + foreign.length > 0;
  const usable = refused ? [] : states.filter(({ fatal }) => !fatal);
  const problems: string[] = [...older, ...foreign, ...unreachable.map(({ message }) => message)];
  problems.push(...states.flatMap((state) => [...state.problems, ...state.full]));
  problems.push(...probeProblems(states, session.config.health.probe));
  let resolved: readonly Resolution[] = [];
  try {
    resolved = await shipAndResolve(session, checkout, { release, root, hosts: usable, stage });
    problems.push(...resolved.flatMap((resolution) => resolution.problems));
    problems.push(...refusals(opened, resolved, release, accept));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  return { resolved, problems, older: older.length > 0 };
}

/** Throws what would stop a deploy. */
export function throwPrepared({ problems, older }: Prepared, { unreachable }: Opened): void {
  if (problems.length === unreachable.length) throwAll(unreachable);
  throwProblems(problems, older ? olderHint : 'Fix this and deploy again. No running container was touched.');
}

const olderHint = 'Push a newer commit, or set allow-older to true if you mean it. Nothing was changed.';
