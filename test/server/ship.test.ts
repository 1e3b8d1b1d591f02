import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Sandbox, sandbox } from '../../fixtures/server.ts';
import { shells } from '../../fixtures/shells.ts';
import { type ArchiveFile, itemFiles, makeArchive, timesTable } from '../../src/compose/archive.ts';
import { makeItem } from '../../src/compose/ship.ts';

const id = '20260203-040506-c0ffee012345';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const item = (path: string, content: string) => makeItem(path, [{ path: '', kind: 'file', content: bytes(content) }]);
const own: readonly ArchiveFile[] = [
  { path: 'release/release.json', content: '{}', mode: 0o600 },
  { path: 'release/times.tab', content: '', mode: 0o600 },
];
const at = (path: string, content: string, changed: number) =>
  makeItem(path, [{ path: '', kind: 'file', content: bytes(content), changed }]);
const shared = (path: string, content: ArchiveFile['content']): ArchiveFile => ({
  path: `shared/${path}`,
  content,
  mode: 0o600,
});
const ship = async (server: Sandbox, files: readonly ArchiveFile[], release = id) =>
  await server.run('ship', [server.root, release], { stdin: await makeArchive([...files, ...own]) });
/** Ships, and puts in place what came along. */
const deliver = async (server: Sandbox, files: readonly ArchiveFile[]) => {
  const shipped = await ship(server, files);
  return shipped.code === 0 ? await server.run('write-env-files', [server.root, id]) : shipped;
};
const modeOf = (server: Sandbox, path: string): string => (statSync(server.path(path)).mode & 0o777).toString(8);

describe('shipping a release', () => {
  it('makes the folder of the application and puts everything in its place', async () => {
    const server = sandbox();
    const config = item('nginx/site.conf', 'colour = blue');
    const script = makeItem('bin', [{ path: 'run.sh', kind: 'executable', content: bytes('#!/bin/sh\n') }]);
    const result = await deliver(server, [...itemFiles(config), ...itemFiles(script), shared('.env', 'A=1\n')]);
    expect(result).toMatchObject({ code: 0, stderr: '', stdout: '' });
    expect(server.read(config.place)).toBe('colour = blue');
    expect(server.read('shared/.env')).toBe('A=1\n');
    expect(server.read(`releases/${id}/release.json`)).toBe('{}');
    expect(readdirSync(server.root).sort()).toEqual(['files', 'releases', 'shared']);
  });

  it('lets containers read what is shipped, and nobody but the user what may be secret', async () => {
    const server = sandbox();
    const script = makeItem('bin', [
      { path: 'run.sh', kind: 'executable', content: bytes('') },
      { path: 'sub/text', kind: 'file', content: bytes('') },
    ]);
    await deliver(server, [...itemFiles(script), shared('secrets/key', 'x')]);
    const paths = [
      `files/${script.hash}`,
      script.place,
      `${script.place}/run.sh`,
      `${script.place}/sub`,
      `${script.place}/sub/text`,
    ];
    expect(paths.map((path) => modeOf(server, path))).toEqual(['755', '755', '755', '755', '644']);
    expect([`releases/${id}`, 'shared/secrets/key'].map((path) => modeOf(server, path))).toEqual(['700', '600']);
  });

  it('leaves content alone that is there already', async () => {
    const server = sandbox();
    const config = item('a.conf', 'x');
    await ship(server, itemFiles(config));
    const before = statSync(server.path(config.place)).ino;
    const next = '20260203-050607-c0ffee012345';
    expect((await ship(server, itemFiles(config), next)).code).toBe(0);
    expect(statSync(server.path(config.place)).ino).toBe(before);
    expect(readdirSync(server.path('releases'))).toEqual([id, next]);
  });

  it('does not mind content that another run brings at the same moment', async () => {
    const server = sandbox();
    const config = item('a.conf', 'x');
    server.write({ '../../bin/mv': `#!/bin/sh\n[ -e "$2/\${1##*/}" ] || cp -R "$1" "$2"\nexec /bin/mv "$@"\n` });
    chmodSync(server.path('../../bin/mv'), 0o755);
    expect(await ship(server, itemFiles(config))).toMatchObject({ code: 0, stderr: '' });
    expect(server.read(config.place)).toBe('x');
    expect(server.exists(`releases/${id}/added.tab`)).toBe(false);
  });

  it('dates what is shipped by the commit that changed it', async () => {
    const server = sandbox();
    const [one, two] = [at('index.html', 'AAAA', 1_770_000_000), at('index.html', 'BBBB', 1_770_000_500)];
    await ship(server, [...itemFiles(one), ...itemFiles(two)]);
    expect([one, two].map(({ place }) => statSync(server.path(place)).mtimeMs)).toEqual([
      1_770_000_000_000, 1_770_000_500_000,
    ]);
  });

  it('dates content that comes back as newer than what it replaces, and leaves what stays as it is', async () => {
    const server = sandbox();
    const back = at('www', 'x', 1_770_000_000);
    await ship(server, itemFiles(back));
    const time = () => statSync(server.path(back.place)).mtimeMs / 1000;
    const again = async (changed: number, current: string) => {
      server.write({ 'current/paths.tab': current });
      const item = at('www', 'x', changed);
      const times: ArchiveFile = { path: 'release/times.tab', content: timesTable([item]), mode: 0o600 };
      expect(await server.run('ship', [server.root, id], { stdin: await makeArchive([times]) })).toMatchObject({
        code: 0,
        stderr: '',
      });
    };
    await again(1_770_000_900, `www\t${server.root}/${back.place}\n`);
    expect(time()).toBe(1_770_000_000);
    await again(1_770_000_900, `www\t${server.root}/files/00ff/www\n`);
    expect(time()).toBe(1_770_000_900);
    await again(1_770_000_100, '');
    expect(time()).toBe(1_770_000_900);
  });

  it('keeps two contents of one name and two names of one content', async () => {
    const server = sandbox();
    const items = [item('a/site.conf', 'one'), item('b/site.conf', 'two'), item('c/other.conf', 'one')];
    await ship(server, items.flatMap(itemFiles));
    expect(items.map(({ place }) => server.read(place))).toEqual(['one', 'two', 'one']);
  });

  it('replaces what is left of an attempt with the same id', async () => {
    const server = sandbox();
    server.write({ [`releases/${id}/old`]: 'x', [`.incoming-${id}/release/old`]: 'x' });
    await ship(server, []);
    expect(readdirSync(server.path(`releases/${id}`))).toEqual(['release.json']);
    expect(server.exists(`.incoming-${id}`)).toBe(false);
  });
});

describe('a file that a workflow writes', () => {
  it('waits with the release until it is put in place', async () => {
    const server = sandbox();
    server.write({ 'shared/.env': 'old' });
    await ship(server, [shared('.env', 'new')]);
    expect(server.read('shared/.env')).toBe('old');
    expect(server.read(`releases/${id}/shared/.env`)).toBe('new');
    expect(modeOf(server, `releases/${id}`)).toBe('700');
    await server.run('write-env-files', [server.root, id]);
    expect(server.read('shared/.env')).toBe('new');
    // What it replaced stays, for the way back.
    expect(readdirSync(server.path(`releases/${id}`)).sort()).toEqual(['release.json', 'replaced']);
    expect(server.read(`releases/${id}/replaced/files/.env`)).toBe('old');
    await server.run('restore', [server.root, id]);
    expect(server.read('shared/.env')).toBe('old');
  });

  it.each(shells)('is lost neither by a disk that is full nor by the way back from it: $name', async ({ bin }) => {
    const server = sandbox();
    server.write({ 'shared/.env': 'old', 'shared/key': 'old key' });
    await ship(server, [shared('.env', 'new'), shared('key', 'new key')]);
    // As on a disk of its own: a link is not possible, and a copy stops halfway.
    const full = mkdtempSync(join(tmpdir(), 'korrigo-full-'));
    onTestFinished(() => rmSync(full, { recursive: true }));
    for (const name of readdirSync(bin)) symlinkSync(join(bin, name), join(full, name));
    const write = (name: string, text: string): void => {
      rmSync(join(full, name), { force: true });
      writeFileSync(join(full, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    };
    write('ln', 'exit 1');
    write('cp', 'for to; do :; done; : >"$to"; echo "cp: No space left on device" >&2; exit 1');
    const placed = await server.run('write-env-files', [server.root, id], { path: full });
    expect([placed.code !== 0, placed.stderr]).toEqual([true, 'cp: No space left on device\n']);
    const kept = (): readonly string[] => ['shared/.env', 'shared/key'].map(server.read);
    expect(kept()).toEqual(['old', 'old key']);
    expect((await server.run('restore', [server.root, id], { path: full })).code).toBe(0);
    expect(kept()).toEqual(['old', 'old key']);
    expect(readdirSync(server.path('shared')).sort()).toEqual(['.env', 'key']);
  });

  it.each(shells)('comes back where the disk is full, as often as it is asked for: $name', async ({ bin }) => {
    const server = sandbox();
    server.write({ 'shared/.env': 'old' });
    symlinkSync('.env', server.path('shared/link'));
    await ship(server, [shared('.env', 'new'), shared('link', 'written'), shared('more', 'new')]);
    await server.run('write-env-files', [server.root, id], { path: bin });
    expect(['.env', 'link', 'more'].map((name) => server.read(`shared/${name}`))).toEqual(['new', 'written', 'new']);
    for (const _ of [1, 2])
      expect(await server.run('restore', [server.root, id], { path: bin })).toMatchObject({ code: 0 });
    expect(readdirSync(server.path('shared')).sort()).toEqual(['.env', 'link']);
    expect(server.read('shared/.env')).toBe('old');
    expect(readlinkSync(server.path('shared/link'))).toBe('.env');
  });

  it('arrives byte for byte, whatever it holds and whatever it is called', async () => {
    const server = sandbox();
    const nasty = fc.oneof(
      fc.constantFrom(
        '',
        '\n',
        'A=1',
        "P='@$$w0rd'",
        '$(touch canary)',
        '`id`',
        '\r\n',
        '\0',
        '"',
        '\\',
        'é\n\n',
        'x'.repeat(10_000),
      ),
      fc.uint8Array({ maxLength: 50 }),
    );
    const name = fc.constantFrom(
      'a',
      '.env',
      'a b',
      "it's",
      '$(id)',
      '-n',
      'ü/é',
      '"q"',
      '\\',
      ';x',
      '.a/..b/...',
      '%s',
    );
    const files = fc
      .sample(fc.tuple(name, nasty), { numRuns: 120, seed: 7 })
      .map(([path, content], n) => ({ path: `${n}/${path}`, content }));
    expect(
      (
        await deliver(
          server,
          files.map(({ path, content }) => shared(path, content)),
        )
      ).code,
    ).toBe(0);
    for (const { path, content } of files) {
      expect(readFileSync(server.path(`shared/${path}`)).equals(Buffer.from(content))).toBe(true);
      expect(modeOf(server, `shared/${path}`)).toBe('600');
    }
    expect(readdirSync(server.path('shared'))).toHaveLength(files.length);
  });

  it('is replaced in one go: whoever reads the old one reads all of it', async () => {
    const server = sandbox();
    await deliver(server, [shared('.env', 'old')]);
    const reader = openSync(server.path('shared/.env'), 'r');
    await deliver(server, [shared('.env', 'new')]);
    expect(readFileSync(reader, 'utf8')).toBe('old');
    closeSync(reader);
    expect(server.read('shared/.env')).toBe('new');
  });

  it('is left alone when it is the same, but for its mode', async () => {
    const server = sandbox();
    server.write({ 'shared/.env': 'same' });
    const before = statSync(server.path('shared/.env'));
    expect(before.mode & 0o777).not.toBe(0o600);
    expect((await deliver(server, [shared('.env', 'same')])).stdout).toBe('');
    expect(statSync(server.path('shared/.env')).ino).toBe(before.ino);
    expect(modeOf(server, 'shared/.env')).toBe('600');
  });

  it('touches no other file of the server', async () => {
    const server = sandbox();
    server.write({ 'shared/.env': 'mine', 'shared/certs/key.pem': 'key' });
    await deliver(server, [shared('certs/other.pem', 'x')]);
    expect([server.read('shared/.env'), server.read('shared/certs/key.pem')]).toEqual(['mine', 'key']);
  });

  it('does not land inside a folder of its name, which Docker may have made', async () => {
    const server = sandbox();
    mkdirSync(server.path('shared/.env'), { recursive: true });
    const { code, stderr } = await deliver(server, [shared('.env', 'A=1')]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('.env');
    expect(readdirSync(server.path('shared/.env'))).toEqual([]);
  });
});

describe('shipping that is interrupted', () => {
  const large = item('large.bin', 'x'.repeat(200_000));

  it('leaves nothing that looks whole', async () => {
    const server = sandbox();
    const archive = await makeArchive([
      ...itemFiles(item('small', 'y')),
      ...itemFiles(large),
      shared('.env', 'new'),
      ...own,
    ]);
    server.write({ 'shared/.env': 'old' });
    const { code } = await server.run('ship', [server.root, id], { stdin: archive.slice(0, 100_000) });
    expect(code).not.toBe(0);
    expect(readdirSync(server.path('files'))).toEqual([]);
    expect(readdirSync(server.path('releases'))).toEqual([]);
    expect(server.read('shared/.env')).toBe('old');
    expect(readdirSync(server.root).sort()).toEqual(['files', 'releases', 'shared']);
  });

  it('is made good by the next attempt', async () => {
    const server = sandbox();
    const archive = await makeArchive([...itemFiles(large), ...own]);
    await server.run('ship', [server.root, id], { stdin: archive.slice(0, 100_000) });
    expect((await server.run('ship', [server.root, id], { stdin: archive })).code).toBe(0);
    expect(server.read(large.place)).toHaveLength(200_000);
  });

  it('leaves the release of before in its place', async () => {
    const server = sandbox();
    await ship(server, []);
    const { code } = await server.run('ship', [server.root, id], { stdin: new Uint8Array(512).fill(1) });
    expect(code).not.toBe(0);
    expect(server.read(`releases/${id}/release.json`)).toBe('{}');
  });
});
