import type { HostStatus } from '../model/state.ts';

/** `status` for a person: what is kept, what is current, and what runs differently. */
export function statusText(hosts: readonly HostStatus[]): readonly string[] {
  return hosts.flatMap(({ host, current, releases, lastAttempt, containers, drift }) => [
    `${host}: ${current === undefined ? 'nothing was deployed yet' : `release ${current}`}`,
    ...(releases.length > 0 ? ['  releases:'] : []),
    ...releases.map(
      ({ release, time, actor, command, reason, current: isCurrent }) =>
        `  ${isCurrent ? '*' : ' '} ${release}  ${minute(time)}  ${command} by ${actor}${reason ? `: ${reason}` : ''}`,
    ),
    ...(lastAttempt?.outcome === 'failed'
      ? [
          `  the last attempt failed: ${lastAttempt.command} of ${lastAttempt.release}, ${minute(lastAttempt.time)} by ${lastAttempt.actor}`,
        ]
      : []),
    ...(containers.length > 0 ? ['  containers:'] : []),
    ...containers.map(
      ({ name, status, health, image }) =>
        `    ${name}  ${status}${health === 'none' ? '' : ` (${health})`}  ${shortImage(image)}`,
    ),
    ...(drift.length > 0 ? ['  drift:', ...drift.map((line) => `    ${line}`)] : []),
    ...(drift.length === 0 && current !== undefined ? ['  no drift: what runs is the current release'] : []),
  ]);
}

const minute = (time: string): string => time.slice(0, 16).replace('T', ' ');
const shortImage = (image: string): string => image.replace(/@sha256:([0-9a-f]{12})[0-9a-f]+$/, '@sha256:$1…');
