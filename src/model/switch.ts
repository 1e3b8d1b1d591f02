import type { ByHand } from './by-hand.ts';
import type { DataChange, IgnoredKey, ServiceChange } from './changes.ts';
import type { Attempt } from './history.ts';
import type { Stage } from './plan.ts';
import type { Release } from './release.ts';
import type { HostState } from './state.ts';

/** A host of a deploy, and the folder of the application there. */
export type Target = {
  readonly host: string;
  readonly root: string;
  /** The folder with the registry login, when there is one. */
  readonly login: string | undefined;
};

/** The hosts that could be connected, and what was found there. */
export type Observed = {
  readonly root: string;
  readonly targets: readonly Target[];
  readonly states: readonly HostState[];
};

/** The intent of a deploy or rollback: the release, who wants it, and why. History lines are made from it. */
export type Intent = Pick<Attempt, 'time' | 'command' | 'allowOlder' | 'actor' | 'run' | 'reason'> & {
  readonly release: Release;
  /** Names this run to the servers whose lease it holds. */
  readonly token: string;
};

/** A command in a container of its own, decided: on which host, or why not at all. */
export type OneOffDecision =
  | { readonly kind: 'run'; readonly host: string; readonly text: string }
  | { readonly kind: 'nothing-to-lose'; readonly host: string };

/** Services that are replaced at one time, and those of them that must be healthy before the next wave. */
export type Wave = { readonly services: readonly string[]; readonly awaited: readonly string[] };

/** From which release to which, on one host, and what that does to every service. */
export type HostSwitch = {
  readonly host: string;
  readonly root: string;
  readonly from: string | undefined;
  /** Instead of a release: what the way back leads to. */
  readonly byHand?: ByHand | undefined;
  readonly to: string;
  readonly changes: readonly ServiceChange[];
  /** The order in which they are replaced, where that is not left to Compose. */
  readonly waves?: readonly Wave[];
  /** Services that others wait for until they have completed. */
  readonly completes?: readonly string[];
  /** How much longer than Docker's 10 s its containers may take to stop, one after the other. */
  readonly stopSeconds?: number;
  /** What it does about the data there. */
  readonly data: readonly DataChange[];
  /** What the Compose there does nothing about. */
  readonly ignored?: readonly IgnoredKey[];
};

/** The migrations that would run: what `migrate-plan` printed, or why that is not known. */
export type PendingMigrations =
  | { readonly kind: 'listed'; readonly host: string; readonly text: string; readonly output: string }
  | { readonly kind: 'unknown'; readonly text: string; readonly why: string };

/** The whole switch as one value: printed, compared and executed. */
export type SwitchPlan = {
  readonly intent: Intent;
  readonly hosts: readonly HostSwitch[];
  readonly backup?: OneOffDecision;
  readonly migration?: OneOffDecision & { readonly when: 'before' | 'after' };
  readonly pending?: PendingMigrations | undefined;
  /** Before anything is changed: the backup. */
  readonly before: readonly Stage[];
  /** From the record of its start until the release is current. */
  readonly stages: readonly Stage[];
};

/** The steps whose results decide what is reported after a failure. */
export const stepIds = {
  backup: 'backup',
  begin: 'begin',
  migrate: 'migrate',
  'migrate-plan': 'migrate-plan',
  current: 'current',
  confirm: 'confirm',
} as const;

/** What a one-off exits with when its command was never started. */
export const neverStartedCode = 125;
