import { goodReleases } from '../model/history.ts';
import type { HostState } from '../model/state.ts';

type Choice = { readonly id: string } | { readonly problem: string };

/**
 * Which release to bring back. `to` is a release id, a commit (7 digits or more) or `previous`: the release that was
 * good before what was tried last. It must be on every host.
 */
export function chooseRelease(states: readonly HostState[], to: string): Choice {
  const [first] = states;
  if (first === undefined) return { problem: 'no host to roll back on' };
  const onAll = goodReleases(first.history, first.releases).filter((id) => states.every((state) => isGood(state, id)));
  const list = listOf(first, states);
  if (to === 'previous') {
    const broken = brokenNow(first);
    const found = onAll.find((id) => id !== (broken ? broken.release : first.current));
    return found === undefined ? { problem: `there is no earlier release to go back to\n${list}` } : { id: found };
  }
  const matching = onAll.filter((id) => id === to || commitMatches(first, id, to));
  const [found] = matching;
  if (found !== undefined) return { id: found };
  const somewhere = states.filter((state) =>
    goodReleases(state.history, state.releases).some((id) => id === to || commitMatches(state, id, to)),
  );
  if (somewhere.length > 0) {
    const missing = states.filter((state) => !somewhere.includes(state)).map(({ host }) => host);
    return { problem: `${to} is not on ${missing.join(', ')}: a rollback needs the release on every host\n${list}` };
  }
  const tried = states
    .flatMap(({ history }) => history)
    .filter((attempt) => attempt.release === to || isCommit(attempt.commit, to));
  const why = tried.some(({ outcome }) => outcome === 'succeeded')
    ? 'was here, but is no longer kept (keep-releases)'
    : tried.length > 0
      ? 'was tried here, but never became healthy'
      : 'was never deployed here';
  return { problem: `${to} ${why}\n${list}` };
}

const isGood = ({ history, releases }: HostState, id: string): boolean => goodReleases(history, releases).includes(id);

/** The last attempt that touched what runs, when it left the server neither on the old release nor on a healthy new one. */
function brokenNow({ history }: HostState): HostState['history'][number] | undefined {
  const last = history.findLast(({ switched }) => switched);
  return last?.outcome === 'failed' ? last : undefined;
}

function commitMatches({ history }: HostState, id: string, to: string): boolean {
  return history.some(({ release, commit }) => release === id && isCommit(commit, to));
}

const isCommit = (commit: string, to: string): boolean => /^[0-9a-f]{7,64}$/.test(to) && commit.startsWith(to);

function listOf({ history, current }: HostState, states: readonly HostState[]): string {
  const ids = [...new Set(states.flatMap((state) => goodReleases(state.history, state.releases)))];
  if (ids.length === 0) return 'no release is kept';
  const rows = ids.map((id) => {
    const attempt = history.findLast(({ release, outcome }) => release === id && outcome === 'succeeded');
    const missing = states.filter((state) => !isGood(state, id)).map(({ host }) => host);
    const notes = [
      ...(id === current ? ['current'] : []),
      ...(attempt === undefined ? [] : [`${attempt.time.slice(0, 16).replace('T', ' ')} by ${attempt.actor}`]),
      ...(missing.length > 0 ? [`not on ${missing.join(', ')}`] : []),
    ];
    return `  ${id}  ${notes.join(', ')}`;
  });
  return `these can be rolled back to:\n${rows.join('\n')}`;
}
