import type { IgnoredKey } from '../model/changes.ts';
import type { HostSwitch } from '../model/switch.ts';
import { dataText } from './data.ts';

/** What a person should know besides the services: what happens to data, and what Compose ignores. */
export const hostNotes = ({ data, ignored = [] }: Pick<HostSwitch, 'data' | 'ignored'>): readonly string[] => [
  ...data.map(dataText),
  ...ignored.map(ignoredText),
];

export const ignoredText = ({ of, key, compose, first }: IgnoredKey): string =>
  `Docker Compose ${compose} on this server silently ignores ${key} of ${of}; ${first} is the first version that supports it: update the Compose plugin there, or remove the key`;
