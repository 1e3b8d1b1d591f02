import { type Attempt, goodReleases, lastSwitch } from '../model/history.ts';
import type { HostState, HostStatus, KeptRelease } from '../model/state.ts';
import { driftOf } from './drift.ts';
import { readFacts, rowsOf } from './facts.ts';
import { readHostState } from './host-state.ts';
import { readHashes, readReplicas } from './resolution.ts';

/** Reads what the `status` program printed. @param root of the application on the server */
export function readStatus(host: string, output: string, root: string): HostStatus {
  const state = readHostState(host, output);
  const { current, history, containers, problems } = state;
  const changedSince = rowsOf(readFacts(output), 'changed-since').flatMap(([name = '']) => name);
  return {
    host,
    root,
    problems,
    current,
    releases: keptReleases(state),
    lastAttempt: history.at(-1),
    lastSwitch: lastSwitch(state),
    containers: containers.map(({ service, name, image, status, health, startedAt }) => ({
      service,
      name,
      image,
      status,
      health,
      startedAt,
    })),
    // Where Docker is not responding, nothing is known to differ.
    drift: problems.length > 0 ? [] : drift(state, output),
    ...(changedSince.length > 0 ? { changedSince } : {}),
  };
}

/** The releases on the disk that are in the history, newest first. */
function keptReleases(state: HostState): readonly KeptRelease[] {
  const { history, releases, current } = state;
  const good = goodReleases(state);
  return releases
    .flatMap((id): readonly KeptRelease[] => {
      const attempts = history.filter(({ release }) => release === id);
      const attempt = attempts.findLast(({ outcome }) => outcome === 'succeeded') ?? attempts.at(-1);
      if (attempt === undefined) return [];
      // A release that is or was current was good, even if the line that records it is missing.
      const outcome: Attempt['outcome'] = good.includes(id) ? 'succeeded' : attempt.outcome;
      return [{ ...attempt, outcome, current: id === current }];
    })
    .toSorted((a, b) => b.time.localeCompare(a.time));
}

function drift({ containers, currentRelease }: HostState, output: string): readonly string[] {
  const facts = readFacts(output);
  const images = currentRelease?.images ?? {};
  return driftOf({ hashes: readHashes(facts), images, replicas: readReplicas(facts) }, containers);
}

/** A different current release than on the first host is drift too. */
export function withDifference(hosts: readonly HostStatus[]): readonly HostStatus[] {
  const [first, ...others] = hosts.filter(({ problems, current }) => problems.length === 0 || current !== undefined);
  return hosts.map((host) => {
    if (first === undefined || !others.includes(host) || host.current === first.current) return host;
    const line = `current is ${host.current ?? 'no release'}, but on ${first.host} it is ${first.current ?? 'none'}`;
    return { ...host, drift: [...host.drift, line] };
  });
}
