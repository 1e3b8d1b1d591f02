import { isBefore } from '../facts/versions.ts';
import type { IgnoredKey } from '../model/changes.ts';
import type { Claims } from '../model/claims.ts';

/**
 * Keys that older versions of Compose accept but silently ignore, with the first version that supports them. Found by reading the
 * sources of 2.26 to 2.36 and trying 2.26, 2.40 and 5.5. Keys that a version refuses by itself are not listed.
 */
const firstCompose: Readonly<Record<string, string>> = {
  post_start: '2.30.0',
  pre_stop: '2.30.0',
  gpus: '2.30.0',
  'volumes.bind.recursive': '2.30.0',
  'networks.driver_opts': '2.27.1',
  'networks.gw_priority': '2.34.0',
  enable_ipv4: '2.34.0',
};

/** Keys that this version of Compose ignores. An unknown version counts as a new one. */
export function ignoredKeys(
  { ignorable }: Pick<Claims, 'ignorable'>,
  compose: string | undefined,
): readonly IgnoredKey[] {
  if (compose === undefined) return [];
  return ignorable.flatMap(({ of, key }) => {
    const first = firstCompose[key];
    return first !== undefined && isBefore(compose, first) ? [{ of, key, compose, first }] : [];
  });
}
