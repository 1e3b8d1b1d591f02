/**
 * Makes a release: `npm run release -- 1.2.3` dates the changelog, pins the reusable workflows to the exact version,
 * commits and tags; a second commit points main at `v1` again. Push both and the tag.
 * `--check v1.2.3` says whether a tag is such a release, `--notes v1.2.3` prints its section of the changelog.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { actionRef, workflows, writeWorkflows } from './workflows.ts';

const top = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${top}${path}`, 'utf8');

/** The lines of the changelog below `## [1.2.3]`. Throws when there are none. */
export function notesOf(version: string, changelog: string): string {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((text) => text.startsWith(`## [${version}]`));
  const notes = section?.split('\n').slice(1).join('\n').trim();
  if (!notes) throw new Error(`CHANGELOG.md has no section [${version}]`);
  return notes;
}

/** What keeps a tag from being a release: one sentence each. */
export function releaseProblems(tag: string): readonly string[] {
  const version = tag.replace(/^v/, '');
  const stale = Object.entries(workflows(tag)).filter(([name, text]) => read(`.github/workflows/${name}`) !== text);
  return [
    ...(actionRef() === tag ? [] : [`package.json: config.ref is ${actionRef()} instead of ${tag}`]),
    ...stale.map(([name]) => `.github/workflows/${name} is not pinned to ${tag}`),
    ...(read('CHANGELOG.md').includes(`## [${version}]`) ? [] : [`CHANGELOG.md has no section [${version}]`]),
  ];
}

function makeRelease(version: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`"${version}" is not a version; write it as 1.2.3`);
  const git = (...args: readonly string[]): void => void execFileSync('git', args, { cwd: top, stdio: 'inherit' });
  const today = new Date().toISOString().slice(0, 10);
  const changelog = read('CHANGELOG.md').replace(
    /^## \[Unreleased\]\n/m,
    `## [Unreleased]\n\n## [${version}] - ${today}\n`,
  );
  notesOf(version, changelog);
  writeFileSync(`${top}CHANGELOG.md`, changelog);
  pin(`v${version}`, version);
  git('commit', '--all', '--message', `Release ${version}`);
  git('tag', '--annotate', `v${version}`, '--message', `Release ${version}`);
  pin(`v${version.split('.')[0]}`, version);
  git('commit', '--all', '--message', `Point the workflows of main at v${version.split('.')[0]} again`);
}

function pin(ref: string, version: string): void {
  const settings: Record<string, unknown> = JSON.parse(read('package.json'));
  writeFileSync(`${top}package.json`, `${JSON.stringify({ ...settings, version, config: { ref } }, undefined, 2)}\n`);
  writeWorkflows();
}

if (import.meta.main) {
  const [first = '', tag = ''] = process.argv.slice(2);
  if (first === '--check') {
    const problems = releaseProblems(tag);
    for (const problem of problems) console.error(problem);
    process.exitCode = problems.length === 0 ? 0 : 1;
  } else if (first === '--notes') console.log(notesOf(tag.replace(/^v/, ''), read('CHANGELOG.md')));
  else makeRelease(first);
}
