/** A volume, a folder or a tmpfs that a service has at a path of its own. */
export type Mount = {
  readonly service: string;
  readonly kind: string;
  /** Of a volume its key in the compose file, of a bind mount the path here; `-`: none, as for an anonymous volume. */
  readonly source: string;
  readonly target: string;
  readonly writable: boolean;
};

/** Docker named the volume; Compose passes it on only to the next container of the same service. */
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

/** A service without a healthcheck that another one waits for to become healthy. */
export type Unchecked = {
  readonly service: string;
  readonly by: string;
  /** The compose file disables it. */
  readonly off: boolean;
};

/** `gpus` is the key of that name, `gpu` a reservation under `deploy`. */
export const lacks = ['device', 'runtime', 'logging', 'gpu', 'gpus', 'volume', 'network'] as const;
export type Lack = (typeof lacks)[number];

/** A key that an older Compose accepts but ignores. */
export type Ignorable = { readonly of: string; readonly key: string };

/** What a resolved release needs on a server, what the current release has, and what exists there. */
export type Claims = {
  readonly mounts: readonly Mount[];
  readonly published: readonly Published[];
  readonly containerNames: readonly { readonly service: string; readonly name: string }[];
  /** `restart`: it must be restarted with the other one. */
  readonly depends: readonly { readonly service: string; readonly on: string; readonly restart: boolean }[];
  readonly attached: readonly { readonly service: string; readonly network: string }[];
  readonly networks: readonly Resource[];
  /** Those that services ask for. */
  readonly addresses: readonly { readonly service: string; readonly network: string; readonly address: string }[];
  /** Of networks, by key. */
  readonly subnets: readonly { readonly network: string; readonly subnet: string }[];
  /** Containers that are of no service: by name, for their network, processes, IPC or volumes, or as a link. */
  readonly needs: readonly { readonly service: string; readonly container: string }[];
  readonly unchecked: readonly Unchecked[];
  /** Of services and networks. */
  readonly ignorable: readonly Ignorable[];
  /** What services want of Docker or of the machine, and that is not there. Of a volume or a network its key stands for the service. */
  readonly lacks: readonly { readonly service: string; readonly kind: Lack; readonly name: string }[];
  /** What Docker may refuse of services, as it is written; `has` names a key that does not go with a shared network. */
  readonly options: readonly { readonly service: string; readonly key: string; readonly value: string }[];
  /** Of the server, where `options` ask for some; 0: not known. */
  readonly cpus: number;
  readonly volumes: readonly Resource[];
  readonly current: {
    readonly mounts: readonly Mount[];
    readonly volumes: readonly Resource[];
    readonly networks: readonly Resource[];
  };
  /** Options that are not what they are in the current release. */
  readonly redefined: readonly { readonly of: 'networks' | 'volumes'; readonly key: string; readonly option: string }[];
  /** Folders of bind mounts that are empty. */
  readonly empty: readonly string[];
  /** Shipped files that something has written to since then. */
  readonly written: readonly string[];
  /** Name → the Compose project that created it; empty: none. */
  readonly volumesHere: Readonly<Record<string, string>>;
  /** Name → the project that created it, and its key there. */
  readonly networksHere: Readonly<Record<string, { readonly project: string; readonly key: string }>>;
  readonly subnetsHere: readonly { readonly network: string; readonly subnet: string }[];
  readonly neighbours: readonly Neighbour[];
  /** Ports that something listens on, whatever it is. */
  readonly listening: readonly { readonly address: string; readonly port: number }[];
  /** Ports held by one of Docker's own processes. */
  readonly proxied: readonly number[];
};

export const noClaims: Claims = {
  mounts: [],
  published: [],
  containerNames: [],
  depends: [],
  attached: [],
  networks: [],
  addresses: [],
  subnets: [],
  needs: [],
  unchecked: [],
  ignorable: [],
  lacks: [],
  options: [],
  cpus: 0,
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
