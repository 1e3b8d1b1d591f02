import { inspect } from '../commands/server.ts';
import type { WaitStep } from '../model/plan.ts';
import type { Release } from '../model/release.ts';

/** How long a container without a healthcheck must run before it is trusted. */
const settleSeconds = 5;

/** Where to look, and what must be true of it: the images of the release run, and are healthy. */
export function running({ project, images }: Release): Pick<WaitStep, 'probe' | 'until'> {
  return { probe: inspect(project), until: { kind: 'services', images, settleSeconds } };
}

export function healthyStep(release: Release, timeoutSeconds: number): WaitStep {
  return { kind: 'wait', id: 'healthy', title: 'every container is healthy', ...running(release), timeoutSeconds };
}

export function answersStep(url: string, timeoutSeconds: number): WaitStep {
  const until = { kind: 'answers' } as const;
  return { kind: 'wait', id: 'answers', title: `${url} answers`, probe: { url }, until, timeoutSeconds };
}
