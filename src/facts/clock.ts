import type { HostState } from '../model/state.ts';

/** More than connections take, and what certificates and logins do not mind. */
const muchSeconds = 300;

/**
 * What to say of a server whose clock is far from this machine's: its Docker may refuse the certificates of registries.
 * @param here seconds since 1970
 */
export function clockNote({ host, time }: Pick<HostState, 'host' | 'time'>, here: number): string | undefined {
  if (time === undefined || Math.abs(time - here) < muchSeconds) return undefined;
  const which = time < here ? 'behind' : 'ahead of';
  return `${host}: its clock is ${spanText(Math.abs(time - here))} ${which} this machine's (it says ${timeText(time)}); one of them is wrong: see \`timedatectl\``;
}

const units = [
  ['years', 365 * 86_400],
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
] as const;

function spanText(seconds: number): string {
  const [name, length] = units.find(([, unit]) => seconds >= 2 * unit) ?? ['minutes', 60];
  return `${Math.round(seconds / length)} ${name}`;
}

const timeText = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
