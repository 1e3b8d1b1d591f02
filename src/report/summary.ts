import type { Report, ServiceChange, StepReport } from '../model/report.ts';
import { leftBehind, wayBack } from './after.ts';

const icons = { succeeded: '✅', failed: '❌' } as const;

/** The step summary: what a person wants to know of a deploy without opening its log. Markdown, far below GitHub's 1 MiB. */
export function summary(report: Report): string {
  const { outcome, commands, release, previousRelease, seconds, downtime, failure, url, backup } = report;
  const facts = [
    ...(release === undefined ? [] : [`Release \`${release.id}\``]),
    ...(previousRelease === undefined ? [] : [`before: \`${previousRelease}\``]),
    `${seconds.toFixed(0)} s`,
    ...(downtime === undefined
      ? []
      : [downtime.failed === 0 ? 'no downtime' : `downtime ${downtime.longestGapSeconds.toFixed(1)} s`]),
    ...(url === undefined ? [] : [url]),
  ];
  return [
    `## ${icons[outcome]} ${commands.join(', ')} ${outcome}`,
    facts.join(' · '),
    ...(failure === undefined ? [] : [failureText(failure.message, failure.hint)]),
    ...(backup === undefined ? [] : [`Backup before the deploy: ${cell(backup)}`]),
    ...(report.after === undefined ? [] : [afterText(report)]),
    ...Object.entries(report.hosts).map(([host, changes]) => servicesTable(host, changes, outcome)),
    ...(release === undefined ? [] : [imagesTable(release.images)]),
    stepsTable(report.steps),
  ].join('\n\n');
}

function failureText(message: string, hint: string | undefined): string {
  const text = message.length > 8000 ? `${message.slice(0, 8000)}\n…` : message;
  return `${fenced(text)}${hint === undefined ? '' : `\n\n**What to do:** ${cell(hint)}`}`;
}

/** A fence longer than any in the text: what another program printed cannot end it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

function afterText(report: Report): string {
  const back = wayBack(report);
  return [
    `### What is there now\n\n${leftBehind(report)
      .map((line) => `- ${cell(line)}`)
      .join('\n')}`,
    ...(back === undefined ? [] : [`**Next:** ${cell(back)}`]),
  ].join('\n\n');
}

/** After a failure it says what was planned: not all of it was done. */
function servicesTable(host: string, changes: readonly ServiceChange[], outcome: Report['outcome']): string {
  const rows = changes.map(({ service, action, reasons }) => [service, action, reasons.join(', ')]);
  const [title, done] = outcome === 'succeeded' ? [host, 'action'] : [`${host}: what was planned`, 'planned'];
  return `### ${cell(title)}\n\n${table(['service', done, 'why'], rows)}`;
}

function imagesTable(images: Readonly<Record<string, string>>): string {
  return details(
    'Images',
    table(
      ['service', 'image'],
      Object.entries(images).map(([service, image]) => [service, `\`${image}\``]),
    ),
  );
}

function stepsTable(steps: readonly StepReport[]): string {
  const rows = steps.map(({ stage, host, title, outcome, seconds }) => [
    stage,
    host,
    title,
    outcome,
    `${seconds.toFixed(1)} s`,
  ]);
  return details('Steps', table(['stage', 'host', 'step', 'outcome', 'time'], rows));
}

const details = (title: string, body: string): string =>
  `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const cell = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('|', '\\|')
    .replaceAll(/\s*[\r\n]\s*/g, ' ');
