import { type Attempt, commitName, minuteOf } from '../model/history.ts';
import type { Release } from '../model/release.ts';
import type { HostState } from '../model/state.ts';

/** Why this commit must not be deployed to the host: it is older than the current one, or it was rolled back; both need `allow-older`. */
export function olderProblem({ host, history, current }: HostState, release: Release): string | undefined {
  const { commit, committedAt } = release;
  if (history.some((attempt) => attempt.release === current && attempt.commit === commit)) return undefined;
  const left = lastRollback(history);
  if (left?.from.commit === commit) return `${host}: commit ${commitName(commit)} ${describe(left.by)}`;
  const newest = newestTried(history);
  if (newest === undefined || !(Date.parse(committedAt) < Date.parse(newest.committedAt))) return undefined;
  const how = newest.outcome === 'succeeded' ? ', which was deployed here on' : ', which was tried here on';
  return `${host}: commit ${commitName(commit)} (${committedAt}) is older than ${commitName(newest.commit)} (${newest.committedAt})${how} ${newest.time.slice(0, 10)}`;
}

/** The last rollback and the deploy that it rolled back, however that had ended, if no newer commit has been deployed since. */
function lastRollback(history: readonly Attempt[]): { readonly from: Attempt; readonly by: Attempt } | undefined {
  const at = history.findLastIndex((attempt) => isRollback(attempt) || allowedOlder(attempt));
  const by = history[at];
  const from = history.slice(0, Math.max(at, 0)).findLast(isSwitchingDeploy);
  if (by === undefined || from === undefined || from.commit === by.commit) return undefined;
  const isNewer = ({ command, outcome, committedAt }: Attempt): boolean =>
    command === 'deploy' && outcome === 'succeeded' && Date.parse(committedAt) > Date.parse(from.committedAt);
  return history.slice(at).some(isNewer) ? undefined : { from, by };
}

function describe(back: Attempt): string {
  const { command, commit, actor, reason } = back;
  const what =
    command === 'rollback' ? 'was rolled back on' : `was replaced by the older ${commitName(commit)} (allow-older) on`;
  return `${what} ${minuteOf(back)} by ${actor}${reason ? `: ${reason}` : ''}`;
}

/**
 * The newest commit that was deployed here, or rolled back, since `allow-older` last allowed an older
 * one: a commit's clock may have been wrong.
 */
function newestTried(history: readonly Attempt[]): Attempt | undefined {
  const since = history.slice(Math.max(0, history.findLastIndex(allowedOlder)));
  const back = since.findLastIndex(isRollback);
  return since
    .filter((attempt, n) => isSwitchingDeploy(attempt) && (attempt.outcome === 'succeeded' || n < back))
    .filter(({ committedAt }) => !Number.isNaN(Date.parse(committedAt)))
    .reduce<Attempt | undefined>(
      (newest, attempt) =>
        newest && Date.parse(attempt.committedAt) < Date.parse(newest.committedAt) ? newest : attempt,
      undefined,
    );
}

const isRollback = ({ command, outcome }: Attempt): boolean => command === 'rollback' && outcome === 'succeeded';
/** With `allow-older`. */
const allowedOlder = ({ command, outcome, allowOlder }: Attempt): boolean =>
  command === 'deploy' && outcome === 'succeeded' && allowOlder;
const isSwitchingDeploy = ({ command, switched }: Attempt): boolean => command === 'deploy' && switched;
