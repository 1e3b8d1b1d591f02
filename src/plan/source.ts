import { basename, dirname } from 'node:path/posix';
import type { Source } from '../model/release.ts';
import type { HostState } from '../model/state.ts';

/** Why this release must not replace a host's current one: it seems to be a different application. */
export function sourceProblem(
  { host, currentRelease }: Pick<HostState, 'host' | 'currentRelease'>,
  project: string,
  source: Source,
): string | undefined {
  if (currentRelease !== undefined && currentRelease.project !== project)
    return `${host}: the application's folder belongs to project ${currentRelease.project}, but this is project ${project}: if these are two applications, set another path for this one; if the project was renamed, set project-name to ${currentRelease.project}, or its volumes will not be used; to go on anyway, set accept to other-source`;
  const before = currentRelease?.source;
  if (before === undefined || isSame(before, source)) return undefined;
  return `${host}: project ${project} was last deployed from ${sourceText(before)}, but this is ${sourceText(source)}: if these are two applications, set project-name (or \`name:\` in the compose file) for this one; if the application moved, set accept to other-source`;
}

/** Files may be added or switch between the usual names; if nothing is known, nothing differs. */
function isSame(before: Source, now: Source): boolean {
  if (before.repository !== undefined && now.repository !== undefined && before.repository !== now.repository)
    return false;
  const names = now.files.map(usualName);
  return (
    before.files.length === 0 || now.files.length === 0 || before.files.some((file) => names.includes(usualName(file)))
  );
}

const usualName = (file: string): string =>
  /^(?:docker-)?compose\.ya?ml$/.test(basename(file))
    ? `${dirname(file)}/compose.yml`
    : `${dirname(file)}/${basename(file)}`;

const sourceText = ({ repository, files }: Source): string =>
  [...(repository === undefined ? [] : [repository]), files.join(', ')].filter((text) => text !== '').join(': ');
