import type { Report } from '../model/report.ts';

/** Every output of the action, with its description; `action.yml` and the README are held against this table. */
export const outputs = {
  release:
    'The release as JSON: id, commit, project and every image by digest. Pass it on to a `deploy` in another job.',
  'release-id': 'Id of the release: `<UTC time>-<commit>`.',
  'previous-release': 'Id of the release that was current before, on the first host.',
  images: 'JSON: service → `name@sha256:…`.',
  outcome: '`succeeded` or `failed`.',
  url: 'Address of the application: the origin of `health-url`.',
  duration: 'Seconds that the run took.',
  downtime:
    'Longest time without an answer of `health-url` during the switch, in seconds; empty when it was not measured.',
  status: 'Of `status`: JSON, what is on each host: releases, containers, drift.',
} as const;

export type OutputName = keyof typeof outputs;

export function outputValues(report: Report): Readonly<Record<OutputName, string>> {
  const { release, previousRelease, outcome, url, seconds, downtime } = report;
  return {
    release: release === undefined ? '' : JSON.stringify(release),
    'release-id': release?.id ?? '',
    'previous-release': previousRelease ?? '',
    images: release === undefined ? '' : JSON.stringify(release.images),
    outcome,
    url: url ?? '',
    duration: seconds.toFixed(1),
    downtime: typeof downtime === 'object' ? downtime.longestGapSeconds.toFixed(1) : '',
    status: report.status === undefined ? '' : JSON.stringify(report.status),
  };
}
