import type { Forecast } from '../model/forecast.ts';
import type { HostSwitch, SwitchPlan } from '../model/switch.ts';
import { alike, alikeProblems } from './alike.ts';
import { changesTable, fromText, pendingLines } from './changes.ts';
import { downtimeLines, forecastSum, headline } from './forecast.ts';
import { planNotes } from './host-notes.ts';
import { bounded, code, details, fenced, inline } from './markdown.ts';

/** A plan as Markdown, for a comment and the summary: the headline first, details folded. */
export function forecastMarkdown(forecast: Forecast, most = 500_000): string {
  const { plan, notes } = forecast;
  const { hosts, backup, migration, pending, intent } = plan;
  const groups = alike(hosts);
  const names = hosts.map(({ host }) => host);
  const lines = forecast.problems.map((problem) => problem.replace('\n', ': '));
  const problems = alikeProblems(lines, names);
  const parts = [
    `### ${problems.length > 0 ? '⚠️ ' : ''}Plan: ${forecastSum({ ...forecast, problems })}`,
    `What a deploy of \`${intent.release.commit.slice(0, 12)}\` (\`${intent.release.project}\`) would do. Nothing was changed.`,
    ...(problems.length > 0 ? [problems.map((problem) => `- ${inline(problem)}`).join('\n')] : []),
    ...groups.flatMap((group) => hostsText(group, plan, groups.length === 1)),
    ...oneOffLines(backup, migration).map((line) => inline(line)),
    ...(pending === undefined ? [] : [pendingText(pending)]),
    ...downtimeLines(plan).map((line) => inline(capital(line))),
    ...notes.map((note) => `> ${inline(note)}`),
  ];
  return bounded(parts, most);
}

const capital = (line: string): string => `${line.slice(0, 1).toUpperCase()}${line.slice(1)}`;

/** @param only whether the same happens everywhere: then the headline has said it already. */
function hostsText(group: readonly HostSwitch[], plan: SwitchPlan, only: boolean): readonly string[] {
  const names = group.map(({ host }) => host).join(', ');
  const title = `${names}: ${only ? 'service by service' : headline({ ...plan, hosts: group })}`;
  return group.slice(0, 1).map((host) => details(title, hostText(host)));
}

function hostText(host: HostSwitch): string {
  const { from, changes } = host;
  const lines = planNotes(host).map((note) => `- ${inline(note)}`);
  return [
    from === undefined ? `${capital(fromText(host))}.` : `Now: ${code(from)}`,
    changesTable(changes, 'action'),
    ...(lines.length > 0 ? [lines.join('\n')] : []),
  ].join('\n\n');
}

function oneOffLines(backup: SwitchPlan['backup'], migration: SwitchPlan['migration']): readonly string[] {
  return [
    ...(backup?.kind === 'run' ? [`Backup on ${backup.host} first: \`${backup.text}\``] : []),
    ...(migration?.kind === 'run'
      ? [`Migration on ${migration.host}, ${migration.when} the containers are replaced: \`${migration.text}\``]
      : []),
  ];
}

function pendingText(pending: NonNullable<SwitchPlan['pending']>): string {
  const [title = '', ...lines] = pendingLines(pending);
  return lines.length === 0
    ? inline(capital(title))
    : details(capital(title.replace(/:$/, '')), fenced(lines.map((line) => line.replace(/^ {2}/, '')).join('\n')));
}
