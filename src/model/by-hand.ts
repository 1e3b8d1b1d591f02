/** Where somebody started containers that no release describes. */
export type ByHand = {
  readonly folder: string;
  /** Of Compose, for starting them again: that folder, the compose files, files with variables. */
  readonly options: readonly string[];
  /** Services that would not be the same: files have changed, or variables were set in the shell. */
  readonly changed: readonly string[];
};
