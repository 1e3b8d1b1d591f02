import type { IgnoredKey } from '../model/changes.ts';
import type { HostSwitch } from '../model/switch.ts';
import { dataText } from './data.ts';

/** For the plan: what a person should know besides the services, and whether it can be undone. */
export const planNotes = (
  host: Pick<HostSwitch, 'from' | 'byHand' | 'changes' | 'data' | 'ignored'>,
): readonly string[] => [...(isAdopted(host) ? [adoptedText(host)] : []), ...hostNotes(host)];

/** Whether containers of the project run that no release describes. */
export const isAdopted = ({ from, changes }: Pick<HostSwitch, 'from' | 'changes'>): boolean =>
  from === undefined && changes.some(({ action }) => action !== 'create');

function adoptedText({ byHand }: Pick<HostSwitch, 'byHand'>): string {
  if (byHand === undefined)
    return 'the containers there belong to no release: if this deploy fails, they are removed and cannot be brought back (volumes stay); set on-failure to keep to leave what runs';
  const { folder, changed } = byHand;
  const but = `. ${changed.join(', ')} may not be the same then: those files have changed since, or the shell that started it had variables of its own`;
  return `the containers there belong to no release: if this deploy is rolled back, they are started again from the compose files in ${folder}${changed.length > 0 ? but : ''}`;
}

/** What happens to data, and what Compose ignores. */
export const hostNotes = ({ data, ignored = [] }: Pick<HostSwitch, 'data' | 'ignored'>): readonly string[] => [
  ...data.map(dataText),
  ...ignored.map(ignoredText),
];

export const ignoredText = ({ of, key, compose, first }: IgnoredKey): string =>
  `Docker Compose ${compose} on this server silently ignores ${key} of ${of}; ${first} is the first version that supports it: update the Compose plugin there, or remove the key`;
