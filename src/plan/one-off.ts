import { sealedFile } from '../commands/paths.ts';
import { oneOff } from '../commands/server.ts';
import type { OneOff } from '../config/config.ts';
import { quote } from '../model/command.ts';
import type { Stage } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import { type HostSwitch, neverStartedCode, stepIds } from '../model/switch.ts';

const kinds = {
  backup: {
    stage: 'Backup',
    title: 'back up',
    hint: 'Fix the backup, or leave `backup` out of this one deploy. No running container was touched.',
    neverStarted: 'No running container was touched.',
  },
  migrate: {
    stage: 'Migrate',
    title: 'migrate',
    hint: 'Migrations are not rolled back. Check the database, fix the migration, and deploy again.',
    neverStarted: 'The migration did not start, so the database is unchanged.',
  },
  'migrate-plan': {
    stage: 'List the migrations',
    title: 'list the migrations',
    hint: 'Nothing was changed.',
    neverStarted: 'Nothing was changed.',
  },
} as const;

/** What runs once for the whole fleet, on its first host, in a one-off container from the new release. */
export function oneOffStage(kind: keyof typeof kinds, command: OneOff, first: HostSwitch, release: Release): Stage {
  const { stage, title, hint, neverStarted } = kinds[kind];
  const { service, argv, timeoutSeconds: seconds } = command;
  const { project, id } = release;
  return {
    name: stage,
    tasks: [
      {
        host: first.host,
        steps: [
          {
            kind: 'run',
            id: stepIds[kind],
            title: `${title}: ${oneOffText(command)}`,
            command: oneOff({
              seconds,
              limit: kind === 'backup' ? 'backup-timeout' : 'migrate-timeout',
              project,
              container: `${project}-${kind}-${id}`,
              file: sealedFile(first.root, id),
              // On a server where nothing runs yet there is no database to connect to: Compose starts it.
              withDependencies: isEmpty(first),
              service,
              argv,
            }),
            output: kind === 'migrate-plan' ? 'quiet' : 'live',
            channel: 'detached',
            timeoutSeconds: seconds + 30,
            hint,
            hints: { [neverStartedCode]: neverStarted },
          },
        ],
      },
    ],
  };
}

/** Whether nothing of the application runs there yet. */
export const isEmpty = ({ changes }: HostSwitch): boolean => changes.every(({ action }) => action === 'create');

/** As given in the input, in one line. */
export function oneOffText({ service, argv }: Pick<OneOff, 'service' | 'argv'>): string {
  return argv.length === 0 ? service : `${service}: ${argv.map(quote).join(' ').replaceAll(/\s+/g, ' ')}`;
}
