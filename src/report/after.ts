import { hasBegun, whatIsThere } from '../facts/left.ts';
import type { HostAfter, Report } from '../model/report.ts';

/** What a failed switch has left on each host; nothing where it had not begun. */
export function afterOf({ plan, steps, failures }: Report): readonly HostAfter[] {
  return plan === undefined || failures.length === 0 || !hasBegun(plan, steps) ? [] : whatIsThere(plan, steps);
}

/** One line for each host. @param id of the release */
export function leftBehind(after: readonly HostAfter[], id: string): readonly string[] {
  return after.map(({ host, containers, current }) => {
    const there = {
      untouched: 'no container was touched',
      mixed: `the switch was cut short: containers of ${id} and of the release before may be running`,
      new: `the containers of ${id} stay`,
    }[containers];
    const how = current === id ? 'is that release' : current === undefined ? 'names no release' : `is still ${current}`;
    return `${host}: ${there}; \`current\` ${how}`;
  });
}

const byItself = '`command: rollback` in a workflow, `dist/cli.js rollback` in a terminal';
const byName = '`command: rollback` with `to` in a workflow, `dist/cli.js rollback --to <release>` in a terminal';

/** How to go back after a failed switch; undefined where there is nothing to go back from. @param id of the release */
export function wayBack(after: readonly HostAfter[], id: string): string | undefined {
  if (after.every(({ containers }) => containers === 'untouched')) return undefined;
  const [current, ...others] = new Set(after.map((host) => host.current));
  if (others.length > 0) return `to go back, name a release: ${byName}`;
  if (current === undefined) return 'there is no release to go back to: fix it and deploy again';
  return `${current === id ? 'to go back' : `to bring ${current} back`}: ${byItself}`;
}
