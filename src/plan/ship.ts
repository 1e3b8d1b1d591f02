import { dirname } from 'node:path/posix';
import { releaseFolder, sourceFolder } from '../commands/paths.ts';
import { claims, resolve, ship, withdraw } from '../commands/server.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import type { Target } from '../model/switch.ts';
import { logout, removeFolder } from './login.ts';

export type Shipment = {
  readonly stage: string;
  readonly root: string;
  readonly release: Pick<Release, 'id' | 'project'>;
  /** From the top of the repository. */
  readonly composeFiles: readonly string[];
  readonly profiles: readonly string[];
  /** A tar for each host: the content it does not have. */
  readonly archives: readonly { readonly host: string; readonly archive: Uint8Array }[];
};

/** Sends a release to the servers and has Compose resolve it there. */
export function shipPlan({ stage, root, release, composeFiles, profiles, archives }: Shipment): Plan {
  const { id, project } = release;
  const folder = releaseFolder(root, id);
  const files = [...composeFiles.map((file) => `${folder}/${sourceFolder}/${file}`), `${folder}/pins.yml`];
  const resolving: Step = {
    kind: 'run',
    id: 'resolve',
    title: 'resolve the release with Compose',
    command: resolve({ root, id, project, folder: dirname(composeFiles[0] ?? ''), files, profiles }),
    output: 'facts',
    hint: 'The lines above are from Compose. No running container was touched.',
  };
  const tasks = archives.map(({ host, archive }) => ({
    host,
    steps: [
      {
        kind: 'run',
        id: 'ship',
        title: `upload the release (${sizeOf(archive)})`,
        command: ship({ root, id }, archive),
        output: 'quiet',
      } as const,
      resolving,
      claimsStep(root, id),
    ],
  }));
  return { stages: [{ name: stage, tasks }] };
}

/** What the resolved release needs on the server, and what exists there. */
export function claimsStep(root: string, id: string): Step {
  return {
    kind: 'run',
    id: 'claims',
    title: 'check ports, networks and volumes',
    command: claims({ root, id }),
    output: 'facts',
  };
}

function sizeOf({ length }: Uint8Array): string {
  return length > 1_000_000 ? `${(length / 1_000_000).toFixed(1)} MB` : `${Math.ceil(length / 1000)} kB`;
}

/**
 * After a check: leaves no login and no half-finished release on the servers.
 * @param what `release` leaves the shipped files there, for the deploy that follows; `all` leaves nothing
 */
export function withdrawPlan(targets: readonly Target[], id: string, what: 'release' | 'all' = 'release'): Plan {
  const tasks = targets.map(({ host, root, login }) => ({
    host,
    steps: [],
    always: [
      ...(login === undefined ? [] : [logout(login)]),
      {
        kind: 'run',
        id: 'withdraw',
        title: 'remove the unused release',
        output: 'quiet',
        command: what === 'all' ? withdraw({ root, id }) : removeFolder(releaseFolder(root, id)),
      } as const,
    ],
  }));
  return { stages: [{ name: 'Clean up', tasks }] };
}
