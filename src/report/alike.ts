import type { HostSwitch } from '../model/switch.ts';

/** Groups hosts on which the same happens: most servers of an application are alike. */
export function alike(hosts: readonly HostSwitch[]): readonly (readonly HostSwitch[])[] {
  const whats = hosts.map(({ from, changes, data, ignored }) => JSON.stringify([from, changes, data, ignored]));
  return [...new Set(whats)].map((what) => hosts.filter((_, index) => whats[index] === what));
}

/** Merges `host: problem` of several hosts with the same problem. @param hosts of the plan */
export function alikeProblems(problems: readonly string[], hosts: readonly string[]): readonly string[] {
  const parts = problems.map((problem) => {
    const host = hosts.find((name) => problem.startsWith(`${name}: `));
    return { host, text: host === undefined ? problem : problem.slice(host.length + 2) };
  });
  const texts = new Set(parts.map(({ text }) => text));
  return [...texts].map((text) => {
    const names = parts.flatMap((part) => (part.text === text && part.host !== undefined ? [part.host] : []));
    return names.length === 0 ? text : `${names.join(', ')}: ${text}`;
  });
}
