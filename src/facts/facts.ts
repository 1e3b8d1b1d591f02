export type Facts = ReadonlyMap<string, readonly string[]>;

/** Where the facts of a program begin: what the user's shell printed before is none of them. */
export const factsMarker = 'korrigo-facts 1';

/** What a program of `server/` printed behind the last marker line: a name, a tab and values on each line. */
export function readFacts(output: string): Facts {
  const lines = output.split('\n');
  const marker = lines.lastIndexOf(factsMarker);
  const facts = new Map<string, string[]>();
  for (const line of marker < 0 ? [] : lines.slice(marker + 1)) {
    const tab = line.indexOf('\t');
    if (tab < 1) continue;
    const name = line.slice(0, tab);
    facts.set(name, [...(facts.get(name) ?? []), line.slice(tab + 1)]);
  }
  return facts;
}

/** The values of each row with this name. */
export function rowsOf(facts: Facts, name: string): readonly (readonly string[])[] {
  return (facts.get(name) ?? []).map((value) => value.split('\t'));
}
