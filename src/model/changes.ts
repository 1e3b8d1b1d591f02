/** How a sealed release differs from the one before it, in a service: names only, never values. */
export type Difference =
  | { readonly kind: 'image' }
  /** A variable, a label, or a file, config or secret whose content changed. */
  | { readonly kind: 'environment' | 'label' | 'file' | 'config' | 'secret'; readonly name: string }
  /** Any other key of the service, such as `ports`. */
  | { readonly kind: 'key'; readonly name: string };

/** What git says of the inputs of a build since the release that is running. */
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
  /** Compose's hash differs, and no key tells why. */
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
  /** A network of it is made anew. */
  | { readonly kind: 'network'; readonly name: string }
  /** Compose decides so, for a reason of its own. */
  | { readonly kind: 'compose' }
  /** The release wants no container of it. */
  | { readonly kind: 'unwanted' }
  /** The release does not have this service. */
  | { readonly kind: 'gone' };

/** `restart`: stopped and started again, the same container. */
export type Action = 'create' | 'recreate' | 'restart' | 'start' | 'scale' | 'keep' | 'remove';

/** What happens to a service on a host, and why. */
export type ServiceChange = {
  readonly service: string;
  readonly action: Action;
  readonly reasons: readonly Reason[];
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
  /** What holds data now is no longer mounted, and the service goes on without. */
  | { readonly kind: 'dropped-volume'; readonly service: string; readonly target: string; readonly from: string }
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
