import type { Report } from '../model/report.ts';

/** What a failed switch has left on each host: one line each. */
export function leftBehind({ after = [], release }: Report): readonly string[] {
  const id = release?.id ?? 'the new release';
  return after.map(({ host, containers, current }) => {
    const there = {
      untouched: 'no container was touched',
      mixed: `was cut short: containers of ${id} and of before may be there`,
      new: `the containers of ${id} stay`,
    }[containers];
    const how = current === id ? 'is that one' : current === undefined ? 'names no release' : `is still ${current}`;
    return `${host}: ${there}; \`current\` ${how}`;
  });
}

const byItself = '`command: rollback` in a workflow, `dist/cli.js rollback` in a terminal';
const byName = '`command: rollback` with `to` in a workflow, `dist/cli.js rollback --to <release>` in a terminal';

/** How to go back after a failed switch; undefined where there is nothing to go back from. */
export function wayBack({ after = [], release }: Report): string | undefined {
  if (after.every(({ containers }) => containers === 'untouched')) return undefined;
  const [current, ...others] = new Set(after.map((host) => host.current));
  if (others.length > 0) return `to go back, name a release: ${byName}`;
  if (current === undefined) return 'there is no release to go back to: mend it and deploy again';
  return `${current === release?.id ? 'to go back' : `to bring ${current} back`}: ${byItself}`;
}
