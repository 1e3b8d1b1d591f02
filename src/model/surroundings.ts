/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the surroundings know about the commit that git does not. */
export type RefFacts = {
  /** Branch or git tag; undefined: ask git. */
  readonly ref: string | undefined;
  readonly defaultBranch: string | undefined;
  /** URL of the repository. */
  readonly source: string | undefined;
  /** Who started this, for the history on the servers. */
  readonly actor: string;
  /** URL of this run. */
  readonly run: string | undefined;
};
