/**
 * What a .dockerignore excludes from a build, as Docker reads it: the last pattern that matches a path or a folder above it
 * counts. Good enough for a remark: a folder is judged as a whole.
 * @returns whether a path, relative to the context, is excluded; one that ends in `/` is a folder
 */
export function dockerignore(text: string): (path: string) => boolean {
  const rules = text.split(/\r?\n/).flatMap((line) => {
    const pattern = line.trim();
    if (pattern === '' || line.startsWith('#')) return [];
    const keep = pattern.startsWith('!');
    const path = pattern.replace(/^!\s*/, '').replace(/^\/+/, '').replace(/\/+$/, '');
    return [{ keep, matches: matcher(path) }];
  });
  return (path) => {
    const names = path.endsWith('/') ? [path.slice(0, -1), `${path}x`] : [path];
    const rule = rules.findLast(({ matches }) => names.some((name) => matches.test(name)));
    return rule !== undefined && !rule.keep;
  };
}

function matcher(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^$(){}|]/g, '\\$&')
    .replaceAll('**/', '\0')
    .replaceAll('**', '\x01')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
    .replaceAll('\0', '(?:.*/)?')
    .replaceAll('\x01', '.*');
  try {
    return new RegExp(`^${source}(?:/.*)?$`);
  } catch {
    return /^$/; // Docker refuses it, and says so
  }
}
