/** What Compose says it would do, container by container and network by network, by name. */
export type Preview = {
  readonly containers: Readonly<Record<string, Fate>>;
  /** Recreated, or created for the first time. */
  readonly networks: readonly string[];
};

export type Fate = 'create' | 'recreate' | 'restart' | 'start' | 'remove' | 'keep';
