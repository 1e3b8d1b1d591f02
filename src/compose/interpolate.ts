/** The value of a variable, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

/**
 * A text with its variables filled in as Compose does it: `$A`, `${A}`, `${A:-default}`, `${A-default}`, `${A:+other}` and
 * `${A+other}`, also one in another. Undefined when a variable without a default is not set, or the text is none of these.
 */
export function interpolate(text: string, lookup: Lookup): string | undefined {
  let rest = text;
  let done = '';
  for (;;) {
    const at = rest.indexOf('$');
    if (at < 0) return done + rest;
    done += rest.slice(0, at);
    rest = rest.slice(at + 1);
    if (rest.startsWith('$')) {
      done += '$';
      rest = rest.slice(1);
      continue;
    }
    const [name] = /^[A-Za-z_]\w*/.exec(rest) ?? [];
    const end = rest.startsWith('{') ? closingBrace(rest) : -1;
    const value = name === undefined ? (end < 0 ? undefined : substitute(rest.slice(1, end), lookup)) : lookup(name);
    if (value === undefined) return undefined;
    done += value;
    rest = rest.slice(name === undefined ? end + 1 : name.length);
  }
}

function closingBrace(text: string): number {
  let depth = 0;
  for (const [index, letter] of [...text].entries()) {
    if (letter === '{') depth++;
    if (letter === '}' && --depth === 0) return [...text].slice(0, index).join('').length;
  }
  return -1;
}

function substitute(inside: string, lookup: Lookup): string | undefined {
  const [, name = '', operator = '', word = ''] = /^([A-Za-z_]\w*)(?:(:?[-+?])(.*))?$/s.exec(inside) ?? [];
  if (name === '') return undefined;
  const found = lookup(name);
  const value = operator.startsWith(':') && found === '' ? undefined : found;
  if (operator.endsWith('+')) return value === undefined ? '' : interpolate(word, lookup);
  return value ?? (operator.endsWith('-') ? interpolate(word, lookup) : undefined);
}
