/** How a sealed release differs from the one before it, in a service: names only, never values. */
export type Difference =
  | { readonly kind: 'image' }
  /** A variable, a label, or a file, config or secret whose content changed. */
  | { readonly kind: 'environment' | 'label' | 'file' | 'config' | 'secret'; readonly name: string }
  /** Any other key of the service, such as `ports`. */
  | { readonly kind: 'key'; readonly name: string };

/** What git says about a build's inputs since the running release. */
export type BuildCause =
  | { readonly kind: 'new' }
  | { readonly kind: 'same' }
  /** Files of the context by path, and `build` for the section of the compose file. */
  | { readonly kind: 'changed'; readonly inputs: readonly string[] }
  | { readonly kind: 'unknown'; readonly why: string };

/** Why something happens to a service. */
export type Reason =
  | Difference
  | { readonly kind: 'new' }
  /** Compose's hash differs, and no key explains why. */
  | { readonly kind: 'configuration' }
  /** It is built by the deploy; without a build it is known from git whether that makes another image. */
  | { readonly kind: 'build'; readonly cause: BuildCause }
  | { readonly kind: 'forced'; readonly by: 'built' | 'all' }
  | { readonly kind: 'scale'; readonly from: number; readonly to: number }
  | { readonly kind: 'stopped'; readonly status: string }
  /** It shares the network, processes, IPC or volumes of a service that gets another container. */
  | { readonly kind: 'shares'; readonly service: string }
  /** It depends on a service that gets another container, and Compose takes it along. */
  | { readonly kind: 'depends'; readonly service: string }
  /** A volume or network of it is another one. `forced`: Compose would not notice. */
  | { readonly kind: 'resource'; readonly name: string; readonly forced: boolean }
  /** It has ended, and a network of it was removed since: Docker does not start it again. */
  | { readonly kind: 'lost-network' }
  /** Its network gets another name, and Compose could not start its container again. */
  | { readonly kind: 'renamed'; readonly name: string }
  /** One of its networks is recreated. */
  | { readonly kind: 'network'; readonly name: string }
  /** decided by Compose, for a reason of its own. */
  | { readonly kind: 'compose' }
  /** The release scales it to 0. */
  | { readonly kind: 'unwanted' }
  /** The release does not have this service. */
  | { readonly kind: 'gone' };

/** Why a service that gets new containers gets them in the place of the old ones, although `strategy` is `rolling`. */
export type Obstacle =
  | { readonly kind: 'opted-out' }
  | { readonly kind: 'no-way-back' }
  | { readonly kind: 'runs-once' }
  | { readonly kind: 'not-running' }
  | { readonly kind: 'host-network' }
  /** It holds the network of others. */
  | { readonly kind: 'door'; readonly behind: readonly string[] }
  | { readonly kind: 'shared'; readonly by: readonly string[] }
  | { readonly kind: 'ports'; readonly ports: readonly string[] }
  | { readonly kind: 'container-name'; readonly name: string }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'healthcheck' }
  | { readonly kind: 'not-built' }
  | { readonly kind: 'writes'; readonly volume: string }
  | { readonly kind: 'door-sysctl'; readonly door: string }
  | { readonly kind: 'kernel'; readonly version: string }
  | { readonly kind: 'memory'; readonly neededBytes: number; readonly freeBytes: number };

/** How the containers of a service make way for new ones beside them. */
export type Rolling = {
  /** The ids of the old ones. */
  readonly old: readonly string[];
  /** How many new ones there should be. */
  readonly count: number;
  readonly drainSeconds: number;
  readonly graceSeconds: number;
  /** Its place among those that roll. */
  readonly turn: number;
  /** What comes before it: services that are new, or get new containers in the place of old ones. */
  readonly needs: readonly string[];
  /** Of those, the ones for which it waits until they are ready: those that it depends on, and new ones with a healthcheck. */
  readonly awaits: readonly string[];
  /** Whether services that are removed have to go first, because these may need their ports. */
  readonly makesRoom: boolean;
};

/** `restart`: stopped and started again, the same container. */
export type Action = 'create' | 'recreate' | 'roll' | 'restart' | 'start' | 'scale' | 'keep' | 'remove';

/** What happens to a service on a host, and why. */
export type ServiceChange = {
  readonly service: string;
  readonly action: Action;
  readonly reasons: readonly Reason[];
  readonly rolling?: Rolling;
  /** Why it does not roll, with `strategy: rolling`. */
  readonly obstacles?: readonly Obstacle[];
};

/** What the Compose of a server reads and does nothing about. */
export type IgnoredKey = {
  /** A service or a network. */
  readonly of: string;
  readonly key: string;
  /** The version that is there. */
  readonly compose: string;
  /** The first one that carries it out. */
  readonly first: string;
};

/** What a release does about data that is on the server. Volumes by name, bind mounts by path. */
export type DataChange =
  /** What holds data now is replaced by something empty. */
  | {
      readonly kind: 'new-volume';
      readonly service: string;
      readonly target: string;
      readonly from: string;
      readonly to: string;
    }
  /** A mount that holds data now is dropped, and the service runs on without it. */
  | { readonly kind: 'dropped-volume'; readonly service: string; readonly target: string; readonly from: string }
  /** It is at another path in the container now. */
  | {
      readonly kind: 'moved-volume';
      readonly service: string;
      readonly volume: string;
      readonly from: string;
      readonly to: string;
    }
  /** A shipped file that was written to makes way for the one of this release. */
  | { readonly kind: 'replaced-file'; readonly service: string; readonly target: string; readonly from: string }
  /** It is defined otherwise, but what exists stays as it was made. */
  | { readonly kind: 'changed-volume'; readonly volume: string; readonly options: readonly string[] }
  /** It belongs to another project. */
  | { readonly kind: 'shared-volume'; readonly volume: string; readonly project: string }
  /** Nothing of the release uses it any more. */
  | { readonly kind: 'left-volume'; readonly volume: string }
  /** It is defined otherwise, and this version of Compose leaves it as it is. */
  | { readonly kind: 'kept-network'; readonly network: string; readonly options: readonly string[] }
  /** Another project that may be this application, under another name. */
  | { readonly kind: 'twin'; readonly project: string; readonly folder: string };
