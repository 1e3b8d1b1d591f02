import type { SwitchPlan } from './switch.ts';

/** What a deploy of the checkout would do, found without building anything or changing running containers. */
export type Forecast = {
  readonly plan: SwitchPlan;
  /** What would stop a deploy, one sentence each. */
  readonly problems: readonly string[];
  /** What a person should know, but that stops nothing. */
  readonly notes: readonly string[];
};
