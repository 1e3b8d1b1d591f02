import type { HostAfter, StepReport } from '../model/report.ts';
import type { HostState } from '../model/state.ts';
import { finishStage, recreateStage } from './deploy.ts';

/** What a switch that failed has left on each host, as far as its steps tell. @param id of the release */
export function whatIsThere(
  steps: readonly StepReport[],
  states: readonly HostState[],
  id: string,
): readonly HostAfter[] {
  return states.map(({ host, current }) => {
    const of = (name: string): readonly StepReport[] =>
      steps.filter((step) => step.host === host && step.stage === name);
    const [recreated, finished] = [of(recreateStage), of(finishStage)];
    const cutShort = recreated.some(({ outcome }) => outcome === 'failed');
    return {
      host,
      containers: recreated.length === 0 ? 'untouched' : cutShort ? 'mixed' : 'new',
      current: finished.some(({ outcome }) => outcome === 'done') ? id : current,
    };
  });
}
