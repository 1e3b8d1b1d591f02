import { interpolate, type Lookup } from './interpolate.ts';

/**
 * The values of a `.env` file, as far as they name files, projects and profiles.
 * @param outer what counts more than the file itself, where a value has variables
 */
export function readDotEnv(text: string, outer: Lookup = () => undefined): ReadonlyMap<string, string> {
  const pattern =
    /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*[=:][ \t]*(?:'([^']*)'|"([^"]*)"|(.*?))(?:[ \t]+#.*)?[ \t\r]*$/gm;
  const values = new Map<string, string>();
  const lookup: Lookup = (name) => outer(name) ?? values.get(name);
  for (const [, name = '', single, double, plain = ''] of text.matchAll(pattern)) {
    const written = double ?? plain.trim();
    values.set(name, single ?? interpolate(written, lookup) ?? written);
  }
  return values;
}
