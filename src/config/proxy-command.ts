import { split } from 'shlex';
import type { Parsed } from './parsers.ts';

/** The input `proxy-command`: words, as a shell would read them, without one that runs them. */
export function proxyCommandOf(text: string): Parsed<readonly string[]> {
  const argv = wordsOf(text.trim());
  if (argv === undefined) return { problem: 'has an unclosed quote' };
  const operator = argv.find((word) => /^(?:[|&;<>]+|\d?>.*)$/.test(word));
  if (operator !== undefined)
    return { problem: `contains the shell operator ${operator}, but is not run by a shell; use \`sh -c '…'\`` };
  const sign = argv
    .flatMap((word) => word.match(/%./g) ?? [])
    .find((found) => !'%h %p %r %%'.split(' ').includes(found));
  if (sign !== undefined)
    return { problem: `contains ${sign}; use %h for the host, %p for the port, %r for the user, %% for a %` };
  return { value: argv };
}

function wordsOf(text: string): readonly string[] | undefined {
  try {
    return split(text);
  } catch {
    return undefined;
  }
}
