/**
 * The name that was probably meant, or undefined when none is close: a typo of one or two letters, `_` for `-`, other
 * capitals, or a part of the name (`password` for `registry-password`, `registry-user` for `registry-username`).
 */
export function nearest<T extends string>(word: string, names: readonly T[]): T | undefined {
  const meant = normalised(word);
  const [best] = names.map((name) => ({ name, cost: costOf(meant, normalised(name)) })).sort((a, b) => a.cost - b.cost);
  return best !== undefined && best.cost < Infinity ? best.name : undefined;
}

/** For the end of a message: `; did you mean --hosts?`, or nothing. */
export function didYouMean(word: string, names: readonly string[], show = (name: string): string => name): string {
  const found = nearest(word, names);
  return found === undefined ? '' : `; did you mean ${show(found)}?`;
}

/** Fewest insertions, deletions, replacements and swaps of neighbouring letters that turn one text into the other. */
export function distance(from: string, to: string): number {
  let [before, above]: readonly number[][] = [[], Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          at(current, column - 1) + 1,
          at(above, column) + 1,
          at(above, column - 1) + (same ? 0 : 1),
          swapped ? at(before, column - 2) + 1 : Infinity,
        ),
      );
    }
    [before, above] = [above, current];
  }
  return at(above, to.length);
}

const at = (row: readonly number[] | undefined, column: number): number => row?.[column] ?? Infinity;

const normalised = (word: string): string => word.toLowerCase().replaceAll('_', '-');

/** A typo for every third letter is still a typo; more is another word. A part of a name costs more than any typo. */
function costOf(word: string, name: string): number {
  const typos = distance(word, name);
  if (typos <= Math.max(1, Math.floor(word.length / 3)) && typos < name.length) return typos;
  const isPart = word.length > 2 && (name.startsWith(word) || name.split('-').includes(word));
  return isPart ? 100 + name.length : Infinity;
}
