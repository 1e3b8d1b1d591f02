import type { Step } from '../../model/plan.ts';
import type { Release } from '../../model/release.ts';
import type { HostState } from '../../model/state.ts';
import type { HostSwitch } from '../../model/switch.ts';

export type StrategyFacts = {
  readonly host: HostSwitch;
  /** With the images of the services that will run there. */
  readonly release: Release;
  readonly healthTimeoutSeconds: number;
  readonly initTimeoutSeconds: number;
};

export type UndoFacts = StrategyFacts & {
  /** What was there before. */
  readonly before: Pick<HostState, 'currentRelease' | 'containers'>;
};

/** How a host's containers get from one release to the next, and back. */
export type Strategy = {
  readonly stage: string;
  readonly steps: (facts: StrategyFacts) => readonly Step[];
  /** Undoes the containers, however far `steps` got. These may run again, and by the server alone. */
  readonly undo: (facts: UndoFacts) => readonly Step[];
};
