/** The steps that all strategies have. */
import { tidy } from '../../commands/server.ts';
import type { RunStep, Step } from '../../model/plan.ts';
import type { StrategyFacts } from './strategy.ts';

/** Compose itself waits for what has to be healthy, or to complete, before something else starts. */
export function upStep(id: string, title: string, { host, healthTimeoutSeconds, initTimeoutSeconds }: StrategyFacts) {
  const { completes = [], stopSeconds = 0 } = host;
  const timeoutSeconds = healthTimeoutSeconds + 60 + stopSeconds + (completes.length > 0 ? initTimeoutSeconds : 0);
  return {
    kind: 'run',
    id,
    title,
    output: 'live',
    channel: 'detached',
    timeoutSeconds,
  } as const satisfies Partial<RunStep>;
}

/** @param file of the release to run */
export function tidyStep(project: string, file: string | undefined): Step {
  const title = 'remove leftovers of interrupted deploys';
  return {
    kind: 'run',
    id: 'tidy',
    title,
    channel: 'detached',
    command: tidy(project, file),
    output: 'live',
    timeoutSeconds: 120,
  };
}
