import { interrupted } from '../facts/interruption.ts';
import type { Action } from '../model/changes.ts';
import type { Forecast } from '../model/forecast.ts';
import type { SwitchPlan } from '../model/switch.ts';
import { planLines } from './changes.ts';
import { dataText } from './data.ts';
import { ignoredText } from './host-notes.ts';
import { reasonsText } from './reasons.ts';

const past: Readonly<Record<Action, string>> = {
  remove: 'removed',
  recreate: 'recreated',
  roll: 'rolled',
  create: 'created',
  restart: 'restarted',
  start: 'started',
  scale: 'scaled',
  keep: 'kept',
};
const actions: readonly Action[] = ['recreate', 'roll', 'create', 'remove', 'restart', 'scale', 'start', 'keep'];

/** The summary of a plan: `2 services recreated, 1 kept, a migration runs`. If hosts differ, the larger change counts. */
export function headline(plan: SwitchPlan): string {
  const strongest = new Map<string, Action>();
  for (const { service, action } of plan.hosts.flatMap(({ changes }) => changes)) {
    const before = strongest.get(service);
    if (before === undefined || actions.indexOf(action) < actions.indexOf(before)) strongest.set(service, action);
  }
  const counts = actions.flatMap((action) => {
    const count = [...strongest.values()].filter((other) => other === action).length;
    return count === 0 ? [] : [{ count, action }];
  });
  const [first, ...others] = counts.map(({ count, action }, index) => {
    const noun = index > 0 ? '' : count === 1 ? ' service' : ' services';
    return `${count}${noun} ${past[action]}`;
  });
  const parts = [
    first ?? 'nothing to do',
    ...others,
    ...(first !== undefined && interrupted(plan).length === 0 ? ['no downtime'] : []),
    ...(plan.migration?.kind === 'run' ? ['a migration runs'] : []),
    ...(plan.backup?.kind === 'run' ? ['a backup first'] : []),
  ];
  return parts.join(', ');
}

/** The summary, or that something would stop the deploy. */
export function forecastSum({ plan, problems }: Forecast): string {
  if (problems.length === 0) return plan.hosts.length === 0 ? 'without the servers' : headline(plan);
  return `a deploy would stop: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
}

/** What a deploy would do, for a log or a terminal. */
export function forecastLines({ plan, problems, notes }: Forecast): readonly string[] {
  return [
    ...(problems.length > 0
      ? ['a deploy would stop here:', ...problems.map((problem) => `  - ${problem.replaceAll('\n', '\n    ')}`)]
      : []),
    ...planLines(plan),
    ...downtimeLines(plan),
    ...notes.map((note) => `note: ${note}`),
  ];
}

/** Whether it can be done without downtime, and if not, why. */
export function downtimeLines(plan: SwitchPlan): readonly string[] {
  const stops = interrupted(plan);
  if (stops.length === 0) return [];
  const verb = stops.length === 1 ? 'it is' : 'each is';
  return [`short downtime for ${stops.join(', ')}: ${verb} stopped before its new container starts`];
}

/** The same for a program. */
export function forecastJson({ plan, problems, notes }: Forecast): unknown {
  const { intent, backup, migration, pending } = plan;
  return {
    commit: intent.release.commit,
    project: intent.release.project,
    headline: headline(plan),
    problems,
    notes,
    downtime: interrupted(plan),
    hosts: hostsJson(plan),
    backup: backup ?? null,
    migration: migration ?? null,
    pending: pending ?? null,
  };
}

export function hostsJson({ hosts }: SwitchPlan): unknown {
  return hosts.map(({ host, from, changes, data, ignored = [] }) => ({
    host,
    from: from ?? null,
    changes: changes.map((change) => ({ ...change, why: reasonsText(change) })),
    data: data.map((change) => ({ ...change, text: dataText(change) })),
    ignored: ignored.map((row) => ({ ...row, text: ignoredText(row) })),
  }));
}
