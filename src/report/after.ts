import { hasBegun, whatIsThere } from '../facts/left.ts';
import type { HostAfter, Report, Undone } from '../model/report.ts';
import { neverStartedCode, stepIds } from '../model/switch.ts';

/** What is on each host after a switch that failed, and what to do: lines of the log and of the summary. */
export type Afterwards = { readonly lines: readonly string[]; readonly next: string | undefined };

export function afterwards(report: Report): Afterwards {
  const { plan, undone, steps, failures } = report;
  if (plan === undefined) return { lines: [], next: undefined };
  const tried = steps.find(({ id }) => id === stepIds.migrate);
  const migrated = failures.some(({ step, code }) => step === tried?.title && code === neverStartedCode)
    ? undefined
    : tried;
  const data =
    migrated === undefined
      ? []
      : [
          `${migrated.host}: the migration ${migrated.outcome === 'done' ? 'ran' : 'was begun'}, and is not undone${report.backup === undefined ? '' : '; the backup from before it is named above'}`,
        ];
  if (undone !== undefined) {
    const from = Object.fromEntries(plan.hosts.map((host) => [host.host, host.from]));
    return {
      lines: [...undone.map((host) => undoneLine(host, from[host.host])), ...data],
      next: nextAfterUndo(undone),
    };
  }
  const after = afterOf(report);
  const id = plan.intent.release.id;
  return { lines: [...leftBehind(after, id), ...(after.length === 0 ? [] : data)], next: wayBack(after, id) };
}

function undoneLine({ host, outcome, failure }: Undone, from: string | undefined): string {
  const before = from === undefined ? 'nothing runs, as before this first deploy' : `${from} is running again`;
  if (outcome === 'rolled-back') return `${host}: rolled back, ${before}`;
  if (outcome === 'unfinished')
    return `${host}: is rolling back ${from === undefined ? '' : `to ${from} `}by itself; check with \`status\``;
  const why = failure === undefined ? '' : `: ${failure.short.replace(`${host}: `, '')}`;
  return `${host}: the rollback failed${why}; containers of both releases may be running`;
}

function nextAfterUndo(undone: readonly Undone[]): string | undefined {
  const stuck = undone.flatMap(({ host, outcome }) => (outcome === 'rollback-failed' ? [host] : []));
  if (stuck.length === 0) return undefined;
  const refused = undone.find(({ failure }) => failure?.message.includes('port is already allocated'));
  return refused === undefined
    ? `on ${stuck.join(' and ')}, read lease/undo.log in the folder of the application and fix what it says, then run \`status\` with \`heal: true\``
    : `Docker on ${refused.host} refuses a port. If \`docker ps\` shows no container that publishes it, Docker has kept it from one that is gone: restart Docker there (\`sudo systemctl restart docker\`), then run \`status\` with \`heal: true\``;
}

/** What a failed switch that was not undone has left on each host; nothing where it had not begun. */
export function afterOf({ plan, steps, failures, undone }: Report): readonly HostAfter[] {
  const left = plan !== undefined && undone === undefined && failures.length > 0 && hasBegun(plan, steps);
  return left ? whatIsThere(plan, steps) : [];
}

/** One line for each host. @param id of the release */
export function leftBehind(after: readonly HostAfter[], id: string): readonly string[] {
  return after.map(({ host, containers, current }) => {
    const there = {
      untouched: 'no container was touched',
      mixed: `the switch was interrupted: containers of ${id} and of the release before may be running`,
      new: `the containers of ${id} are in place`,
    }[containers];
    const how = current === id ? 'is that release' : current === undefined ? 'is not set' : `is still ${current}`;
    return `${host}: ${there}; \`current\` ${how}`;
  });
}

/** How to go back after a failed switch; undefined where there is nothing to go back from. @param id of the release */
export function wayBack(after: readonly HostAfter[], id: string): string | undefined {
  if (after.every(({ containers }) => containers === 'untouched')) return undefined;
  const [current, ...others] = new Set(after.map((host) => host.current));
  if (others.length > 0)
    return 'to roll back, choose a release: `command: rollback` with `to` in a workflow, `dist/cli.js rollback --to <release>` in a terminal';
  if (current === undefined) return 'there is no release to roll back to: fix it and deploy again';
  if (current === id) return 'to roll back: `command: rollback` in a workflow, `dist/cli.js rollback` in a terminal';
  return `to roll back to ${current}: \`command: rollback\` with \`to: ${current}\` in a workflow, \`dist/cli.js rollback --to ${current}\` in a terminal`;
}
