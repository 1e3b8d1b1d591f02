import { refresh } from '../commands/server.ts';
import type { ServiceChange } from '../model/changes.ts';
import type { Step } from '../model/plan.ts';

/** Where something is new beside a container that stays: a proxy among those may still ask for what was there before. */
export function refreshSteps(
  project: string,
  time: 'first' | 'last',
  changes: readonly ServiceChange[],
): readonly Step[] {
  const isNew = ({ action }: ServiceChange): boolean => action === 'create' || action === 'recreate';
  const stays = ({ action }: ServiceChange): boolean => action === 'keep' || action === 'scale';
  return changes.some(isNew) && changes.some(stays) ? [refreshStep(project, time)] : [];
}

export function refreshStep(project: string, time: 'first' | 'last'): Step {
  return {
    kind: 'run',
    id: `refresh-${time}`,
    title: 'let proxies find the new containers',
    channel: 'detached',
    command: refresh(project, time),
    output: 'live',
    timeoutSeconds: 120,
  };
}
