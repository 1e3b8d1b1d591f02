import type { Fate, Preview } from '../model/preview.ts';

/**
 * Reads what `docker compose create --dry-run` printed. Versions differ in blanks and in the words before the line. A container
 * that is stopped and not said to start again is restarted: to tell so is where the dry run of a changed network ends.
 */
export function readPreview(output: string): Preview {
  const seen = new Map<string, Set<string>>();
  const networks = new Set<string>();
  for (const [, kind = '', name = '', word = ''] of output.matchAll(eventLine)) {
    if (kind === 'Network') {
      if (word === 'Creating' || word === 'Created' || word === 'Removed') networks.add(name);
      continue;
    }
    const own = replacement.exec(name)?.[1] ?? name;
    // The new container of a recreated one starts under its own name: that is no news.
    const words = seen.get(own) ?? new Set();
    seen.set(own, words.add(word));
  }
  return {
    containers: Object.fromEntries([...seen].map(([name, words]) => [name, fateOf(words)])),
    networks: [...networks].sort(),
  };
}

const eventLine = /^(?: DRY-RUN MODE - +| *)(Container|Network) (\S+) +([A-Z]\w+)[^\S\n]*$/gm;

/** Compose gives the new container the id of the old one before its name until that is free. */
const replacement = /^[0-9a-f]{12}_(.+)$/;

/** By what weighs most. */
function fateOf(words: ReadonlySet<string>): Fate {
  const has = (...names: readonly string[]): boolean => names.some((name) => words.has(name));
  if (has('Recreate', 'Recreated')) return 'recreate';
  if (has('Removing', 'Removed')) return 'remove';
  if (has('Creating')) return 'create';
  if (has('Stopping', 'Stopped')) return 'restart';
  return has('Starting', 'Started', 'Restart', 'Restarted') ? 'start' : 'keep';
}
