import { create, removeProject, up } from '../../commands/compose.ts';
import { sealedFile } from '../../commands/paths.ts';
import { awaitStops, replace, start, upByHand } from '../../commands/server.ts';
import type { ByHand } from '../../model/by-hand.ts';
import type { ServiceChange } from '../../model/changes.ts';
import type { Command } from '../../model/command.ts';
import type { Step } from '../../model/plan.ts';
import type { Release } from '../../model/release.ts';
import type { Wave } from '../../model/switch.ts';
import { refreshStep, refreshSteps } from '../refresh.ts';
import { forcedServices, renamedServices } from '../services.ts';
import { healthyStep, running, runningNow } from '../verify.ts';
import { tidyStep, upStep } from './steps.ts';
import type { Strategy, StrategyFacts, UndoFacts } from './strategy.ts';

/** Compose stops the old containers and starts the new ones in their place. */
export const recreate: Strategy = { stage: 'Recreate', steps: recreateSteps, undo: undoSteps };

function recreateSteps(facts: StrategyFacts): readonly Step[] {
  const { release, host } = facts;
  const { waves, changes } = host;
  const steps =
    waves === undefined
      ? bringUp(facts)
      : [
          ...waves.flatMap((wave, index) => replaceWave(wave, index + 1, facts)),
          ...refreshSteps(release.project, 'first', changes),
        ];
  return [tidyStep(release.project, sealedFile(host.root, host.to)), ...steps];
}

/** Replaces some services while the others keep running, and waits until those that the next ones wait for are healthy. */
function replaceWave({ services, awaited }: Wave, turn: number, facts: StrategyFacts): readonly Step[] {
  const { host, release, healthTimeoutSeconds, initTimeoutSeconds } = facts;
  const { root, to, changes, completes = [] } = host;
  const touched = changes.filter(({ service }) => services.includes(service));
  const onlyStarts = touched.every(({ action }) => action === 'start');
  const title = touched.map(({ action, service }) => `${action} ${service}`).join(', ');
  const step: Step = {
    ...upStep(`replace-${turn}`, title, facts),
    changes: true,
    command: onlyStarts ? start(release.project, services) : replace(sealedFile(root, to), release.project, services),
    explain: running(release, host),
  };
  if (awaited.length === 0) return [step];
  const images = Object.fromEntries(Object.entries(release.images).filter(([name]) => awaited.includes(name)));
  const ends = awaited.every((service) => completes.includes(service));
  return [
    step,
    {
      kind: 'wait',
      id: `ready-${turn}`,
      title: `${awaited.join(', ')} ${awaited.length > 1 ? 'are' : 'is'} ${ends ? 'done' : 'healthy'}`,
      ...runningNow({ ...release, images }, host),
      timeoutSeconds:
        healthTimeoutSeconds + (awaited.some((name) => completes.includes(name)) ? initTimeoutSeconds : 0),
    },
    ...(ends ? [] : [refreshStep(release.project, 'first', `refresh-${turn}`)]),
  ];
}

/** Brings up everything that differs from the release, and removes what is no longer part of it. */
export function bringUp(facts: StrategyFacts): readonly Step[] {
  const { host, release } = facts;
  const { root, to, changes, completes = [] } = host;
  const step = (id: string, title: string, command: Command): Step => ({
    ...upStep(id, title, facts),
    changes: true,
    command,
    explain: running(release, host),
  });
  const bring = (id: string, title: string, args: readonly string[]): Step => {
    const waits = completes.length === 0 ? '' : ` (waits for ${completes.join(', ')} to complete)`;
    return step(id, `${title}${waits}`, up(sealedFile(root, to), release.project, args));
  };
  const forced = forcedServices(changes);
  if (forced.length > 0 && changes.every(isTouched)) {
    return [bring('up', 'recreate all services', ['--remove-orphans', '--force-recreate'])];
  }
  const touched = changes.filter(({ action, service }) => action !== 'keep' && !forced.includes(service));
  const title =
    touched.length > 0
      ? touched.map(({ action, service }) => `${action} ${service}`).join(', ')
      : 'bring up all services';
  const renamed = renamedServices(changes);
  const prepare = (id: string, title: string, args: readonly string[]): Step =>
    step(id, title, create(sealedFile(root, to), release.project, args));
  // First what Compose itself finds, with everything that depends on it, as previewed for the plan; then the others, by name.
  return [
    // Its `up` would stop with these: it does not give them new containers, and Docker cannot start the old ones.
    ...(renamed.length > 0
      ? [
          prepare('networks', 'create the networks', ['--remove-orphans']),
          prepare('renamed', `create new containers of ${renamed.join(', ')}`, ['--force-recreate', ...renamed]),
        ]
      : []),
    bring('up', title, ['--remove-orphans']),
    ...(forced.length > 0
      ? // Not with --no-deps: what a service depends on is in the hash that Compose labels its container with.
        [bring('up-forced', `recreate ${forced.join(', ')}`, ['--force-recreate', ...forced])]
      : []),
    ...refreshSteps(release.project, 'first', changes),
  ];
}

const isTouched = ({ action }: ServiceChange): boolean =>
  action === 'recreate' || action === 'create' || action === 'remove';

/**
 * `up` of the previous release: Compose recreates what differs, and nothing else. After a first deploy the same for what
 * somebody had started by hand; otherwise removes everything but the data.
 */
function undoSteps(facts: UndoFacts): readonly Step[] {
  return [...tidyBack(facts), ...bringBack(facts)];
}

/** An interrupted step may have requested a stop that is still going on: Compose would take such a container for a running one. */
export function tidyBack({ release: { project }, host }: UndoFacts): readonly Step[] {
  const { root, from, byHand, stopSeconds = 0 } = host;
  const file = from === undefined ? undefined : sealedFile(root, from);
  if (file === undefined && byHand === undefined) return [tidyStep(project, undefined)];
  const stopping: Step = {
    kind: 'run',
    id: 'stopping',
    title: 'wait for containers that are being stopped',
    channel: 'detached',
    command: awaitStops(project),
    output: 'live',
    timeoutSeconds: 120 + stopSeconds,
  };
  return [stopping, tidyStep(project, file)];
}

export function bringBack(facts: UndoFacts): readonly Step[] {
  const { host, release, before, healthTimeoutSeconds } = facts;
  const { root, from, byHand } = host;
  const { project } = release;
  if (from === undefined && byHand !== undefined) return startAgain(byHand, facts);
  if (from === undefined) {
    const title = 'remove the containers and networks';
    return [{ ...upStep('undo-up', title, facts), changes: true, command: removeProject(project) }];
  }
  const was = releaseBefore(before, release);
  return [
    {
      ...upStep('undo-up', `bring ${from} back`, facts),
      changes: true,
      command: up(sealedFile(root, from), project, ['--remove-orphans']),
    },
    refreshStep(project, 'first'),
    ...(was === undefined ? [] : [healthyStep(was, healthTimeoutSeconds)]),
  ];
}

/** No image is expected: the files may have changed since. */
function startAgain(byHand: ByHand, facts: UndoFacts): readonly Step[] {
  const { release, healthTimeoutSeconds } = facts;
  const there = facts.before.containers.filter(({ oneOff }) => !oneOff);
  const stopped = there.filter(({ status }) => /^(created|exited|dead)$/.test(status));
  const ran = there.filter((container) => !stopped.includes(container));
  const well = ran.filter(({ status, health }) => status === 'running' && health !== 'unhealthy');
  const images = Object.fromEntries(well.map(({ service }) => [service, '']));
  return [
    {
      ...upStep('undo-up', `start again what ran from ${byHand.folder}`, facts),
      changes: true,
      command: upByHand(release.project, byHand, { ran, stopped }),
    },
    refreshStep(release.project, 'first'),
    healthyStep({ ...release, images }, healthTimeoutSeconds),
  ];
}

/** The previous release, with the services that were running: one that was stopped before need not run afterwards. */
function releaseBefore({ currentRelease, containers }: UndoFacts['before'], { project }: Release): Release | undefined {
  if (currentRelease === undefined) return undefined;
  const ran = new Set(containers.filter(({ status, oneOff }) => status === 'running' && !oneOff).map((c) => c.service));
  const images = Object.entries(currentRelease.images).filter(([service]) => ran.has(service));
  return { ...currentRelease, project, images: Object.fromEntries(images) };
}
