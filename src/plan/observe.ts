import { showLease } from '../commands/lease.ts';
import { observe, reopen, status, unchanged } from '../commands/server.ts';
import type { Registry } from '../config/config.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import type { Target } from '../model/switch.ts';
import { loginSteps, serverLoginHint } from './login.ts';
import { previewTasks } from './preview.ts';
import { claimsStep } from './ship.ts';

type Facts = { readonly targets: readonly Target[]; readonly project: string };

/** Checks every server, and logs in those that have a folder for it, both in parallel. */
export function observePlan({ targets, project }: Facts, registry: Registry | undefined): Plan {
  const tasks = targets.flatMap(({ host, root, login }) => [
    { host, steps: [look('observe', observe({ root, project }))] },
    ...loginSteps(registry, login, serverLoginHint).map((step) => ({ host, steps: [step] })),
  ]);
  return { stages: [{ name: 'Check the servers', tasks }] };
}

/** As for a deploy, but for a release that is already there: whether the server is unchanged since then. */
export function lookAgainPlan({ targets, project }: Facts, id: string): Plan {
  const tasks = targets.flatMap(({ host, root }) => [
    { host, steps: [look('observe', observe({ root, project }))] },
    { host, steps: [{ ...look('unchanged', unchanged({ root, id })), title: 'check what has changed since' }] },
    { host, steps: [claimsStep(root, id)] },
  ]);
  return { stages: [{ name: 'Check the servers', tasks }] };
}

export function statusPlan({ targets, project }: Facts): Plan {
  const tasks = targets.flatMap(({ host, root }) => [
    { host, steps: [look('observe', status({ root, project }))] },
    { host, steps: [leaseStep(root)] },
  ]);
  return { stages: [{ name: 'Check the servers', tasks }] };
}

/** As for a deploy without a registry, and also who is deploying right now. */
export function forecastLookPlan({ targets, project }: Facts): Plan {
  const tasks = targets.flatMap(({ host, root }) => [
    { host, steps: [look('observe', observe({ root, project }))] },
    { host, steps: [leaseStep(root)] },
  ]);
  return { stages: [{ name: 'Check the servers', tasks }] };
}

const leaseStep = (root: string): Step => ({ ...look('lease', showLease(root)), title: 'see who is deploying' });

function look(id: string, command: Extract<Step, { kind: 'run' }>['command']): Step {
  return { kind: 'run', id, title: 'check the server', command, output: 'facts' };
}

/**
 * Reads everything needed about a release that is already on the servers, in one stage.
 * @param asked the hosts where Compose can be asked what it would do
 */
export function reopenPlan(
  targets: readonly Target[],
  release: Pick<Release, 'id' | 'project'>,
  asked: readonly Target[],
): Plan {
  const { id } = release;
  const tasks = targets.flatMap(({ host, root }) => {
    const title = `read release ${id}`;
    const read: Step = { kind: 'run', id: 'reopen', title, command: reopen({ root, id }), output: 'facts' };
    return [
      { host, steps: [read] },
      { host, steps: [claimsStep(root, id)] },
    ];
  });
  return { stages: [{ name: 'Read the release', tasks: [...tasks, ...previewTasks(asked, release)] }] };
}
