import { inspect, inspectAsking } from '../commands/server.ts';
import type { WaitStep } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import type { HostSwitch } from '../model/switch.ts';

/** How long a container without a healthcheck must run before it counts as healthy. */
const settleSeconds = 5;

/** What is known about a host besides the release. */
type There = Partial<Pick<HostSwitch, 'changes' | 'completes'>>;

/** Where to look, and what must hold: the release's images run and are healthy. */
export function running({ project, images, built }: Release, there: There = {}): Pick<WaitStep, 'probe' | 'until'> {
  const { completes = [], changes = [] } = there;
  const until = { kind: 'services', images, settleSeconds, completes, patient: isStarting(changes, built) } as const;
  return { probe: inspect(project), until };
}

/**
 * The same, without waiting for Docker to run the healthchecks. Not while old containers serve next to new ones: some
 * proxies route to what Docker reports as healthy.
 */
export function runningNow(release: Release, there: There = {}): Pick<WaitStep, 'probe' | 'ask' | 'until'> {
  return { ...running(release, there), ask: inspectAsking(release.project, Object.keys(release.images)) };
}

export function healthyStep(release: Release, timeoutSeconds: number, there: There = {}): WaitStep {
  const title = 'every container is healthy';
  return { kind: 'wait', id: 'healthy', title, ...runningNow(release, there), timeoutSeconds };
}

/**
 * Whether a service that comes with its image, e.g. a database, is being replaced: then the application may exit and
 * restart until it is back.
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
