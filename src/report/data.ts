import type { DataChange } from '../model/changes.ts';
import { isAnonymous } from '../model/claims.ts';

/** What happens to data, as one sentence. */
export function dataText(change: DataChange): string {
  switch (change.kind) {
    case 'new-volume':
      return `${change.service} gets a new, empty ${wordFor(change.to)} at ${change.target}; ${change.from} stays behind with its data`;
    case 'dropped-volume':
      return `${change.service} mounts nothing at ${change.target} any more; ${change.from} stays behind with its data`;
    case 'moved-volume':
      return `${change.service} has ${change.volume} at ${change.to} now, not at ${change.from}: make sure that it looks for its data there`;
    case 'replaced-file':
      return `${change.service} has written to the file at ${change.target}, and this release ships another version; ${change.from} keeps what was written`;
    case 'changed-volume':
      return `volume ${change.volume} is defined differently now (${change.options.join(', ')}), but an existing volume keeps the settings it was created with`;
    case 'shared-volume':
      return `volume ${change.volume} belongs to project ${change.project}`;
    case 'left-volume':
      return `${change.volume} is no longer used and stays behind with its data`;
    case 'kept-network':
      return `network ${change.network} is defined differently now (${change.options.join(', ')}), but this version of Compose leaves it as it is; to apply that, run \`docker compose down\` in current/ on the server and deploy again`;
    case 'twin':
      return `project ${change.project}${change.folder === '' ? '' : ` (in ${change.folder})`} looks like this application; if it is, set project-name to ${change.project}, or its volumes will not be used`;
  }
}

/** `-`: an anonymous volume. */
const wordFor = (source: string): string =>
  source === '-' ? 'volume' : `${source.startsWith('/') ? 'folder' : 'volume'} ${source}`;

/** The generated name of an anonymous volume is of no use to anyone. */
const keepName = (change: DataChange): string =>
  change.kind === 'new-volume' && isAnonymous(change.from)
    ? ''
    : 'keep the name (`name:` below the volume can hold the old one), or ';

/** The same as an error, with what to do. An earlier release can no longer be changed. */
export function refusalText(change: DataChange, command: 'deploy' | 'rollback' = 'deploy'): string {
  if (command === 'rollback')
    return `${dataText(change)}: first copy whatever is still needed; to roll back anyway, set accept to ${change.kind === 'replaced-file' ? 'new-volume' : change.kind}`;
  const accept = `to deploy anyway, set accept to ${change.kind}`;
  const remedy = {
    'new-volume': `${keepName(change)}copy the data first; ${accept}`,
    'dropped-volume': `put the mount back, or ${accept}`,
    'replaced-file': `if it is data, copy it to its path below shared/ and list it in server-owned, else add \`:ro\` to the mount; to deploy anyway, set accept to new-volume`,
    'changed-volume': `undo the change, or back up the data, remove the volume and restore it; ${accept}: the volume then stays as it is`,
    'shared-volume': `if both are meant to use it, declare it \`external: true\`; ${accept}`,
    'left-volume': '',
    'moved-volume': '',
    'kept-network': '',
    twin: '',
  }[change.kind];
  return `${dataText(change)}: ${remedy}`;
}
