import type { LeaseOutcome } from '../model/lease.ts';
import type { Report } from '../model/report.ts';
import { title } from './title.ts';

/** How a deployment ends, as GitHub shows it on the page of its environment. */
export type DeploymentEnd = {
  /** `inactive`: nothing that runs was changed, and nobody is at fault. */
  readonly state: 'success' | 'failure' | 'inactive';
  readonly description: string;
};

/** Undefined: the servers are still rolling back after a cancel, and whoever waits for them tells how it ends. */
export function deploymentEnd(report: Report): DeploymentEnd | undefined {
  const { outcome, failures, undone = [], steps } = report;
  const [first] = failures;
  const cancelled = first?.kind === 'cancelled';
  if (cancelled && undone.some((host) => host.outcome === 'unfinished')) return undefined;
  const untouched = undone.length === 0 && !steps.some(({ changes }) => changes);
  const state = outcome === 'succeeded' ? 'success' : cancelled && untouched ? 'inactive' : 'failure';
  const why = first === undefined || cancelled ? '' : `: ${first.short}`;
  return { state, description: `${title(report)}${why}` };
}

/** Of a run that ended before its deployment did, by what became of its leases on the servers. */
export function interruptedEnd(outcomes: readonly LeaseOutcome[]): DeploymentEnd {
  const all = (outcome: LeaseOutcome): boolean =>
    outcomes.includes(outcome) && outcomes.every((other) => other === outcome || other === 'released');
  if (all('confirmed')) return { state: 'success', description: 'The run was interrupted, but the new release stays.' };
  if (all('released'))
    return { state: 'inactive', description: 'The run was interrupted before anything was changed.' };
  if (all('rolled-back')) return { state: 'failure', description: 'The run was interrupted, and was rolled back.' };
  return { state: 'failure', description: 'The run was interrupted. Check with the command status how it ended.' };
}
