import type { ByHand } from './by-hand.ts';
import type { Difference } from './changes.ts';
import type { Claims, Mount } from './claims.ts';
import type { Attempt } from './history.ts';
import type { LeaseView } from './lease.ts';
import type { Preview } from './preview.ts';
import type { Release } from './release.ts';

/** A container as `docker inspect` reports it, without its environment. Times are ISO 8601. */
export type Container = {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  /** As the compose file wrote it: `name@sha256:…` in a sealed release. */
  readonly image: string;
  readonly configHash: string;
  readonly oneOff: boolean;
  readonly status: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly startedAt: string;
  readonly restarts: number;
  /** Of Docker: `no`, `on-failure`, `always` or `unless-stopped`. */
  readonly restartPolicy: string;
  /** Whether it has ports of the server. */
  readonly publishes?: boolean;
  /** Volumes by name, bind mounts by path. */
  readonly mounts: readonly Omit<Mount, 'service'>[];
  /** By name. */
  readonly networks: readonly string[];
  /** Of the same networks, as far as Docker has connected it to them. */
  readonly networkIds: readonly string[];
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** Output of the last health probe. */
  readonly healthOutput: string;
  readonly error: string;
};

/** What must hold at the end: every service runs the intended image, and the URL answers. */
export type Expectation =
  | {
      readonly kind: 'services';
      /** Service → its image; '': any. */
      readonly images: Readonly<Record<string, string>>;
      readonly settleSeconds: number;
      /** Services that have to complete: others wait for that. */
      readonly completes?: readonly string[];
      /** Services may restart as often as necessary: what they need is new too. */
      readonly patient?: boolean;
      /** Ids of containers to ignore. */
      readonly besides?: readonly string[];
      /** How many containers each service should have. */
      readonly count?: number;
    }
  | { readonly kind: 'answers' };

/** A server before a deploy, as far as a plan needs it. */
export type HostState = {
  readonly host: string;
  /** Nothing can be sent there. */
  readonly fatal: boolean;
  readonly problems: readonly string[];
  /** What is wrong with it and does not stop a deploy. */
  readonly warnings: readonly string[];
  /** Names the folder of the application, whatever the server is called. */
  readonly place?: string | undefined;
  /** Too little space for new images. */
  readonly full: readonly string[];
  readonly current: string | undefined;
  /** What the current release consists of, as far as its record can be read. */
  readonly currentRelease: Release | undefined;
  readonly releases: readonly string[];
  /** Hashes of the shipped files that are there. */
  readonly files: readonly string[];
  readonly containers: readonly Container[];
  /** If no release is current, and the deploy user can start them from there again. */
  readonly byHand?: ByHand | undefined;
  /** The ids of the networks that there are. */
  readonly networkIds: readonly string[];
  /** As `uname -r` reports it. */
  readonly kernel: string;
  /** The version of the engine. */
  readonly docker?: string | undefined;
  /** The version of Compose. */
  readonly compose?: string | undefined;
  /** Whether it has a program that asks a URL. */
  readonly asks: boolean;
  /** Its clock, in seconds since 1970. */
  readonly time?: number | undefined;
  /** What programs may still take, in KiB; undefined where the kernel does not report it. */
  readonly freeKib: number | undefined;
  /** The last attempts, the oldest first. */
  readonly history: readonly Attempt[];
};

/** What a sealed release says about a service that decides whether two of its containers can run side by side. */
export type Traits = {
  readonly healthcheck: boolean;
  readonly containerName: string | undefined;
  /** A fixed IP or MAC address. */
  readonly address: string | undefined;
  readonly ports: readonly string[];
  /** Its `network_mode`. */
  readonly network: string | undefined;
  /** Its label `korrigo.rolling`. */
  readonly rolling: boolean | undefined;
  /** Its label `korrigo.drain`. */
  readonly drainSeconds: number | undefined;
  readonly graceSeconds: number;
  readonly memoryBytes: number | undefined;
  /** Volumes and folders of the server that it may write to; empty for one without a name. */
  readonly writes: readonly string[];
  /** Whether its network hands waiting connections from a closed listener to another one. */
  readonly migrates: boolean;
  /** The services that it waits for. */
  readonly after: readonly string[];
  /** Of those, the ones that must be healthy. */
  readonly waits: readonly string[];
  /** Whether Compose runs commands in its containers when it starts or stops them. */
  readonly hooks: boolean;
  /** Whether another service waits until it has run to its end. */
  readonly completes: boolean;
};

/** What Compose makes of a sealed release on one server. */
export type Resolution = {
  readonly host: string;
  readonly problems: readonly string[];
  /** Service → config hash, as Compose will label the containers; without services scaled to 0. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Service → number of containers, if the file sets it. */
  readonly replicas: Readonly<Record<string, number>>;
  /** Service → those whose network, processes, IPC or volumes it shares: it is recreated with them. */
  readonly shares: Readonly<Record<string, readonly string[]>>;
  /** Services that others wait for until they have completed. */
  readonly completes?: readonly string[];
  /** Service → what decides whether two of its containers can run side by side. */
  readonly traits: Readonly<Record<string, Traits>>;
  /** Service → what differs from the current release. */
  readonly differences: Readonly<Record<string, readonly Difference[]>>;
  /** What a person should know and that stops nothing: one sentence each. */
  readonly notes: readonly string[];
  readonly claims: Claims;
  /** What Compose said it would do, if it was asked. */
  readonly preview?: Preview;
};

/** A release that is already on a server, about to be rolled back to. */
export type Reopened = Resolution & {
  /** The JSON of the release. */
  readonly json: string;
  /** Images that the server no longer has. */
  readonly missingImages: readonly string[];
};

/** A release on the disk of a host, and the last attempt that deployed it or rolled back to it. */
export type KeptRelease = Attempt & { readonly current: boolean };

/** What `status` reports about one host. */
export type HostStatus = {
  readonly host: string;
  /** The folder of the application there. */
  readonly root: string;
  /** Why it could not be looked at, or not at everything: one sentence each. */
  readonly problems: readonly string[];
  readonly current: string | undefined;
  /** The last one first. Those that succeeded can be rolled back to. */
  readonly releases: readonly KeptRelease[];
  readonly lastAttempt: Attempt | undefined;
  /** The last attempt that touched what runs. */
  readonly lastSwitch: Attempt | undefined;
  readonly containers: readonly Pick<Container, 'service' | 'name' | 'image' | 'status' | 'health' | 'startedAt'>[];
  /** How what runs differs from the current release: one sentence each. */
  readonly drift: readonly string[];
  /** Files below `shared/` that are others now than when the current release was made of them. */
  readonly changedSince?: readonly string[];
  /** Who is deploying there, or what a deploy left open. */
  readonly lease?: LeaseView;
};

/** For a service about which its file says nothing. */
export const noTraits: Traits = {
  healthcheck: false,
  containerName: undefined,
  address: undefined,
  ports: [],
  network: undefined,
  rolling: undefined,
  drainSeconds: undefined,
  graceSeconds: 10,
  memoryBytes: undefined,
  writes: [],
  migrates: false,
  after: [],
  waits: [],
  hooks: false,
  completes: false,
};
