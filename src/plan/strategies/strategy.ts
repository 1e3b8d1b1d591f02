import type { Step } from '../../model/plan.ts';
import type { Release } from '../../model/release.ts';
import type { HostSwitch } from '../../model/switch.ts';

export type StrategyFacts = {
  readonly host: HostSwitch;
  /** With the images of the services that are to run there. */
  readonly release: Release;
  readonly healthTimeoutSeconds: number;
};

/** How the containers of a host get from one release to the next. */
export type Strategy = {
  readonly stage: string;
  readonly steps: (facts: StrategyFacts) => readonly Step[];
};
