/** How a sealed release differs from the one before it, in a service: names only, never values. */
export type Difference =
  | { readonly kind: 'image' }
  /** A variable, a label, or a file, config or secret whose content changed. */
  | { readonly kind: 'environment' | 'label' | 'file' | 'config' | 'secret'; readonly name: string }
  /** Any other key of the service, such as `ports`. */
  | { readonly kind: 'key'; readonly name: string };

/** Why something happens to a service. */
export type Reason =
  | Difference
  | { readonly kind: 'new' }
  /** Compose's hash differs, and no key tells why. */
  | { readonly kind: 'configuration' }
  | { readonly kind: 'forced'; readonly by: 'built' | 'all' }
  | { readonly kind: 'scale'; readonly from: number; readonly to: number }
  | { readonly kind: 'stopped'; readonly status: string }
  /** It shares the network, processes, IPC or volumes of a service that gets another container. */
  | { readonly kind: 'shares'; readonly service: string }
  /** The release wants no container of it. */
  | { readonly kind: 'unwanted' }
  /** The release does not have this service. */
  | { readonly kind: 'gone' };

export type Action = 'create' | 'recreate' | 'start' | 'scale' | 'keep' | 'remove';

/** What happens to a service on a host, and why. */
export type ServiceChange = {
  readonly service: string;
  readonly action: Action;
  readonly reasons: readonly Reason[];
};
