import { longestDowntime } from '../facts/downtime.ts';
import type { Forecast } from '../model/forecast.ts';
import type { Report, StepReport } from '../model/report.ts';
import type { HostSwitch, SwitchPlan } from '../model/switch.ts';
import { afterwards } from './after.ts';
import { alike } from './alike.ts';
import { changesTable } from './changes.ts';
import { hintOf } from './failures.ts';
import { gantt } from './gantt.ts';
import { hostNotes } from './host-notes.ts';
import { compareUrl, liveLines } from './live.ts';
import { bounded, code, details, fenced, inline, shortened, table } from './markdown.ts';
import { forecastMarkdown } from './plan-markdown.ts';
import { outageLines, probedSum } from './probed.ts';
import { statusText } from './status.ts';
import { title } from './title.ts';
import { failureText } from './what-failed.ts';

/**
 * The step summary: what a person wants to know about a deploy without opening its log. First how it ended, then what is
 * live, why it failed, and what to do. Markdown, far below GitHub's 1 MiB.
 */
export function summary(report: Report): string {
  const { commands, failures, backup, plan, release, forecast, steps } = report;
  if (forecast !== undefined && commands[0] === 'plan')
    return bounded([forecastMarkdown(forecast), ...planFailures(report, forecast)]);
  const done = failures.length === 0;
  const chart = gantt(steps);
  return bounded([
    `## ${title(report)}`,
    factsOf(report).join(' · '),
    ...commitLine(report),
    ...reasonLine(report),
    ...(backup === undefined ? [] : [`Backup before the deploy: ${inline(backup)}`]),
    ...liveText(report),
    ...outagesText(report),
    ...statusDetails(report),
    ...(done ? [] : [failureText(report)]),
    ...nextText(report),
    ...alike(plan?.hosts ?? []).map((hosts) => servicesTable(hosts, done)),
    ...(release === undefined ? [] : imagesTable(release.images, plan)),
    ...(chart === undefined ? [] : [details('Time', chart)]),
    ...stepsTable(steps),
  ]);
}

/** What `status` found. */
const statusDetails = ({ status = [] }: Report): readonly string[] =>
  status.length === 0 ? [] : [fenced(shortened(statusText(status).join('\n'), 100_000))];

/** Those that the plan does not list itself, and what to do. */
function planFailures(report: Report, { problems }: Forecast): readonly string[] {
  const others = report.failures.filter(({ short }) => !problems.some((problem) => problem.startsWith(short)));
  const hint = hintOf(report);
  if (others.length > 0) return [failureText(report)];
  return hint === undefined ? [] : [`**What to do:** ${inline(hint)}`];
}

function factsOf(report: Report): readonly string[] {
  const { release, previousRelease, seconds, buildCache: cache, url } = report;
  return [
    ...(release === undefined ? [] : [`Release ${code(release.id)}`]),
    ...(previousRelease === undefined || previousRelease === release?.id ? [] : [`previous: ${code(previousRelease)}`]),
    `${release === undefined ? 'Took' : 'took'} ${seconds.toFixed(seconds < 10 ? 1 : 0)} s`,
    ...(isUntouched(report) ? ['no running container was touched'] : []),
    ...downtimeFacts(report),
    ...(cache === undefined || cache.steps === 0 ? [] : [`build cache: ${cache.cached} of ${cache.steps} steps`]),
    ...(url === undefined ? [] : [url]),
  ];
}

/** Whether a deploy or rollback failed so early that there is no more to say about what is live. */
const isUntouched = ({ commands, plan, before, failures }: Report): boolean =>
  failures.length > 0 &&
  plan === undefined &&
  before === undefined &&
  commands.some((command) => command === 'deploy' || command === 'rollback');

/** From `probe`, if it ran. */
function downtimeFacts(report: Report): readonly string[] {
  const [requests, longest] = [probedSum(report), longestDowntime(report)];
  if (longest === undefined)
    return report.downtime === undefined && report.probed === undefined
      ? []
      : ['downtime: not measured, the URL did not answer before'];
  const fact = longest.seconds === 0 ? 'no downtime' : `downtime ${longest.seconds.toFixed(1)} s`;
  return requests === undefined ? [fact] : [fact, requests];
}

/** When requests failed, and what was being done. */
function outagesText(report: Report): readonly string[] {
  const lines = outageLines(report);
  return lines.length === 0 ? [] : [`**Failed requests**\n${lines.map((line) => `- ${inline(line)}`).join('\n')}`];
}

/** The commit in words, with what is new in it. */
function commitLine(report: Report): readonly string[] {
  const { commit, release } = report;
  const compare = compareUrl(report);
  const link = compare === undefined ? [] : [`[what changed](${compare})`];
  if (commit === undefined || commit.subject === '') return link;
  const name = release === undefined ? 'Commit: ' : `${code(release.commit.slice(0, 12))} `;
  const by = commit.author === '' ? '' : ` (${inline(commit.author)})`;
  return [[`${name}${inline(shortened(commit.subject, 200))}${by}`, ...link].join(' · ')];
}

const reasonLine = ({ plan }: Report): readonly string[] =>
  plan?.intent.reason ? [`Reason: ${inline(shortened(plan.intent.reason, 500))}`] : [];

function liveText(report: Report): readonly string[] {
  const live = listed('Live now', liveLines(report));
  return [...live, ...listed('What is there now', afterwards(report).lines)];
}

const listed = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`**${title}**\n${lines.map((line) => `- ${inline(line)}`).join('\n')}`];

/** How to roll back from here. */
function nextText(report: Report): readonly string[] {
  const { next } = afterwards(report);
  return [...(next === undefined ? [] : [`**Next:** ${inline(next)}`]), ...rollbackText(report)];
}

function rollbackText({ failures, plan, previousRelease, source, rollbackWorkflow }: Report): readonly string[] {
  if (failures.length > 0 || plan?.intent.command !== 'deploy' || previousRelease === undefined) return [];
  const where =
    source === undefined || rollbackWorkflow === undefined
      ? 'Run your rollback workflow'
      : `[Run the rollback workflow](${source}/actions/workflows/${rollbackWorkflow})`;
  const text = `${where} with ${code(`to: ${previousRelease}`)}, or in a terminal:`;
  const hosts = plan.hosts.map(({ host }) => host).join(',');
  const argv = [
    ...['node ../deploy-action/dist/cli.js rollback', `--to ${previousRelease}`],
    ...[`--project-name ${plan.intent.release.project} \\\n `, `--hosts ${hosts}`],
    ...['--ssh-key @~/.ssh/deploy_key', '--known-hosts @~/.ssh/known_hosts'],
  ];
  return [details('Roll back', `${text}\n\n${fenced(argv.join(' '), 'sh')}`)];
}

/** After a failure it shows what was planned: not all of it was done. */
function servicesTable(hosts: readonly HostSwitch[], done: boolean): string {
  const names = hosts.map(({ host }) => code(host)).join(', ');
  const host = hosts[0] ?? { changes: [], data: [] };
  const [name, head] = done ? [names, 'action'] : [`${names}: what was planned`, 'planned'];
  const lines = hostNotes(host).map((note) => `- ${inline(note)}`);
  return [
    `### ${inline(name)}`,
    changesTable(host.changes, head),
    ...(lines.length > 0 ? [lines.join('\n')] : []),
  ].join('\n\n');
}

/** Images of unchanged services are not news. */
function imagesTable(images: Readonly<Record<string, string>>, plan: SwitchPlan | undefined): readonly string[] {
  const kept = (service: string): boolean => {
    const actions = (plan?.hosts ?? []).flatMap(({ changes }) =>
      changes.filter((change) => change.service === service),
    );
    return actions.length > 0 && actions.every(({ action }) => action === 'keep');
  };
  const rows = Object.entries(images).filter(([service]) => !kept(service));
  if (rows.length === 0) return [];
  const cells = rows.map(([service, image]) => [service, `\`${image}\``]);
  return [details('Images', table(['service', 'image'], cells))];
}

/** Cleanup steps are not news either, unless they failed. */
const tidying: ReadonlySet<string> = new Set([
  'logout',
  'withdraw',
  'tidy',
  'stopping',
  'prune',
  'definition',
  'metadata',
  'arm',
]);

function stepsTable(steps: readonly StepReport[]): readonly string[] {
  const rows = steps
    .filter(({ id, outcome }) => outcome === 'failed' || !tidying.has(id))
    .map(({ stage, host, title: name, outcome, stopped, seconds }) => [
      ...[stage, host, name],
      ...[stopped ? 'stopped' : outcome, `${seconds.toFixed(1)} s`],
    ]);
  if (rows.length === 0) return [];
  return [details('Steps', table(['stage', 'host', 'step', 'outcome', 'time'], rows))];
}
