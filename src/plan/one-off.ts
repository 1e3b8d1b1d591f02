import { sealedFile } from '../commands/paths.ts';
import { program } from '../commands/server.ts';
import type { OneOff } from '../config/config.ts';
import type { Plan, Stage } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import type { Switch } from './deploy.ts';

const kinds = {
  backup: {
    stage: 'Backup',
    title: 'back up',
    hint: 'nothing that runs was changed; mend the backup, or leave `backup` out of this one deploy',
  },
  migrate: { stage: 'Migrate', title: 'migrate', hint: 'a migration is not undone: mend it and deploy again' },
} as const;

/** Copies the data before anything is changed. The last line that it prints is its output `backup`: where the copy is. */
export function backupPlan(backup: OneOff, switches: readonly Switch[], release: Release): Plan {
  return { title: 'backup', stages: [oneOffStage('backup', backup, switches, release)] };
}

/** Whether there is anything yet that could be lost. */
export const isEmpty = ({ changes }: Switch): boolean => changes.every(({ action }) => action === 'create');

/** What runs once for the whole fleet, on its first host, in a container of its own from the new release. */
export function oneOffStage(
  kind: keyof typeof kinds,
  { service, argv, timeoutSeconds }: OneOff,
  [first]: readonly Switch[],
  release: Release,
): Stage {
  const { stage, title, hint } = kinds[kind];
  if (first === undefined) return { name: stage, tasks: [] };
  const args = [
    String(timeoutSeconds),
    `${kind}-timeout`,
    release.project,
    `${release.project}-${kind}-${release.id}`,
    sealedFile(first.root, release.id),
    // On a server where nothing runs there is no database to talk to: Compose starts it.
    isEmpty(first) ? 'yes' : 'no',
    service,
    ...argv,
  ];
  return {
    name: stage,
    tasks: [
      {
        host: first.host,
        steps: [
          {
            kind: 'run',
            title: `${title}: ${oneOffText({ service, argv })}`,
            command: program('once', args),
            output: 'live',
            id: kind,
            timeoutSeconds: timeoutSeconds + 30,
            hint,
          },
        ],
      },
    ],
  };
}

/** As the user wrote it. */
export function oneOffText({ service, argv }: Pick<OneOff, 'service' | 'argv'>): string {
  return argv.length === 0 ? service : `${service}: ${argv.join(' ')}`;
}
