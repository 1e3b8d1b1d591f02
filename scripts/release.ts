/**
 * Makes a release: `npm run release -- 1.2.3` dates the changelog, pins the reusable workflows to the exact version,
 * commits and tags; a second commit points main at `v1` again. It prints what is left to do: to push, and to move `v1`.
 * `--check v1.2.3` says whether a tag is such a release, `--notes v1.2.3` prints its section of the changelog.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { actionRef, workflows, writeWorkflows } from './workflows.ts';

const top = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${top}${path}`, 'utf8');
const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: top, encoding: 'utf8' }).trim();

/** The lines of the changelog below `## [1.2.3]`. Throws when there are none. */
export function notesOf(version: string, changelog: string): string {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((text) => text.startsWith(`## [${version}]`));
  const notes = section?.split('\n').slice(1).join('\n').trim();
  if (!notes) throw new Error(`CHANGELOG.md has nothing under [${version}]`);
  return notes;
}

/** What keeps a tag from being a release: one sentence each. */
export function releaseProblems(tag: string): readonly string[] {
  const version = tag.replace(/^v/, '');
  const changelog = read('CHANGELOG.md');
  const stale = Object.entries(workflows(tag)).filter(([name, text]) => read(`.github/workflows/${name}`) !== text);
  return [
    ...(actionRef() === tag ? [] : [`package.json: config.ref is ${actionRef()} instead of ${tag}`]),
    ...stale.map(([name]) => `.github/workflows/${name} is not pinned to ${tag}`),
    ...(changelog.includes(`\n## [${version}] - `) ? [] : [`CHANGELOG.md has no section [${version}] with a date`]),
  ];
}

function makeRelease(version: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`"${version}" is not a version; write it as 1.2.3`);
  const [tag, major] = [`v${version}`, `v${version.split('.')[0]}`];
  if (git('tag', '--list', tag) !== '') throw new Error(`${tag} exists already; a release is never made again`);
  const changed = git('status', '--short');
  if (changed !== '') throw new Error(`commit or remove this first, it would become part of the release:\n${changed}`);
  const changelog = read('CHANGELOG.md');
  notesOf('Unreleased', changelog);
  // Not the tags of this clone: somebody else may have released since.
  const newer = newerThan(version, git('ls-remote', '--tags', 'origin', `${major}.*`));
  const today = new Date().toISOString().slice(0, 10);
  writeFileSync(
    `${top}CHANGELOG.md`,
    changelog.replace(/^## \[Unreleased\]\n/m, `## [Unreleased]\n\n## [${version}] - ${today}\n`),
  );
  pin(tag, version);
  git('commit', '--all', '--message', `Release ${version}`);
  git('tag', '--annotate', tag, '--message', `Release ${version}`);
  pin(major, version);
  git('commit', '--all', '--message', `Point the workflows of main at ${major} again`);
  console.log(`Release ${version} is made, here. To publish it:\n  git push origin HEAD ${tag}`);
  console.log(
    newer === undefined
      ? `When the workflow Release has published it:\n  git push --force origin '${tag}^{}:refs/tags/${major}'`
      : `${major} stays where it is: ${newer} is newer.`,
  );
}

/** The newest version of the same major that is newer than this one, in what `git ls-remote` prints. */
function newerThan(version: string, refs: string): string | undefined {
  const tags = [...refs.matchAll(/refs\/tags\/(v\d+\.\d+\.\d+)$/gm)].map(([, tag = '']) => tag);
  const newest = tags.toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1);
  return newest !== undefined && newest.localeCompare(`v${version}`, 'en', { numeric: true }) > 0 ? newest : undefined;
}

function pin(ref: string, version: string): void {
  const settings: Record<string, unknown> = JSON.parse(read('package.json'));
  write('package.json', { ...settings, version, config: { ref } });
  const lock: { readonly packages: Readonly<Record<string, object>> } = JSON.parse(read('package-lock.json'));
  write('package-lock.json', {
    ...lock,
    version,
    packages: { ...lock.packages, '': { ...lock.packages[''], version } },
  });
  writeWorkflows();
}

const write = (path: string, value: unknown): void =>
  writeFileSync(`${top}${path}`, `${JSON.stringify(value, undefined, 2)}\n`);

function main([first = '', tag = '']: readonly string[]): void {
  if (first === '--notes') console.log(notesOf(tag.replace(/^v/, ''), read('CHANGELOG.md')));
  else if (first === '--check') {
    const problems = releaseProblems(tag);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  } else makeRelease(first);
}

if (import.meta.main) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
