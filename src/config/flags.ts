import { parseArgs } from 'node:util';
import { type InputName, type InputTexts, inputNames } from './inputs.ts';
import { didYouMean } from './nearest.ts';

/** The arguments of the command line, before files are read. */
export type Flags = {
  readonly help: boolean;
  readonly version: boolean;
  /** The words that are no flags. */
  readonly words: readonly string[];
  readonly texts: InputTexts;
  readonly problems: readonly string[];
};

const options = {
  ...Object.fromEntries(inputNames.map((name) => [name, { type: 'string' as const }])),
  help: { type: 'boolean' as const, short: 'h' },
  version: { type: 'boolean' as const },
};
const flagNames = [...inputNames, 'help', 'version'];

/** Flags are the inputs: `--hosts value` or `--hosts=value`. Never throws. */
export function readFlags(args: readonly string[]): Flags {
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const given = tokens.filter((token) => token.kind === 'option');
  const texts: Partial<Record<InputName, string>> = {};
  const problems: string[] = [];
  for (const { name, rawName, value, inlineValue } of given) {
    const input = inputNames.find((known) => known === name);
    if (input === undefined) problems.push(...problemsOf(rawName, name, value));
    else if (texts[input] !== undefined) problems.push(`--${input}: given twice; put all of it into one value`);
    else if (value === undefined) problems.push(`--${input}: needs a value`);
    else if (!inlineValue && value.startsWith('-'))
      problems.push(
        `--${input}: needs a value, and ${value} looks like a flag; if it is the value: --${input}=${value}`,
      );
    else texts[input] = value;
  }
  const has = (name: string): boolean => given.some((token) => token.name === name);
  return { help: has('help'), version: has('version'), words: positionals, texts, problems };
}

function problemsOf(rawName: string, name: string, value: string | undefined): readonly string[] {
  if (name !== 'help' && name !== 'version')
    return [`${rawName}: unknown flag${didYouMean(name, flagNames, (found) => `--${found}`)}`];
  return value === undefined ? [] : [`--${name}: takes no value`];
}
