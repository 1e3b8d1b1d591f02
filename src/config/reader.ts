import { type InputName, type InputTexts, inputOf } from './inputs.ts';
import type * as parse from './parsers.ts';

/** The texts of the inputs, and the problems found in them so far. */
export type Reader = ReturnType<typeof makeReader>;

export function makeReader(texts: InputTexts) {
  const problems: string[] = [];
  const text = (name: InputName): string => (texts[name]?.trim() ? texts[name] : (inputOf(name).default ?? ''));
  const say = (name: InputName, value: string, problem: string): undefined => {
    const shown = inputOf(name).secret
      ? ''
      : ` ${JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)}`;
    problems.push(`${name}:${shown} ${problem}`);
  };
  const check = <T>(name: InputName, value: string, parser: (text: string) => parse.Parsed<T>): T | undefined => {
    const parsed = parser(value);
    return 'value' in parsed ? parsed.value : say(name, value, parsed.problem);
  };
  return {
    problems,
    text,
    say,
    one: <T>(name: InputName, parser: (text: string) => parse.Parsed<T>): T | undefined =>
      text(name) === '' ? undefined : check(name, text(name), parser),
    many: <T>(
      name: InputName,
      items: (text: string) => readonly string[],
      parser: (text: string) => parse.Parsed<T>,
    ): readonly T[] => items(text(name)).flatMap((item) => check(name, item, parser) ?? []),
  };
}

/** Compose files may lie above the working directory, but not outside the repository: that is checked against git. */
