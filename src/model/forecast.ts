import type { SwitchPlan } from './switch.ts';

/** What a deploy of the checkout would do, found out without building anything and without changing what runs. */
export type Forecast = {
  readonly plan: SwitchPlan;
  /** What a deploy would stop at, one sentence each. */
  readonly problems: readonly string[];
  /** What a person should know and that stops nothing. */
  readonly notes: readonly string[];
};
