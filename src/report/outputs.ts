import { longestDowntime } from '../facts/downtime.ts';
import type { Release } from '../model/release.ts';
import type { Report } from '../model/report.ts';
import { forecastJson, forecastSum, headline, hostsJson } from './forecast.ts';
import { compareUrl } from './live.ts';
import { shortened } from './markdown.ts';
import { probedSum } from './probed.ts';
import { title } from './title.ts';

/** Every output of the action, with its description; `action.yml` and the README are checked against this table. */
export const outputs = {
  release: 'The release as JSON: id, commit, project and every image by digest. Pass it to `deploy` in another job.',
  'release-id': 'ID of the release: `<UTC time>-<commit>`.',
  'previous-release': 'ID of the release that was current before, on the first host.',
  images: 'JSON: service → `name@sha256:…`.',
  outcome: '`succeeded`, `rolled-back`, `rollback-failed` or `failed`.',
  url: 'Origin of `health-url`, for example to use as `environment.url`.',
  duration: 'How long the run took, in seconds.',
  downtime:
    'Longest outage of the `probe` URL, or of `health-url` without `probe`, during the switch, in seconds. Empty if it was not measured.',
  requests: 'What `probe` found, in words: `0 of 812 requests failed`. Empty if it was not measured.',
  title: 'How it ended in one line, for a notification.',
  summary: 'What happened in a few lines of plain text, for a notification.',
  'compare-url': 'What is new: the difference between the commit that was current and the new one, on GitHub.',
  changes: 'For `plan`, `deploy` and `rollback`: what happens to each service on each host and why, as JSON.',
  status: 'For `status`: releases, containers and drift on each host, as JSON.',
  drift: 'For `status`: `true` if what runs differs from what was deployed on any host that answered, else `false`.',
} as const;

export type OutputName = keyof typeof outputs;

/** Without its source: GitHub drops an output that contains a secret, and a name may be one. */
function releaseText({ source: _source, ...release }: Release): string {
  return JSON.stringify(release);
}

export function outputValues(report: Report): Readonly<Record<OutputName, string>> {
  const { release, previousRelease, outcome, url, seconds } = report;
  return {
    release: release === undefined ? '' : releaseText(release),
    'release-id': release?.id ?? '',
    'previous-release': previousRelease ?? '',
    images: release === undefined ? '' : JSON.stringify(release.images),
    outcome,
    url: url ?? '',
    duration: seconds.toFixed(1),
    downtime: longestDowntime(report)?.seconds.toFixed(1) ?? '',
    requests: probedSum(report) ?? '',
    title: title(report),
    summary: shortSummary(report).join('\n'),
    'compare-url': compareUrl(report) ?? '',
    changes: changesJson(report),
    status: report.status === undefined ? '' : JSON.stringify(report.status),
    drift: report.status === undefined ? '' : String(report.status.some(({ drift }) => drift.length > 0)),
  };
}

/** For people who are elsewhere: as much as fits in a notification. */
function shortSummary(report: Report): readonly string[] {
  const { plan, forecast, failures, release, commit, status = [] } = report;
  const [first] = failures;
  const requests = probedSum(report);
  return [
    ...(forecast === undefined ? [] : [forecastSum(forecast)]),
    ...(plan === undefined ? [] : [headline(plan)]),
    ...(commit === undefined || commit.subject === '' ? [] : [shortened(commit.subject, 200)]),
    ...(release === undefined ? [] : [`release ${release.id}`]),
    ...(requests === undefined ? [] : [requests]),
    ...status.flatMap(({ host, drift }) => drift.map((line) => `${host}: ${line}`)),
    ...(first === undefined ? [] : [shortened(first.short, 500)]),
  ];
}

function changesJson({ plan, forecast }: Report): string {
  if (forecast !== undefined) return JSON.stringify(forecastJson(forecast));
  return plan === undefined ? '' : JSON.stringify({ headline: headline(plan), hosts: hostsJson(plan) });
}
