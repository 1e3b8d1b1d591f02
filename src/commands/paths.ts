/** Where things lie on a server, below the application's folder. */
export const releaseFolder = (root: string, id: string): string => `${root}/releases/${id}`;
export const sealedFile = (root: string, id: string): string => `${releaseFolder(root, id)}/compose.yml`;
export const sharedPath = (root: string, path: string): string => `${root}/shared/${path}`;
/** Holds the registry's password for the length of a deploy: its name is new each time. */
export const loginFolder = (parent: string, nonce: string): string => `${parent}/.login-${nonce}`;
