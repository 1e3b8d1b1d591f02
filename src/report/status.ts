import { type Attempt, minuteOf } from '../model/history.ts';
import type { HostStatus, KeptRelease } from '../model/state.ts';

const outcomes = {
  started: 'not finished',
  succeeded: 'succeeded',
  'rolled-back': 'rolled back',
  'rollback-failed': 'rollback failed',
  failed: 'failed',
} as const;

/** `status` for a person: what is kept, what is current, and what runs differently. */
export function statusText(hosts: readonly HostStatus[]): readonly string[] {
  return hosts.flatMap((status) => {
    const { host, current, releases, containers, drift, problems } = status;
    if (problems.length > 0 && current === undefined) return problems;
    const clean = problems.length === 0 && drift.length === 0 && current !== undefined;
    return [
      `${host}: ${current === undefined ? nothing(status) : `release ${current}`}`,
      ...(releases.length > 0 ? ['  releases:', ...releases.map(releaseLine)] : []),
      ...troubles(status).map((line) => `  ${line}`),
      ...(containers.length > 0 ? ['  containers:'] : []),
      ...containers.map(
        ({ name, status: how, health, image }) =>
          `    ${name}  ${how}${health === 'none' ? '' : ` (${health})`}  ${shortImage(image)}`,
      ),
      ...(drift.length > 0 ? ['  drift:', ...drift.map((line) => `    ${line}`)] : []),
      ...(clean ? ['  no drift: what runs is the current release'] : []),
      ...problems,
    ];
  });
}

function nothing({ root, lastAttempt }: HostStatus): string {
  if (lastAttempt !== undefined) return 'no release is current';
  return `nothing was ever deployed to ${root}; if that is not so, check project-name or path`;
}

function releaseLine(kept: KeptRelease): string {
  const { release, outcome, command, actor, reason, current } = kept;
  const who = `${command} by ${actor}${reason ? `: ${reason}` : ''}`;
  return `  ${current ? '*' : ' '} ${release}  ${minuteOf(kept)}  ${outcomes[outcome]}  ${who}`;
}

/** The last attempt, and the last one that touched what runs, unless they succeeded. */
function troubles({ lastAttempt, lastSwitch }: HostStatus): readonly string[] {
  const tell = (name: string, attempt: Attempt | undefined): readonly string[] => {
    if (attempt === undefined || attempt.outcome === 'succeeded') return [];
    const { command, release, actor, outcome, switched } = attempt;
    const how = outcome === 'started' ? 'is under way, or was cut off' : 'failed';
    const harmless = switched ? '' : ' (refused, nothing was touched)';
    return [`the last ${name} ${how}: ${command} of ${release}, ${minuteOf(attempt)} by ${actor}${harmless}`];
  };
  const same = lastSwitch?.time === lastAttempt?.time;
  return [...tell('attempt', lastAttempt), ...(same ? [] : tell('switch', lastSwitch))];
}

const shortImage = (image: string): string => image.replace(/@sha256:([0-9a-f]{12})[0-9a-f]+$/, '@sha256:$1…');
