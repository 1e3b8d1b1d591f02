import { type Attempt, goodReleases, lastSwitch, minuteOf } from '../model/history.ts';
import type { HostState } from '../model/state.ts';

type Choice = { readonly id: string } | { readonly problem: string; readonly hint: string };

/**
 * Which release to roll back to. `to` is a release id, a commit (7 digits or more) or `previous`. It must be on every host.
 * @param root of the application on the hosts
 */
export function chooseRelease(states: readonly HostState[], root: string, to: string): Choice {
  const [first] = states;
  if (first === undefined) return { problem: 'no host to roll back on', hint: 'Set hosts.' };
  if (states.every(isBare)) {
    const hosts = states.map(({ host }) => host).join(', ');
    return {
      problem: `nothing has been deployed to ${root} on ${hosts}: check project-name or path`,
      hint: 'Nothing was changed.',
    };
  }
  const onAll = goodReleases(first).filter((id) => states.every((state) => isGood(state, id)));
  const chosen = to === 'previous' ? choosePrevious(states, onAll) : chooseNamed(states, onAll, to);
  if ('id' in chosen) return chosen;
  const list = listOf(states);
  return {
    problem: `${chosen.problem}\n${list.length === 0 ? 'no release is kept' : `available releases:\n${list.join('\n')}`}`,
    hint: `Nothing was changed. ${list.length === 0 ? 'Fix the application and deploy again.' : 'Set the input `to` to one of these releases.'}`,
  };
}

const isBare = ({ history, releases, current }: HostState): boolean =>
  history.length === 0 && releases.length === 0 && current === undefined;

const isGood = (state: HostState, id: string): boolean => goodReleases(state).includes(id);

type Found = { readonly id: string } | { readonly problem: string };

/**
 * If the last attempt left a host neither on the old release nor on a healthy new one, `previous` is the release that is still
 * current, or the target of a failed rollback: run again, it aims at the same. Otherwise the release before the current one.
 */
function choosePrevious(states: readonly HostState[], onAll: readonly string[]): Found {
  const [first, ...others] = states;
  if (others.some(({ current }) => current !== first?.current)) {
    const rows = states.map(({ host, current }) => `  ${host}  ${current ?? 'none'}`);
    return {
      problem: `the hosts have different current releases, so there is no \`previous\`:\n${rows.join('\n')}`,
    };
  }
  const broken = states.flatMap((state) => lastSwitch(state) ?? []).filter(isBroken);
  const again = broken.find(({ command, release }) => command === 'rollback' && onAll.includes(release));
  const id = again?.release ?? onAll.find((good) => broken.length > 0 || good !== first?.current);
  return id === undefined ? { problem: 'there is no earlier release to roll back to' } : { id };
}

/** It may have left containers of two releases. */
const isBroken = ({ outcome }: Attempt): boolean => outcome !== 'succeeded' && outcome !== 'rolled-back';

function chooseNamed(states: readonly HostState[], onAll: readonly string[], to: string): Found {
  const has = (state: HostState, id: string): boolean => id === to || commitMatches(state, id, to);
  const id = onAll.find((good) => states.some((state) => has(state, good)));
  if (id !== undefined) return { id };
  const missing = states.filter((state) => !goodReleases(state).some((good) => has(state, good)));
  if (missing.length === 0) return { problem: `${to} is a different release on each host` };
  if (missing.length < states.length) {
    const hosts = missing.map(({ host }) => host).join(', ');
    return { problem: `${to} is not on ${hosts}: a rollback needs the release on every host` };
  }
  const tried = states
    .flatMap(({ history }) => history)
    .filter((attempt) => attempt.release === to || isCommit(attempt.commit, to));
  if (tried.some(({ outcome }) => outcome === 'succeeded')) return { problem: `${to} has been pruned (keep-releases)` };
  return {
    problem: `${to} ${tried.length > 0 ? 'was tried here, but never became healthy' : 'was never deployed here'}`,
  };
}

function commitMatches({ history }: HostState, id: string, to: string): boolean {
  return history.some(({ release, commit }) => release === id && isCommit(commit, to));
}

const isCommit = (commit: string, to: string): boolean => /^[0-9a-f]{7,64}$/.test(to) && commit.startsWith(to);

function listOf(states: readonly HostState[]): readonly string[] {
  const on = (hosts: readonly HostState[]): string => hosts.map(({ host }) => host).join(', ');
  return [...new Set(states.flatMap(goodReleases))].map((id) => {
    const attempt = attemptOf(states, id);
    const current = states.filter((state) => state.current === id);
    const missing = states.filter((state) => !isGood(state, id));
    const notes = [
      ...(current.length === 0 ? [] : [current.length === states.length ? 'current' : `current on ${on(current)}`]),
      ...(attempt === undefined ? [] : [`${minuteOf(attempt)} by ${attempt.actor}`]),
      ...(missing.length > 0 ? [`not on ${on(missing)}`] : []),
    ];
    return `  ${id}  ${notes.join(', ')}`;
  });
}

/** The last attempt that deployed this release. */
function attemptOf(states: readonly HostState[], id: string): Attempt | undefined {
  const attempts = states.flatMap(({ history }) => history.filter(({ release }) => release === id));
  return attempts.findLast(({ outcome }) => outcome === 'succeeded') ?? attempts.at(-1);
}
