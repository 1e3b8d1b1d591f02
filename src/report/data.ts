import type { DataChange } from '../model/changes.ts';
import { isAnonymous } from '../model/claims.ts';

/** What happens to data, as one sentence. */
export function dataText(change: DataChange): string {
  switch (change.kind) {
    case 'new-volume':
      return `${change.service} gets a new, empty ${wordFor(change.to)} at ${change.target}; ${change.from} stays behind with its data`;
    case 'dropped-volume':
      return `${change.service} mounts nothing at ${change.target} any more; ${change.from} stays behind with its data`;
    case 'replaced-file':
      return `${change.service} has written to the file at ${change.target}, and this release brings another one; ${change.from} stays behind with what was written`;
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

/** `-`: one without a name. */
const wordFor = (source: string): string =>
  source === '-' ? 'volume' : `${source.startsWith('/') ? 'folder' : 'volume'} ${source}`;

/** One that Docker named has a name that nobody wants to keep. */
const keepName = (change: DataChange): string =>
  change.kind === 'new-volume' && isAnonymous(change.from)
    ? ''
    : 'keep the name (`name:` below the volume can hold the old one), or ';

/** The same as a refusal, with what to do. */
export function refusalText(change: DataChange): string {
  const accept = `to deploy anyway, set accept to ${change.kind}`;
  const remedy = {
    'new-volume': `${keepName(change)}copy the data first; ${accept}`,
    'dropped-volume': `put the mount back, or ${accept}`,
    'replaced-file': `if it is data, copy it to its path below shared/ and list it in server-owned, else add \`:ro\` to the mount; to deploy anyway, set accept to new-volume`,
    'changed-volume': `take the change back, or back the data up, remove the volume and restore it; ${accept}: the volume then stays as it is`,
    'shared-volume': `if both are meant to use it, declare it \`external: true\`; ${accept}`,
    'left-volume': '',
    'kept-network': '',
    twin: '',
  }[change.kind];
  return `${dataText(change)}: ${remedy}`;
}
