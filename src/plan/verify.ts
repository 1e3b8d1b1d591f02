import { inspect } from '../commands/server.ts';
import type { WaitStep } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import type { HostSwitch } from '../model/switch.ts';

/** How long a container without a healthcheck must run before it is trusted. */
const settleSeconds = 5;

/** What is known of a host beside the release. */
type There = Partial<Pick<HostSwitch, 'changes' | 'completes'>>;

/** Where to look, and what must be true of it: the images of the release run, and are healthy. */
export function running({ project, images, built }: Release, there: There = {}): Pick<WaitStep, 'probe' | 'until'> {
  const { completes = [], changes = [] } = there;
  const until = { kind: 'services', images, settleSeconds, completes, patient: isStarting(changes, built) } as const;
  return { probe: inspect(project), until };
}

export function healthyStep(release: Release, timeoutSeconds: number, there: There = {}): WaitStep {
  const title = 'every container is healthy';
  return { kind: 'wait', id: 'healthy', title, ...running(release, there), timeoutSeconds };
}

/**
 * Whether a service that comes with its image, such as a database, starts anew: then the application may end and be
 * restarted until it is there.
 */
function isStarting(changes: HostSwitch['changes'], built: readonly string[]): boolean {
  return changes.some(
    ({ service, action }) => /^(create|recreate|restart|start)$/.test(action) && !built.includes(service),
  );
}

export function answersStep(url: string, timeoutSeconds: number): WaitStep {
  const until = { kind: 'answers' } as const;
  return { kind: 'wait', id: 'answers', title: `${url} answers`, probe: { url }, until, timeoutSeconds };
}
