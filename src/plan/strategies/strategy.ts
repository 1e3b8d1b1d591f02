import type { Step } from '../../model/plan.ts';
import type { Release } from '../../model/release.ts';
import type { HostState } from '../../model/state.ts';
import type { HostSwitch } from '../../model/switch.ts';

export type StrategyFacts = {
  readonly host: HostSwitch;
  /** With the images of the services that are to run there. */
  readonly release: Release;
  readonly healthTimeoutSeconds: number;
  readonly initTimeoutSeconds: number;
};

export type UndoFacts = StrategyFacts & {
  /** What was there before. */
  readonly before: Pick<HostState, 'currentRelease' | 'containers'>;
};

/** How the containers of a host get from one release to the next, and back. */
export type Strategy = {
  readonly stage: string;
  readonly steps: (facts: StrategyFacts) => readonly Step[];
  /** Bring the containers back, from wherever `steps` came to. They may be run again, and by the server alone. */
  readonly undo: (facts: UndoFacts) => readonly Step[];
};
