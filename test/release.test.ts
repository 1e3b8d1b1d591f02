import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const top = join(import.meta.dirname, '..');
const today = new Date().toISOString().slice(0, 10);
const changelog = `# Changelog

## [Unreleased]

### Added

- Rollbacks.

## [0.9.0] - 2026-01-02

- Deploys.
`;

const names = ['test.yml', 'build.yml', 'deploy.yml', 'rollback.yml'];

let origin: string;
const clones: string[] = [];

beforeAll(() => {
  origin = mkdtempSync(join(tmpdir(), 'korrigo-origin-'));
  for (const path of ['.github', 'scripts', 'src', 'package.json', 'package-lock.json'])
    cpSync(join(top, path), join(origin, path), { recursive: true });
  writeFileSync(join(origin, 'CHANGELOG.md'), changelog);
  likeMain();
  git(origin, 'init', '--quiet', '--initial-branch', 'main');
  git(origin, 'add', '--all');
  git(origin, 'commit', '--quiet', '--message', 'Work');
});
afterAll(() => {
  for (const folder of [origin, ...clones]) rmSync(folder, { recursive: true, force: true });
});

/** These tests hold at the commit of a release, too, where the workflows are pinned. */
function likeMain(): void {
  const edit = (path: string, change: (text: string) => string): void =>
    writeFileSync(join(origin, path), change(readFileSync(join(origin, path), 'utf8')));
  edit('package.json', (text) =>
    text.replace(/"ref": ".*"/, '"ref": "v1"').replace(/"version": ".*"/, '"version": "0.9.0"'),
  );
  edit('package-lock.json', (text) =>
    text.replaceAll(/("name": "korrigo-deploy-action",\s+"version": )".*"/g, '$1"0.9.0"'),
  );
  for (const name of names)
    edit(`.github/workflows/${name}`, (text) => text.replaceAll(/(uses: korrigo\/deploy-action@)\S+/g, '$1v1'));
}

const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...author } }).trim();
const author = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

type Clone = {
  readonly folder: string;
  readonly git: (...args: readonly string[]) => string;
  readonly release: (...args: readonly string[]) => { readonly code: number | null; readonly said: string };
};

function clone(): Clone {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-clone-'));
  clones.push(folder);
  git(folder, 'clone', '--quiet', origin, '.');
  // As `npm ci` would leave it.
  symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, '.git/info/exclude'), 'node_modules\n');
  return {
    folder,
    git: (...args) => git(folder, ...args),
    release: (...args) => {
      const env = { ...process.env, ...author };
      const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/release.ts', ...args], {
        cwd: folder,
        encoding: 'utf8',
        env,
      });
      return { code: status, said: `${stdout}${stderr}`.replaceAll(/^\(.*\n/gm, '') };
    },
  };
}

describe('a release', () => {
  let made: Clone;
  const show = (ref: string, path: string): string => made.git('show', `${ref}:${path}`);
  const refsOf = (ref: string): readonly string[] => {
    const texts = names.map((name) => show(ref, `.github/workflows/${name}`));
    const found = texts.flatMap((text) => [...text.matchAll(/uses: korrigo\/deploy-action@(\S+)/g)]);
    expect(found).toHaveLength(6);
    return [...new Set(found.map(([, version = '']) => version))];
  };

  beforeAll(() => {
    made = clone();
    const { code, said } = made.release('1.2.3');
    expect(said).toBe(`Release 1.2.3 is made, here. To publish it:
  git push origin HEAD v1.2.3
When the workflow Release has published it:
  git push --force origin 'v1.2.3^{}:refs/tags/v1'
`);
    expect(code).toBe(0);
  });

  it('is a commit with a tag, and a second commit after it', () => {
    expect(made.git('log', '--format=%s%d').split('\n')).toEqual([
      'Point the workflows of main at v1 again (HEAD -> main)',
      'Release 1.2.3 (tag: v1.2.3)',
      'Work (origin/main, origin/HEAD)',
    ]);
    expect(made.git('cat-file', '-t', 'v1.2.3')).toBe('tag');
    expect(made.git('status', '--short')).toBe('');
  });

  it('has reusable workflows that use exactly this version; those of main use v1', () => {
    expect(refsOf('v1.2.3')).toEqual(['v1.2.3']);
    expect(refsOf('main')).toEqual(['v1']);
    expect(made.git('diff', '--stat', 'origin/main', 'main', '--', '.github')).toBe('');
  });

  it('dates what was not released yet', () => {
    expect(show('main', 'CHANGELOG.md')).toBe(
      changelog.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [1.2.3] - ${today}\n`).trimEnd(),
    );
    expect(show('v1.2.3', 'CHANGELOG.md')).toBe(show('main', 'CHANGELOG.md'));
  });

  it('has its version in package.json and package-lock.json, where nothing else changes', () => {
    for (const ref of ['v1.2.3', 'main']) {
      expect(parse(show(ref, 'package.json')).version).toBe('1.2.3');
      const lock = parse(show(ref, 'package-lock.json'));
      expect([lock.version, lock.packages[''].version]).toEqual(['1.2.3', '1.2.3']);
    }
    expect(made.git('diff', '--numstat', 'origin/main', 'main')).toBe(
      `2\t0\tCHANGELOG.md\n2\t2\tpackage-lock.json\n1\t1\tpackage.json`,
    );
  });

  it('is what --check accepts at its tag, and nowhere else', () => {
    made.git('checkout', '--quiet', 'v1.2.3');
    expect(made.release('--check', 'v1.2.3')).toEqual({ code: 0, said: '' });
    const other = made.release('--check', 'v1.2.4');
    expect(other.code).toBe(1);
    expect(other.said).toBe(`package.json: config.ref is v1.2.3 instead of v1.2.4
.github/workflows/test.yml is not pinned to v1.2.4
.github/workflows/build.yml is not pinned to v1.2.4
.github/workflows/deploy.yml is not pinned to v1.2.4
.github/workflows/plan.yml is not pinned to v1.2.4
.github/workflows/rollback.yml is not pinned to v1.2.4
CHANGELOG.md has no section [1.2.4] with a date
`);
    made.git('checkout', '--quiet', 'main');
    const main = made.release('--check', 'v1.2.3');
    expect(main.code).toBe(1);
    expect(main.said).toContain('package.json: config.ref is v1 instead of v1.2.3\n');
  });

  it('has notes, which --notes prints', () => {
    expect(made.release('--notes', 'v1.2.3')).toEqual({ code: 0, said: '### Added\n\n- Rollbacks.\n' });
    expect(made.release('--notes', 'v0.9.0')).toEqual({ code: 0, said: '- Deploys.\n' });
    expect(made.release('--notes', 'v2.0.0')).toEqual({
      code: 1,
      said: 'CHANGELOG.md has nothing under [2.0.0]\n',
    });
  });

  it('is published by the commands that it prints, and v1 moves to its commit', () => {
    const copy = clone();
    const published = mkdtempSync(join(tmpdir(), 'korrigo-published-'));
    clones.push(published);
    git(published, 'clone', '--quiet', '--bare', origin, '.');
    copy.git('remote', 'set-url', 'origin', published);
    const publish = (version: string): string => {
      const { said } = copy.release(version);
      for (const command of said.match(/^ {2}git .*$/gm) ?? [])
        execFileSync('sh', ['-c', command], { cwd: copy.folder, stdio: 'pipe' });
      return said;
    };
    const changed = (): void => {
      const path = join(copy.folder, 'CHANGELOG.md');
      writeFileSync(path, readFileSync(path, 'utf8').replace('## [Unreleased]\n', '## [Unreleased]\n\n- More.\n'));
      copy.git('commit', '--quiet', '--all', '--message', 'More');
    };
    const commitOf = (ref: string): string => git(published, 'rev-parse', `${ref}^{commit}`);
    for (const version of ['1.2.3', '1.10.0']) {
      publish(version);
      expect(commitOf('v1'), version).toBe(commitOf(`v${version}`));
      expect(git(published, 'cat-file', '-t', 'v1')).toBe('commit');
      changed();
    }
    // From the tags of origin: this clone may not have them all.
    copy.git('tag', '--delete', 'v1.10.0');
    expect(publish('1.9.1')).toMatch(/\nv1 stays where it is: v1\.10\.0 is newer\.\n$/);
    expect(commitOf('v1.9.1')).not.toBe(commitOf('v1'));
    expect(commitOf('v1')).toBe(commitOf('v1.10.0'));
    changed();
    publish('2.0.0');
    expect([commitOf('v1'), commitOf('v2')]).toEqual([commitOf('v1.10.0'), commitOf('v2.0.0')]);
  });

  it.each([
    ['creates what is not there', 1, ['release view v1.2.3', 'release create v1.2.3 --title v1.2.3 --verify-tag']],
    ['leaves what a run before it created', 0, ['release view v1.2.3']],
  ])('is published by a workflow that can be run again: it %s', (_, there, calls) => {
    const steps: readonly { readonly name: string; readonly run?: string }[] = parse(
      readFileSync(join(top, '.github/workflows/release.yml'), 'utf8'),
    ).jobs.release.steps;
    const script = steps.find(({ name }) => name === 'Publish the release')?.run ?? '';
    const copy = clone();
    copy.git('fetch', '--quiet', made.folder, 'v1.2.3');
    copy.git('checkout', '--quiet', 'FETCH_HEAD');
    const bin = join(copy.folder, 'bin');
    const program = (name: string, text: string): void =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    mkdirSync(bin);
    program('npm', 'exit 0');
    program('sh', `shift; exec '${process.execPath}' "$@"`); // scripts/with-node.sh, without what it installs
    program('gh', `echo "$@" >>gh.txt; [ "$2" != view ] || exit ${there}`);
    execFileSync('bash', ['-e', '-c', script], {
      cwd: copy.folder,
      env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, GITHUB_REF_NAME: 'v1.2.3' },
      stdio: 'pipe',
    });
    const said = readFileSync(join(copy.folder, 'gh.txt'), 'utf8').trim().split('\n');
    expect(said.map((line) => line.replace(' --notes-file notes.md', ''))).toEqual(calls);
    expect(readFileSync(join(copy.folder, 'notes.md'), 'utf8')).toBe('### Added\n\n- Rollbacks.\n');
  });

  it('can be followed by another, of another major version', () => {
    writeFileSync(
      join(made.folder, 'CHANGELOG.md'),
      show('main', 'CHANGELOG.md').replace('## [Unreleased]\n', '## [Unreleased]\n\n- Another lock.\n'),
    );
    made.git('commit', '--quiet', '--all', '--message', 'More');
    expect(made.release('2.0.0').code).toBe(0);
    expect([refsOf('v2.0.0'), refsOf('main'), refsOf('v1.2.3')]).toEqual([['v2.0.0'], ['v2'], ['v1.2.3']]);
    expect(made.release('--notes', 'v2.0.0').said).toBe('- Another lock.\n');
  });
});

describe('no release', () => {
  /** Nothing is written, committed or tagged. */
  function refused(made: Clone, version: string): string {
    const before = [made.git('status', '--short'), made.git('log', '--format=%H'), made.git('tag')];
    const { code, said } = made.release(version);
    expect(code).toBe(1);
    expect([made.git('status', '--short'), made.git('log', '--format=%H'), made.git('tag')]).toEqual(before);
    return said;
  }

  it('is made of what is no version', () => {
    const made = clone();
    for (const version of ['', 'v1.2.3', '1.2', '1.2.3-rc1', '1.2.3; id'])
      expect(refused(made, version)).toBe(`"${version}" is not a version; write it as 1.2.3\n`);
  });

  it('is made of a tag that there is', () => {
    const made = clone();
    made.git('tag', 'v1.2.3');
    expect(refused(made, '1.2.3')).toBe('v1.2.3 exists already; a release is never made again\n');
  });

  it('is made with what nobody committed', () => {
    const made = clone();
    writeFileSync(join(made.folder, 'CHANGELOG.md'), 'mine');
    writeFileSync(join(made.folder, 'note.txt'), 'mine');
    expect(refused(made, '1.2.3')).toBe(
      'commit or remove this first, it would become part of the release:\nM CHANGELOG.md\n?? note.txt\n',
    );
    expect(readFileSync(join(made.folder, 'CHANGELOG.md'), 'utf8')).toBe('mine');
  });

  it('is made of nothing', () => {
    const made = clone();
    writeFileSync(
      join(made.folder, 'CHANGELOG.md'),
      '# Changelog\n\n## [Unreleased]\n\n## [0.9.0] - 2026-01-02\n\n- Deploys.\n',
    );
    made.git('commit', '--quiet', '--all', '--message', 'Empty');
    expect(refused(made, '1.2.3')).toBe('CHANGELOG.md has nothing under [Unreleased]\n');
  });
});
