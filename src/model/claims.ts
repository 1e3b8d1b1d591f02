/** A volume, a folder or a tmpfs that a service has at a path of its own. */
export type Mount = {
  readonly service: string;
  readonly kind: string;
  /** Of a volume its key in the compose file, of a bind mount the path here; `-`: none, as for an anonymous volume. */
  readonly source: string;
  readonly target: string;
  readonly writable: boolean;
};

/** Docker named the volume, and Compose hands it on to the next container of its service only. */
export const isAnonymous = (volume: string): boolean => /^[0-9a-f]{64}$/.test(volume);

/** A port that a service publishes. An empty address means all. */
export type Published = {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
};

/** A network or a volume of a release. */
export type Resource = { readonly key: string; readonly name: string; readonly external: boolean };

/** A container of any project. */
export type Neighbour = {
  readonly name: string;
  /** Empty: of none. */
  readonly project: string;
  readonly service: string;
  /** The folder that Compose ran in. */
  readonly folder: string;
  readonly published: readonly Omit<Published, 'service'>[];
};

/** What a resolved release wants of a server, what the current release has, and what is there. */
export type Claims = {
  readonly mounts: readonly Mount[];
  readonly published: readonly Published[];
  readonly containerNames: readonly { readonly service: string; readonly name: string }[];
  /** `restart`: it is to be restarted with the other one. */
  readonly depends: readonly { readonly service: string; readonly on: string; readonly restart: boolean }[];
  readonly attached: readonly { readonly service: string; readonly network: string }[];
  readonly networks: readonly Resource[];
  /** Of networks, by key. */
  readonly subnets: readonly { readonly network: string; readonly subnet: string }[];
  /** Containers that are of no service: by name, for their network, processes, IPC or volumes, or as a link. */
  readonly needs: readonly { readonly service: string; readonly container: string }[];
  readonly volumes: readonly Resource[];
  readonly current: {
    readonly mounts: readonly Mount[];
    readonly volumes: readonly Resource[];
    readonly networks: readonly Resource[];
  };
  /** Options that are not what they are in the current release. */
  readonly redefined: readonly { readonly of: 'networks' | 'volumes'; readonly key: string; readonly option: string }[];
  /** Folders of bind mounts that hold nothing. */
  readonly empty: readonly string[];
  /** Shipped files that something has written to since. */
  readonly written: readonly string[];
  /** Name → the Compose project that made it; empty: none. */
  readonly volumesHere: Readonly<Record<string, string>>;
  /** Name → who made it: the project, and its key there. */
  readonly networksHere: Readonly<Record<string, { readonly project: string; readonly key: string }>>;
  readonly subnetsHere: readonly { readonly network: string; readonly subnet: string }[];
  readonly neighbours: readonly Neighbour[];
  /** Where something listens, whatever it is. */
  readonly listening: readonly { readonly address: string; readonly port: number }[];
  /** Ports that a process of Docker's own holds. */
  readonly proxied: readonly number[];
};

export const noClaims: Claims = {
  mounts: [],
  published: [],
  containerNames: [],
  depends: [],
  attached: [],
  networks: [],
  subnets: [],
  needs: [],
  volumes: [],
  current: { mounts: [], volumes: [], networks: [] },
  redefined: [],
  empty: [],
  written: [],
  volumesHere: {},
  networksHere: {},
  subnetsHere: [],
  neighbours: [],
  listening: [],
  proxied: [],
};
