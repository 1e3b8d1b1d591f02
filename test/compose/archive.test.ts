import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ArchiveFile, itemFiles, makeArchive, timesTable } from '../../src/compose/archive.ts';
import { makeItem } from '../../src/compose/ship.ts';
import { Secret } from '../../src/model/secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'korrigo-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Unpacks it with the tar of this machine, as a server does. */
const unpack = async (files: readonly ArchiveFile[]): Promise<(path: string) => string> => {
  const into = mkdtempSync(join(folder, 'unpacked-'));
  execFileSync('sh', ['-c', 'umask 022; tar -xpf - -C "$0"', into], { input: await makeArchive(files) });
  return (path) => join(into, path);
};
const file = (path: string, content: ArchiveFile['content'] = '', mode = 0o644): ArchiveFile => ({
  path,
  content,
  mode,
});
const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);

describe('an archive', () => {
  it('brings contents byte for byte: text, bytes and secrets', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const at = await unpack([
      file('text', 'é\r\n\0'),
      file('bytes', all),
      file('secret', new Secret("P@$$ 'w' \n")),
      file('empty'),
    ]);
    expect(readFileSync(at('text'), 'utf8')).toBe('é\r\n\0');
    expect([...readFileSync(at('bytes'))]).toEqual([...all]);
    expect(readFileSync(at('secret'), 'utf8')).toBe("P@$$ 'w' \n");
    expect(readFileSync(at('empty'), 'utf8')).toBe('');
  });

  it('brings modes, and makes folders that all may read', async () => {
    const at = await unpack([file('a/b/run', '', 0o755), file('a/key', '', 0o600), file('a/text')]);
    expect([at('a'), at('a/b'), at('a/b/run'), at('a/key'), at('a/text')].map(modeOf)).toEqual([
      '755',
      '755',
      '755',
      '600',
      '644',
    ]);
  });

  it('brings long and odd names', async () => {
    const names = [
      `${'folder/'.repeat(40)}${'x'.repeat(200)}`,
      'a b',
      "it's",
      '$(id)',
      'größe 😀',
      '-rf',
      '"q"',
      '\\',
      '*',
    ];
    const at = await unpack(names.map((name) => file(name, name)));
    expect(names.map((name) => readFileSync(at(name), 'utf8'))).toEqual(names);
  });

  it('brings links as links, also long ones', async () => {
    const targets = ['../elsewhere', '/etc/hostname', 'größe', 'x/'.repeat(100)];
    const at = await unpack(targets.map((target, n) => ({ ...file(`link-${n}`, target), link: true })));
    expect(targets.map((_, n) => readlinkSync(at(`link-${n}`)))).toEqual(targets);
  });

  it('brings the time at which a file was changed', async () => {
    const at = await unpack([{ ...file('new'), changed: 1_770_000_000 }, file('unknown')]);
    expect([at('new'), at('unknown')].map((path) => lstatSync(path).mtimeMs)).toEqual([1_770_000_000_000, 0]);
  });

  it('brings a large file', async () => {
    const large = new Uint8Array(5_000_000).fill(7);
    const at = await unpack([file('large', large), file('after', 'x')]);
    expect(readFileSync(at('large')).equals(large)).toBe(true);
    expect(readFileSync(at('after'), 'utf8')).toBe('x');
  });

  it('may hold a folder that is empty', async () => {
    const archive = await makeArchive([{ path: 'a/b', content: '', mode: 0o700, folder: true }]);
    expect(execFileSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' })).toMatch(
      /^drwx------ .* a\/b\/?\n$/,
    );
  });

  it('may be empty', async () => {
    expect(execFileSync('tar', ['-tf', '-'], { input: await makeArchive([]), encoding: 'utf8' })).toBe('');
  });

  it('is the same for the same files', async () => {
    const files = [file('a', 'x'), file('b', 'y', 0o755)];
    expect(Buffer.from(await makeArchive(files)).equals(await makeArchive(files))).toBe(true);
  });
});

describe('the files of a shipped item', () => {
  const content = new Uint8Array([1]);

  it('are the file itself, under its name', () => {
    const item = makeItem('nginx/site.conf', [{ path: '', kind: 'file', content }]);
    expect(itemFiles(item)).toEqual([{ path: item.place, content, mode: 0o644, link: false }]);
  });

  it('are all files of a folder', () => {
    const item = makeItem('conf', [
      { path: 'run.sh', kind: 'executable', content },
      { path: 'sub/link', kind: 'link', content },
    ]);
    expect(itemFiles(item)).toEqual([
      { path: `${item.place}/run.sh`, content, mode: 0o755, link: false },
      { path: `${item.place}/sub/link`, content, mode: 0o644, link: true },
    ]);
  });

  it('have the times at which they were changed, in a table as well', () => {
    const item = makeItem('conf', [
      { path: 'a b', kind: 'file', content, changed: 7 },
      { path: 'link', kind: 'link', content, changed: 8 },
    ]);
    expect(itemFiles(item)[0]).toEqual({ path: `${item.place}/a b`, content, mode: 0o644, link: false, changed: 7 });
    expect(timesTable([item])).toBe(`7\t${item.place}/a b\n`);
  });
});
