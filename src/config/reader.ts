import { type InputName, type InputTexts, inputOf } from './inputs.ts';
import { type Origin, remedies } from './origin.ts';
import type * as parse from './parsers.ts';

/** Reads inputs and collects what is wrong with them. */
export type Reader = ReturnType<typeof makeReader>;

export function makeReader(texts: InputTexts, origin: Origin) {
  const problems: string[] = [];
  const text = (name: InputName): string => (texts[name]?.trim() ? texts[name] : (inputOf(name).default ?? ''));
  const report = (name: InputName, value: string, problem: string): undefined => {
    const shown = inputOf(name).secret
      ? ''
      : ` ${JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)}`;
    problems.push(`${name}:${shown} ${problem}`);
  };
  const check = <T>(name: InputName, value: string, parser: (text: string) => parse.Parsed<T>): T | undefined => {
    const parsed = parser(value);
    return 'value' in parsed ? parsed.value : report(name, value, parsed.problem);
  };
  return {
    problems,
    /** What to do if a value is empty. */
    remedy: remedies[origin],
    text,
    report,
    value: <T>(name: InputName, parser: (text: string) => parse.Parsed<T>): T | undefined =>
      text(name) === '' ? undefined : check(name, text(name), parser),
    values: <T>(
      name: InputName,
      items: (text: string) => readonly string[],
      parser: (text: string) => parse.Parsed<T>,
    ): readonly T[] => items(text(name)).flatMap((item) => check(name, item, parser) ?? []),
  };
}
