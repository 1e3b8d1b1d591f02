import type { Intent } from './switch.ts';

/** How far a deploy or a rollback has come, for others to see. Its end is in the report. */
export type Milestone =
  | {
      /** The lease of every host is held, and the release is known. No running container has changed. */
      readonly kind: 'prepares';
      readonly intent: Intent;
      readonly hosts: readonly string[];
      /** The release that is current, on the first host. */
      readonly previous: string | undefined;
    }
  /** From here on, running containers change. */
  | { readonly kind: 'switches' };
