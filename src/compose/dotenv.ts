/** The values of a `.env` file, as far as they name files, projects and profiles: without variables in values. */
export function readDotEnv(text: string): ReadonlyMap<string, string> {
  const pattern =
    /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*[=:][ \t]*(?:'([^']*)'|"([^"]*)"|(.*?))(?:[ \t]+#.*)?[ \t\r]*$/gm;
  const rows = [...text.matchAll(pattern)];
  return new Map(rows.map(([, name = '', single, double, plain = '']) => [name, single ?? double ?? plain.trim()]));
}
