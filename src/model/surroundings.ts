/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the surroundings know of the commit and git does not. */
export type RefFacts = {
  /** Branch or git tag; undefined: ask git. */
  readonly ref: string | undefined;
  readonly defaultBranch: string | undefined;
  /** Web address of the repository. */
  readonly source: string | undefined;
  /** Who started this, for the history on the servers. */
  readonly actor: string;
  /** Web address of this run. */
  readonly run: string | undefined;
};
