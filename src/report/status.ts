import { type Attempt, minuteOf } from '../model/history.ts';
import type { HostStatus, KeptRelease } from '../model/state.ts';

const outcomes = {
  started: 'not finished',
  succeeded: 'succeeded',
  'rolled-back': 'rolled back',
  'rollback-failed': 'rollback failed',
  failed: 'failed',
} as const;

/** `status` for a person: which releases are kept, what is current, and any drift. */
export function statusText(hosts: readonly HostStatus[]): readonly string[] {
  return hosts.flatMap((status) => {
    const { host, current, releases, containers, drift, changedSince = [], problems } = status;
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
      ...leaseLines(status).map((line) => `  ${line}`),
      ...(drift.length > 0 ? ['  drift:', ...drift.map((line) => `    ${line}`)] : []),
      ...changedSince.map(
        (name) => `  shared/${name} has changed since this release was made: the next deploy will use it`,
      ),
      ...(clean ? ['  no drift: the running containers match the current release'] : []),
      ...problems,
    ];
  });
}

/** Who is deploying there, or what was left unfinished. */
function leaseLines({ lease }: HostStatus): readonly string[] {
  if (lease === undefined) return [];
  const { state, holder, failedUndo } = lease;
  const who = `${holder.command} of ${holder.release || 'a release'} by ${holder.actor}`;
  if (state === 'busy') return [`in use: ${who}, now: ${holder.stage || 'starting'}`];
  if (state === 'open') return [`interrupted: ${who}; finish its rollback with \`status\` and \`heal: true\``];
  return failedUndo === undefined ? [] : [`a rollback failed; retry it with \`status\` and \`heal: true\``];
}

function nothing({ root, lastAttempt }: HostStatus): string {
  if (lastAttempt !== undefined) return 'no release is current';
  return `nothing has been deployed to ${root}`;
}

function releaseLine(kept: KeptRelease): string {
  const { release, outcome, command, actor, reason, current } = kept;
  const who = `${command} by ${actor}${reason ? `: ${reason.replaceAll(/\s+/g, ' ')}` : ''}`;
  return `  ${current ? '*' : ' '} ${release}  ${minuteOf(kept)}  ${outcomes[outcome]}  ${who}`;
}

const endings: Readonly<Record<Attempt['outcome'], string>> = {
  started: 'is still running, or was interrupted',
  succeeded: 'succeeded',
  'rolled-back': 'failed and was rolled back',
  'rollback-failed': 'failed, and so did its rollback',
  failed: 'failed',
};

/** The last attempt, and the last one that touched running containers, unless they succeeded. */
function troubles({ lastAttempt, lastSwitch }: HostStatus): readonly string[] {
  const tell = (name: string, attempt: Attempt | undefined): readonly string[] => {
    if (attempt === undefined || attempt.outcome === 'succeeded') return [];
    const { command, release, actor, outcome, switched } = attempt;
    const how = endings[outcome];
    const harmless = switched ? '' : ' (refused, nothing was touched)';
    return [`the last ${name} ${how}: ${command} of ${release}, ${minuteOf(attempt)} by ${actor}${harmless}`];
  };
  const same = lastSwitch?.time === lastAttempt?.time;
  return [...tell('attempt', lastAttempt), ...(same ? [] : tell('switch', lastSwitch))];
}

const shortImage = (image: string): string => image.replace(/@sha256:([0-9a-f]{12})[0-9a-f]+$/, '@sha256:$1…');
