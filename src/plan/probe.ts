import type { HostState } from '../model/state.ts';

/** Programs that the servers lack to request the URL of `probe`. */
export function probeProblems(states: readonly HostState[], probe: string | undefined): readonly string[] {
  return states
    .filter(({ asks, fatal }) => probe !== undefined && !asks && !fatal)
    .map(
      ({ host }) => `${host}: probe needs curl or wget, and neither is installed: install one, or leave probe empty`,
    );
}
