/** The folder of an application on a server, unless the input `path` names another. */
export const applicationFolder = (path: string | undefined, project: string): string => path ?? `/opt/${project}`;
/** Where things lie below it. */
export const releaseFolder = (root: string, id: string): string => `${root}/releases/${id}`;
/**
 * The repository in the folder of a release. It lies below folders of its own, so that a path that leads out of it, up to
 * three levels, still leads nowhere else: see server/moved.awk.
 */
export const sourceFolder = 'source/above-3/above-2/above-1/repository';
export const sealedFile = (root: string, id: string): string => `${releaseFolder(root, id)}/compose.yml`;
export const sharedPath = (root: string, path: string): string => `${root}/shared/${path}`;
/** Holds the registry's password for the length of a deploy: its name is new each time. */
export const loginFolder = (parent: string, nonce: string): string => `${parent}/.login-${nonce}`;
