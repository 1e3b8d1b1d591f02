import { projectNameOf } from '../config/parsers.ts';

/** The repository of a checkout: `host/path`, without a user, a port or `.git`; undefined if only this machine knows it. */
export function repositoryName(address: string | undefined): string | undefined {
  const text = address?.trim() ?? '';
  const [, host, path] =
    /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?([^:/]+)(?::\d+)?\/(.+)$/.exec(text) ??
    /^(?:[^@/]+@)?([^:/]{2,}):(?!\/\/)(.+)$/.exec(text) ??
    [];
  if (host === undefined || path === undefined) return undefined;
  return `${host}/${path.replace(/^\/+/, '').replace(/\/*(?:\.git)?\/*$/, '')}`.toLowerCase();
}

/**
 * The default project name: the repository's name, as Compose would write it, and the folder of the compose
 * file in it. The folder of a clone may have any name, and a repository may contain several applications.
 * @param place where the repository comes from, or the folder that it is in
 */
export function defaultProject(
  place: string,
  folder: string,
): { readonly name: string } | { readonly problem: string } {
  const base = place.replace(/\/+$/, '').split('/').at(-1) ?? '';
  const parts = [base.replace(/\.git$/, ''), ...folder.split('/').filter((part) => part !== '' && part !== '.')];
  const name = parts
    .map(normalized)
    .filter((part) => part !== '')
    .join('-');
  const parsed = projectNameOf(name);
  const where = folder === '.' || folder === '' ? place : `${place} and ${folder}`;
  return 'value' in parsed
    ? { name: parsed.value }
    : {
        problem: `project-name: is not set, and no valid name can be made from ${where}; set it to up to 63 lower-case letters, digits, \`-\` and \`_\`, or set \`name:\` in the compose file`,
      };
}

const normalized = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
