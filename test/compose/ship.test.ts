import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followLinks } from '../../src/compose/links.ts';
import type { NamedPath } from '../../src/compose/model.ts';
import {
  absentProblem,
  chooseShipped,
  contentProblem,
  type Entry,
  isLfsPointer,
  isUnder,
  makeItem,
  readTracked,
} from '../../src/compose/ship.ts';
import { readTimes } from '../../src/compose/times.ts';

const tracked = (...paths: readonly string[]) => new Map(paths.map((path) => [path, '100644']));
const mount = (path: string, writable = false): NamedPath => ({ service: 'web', path, writable });

describe('what git tracks', () => {
  it('is read with its modes, whatever the names hold', () => {
    const rows = ['100644 1a 0\ta b.txt', '100755 2b 0\tbin/ü"x\ny', '120000 3c 0\tlink', ''];
    expect([...readTracked(rows.join('\0'))]).toEqual([
      ['a b.txt', '100644'],
      ['bin/ü"x\ny', '100755'],
      ['link', '120000'],
    ]);
  });

  it('may have tabs in its names', () => {
    expect([...readTracked('100644 1a 0\ta\tb\0').keys()]).toEqual(['a\tb']);
  });

  it('is nothing in an empty repository', () => {
    expect(readTracked('').size).toBe(0);
  });
});

describe('a path that a service names', () => {
  const shipped = (
    paths: readonly NamedPath[],
    files: readonly string[],
    owned: readonly string[] = [],
    untracked: readonly string[] = [],
  ) => {
    const { shipped: found, problems } = chooseShipped(paths, tracked(...files), owned, untracked);
    return { shipped: found.map(({ path }) => path), problems };
  };

  it.each<readonly [string, NamedPath, readonly string[], readonly string[]]>([
    ['is shipped when it is a tracked file', mount('site.conf'), ['site.conf'], ['site.conf']],
    [
      'is shipped when it is a tracked file, even if it could be written',
      mount('site.conf', true),
      ['site.conf'],
      ['site.conf'],
    ],
    ['is shipped when it is a folder of tracked files, read-only', mount('conf'), ['conf/a', 'conf/b/c'], ['conf']],
    ['stays the server’s when git does not know it', mount('.env'), ['other'], []],
    ['stays the server’s when only its name begins like a tracked one', mount('conf'), ['conf.d/a', 'config'], []],
    [
      'stays the server’s when it is a writable folder with a placeholder',
      mount('data', true),
      ['data/.gitkeep', 'data/x/.gitignore'],
      [],
    ],
    ['stays the server’s when it is a read-only folder with a placeholder', mount('data'), ['data/.keep'], []],
  ])('%s', (_, path, files, expected) => {
    expect(shipped([path], files)).toEqual({ shipped: expected, problems: [] });
  });

  it('is ambiguous as a writable folder with tracked content', () => {
    expect(shipped([mount('data', true), mount('data', true)], ['data/seed.sql', 'data/x'])).toEqual({
      shipped: [],
      problems: [
        'web mounts the folder data writable, but git tracks data/seed.sql in it: is it data or part of the release? Add `:ro` to the mount to ship it, or list it in server-owned',
      ],
    });
  });

  it('is not the whole repository: its server would have to hold all of it', () => {
    expect(shipped([mount(''), mount('a')], ['a'])).toEqual({
      shipped: ['a'],
      problems: ['web mounts the whole repository: mount only the files and folders that it needs'],
    });
  });

  it('belongs to the server when the user says so, with all that is in it', () => {
    expect(
      shipped([mount('data', true), mount('conf/site.conf')], ['data/a', 'conf/site.conf'], ['data', 'conf']),
    ).toEqual({
      shipped: [],
      problems: [],
    });
  });

  it('is shipped when the user lists it, tracked or not', () => {
    const result = shipped([mount('dist/app', true), mount('x')], ['dist/app/.gitkeep', 'dist/app/a'], [], ['dist']);
    expect(result).toEqual({ shipped: ['dist'], problems: [] });
  });

  it('is shipped once, in order', () => {
    expect(shipped([mount('b'), mount('a'), mount('b')], ['a', 'b']).shipped).toEqual(['a', 'b']);
  });
});

describe('a path that leads elsewhere', () => {
  it('is shipped as what is behind a link', () => {
    const paths = [
      { ...mount('current.conf'), real: 'conf/v2.conf' },
      { ...mount('www'), real: 'site/dist' },
    ];
    expect(chooseShipped(paths, tracked('conf/v2.conf', 'site/dist/index.html'), [], [])).toEqual({
      shipped: [
        { path: 'current.conf', real: 'conf/v2.conf' },
        { path: 'www', real: 'site/dist' },
      ],
      problems: [],
    });
  });

  it.each([
    ['the submodule itself', 'theme'],
    ['what is in it', 'theme/css'],
    ['what it is in', 'web'],
  ])('into a submodule that is not checked out says so: %s', (_, path) => {
    const files = new Map([
      ['theme', '160000'],
      ['web/vendor', '160000'],
      ['web/index.html', '100644'],
    ]);
    const name = path === 'web' ? 'web/vendor' : 'theme';
    expect(chooseShipped([mount(path)], files, [], []).problems).toEqual([
      `web mounts ${path}, which is in the submodule ${name}, which is not checked out: set \`submodules: true\` on actions/checkout`,
    ]);
  });

  it('behind a named volume would never see the next release', () => {
    const named = { ...mount('conf', true), volume: 'conf' };
    expect(chooseShipped([named], tracked('conf/a.txt'), [], []).problems).toEqual([
      expect.stringContaining('the volume conf of web has the device conf, and git tracks conf/a.txt'),
    ]);
    expect(chooseShipped([named], tracked('other'), [], [])).toEqual({ shipped: [], problems: [] });
    expect(chooseShipped([named], tracked('conf/a.txt'), ['conf'], []).problems).toEqual([]);
  });

  it.each<readonly [string, string, Readonly<Record<string, string>>, unknown]>([
    ['nowhere else', 'a/b', {}, { real: 'a/b' }],
    ['to a file', 'site.conf', { 'site.conf': 'conf/v2.conf' }, { real: 'conf/v2.conf' }],
    ['to a folder, and what is in it', 'www/css/x', { www: 'site/dist' }, { real: 'site/dist/css/x' }],
    ['beside itself', 'a/b/c', { 'a/b': '../d/' }, { real: 'd/c' }],
    ['through several links', 'a', { a: 'b', b: 'c/d', c: 'e' }, { real: 'e/d' }],
  ])('is found: %s', async (_, path, links, expected) => {
    const files = new Map(Object.keys(links).map((name) => [name, '120000']));
    expect(await followLinks(path, files, async (name) => links[name] ?? '')).toEqual(expected);
  });

  it.each([
    ['/etc/x', 'the symlink a points to /etc/x, outside the repository: name that path in the compose file'],
    ['../x', 'the symlink a points to ../x, outside the repository: name that path in the compose file'],
    ['a', 'the symlink a leads back to itself'],
    [
      undefined,
      'the symlink a is in git, but not in this checkout: list it in `sparse-checkout` of actions/checkout, or commit that it was removed',
    ],
  ])('is refused where nothing can be shipped: %s', async (target, problem) => {
    expect(await followLinks('a', new Map([['a', '120000']]), async () => target)).toEqual({ problem });
  });
});

it('files of Git LFS that were not fetched are known by what is there instead', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n';
  expect([pointer, '', 'version 2', `${pointer}${' '.repeat(1024)}`].map(bytes).map(isLfsPointer)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

it('content that is still encrypted, was not fetched or cannot be read is not the file itself', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  expect(contentProblem('key', bytes(`\0GITCRYPT\0${'x'.repeat(5000)}`))).toBe(
    'key is still encrypted by git-crypt: run `git-crypt unlock` in a step before this one',
  );
  expect(contentProblem('a', bytes('version https://git-lfs.github.com/spec/v1\n'))).toContain(
    'a is a Git LFS pointer',
  );
  expect(contentProblem('Pr\ufffdfung.pdf', bytes(''))).toBe(
    'Pr\ufffdfung.pdf has a name that is not UTF-8: rename it',
  );
  expect([contentProblem('a', bytes('GITCRYPT')), contentProblem('a', bytes(''))]).toEqual([undefined, undefined]);
});

it('what git has below a path and a checkout has not is named', () => {
  const files = readTracked(
    ['conf/a', 'conf/b', 'conf/sub/c', 'config', 'conf'].map((path) => `100644 1a 0\t${path}\0`).join(''),
  );
  const theme = readTracked('160000 1a 0\tconf/theme\0');
  const all = new Map([...files, ...theme].filter(([path]) => path !== 'conf'));
  const found = (...paths: readonly string[]) => absentProblem('conf', all, new Set(paths));
  expect(found('conf/a', 'conf/b', 'conf/sub/c')).toBeUndefined();
  expect(found('conf/a', 'conf/b')).toMatch(/^conf\/sub\/c is in git, but not in this checkout: /);
  expect(found('conf/a')).toMatch(/^conf\/b, as 1 more of conf, is in git, but not in this checkout: /);
  expect(absentProblem('config', all, new Set())).toMatch(/^config is in git/);
});

it('the last commit that changed a file tells its time', () => {
  const log = '\x01300\0\nb c\0a\0\x01200\0\n123456789\0a\0\x01100\0\nb c\0é\0';
  expect([...readTimes(log)]).toEqual([
    ['b c', 300],
    ['a', 300],
    ['123456789', 200],
    ['é', 100],
  ]);
  expect(readTimes('').size).toBe(0);
});

it('a path is under a folder and under itself, but not under a longer name', () => {
  expect([isUnder('a/b', 'a'), isUnder('a', 'a'), isUnder('ab', 'a'), isUnder('a', 'a/b')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

describe('a shipped item', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const entry = (path: string, content = 'x', kind: Entry['kind'] = 'file'): Entry => ({
    path,
    kind,
    content: bytes(content),
  });

  it('lies in a folder that is named after its content', () => {
    const item = makeItem('nginx/site.conf', [entry('')]);
    expect(item).toMatchObject({ path: 'nginx/site.conf', place: `files/${item.hash}/site.conf` });
    expect(item.hash).toMatch(/^[0-9a-f]{16}$/);
  });

  it('has the same hash in whatever folder it lies and in whatever order it is read', () => {
    const entries = [entry('a'), entry('b/c'), entry('b')];
    expect(makeItem('x', entries).hash).toBe(makeItem('y/x', entries.toReversed()).hash);
  });

  it('lies apart from another one of the same content and another name', () => {
    expect(makeItem('a.conf', [entry('')]).hash).not.toBe(makeItem('b.conf', [entry('')]).hash);
  });

  it.each<readonly [string, readonly Entry[], readonly Entry[]]>([
    ['the content', [entry('a', 'x')], [entry('a', 'y')]],
    ['a name', [entry('a')], [entry('b')]],
    ['the mode', [entry('a')], [entry('a', 'x', 'executable')]],
    ['a link in place of a file', [entry('a')], [entry('a', 'x', 'link')]],
    ['a file more', [entry('a')], [entry('a'), entry('b', '')]],
    ['where one file ends and the next begins', [entry('a', 'xfile 1 b 0 ')], [entry('a', 'x'), entry('b', '')]],
  ])('has another hash when there is another %s', (_, before, after) => {
    expect(makeItem('x', before).hash).not.toBe(makeItem('x', after).hash);
  });

  it('has another hash exactly if paths, kinds or contents differ', () => {
    const small = fc.constantFrom('', 'a', 'b', '1 a', 'file', ' ', '0');
    const entries = fc
      .uniqueArray(fc.tuple(small, fc.constantFrom<Entry['kind']>('file', 'executable', 'link'), small), {
        maxLength: 3,
        selector: ([path]) => path,
      })
      .map((rows) => rows.map(([path, kind, content]) => entry(path, content, kind)));
    const canonical = (items: readonly Entry[]): string =>
      JSON.stringify(items.map(({ path, kind, content }) => [path, kind, [...content]]).sort());
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(entries, (given) => {
        const { hash } = makeItem('x', given);
        expect(seen.get(hash) ?? canonical(given)).toBe(canonical(given));
        seen.set(hash, canonical(given));
      }),
      { numRuns: 3000 },
    );
    expect(new Set(seen.values()).size).toBe(seen.size);
  });
});
