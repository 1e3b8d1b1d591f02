import { hasBegun, whatIsThere } from '../facts/left.ts';
import type { Failure } from '../model/failure.ts';
import type { HostAfter, Report, Undone } from '../model/report.ts';
import { type HostSwitch, neverStartedCode, stepIds } from '../model/switch.ts';
import { isAdopted } from './host-notes.ts';

/** The state of each host after a failed switch, and what to do: lines for the log and the summary. */
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
          `${migrated.host}: the migration ${migrated.outcome === 'done' ? 'ran' : 'was started'} and is not undone${report.backup === undefined ? '' : '; the backup taken before it is shown above'}`,
        ];
  if (undone !== undefined) {
    const hosts = Object.fromEntries(plan.hosts.map((host) => [host.host, host]));
    return {
      lines: [...undone.map((host) => undoneLine(host, hosts[host.host])), ...data],
      next: nextAfterUndo(undone, report.root),
    };
  }
  const after = afterOf(report);
  const id = plan.intent.release.id;
  return { lines: [...hostLines(after, id), ...(after.length === 0 ? [] : data)], next: rollbackHint(after, id) };
}

function undoneLine({ host, outcome, failure }: Undone, planned: HostSwitch | undefined): string {
  const from = planned?.from;
  const nothing =
    planned !== undefined && isAdopted(planned)
      ? 'nothing is running: the containers from before belonged to no release, so they were removed and not brought back. Start them as you did before, or fix the cause and deploy again'
      : 'nothing is running, as before this first deploy';
  const { folder, changed = [] } = planned?.byHand ?? {};
  const was = from ?? (folder && `what ran before from ${folder}`);
  const but = changed.length > 0 ? `, but ${changed.join(', ')} may not be the same` : '';
  const before = was === undefined ? nothing : `${was} is running again${but}`;
  if (outcome === 'rolled-back') return `${host}: rolled back, ${before}`;
  if (outcome === 'unfinished')
    return `${host}: is rolling back ${was === undefined ? '' : `to ${was} `}by itself; check with \`status\``;
  const why = failure === undefined ? '' : `: ${reasonOf(failure).replace(`${host}: `, '')}`;
  return `${host}: the rollback failed${why}; containers of ${planned && from === undefined ? 'this release' : 'both releases'} may be running`;
}

/** In one line. What a command printed last is usually why it failed. */
function reasonOf({ kind, short, message }: Failure): string {
  const last = message.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return kind === 'command' && !short.includes(last) ? `${short} (${last.slice(0, 300)})` : short;
}

function nextAfterUndo(undone: readonly Undone[], root = ''): string | undefined {
  const stuck = undone.flatMap(({ host, outcome }) => (outcome === 'rollback-failed' ? [host] : []));
  if (stuck.length === 0) return undefined;
  const refused = undone.find(({ failure }) => failure?.message.includes('port is already allocated'));
  return refused === undefined
    ? `on ${stuck.join(' and ')}, read ${root === '' ? "lease/undo.log in the application's folder" : `${root}/lease/undo.log`}, fix the problem, then run \`status\` with \`heal: true\``
    : `Docker on ${refused.host} refuses a port. If \`docker ps\` shows no container that publishes it, Docker still holds it for one that is gone: restart Docker there (\`sudo systemctl restart docker\`), then run \`status\` with \`heal: true\``;
}

/** What a failed switch that was not undone has left on each host; nothing if it had not begun. */
export function afterOf({ plan, steps, failures, undone }: Report): readonly HostAfter[] {
  const left = plan !== undefined && undone === undefined && failures.length > 0 && hasBegun(plan, steps);
  return left ? whatIsThere(plan, steps) : [];
}

/** One line per host. @param id of the release */
export function hostLines(after: readonly HostAfter[], id: string): readonly string[] {
  return after.map(({ host, containers, current }) => {
    const there = {
      untouched: 'no container was touched',
      mixed: `the switch was interrupted: containers of ${id} and of the previous release may be running`,
      new: `the containers of ${id} are in place`,
    }[containers];
    const how = current === id ? 'is that release' : current === undefined ? 'is not set' : `is still ${current}`;
    return `${host}: ${there}; \`current\` ${how}`;
  });
}

/** How to roll back after a failed switch; undefined if there is nothing to roll back. @param id of the release */
export function rollbackHint(after: readonly HostAfter[], id: string): string | undefined {
  if (after.every(({ containers }) => containers === 'untouched')) return undefined;
  const [current, ...others] = new Set(after.map((host) => host.current));
  if (others.length > 0)
    return 'to roll back, choose a release: `command: rollback` with `to` in a workflow, `dist/cli.js rollback --to <release>` in a terminal';
  if (current === undefined) return 'there is no release to roll back to: fix the problem and deploy again';
  if (current === id) return 'to roll back: `command: rollback` in a workflow, `dist/cli.js rollback` in a terminal';
  return `to roll back to ${current}: \`command: rollback\` with \`to: ${current}\` in a workflow, \`dist/cli.js rollback --to ${current}\` in a terminal`;
}
