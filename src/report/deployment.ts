import type { Interrupted, Report } from '../model/report.ts';
import { title } from './title.ts';

/** How a deployment ends, as GitHub shows it on its environment's page. */
export type DeploymentEnd = {
  /** `inactive`: no running container was touched, and nothing failed. */
  readonly state: 'success' | 'failure' | 'inactive';
  readonly description: string;
};

/** Undefined: the servers are still rolling back after a cancellation, and whatever waits for them reports the end. */
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

/** For a run that ended before its deployment did, by how it ended on the servers. */
export function interruptedEnd(outcomes: readonly Interrupted[]): DeploymentEnd {
  const all = (outcome: Interrupted): boolean =>
    outcomes.includes(outcome) && outcomes.every((other) => other === outcome || other === 'released');
  if (all('succeeded')) return { state: 'success', description: 'The run was interrupted, but the new release stays.' };
  if (all('released'))
    return { state: 'inactive', description: 'The run was interrupted before anything was changed.' };
  if (all('rolled-back')) return { state: 'failure', description: 'The run was interrupted, and was rolled back.' };
  return { state: 'failure', description: 'The run was interrupted. Run the command status to see how it ended.' };
}
