export type Facts = ReadonlyMap<string, readonly string[]>;

/** Facts of a server program: a name, a tab and a value on each line. */
export function readFacts(output: string): Facts {
  const facts = new Map<string, string[]>();
  for (const line of output.split('\n')) {
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
