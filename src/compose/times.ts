/**
 * When each path was changed last, in seconds since 1970.
 * @param text of `git log --format=%x01%ct --name-only -z`: the newest commit first
 */
export function readTimes(text: string): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  let time = 0;
  for (const record of text.split('\0')) {
    const [, seconds] = /^\x01(\d+)$/.exec(record) ?? [];
    const path = record.replace(/^\n/, '');
    if (seconds !== undefined) time = Number(seconds);
    else if (path !== '' && !times.has(path)) times.set(path, time);
  }
  return times;
}
