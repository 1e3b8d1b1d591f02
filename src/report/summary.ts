import type { Failure } from '../model/failure.ts';
import type { Known, Report, StepReport } from '../model/report.ts';
import type { HostSwitch } from '../model/switch.ts';
import { type Afterwards, afterwards } from './after.ts';
import { changesTable } from './changes.ts';
import { dataText } from './data.ts';
import { endingOf, endingText, failuresText, hintOf } from './failures.ts';
import { cell, details, fenced, table } from './markdown.ts';
import { forecastMarkdown } from './plan-markdown.ts';

const icons = {
  succeeded: '✅',
  'rolled-back': '↩️',
  'rollback-failed': '🔥',
  failed: '❌',
  cancelled: '⏹️',
} as const;

/** The step summary: what a person wants to know of a deploy without opening its log. Markdown, far below GitHub's 1 MiB. */
export function summary(report: Report): string {
  const { commands, release, previousRelease, seconds, downtime, failures, url, backup, plan } = report;
  if (report.forecast !== undefined && commands[0] === 'plan')
    return [forecastMarkdown(report.forecast), ...(failures.length === 0 ? [] : [failureText(failures)])].join('\n\n');
  const ending = endingOf(report);
  const after = afterwards(report);
  const facts = [
    ...(release === undefined ? [] : [`Release \`${release.id}\``]),
    ...(previousRelease === undefined ? [] : [`before: \`${previousRelease}\``]),
    `${seconds.toFixed(0)} s`,
    ...(downtime === undefined ? [] : [downtimeFact(downtime)]),
    ...(url === undefined ? [] : [url]),
  ];
  return [
    `## ${icons[ending]} ${commands.join(', ')} ${endingText[ending]}`,
    facts.join(' · '),
    ...(failures.length === 0 ? [] : [failureText(failures)]),
    ...(backup === undefined ? [] : [`Backup before the deploy: ${cell(backup)}`]),
    ...(after.lines.length === 0 ? [] : [afterText(after)]),
    ...(plan?.hosts ?? []).map((host) => servicesTable(host, failures.length === 0)),
    ...(release === undefined ? [] : [imagesTable(release.images)]),
    stepsTable(report.steps),
  ].join('\n\n');
}

function downtimeFact(downtime: NonNullable<Known['downtime']>): string {
  if (downtime === 'not-up-before') return 'downtime not measured (the URL did not answer before)';
  return downtime.failed === 0 ? 'no downtime' : `downtime ${downtime.longestGapSeconds.toFixed(1)} s`;
}

function failureText(failures: readonly Failure[]): string {
  const [message, hint] = [failuresText(failures), hintOf(failures)];
  const text = message.length > 8000 ? `${message.slice(0, 8000)}\n…` : message;
  return `${fenced(text)}${hint === undefined ? '' : `\n\n**What to do:** ${cell(hint)}`}`;
}

function afterText({ lines: texts, next }: Afterwards): string {
  const lines = texts.map((line) => `- ${cell(line)}`);
  return [
    `### What is there now\n\n${lines.join('\n')}`,
    ...(next === undefined ? [] : [`**Next:** ${cell(next)}`]),
  ].join('\n\n');
}

/** After a failure it says what was planned: not all of it was done. */
function servicesTable({ host, changes, data }: HostSwitch, done: boolean): string {
  const [title, head] = done ? [host, 'action'] : [`${host}: what was planned`, 'planned'];
  const lines = data.map((change) => `- ${cell(dataText(change))}`);
  return [`### ${cell(title)}`, changesTable(changes, head), ...(lines.length > 0 ? [lines.join('\n')] : [])].join(
    '\n\n',
  );
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
