import { minuteOf } from '../model/history.ts';
import type { Before, Report } from '../model/report.ts';

/** What is live on each host at the end, and since when, if that is certain: one sentence each. */
export function liveLines(report: Report): readonly string[] {
  const { outcome, release, plan, before = [], undone, ended } = report;
  if (outcome === 'succeeded' && plan !== undefined && release !== undefined) {
    const since = ended === undefined ? '' : ` since ${minuteOf({ time: ended })} UTC`;
    return [`${plan.hosts.map(({ host }) => host).join(', ')}: \`${release.id}\`${since}`];
  }
  if (undone !== undefined || report.steps.some(({ changes }) => changes)) return [];
  return before.map(beforeLine);
}

export function beforeLine({ host, release, since }: Before): string {
  if (release === undefined) return `${host}: no release yet`;
  return `${host}: \`${release}\`, as before${since === undefined ? '' : `, since ${minuteOf({ time: since })} UTC`}`;
}

/** The page that shows the difference between the previously current commit and the new one. */
export function compareUrl({ source, before = [], release }: Report): string | undefined {
  const was = before.find(({ commit }) => commit !== undefined)?.commit;
  if (source === undefined || was === undefined || release === undefined || was === release.commit) return undefined;
  return `${source}/compare/${was}...${release.commit}`;
}
