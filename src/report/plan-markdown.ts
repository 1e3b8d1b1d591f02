import type { Forecast } from '../model/forecast.ts';
import type { HostSwitch, SwitchPlan } from '../model/switch.ts';
import { changesTable, pendingLines } from './changes.ts';
import { dataText } from './data.ts';
import { downtimeLines, forecastSum, headline } from './forecast.ts';
import { bounded, cell, details, fenced } from './markdown.ts';

/** A plan as Markdown, for a comment and for the summary: the sum first, the rest folded. */
export function forecastMarkdown(forecast: Forecast, most = 500_000): string {
  const { plan, problems, notes } = forecast;
  const { hosts, backup, migration, pending, intent } = plan;
  const parts = [
    `### ${problems.length > 0 ? '⚠️ ' : ''}Plan: ${forecastSum(forecast)}`,
    `What a deploy of \`${intent.release.commit.slice(0, 12)}\` (\`${intent.release.project}\`) would do. Nothing was changed.`,
    ...(problems.length > 0 ? [problems.map((problem) => `- ${cell(problem.replace('\n', ': '))}`).join('\n')] : []),
    ...hosts.map((host) =>
      details(
        // The sum of the only host stands above already.
        cell(`${host.host}: ${hosts.length === 1 ? 'service by service' : headline({ ...plan, hosts: [host] })}`),
        hostText(host),
      ),
    ),
    ...oneOffLines(backup, migration).map((line) => cell(line)),
    ...(pending === undefined ? [] : [pendingText(pending)]),
    ...downtimeLines(plan).map((line) => cell(`${line.slice(0, 1).toUpperCase()}${line.slice(1)}`)),
    ...notes.map((note) => `> ${cell(note)}`),
  ];
  return bounded(parts, most);
}

function hostText({ from, changes, data }: HostSwitch): string {
  const lines = data.map((change) => `- ${cell(dataText(change))}`);
  return [
    from === undefined ? 'First release.' : `Now: \`${from}\``,
    changesTable(changes, 'action'),
    ...(lines.length > 0 ? [lines.join('\n')] : []),
  ].join('\n\n');
}

function oneOffLines(backup: SwitchPlan['backup'], migration: SwitchPlan['migration']): readonly string[] {
  return [
    ...(backup?.kind === 'run' ? [`Backup on ${backup.host} first: ${backup.text}`] : []),
    ...(migration?.kind === 'run'
      ? [`Migration on ${migration.host}, ${migration.when} the containers are replaced: ${migration.text}`]
      : []),
  ];
}

function pendingText(pending: NonNullable<SwitchPlan['pending']>): string {
  const [title = '', ...lines] = pendingLines(pending);
  return lines.length === 0
    ? cell(title)
    : details(cell(title), fenced(lines.map((line) => line.replace(/^ {2}/, '')).join('\n')));
}
