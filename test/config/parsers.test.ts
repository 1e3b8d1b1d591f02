import { join } from 'node:path/posix';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as parse from '../../src/config/parsers.ts';

type Parser = (text: string) => parse.Parsed<unknown>;

/** Each parser with texts that it takes, texts that it refuses, and why. */
const parsers: Readonly<
  Record<
    string,
    { parser: Parser; takes: Record<string, unknown>; refuses: readonly string[]; problem: string; form: RegExp }
  >
> = {
  time: {
    parser: parse.secondsOf,
    takes: { '90': 90, '90s': 90, ' 20 m ': 1200, '1h': 3600, '24h': 86_400, '86400': 86_400, '1s': 1, '001m': 60 },
    refuses: ['0', '0s', '25h', '86401', '-5', '1.5m', '1d', '5 minutes', 'm', '٣s', '1m30s', '9999999s'],
    problem: 'is not a duration; use 90s, 20m or 1h (at most 24h)',
    form: /^\d{1,5}$/,
  },
  tag: {
    parser: parse.tagOf,
    takes: { latest: 'latest', 'v1.2.3': 'v1.2.3', _x: '_x', ['a'.repeat(128)]: 'a'.repeat(128) },
    refuses: ['', '.hidden', '-x', 'feature/x', 'a b', 'a:b', 'é', 'a\n', 'a'.repeat(129), '$(id)'],
    problem: 'is not a valid tag; use at most 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`',
    form: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
  },
  'project name': {
    parser: parse.projectNameOf,
    takes: { shop: 'shop', '1e3': '1e3', 'a-b_c': 'a-b_c', ['a'.repeat(63)]: 'a'.repeat(63) },
    refuses: ['', 'Shop', '-shop', '_shop', 'my shop', 'shop.de', 'shöp', 'a'.repeat(64), 'shop\n'],
    problem:
      'is not a valid project name; use up to 63 lower-case letters, digits, `-` and `_`, starting with a letter or digit',
    form: /^[a-z0-9][a-z0-9_-]{0,62}$/,
  },
  'folder on a server': {
    parser: parse.serverPathOf,
    takes: { '/opt/shop': '/opt/shop', ' /srv/apps/shop-1.0/ ': '/srv/apps/shop-1.0', '/opt/a_b//': '/opt/a_b' },
    refuses: [
      '',
      '/',
      '/opt',
      'opt/shop',
      '/opt/../etc',
      '/opt/./x',
      '/opt//shop',
      '/opt/.x',
      '/opt/a b',
      "/opt/a'b",
      '/opt/$HOME',
      '/opt/é',
    ],
    problem: 'is not a usable folder; use an absolute path with at least two plain names, for example /opt/shop',
    form: /^(\/[A-Za-z0-9][A-Za-z0-9_.-]*){2,}$/,
  },
  URL: {
    parser: parse.urlOf,
    takes: {
      'https://shop.example.com/health?x=1#y': 'https://shop.example.com/health?x=1#y',
      ' http://[::1]:8080 ': 'http://[::1]:8080',
    },
    refuses: [
      '',
      'shop.example.com',
      'ftp://x',
      'https://',
      'http://[',
      'HTTPS//x',
      'https:/x',
      'https://a b/',
      'https://a\nb',
      'https://a/\tb',
    ],
    problem: 'is not a URL; it must start with http:// or https://',
    form: /^https?:\/\/[^\s\x00-\x1f]+$/,
  },
  repository: {
    parser: parse.repositoryOf,
    takes: { 'acme/shop': 'acme/shop', ' acme-inc/shop.example ': 'acme-inc/shop.example' },
    refuses: ['', 'acme', 'acme/', '/shop', 'acme/shop/web', 'https://github.com/acme/shop', 'acme/a b', '-acme/shop'],
    problem: 'is not a repository on GitHub; use owner/repo',
    form: /^[A-Za-z0-9][\w-]*\/[\w.-]+$/,
  },
  'number of releases': {
    parser: parse.keepReleasesOf,
    takes: { '2': 2, ' 5 ': 5, '100': 100, '007': 7 },
    refuses: ['', '1', '0', '-2', '101', '5.5', 'five', '1e2', '0x5'],
    problem: 'is not a number from 2 to 100; the current release and one to roll back to are always kept',
    form: /^\d{1,3}$/,
  },
  'release to go back to': {
    parser: parse.rollbackTargetOf,
    takes: {
      previous: 'previous',
      ' 20260203-040506-c0ffee012345 ': '20260203-040506-c0ffee012345',
      c0ffee0: 'c0ffee0',
    },
    refuses: [
      '',
      'HEAD',
      'c0ffee',
      'C0FFEE0',
      'v1.2.3',
      '20260203-040506',
      'previous; id',
      'c0ffee0\nx',
      'a'.repeat(65),
    ],
    problem:
      'is not a release id, a commit (7 or more lower-case hex digits) or `previous`; `status` lists the releases',
    form: /^(previous|\d{8}-\d{6}-[0-9a-f]{12}|[0-9a-f]{7,64})$/,
  },
  choice: {
    parser: parse.oneOf(['built', 'all', 'none']),
    takes: { built: 'built', ' all\n': 'all' },
    refuses: ['', 'Built', 'built,all', 'toString'],
    problem: 'is not one of built, all, none',
    form: /^(built|all|none)$/,
  },
};

const rows = Object.entries(parsers);

describe.each(rows)('a %s', (_, { parser, takes, refuses, problem, form }) => {
  it.each(Object.entries(takes))('is read from %j', (text, value) => {
    expect(parser(text)).toEqual({ value });
  });

  it.each(refuses)('is not %j', (text) => {
    expect(parser(text)).toEqual({ problem });
  });

  it('is either valid or a problem, whatever the text', () => {
    const near = fc.constantFrom(...Object.keys(takes), ...refuses);
    const mixed = fc
      .tuple(near, fc.constantFrom('', ' ', '\n', '/', '..', '\0', '-', '$(id)'), near)
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), mixed), (text) => {
        const parsed = parser(text);
        if ('value' in parsed) expect(String(parsed.value)).toMatch(form);
        else expect(parsed.problem).toBe(problem);
      }),
      { numRuns: 400 },
    );
  });
});

describe('a registry', () => {
  it.each([
    ['ghcr.io/acme', 'ghcr.io/acme'],
    ['docker.io', 'docker.io'],
    [' localhost:5000/ ', 'localhost:5000'],
    ['[::1]:5000/team/app', '[::1]:5000/team/app'],
    ['Registry.Example.com/a--b/c_d/e__f/g.h', 'registry.example.com/a--b/c_d/e__f/g.h'],
    ['ghcr.io/Acme', 'ghcr.io/acme'],
    ['[::A]:5000', '[::a]:5000'],
  ])('is read from %j', (text, value) => {
    expect(parse.registryOf(text)).toEqual({ value });
  });

  it.each(['https://ghcr.io/acme', 'http://localhost:5000'])('is not the URL %j', (text) => {
    expect(parse.registryOf(text)).toEqual({
      problem: 'is a URL; use only host[:port][/path], for example ghcr.io/acme',
    });
  });

  it.each([
    '',
    'ghcr.io/a b',
    'ghcr.io//x',
    '-x',
    'ghcr.io:port',
    'ghcr.io/_x',
    'ghcr.io/a..b',
    'a"b',
    "a'b",
    'a`id`',
    '$(id)',
    'é.io',
    'ghcr.io/app:latest',
    'user@ghcr.io',
  ])('is not %j', (text) => {
    expect(parse.registryOf(text)).toEqual({
      problem: 'is not a valid registry; use host[:port][/path], for example ghcr.io/acme',
    });
  });

  it.each(['acme', 'acme/shop'])('is not the name on Docker Hub %j', (text) => {
    expect(parse.registryOf(text)).toEqual({
      problem: `does not begin with a host; for Docker Hub, use docker.io/${text}`,
    });
  });

  it('is a machine without a dot too', () => {
    expect(parse.registryOf('localhost/acme')).toEqual({ value: 'localhost/acme' });
    expect(parse.registryOf('nas:5000')).toEqual({ value: 'nas:5000' });
  });

  it('never contains what a shell or a YAML parser could misread', () => {
    const part = fc.constantFrom(
      'ghcr.io',
      '/',
      ':',
      '5000',
      'acme',
      '..',
      '-',
      '_',
      '[::1]',
      ' ',
      '\n',
      '$',
      '"',
      '#',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parse.registryOf(given);
        if ('value' in parsed) expect(parsed.value).toMatch(/^[a-z0-9[][a-z0-9_.:[\]/-]*$/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a path inside the checkout', () => {
  it.each([
    ['a/b.txt', 'a/b.txt'],
    [' ./a//b/ ', 'a/b'],
    ['a/../b', 'b'],
    ['a b/$x/é#', 'a b/$x/é#'],
    ['..a/...', '..a/...'],
  ])('is read from %j', (text, value) => {
    expect(parse.repositoryPath(text)).toEqual({ value });
  });

  it.each([
    ['', 'is empty; use a path inside the repository'],
    ['.', 'is empty; use a path inside the repository'],
    ['a/..', 'is empty; use a path inside the repository'],
    ['../a', 'is outside the repository; use a path inside it'],
    ['a/../../b', 'is outside the repository; use a path inside it'],
    [' /etc', 'is absolute; use a path relative to the top of the repository'],
    ['/etc/passwd', 'is absolute; use a path relative to the top of the repository'],
    ['a\nb', 'contains a control character; paths cannot'],
    ['a\0b', 'contains a control character; paths cannot'],
    ['a\tb', 'contains a control character; paths cannot'],
  ])('is not %j', (text, problem) => {
    expect(parse.repositoryPath(text)).toEqual({ problem });
  });

  it('is normalised and stays inside, whatever the text', () => {
    const part = fc.constantFrom('..', '.', '/', 'a', ' ', '\0', '...', '..a', '\\', '//');
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 10 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parse.repositoryPath(given);
        if ('value' in parsed) {
          const parts = parsed.value.split('/');
          expect(parts.filter((name) => name === '' || name === '.' || name === '..')).toEqual([]);
          expect(join('/checkout', parsed.value)).toBe(`/checkout/${parsed.value}`);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('lists', () => {
  it('are separated by commas and newlines, without empty items', () => {
    expect(parse.listOf(' a, b\r\n\n,c ,')).toEqual(['a', 'b', 'c']);
  });

  it('of lines keep their commas', () => {
    expect(parse.linesOf('type=gha,mode=max\r\n\n  type=local,src=a b  ')).toEqual([
      'type=gha,mode=max',
      'type=local,src=a b',
    ]);
  });
});
