import { refresh } from '../commands/server.ts';
import type { ServiceChange } from '../model/changes.ts';
import type { Step } from '../model/plan.ts';

/** For hosts where something is new next to a container that stays: it may be a proxy that still uses the old addresses. */
export function refreshSteps(
  project: string,
  time: 'first' | 'last',
  changes: readonly ServiceChange[],
): readonly Step[] {
  const isNew = ({ action }: ServiceChange): boolean =>
    action === 'create' || action === 'recreate' || action === 'roll';
  const stays = ({ action }: ServiceChange): boolean => action === 'keep' || action === 'scale';
  return changes.some(isNew) && changes.some(stays) ? [refreshStep(project, time)] : [];
}

/** @param id if there is one for each service */
export function refreshStep(project: string, time: 'first' | 'last', id = `refresh-${time}`): Step {
  return {
    kind: 'run',
    id,
    title: 'let proxies find the new containers',
    channel: 'detached',
    command: refresh(project, time),
    output: 'live',
    timeoutSeconds: 120,
  };
}
