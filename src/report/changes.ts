import type { ServiceChange } from '../model/changes.ts';
import type { HostSwitch, PendingMigrations, SwitchPlan } from '../model/switch.ts';
import { planNotes } from './host-notes.ts';
import { table } from './markdown.ts';
import { obstacleText } from './obstacles.ts';
import { reasonsText } from './reasons.ts';

/** The plan for a log or a terminal: what will happen to each service, as a table for each host. */
export function planLines(plan: SwitchPlan): readonly string[] {
  const { hosts, backup, migration, pending } = plan;
  return [
    ...hosts.flatMap((host) => [
      ...changesLines(hostTitle(host), host.changes),
      ...planNotes(host).map((note) => `  ! ${note}`),
    ]),
    ...(backup?.kind === 'run' ? [`back up on ${backup.host} before anything is changed: ${backup.text}`] : []),
    ...(backup?.kind === 'nothing-to-lose' ? [`no backup: ${backup.host} has no release and no containers yet`] : []),
    ...(migration?.kind === 'run'
      ? [`migrate on ${migration.host} ${migration.when} the containers are replaced: ${migration.text}`]
      : []),
    ...(pending === undefined ? [] : pendingLines(pending)),
  ];
}

export function pendingLines(pending: PendingMigrations): readonly string[] {
  if (pending.kind === 'unknown') return [`migrations that would run: not known, ${pending.why}`];
  return [`migrations that would run (${pending.text}):`, ...pending.output.split('\n').map((line) => `  ${line}`)];
}

const hostTitle = (host: HostSwitch): string => `${host.host}, ${fromText(host)}`;

/** What is there before. The link to a release may be broken while its containers still run. */
export function fromText({ from, changes }: Pick<HostSwitch, 'from' | 'changes'>): string {
  if (from !== undefined) return `currently ${from}`;
  return changes.every(({ action }) => action === 'create') ? 'first release' : 'no release is current';
}

export function changesLines(title: string, changes: readonly ServiceChange[]): readonly string[] {
  const width = Math.max(0, ...changes.map(({ service }) => service.length));
  const rows = changes.map((change) =>
    `  ${change.service.padEnd(width)}  ${change.action.padEnd(8)}  ${reasonsText(change)}`.trimEnd(),
  );
  const obstacles = changes.flatMap(({ service, obstacles: found = [] }) =>
    found.map((obstacle) => `  ${service} does not roll: ${obstacleText(obstacle)}`),
  );
  return [`${title}:`, ...rows, ...obstacles];
}

/** The same for a summary. @param head heading of the action column */
export function changesTable(changes: readonly ServiceChange[], head: string): string {
  return table(
    ['service', head, 'why'],
    changes.map((change) => {
      const obstacles = (change.obstacles ?? []).map((obstacle) => `does not roll: ${obstacleText(obstacle)}`);
      return [change.service, change.action, [reasonsText(change), ...obstacles].join('; ')];
    }),
  );
}
