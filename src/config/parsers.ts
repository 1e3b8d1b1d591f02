/** A parser turns an input's text into a value, or returns one sentence that says what is wrong with it. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

export function listOf(text: string): readonly string[] {
  return text.split(/[\n,]/).flatMap(trimmed);
}

/** Lines keep their commas: file names and cache options may contain some. */
export function linesOf(text: string): readonly string[] {
  return text.split('\n').flatMap(trimmed);
}

function trimmed(item: string): readonly string[] {
  const text = item.trim();
  return text === '' ? [] : [text];
}

const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };

/** `90`, `90s`, `20m`, `1h` → seconds, from 1 s to 24 h. */
export function secondsOf(text: string): Parsed<number> {
  const match = /^(\d{1,6})\s*([smh]?)$/.exec(text.trim());
  const seconds = match ? Number(match[1]) * (unitSeconds[match[2] ?? ''] ?? 1) : 0;
  if (seconds < 1 || seconds > 86_400) return { problem: 'is not a duration; use 90s, 20m or 1h (at most 24h)' };
  return { value: seconds };
}

/** As a duration, or 0. */
export function secondsOrNoneOf(text: string): Parsed<number> {
  return /^0\s*s?$/.test(text.trim()) ? { value: 0 } : secondsOf(text);
}

/** A connection that drops for a moment must not count as a dead run. */
export function graceOf(text: string): Parsed<number> {
  const parsed = secondsOf(text);
  if ('problem' in parsed || parsed.value >= 20) return parsed;
  return { problem: 'is too short: a connection may drop for a moment; use at least 20s' };
}

export function oneOf<T extends string>(allowed: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const found = allowed.find((name) => name === text.trim());
    return found === undefined ? { problem: `is not one of ${allowed.join(', ')}` } : { value: found };
  };
}

/** A relative path that stays inside the checkout, normalised: `./a//b` → `a/b`. */
export function repositoryPath(given: string): Parsed<string> {
  const text = given.trim();
  const parts: string[] = [];
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.pop() === undefined)
      return { problem: 'is outside the repository; use a path inside it' };
    if (part !== '..') parts.push(part);
  }
  if (text.startsWith('/')) return { problem: 'is absolute; use a path relative to the top of the repository' };
  if (/[\0-\x1f\x7f]/.test(text)) return { problem: 'contains a control character; paths cannot' };
  return parts.length === 0 ? { problem: 'is empty; use a path inside the repository' } : { value: parts.join('/') };
}

/**
 * Registries reject anything else, and a shell or a YAML parser could misread it. In lower case: the name of a
 * repository's owner often has capitals, a registry path must not.
 */
export function registryOf(text: string): Parsed<string> {
  const value = text.trim().replace(/\/+$/, '').toLowerCase();
  const [host = '', ...path] = value.split('/');
  const validHost = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/.test(host);
  const validPath = path.every((part) => /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/.test(part));
  if (/^https?:/.test(value)) return { problem: 'is a URL; use only host[:port][/path], for example ghcr.io/acme' };
  if (!validHost || !validPath) {
    return { problem: 'is not a valid registry; use host[:port][/path], for example ghcr.io/acme' };
  }
  // Docker takes such a name for one on Docker Hub, and `docker login` for a host.
  if (!/[.:]|^localhost$/.test(host)) {
    return { problem: `does not begin with a host; for Docker Hub, use docker.io/${value}` };
  }
  return { value };
}

export function tagOf(text: string): Parsed<string> {
  return /^\w[\w.-]{0,127}$/.test(text)
    ? { value: text }
    : {
        problem: 'is not a valid tag; use at most 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`',
      };
}

const architectures: readonly string[] = ['amd64', 'arm64', 'arm', '386', 'ppc64le', 'riscv64', 's390x'];

/** `linux/amd64`, `linux/arm/v7`: what a Docker Engine on a server can run. */
export function platformOf(text: string): Parsed<string> {
  const [, architecture = ''] = /^linux\/(\w+)(?:\/v\d)?$/.exec(text) ?? [];
  return architectures.includes(architecture)
    ? { value: text }
    : { problem: `is not a platform; use linux/ and one of ${architectures.join(', ')}, for example linux/arm/v7` };
}

export function projectNameOf(text: string): Parsed<string> {
  return /^[a-z0-9][a-z0-9_-]{0,62}$/.test(text)
    ? { value: text }
    : {
        problem:
          'is not a valid project name; use up to 63 lower-case letters, digits, `-` and `_`, starting with a letter or digit',
      };
}

/** A folder on a server. Programs there use its name, so only plain characters are allowed. */
export function serverPathOf(text: string): Parsed<string> {
  const value = text.trim().replace(/\/+$/, '');
  const plain = /^(?:\/[A-Za-z0-9][\w.-]*){2,}$/.test(value);
  return plain
    ? { value }
    : {
        problem: 'is not a usable folder; use an absolute path with at least two plain names, for example /opt/shop',
      };
}

export function urlOf(text: string): Parsed<string> {
  const value = text.trim();
  // URL would accept line ends and drop them.
  if (!/^https?:\/\/[^\s\x00-\x1f\x7f]+$/.test(value) || !URL.canParse(value)) {
    return { problem: 'is not a URL; it must start with http:// or https://' };
  }
  return { value };
}

export function keepReleasesOf(text: string): Parsed<number> {
  const value = /^\d{1,3}$/.test(text.trim()) ? Number(text) : 0;
  return value >= 2 && value <= 100
    ? { value }
    : { problem: 'is not a number from 2 to 100; the current release and one to roll back to are always kept' };
}

/** What `rollback` accepts as its target. */
export function rollbackTargetOf(text: string): Parsed<string> {
  const value = text.trim();
  const valid = value === 'previous' || /^\d{8}-\d{6}-[0-9a-f]{12}$/.test(value) || /^[0-9a-f]{7,64}$/.test(value);
  return valid
    ? { value }
    : {
        problem:
          'is not a release id, a commit (7 or more lower-case hex digits) or `previous`; `status` lists the releases',
      };
}

/** A repository on GitHub: `owner/repo`. */
export function repositoryOf(text: string): Parsed<string> {
  const name = text.trim();
  return /^[A-Za-z0-9][\w-]*\/[\w.-]+$/.test(name)
    ? { value: name }
    : { problem: 'is not a repository on GitHub; use owner/repo' };
}
