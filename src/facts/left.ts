import type { HostAfter, StepReport } from '../model/report.ts';
import { type SwitchPlan, stepIds } from '../model/switch.ts';

/** Whether the switch began on every host: from then on it must be assumed that something was changed. */
export function hasBegun({ hosts }: SwitchPlan, steps: readonly StepReport[]): boolean {
  return hosts.every(({ host }) => isDone(steps, host, stepIds.begin));
}

/** What a failed switch left on each host, judging by its steps. */
export function whatIsThere({ hosts, intent }: SwitchPlan, steps: readonly StepReport[]): readonly HostAfter[] {
  return hosts.map(({ host, from }) => {
    const tried = steps.filter((step) => step.host === host && step.changes);
    const cutShort = tried.some(({ outcome }) => outcome === 'failed');
    return {
      host,
      containers: tried.length === 0 ? 'untouched' : cutShort ? 'mixed' : 'new',
      current: isDone(steps, host, stepIds.current) ? intent.release.id : from,
    };
  });
}

function isDone(steps: readonly StepReport[], host: string, id: string): boolean {
  return steps.some((step) => step.host === host && step.id === id && step.outcome === 'done');
}
