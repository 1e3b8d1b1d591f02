import { makeCurrent, writeFiles } from '../commands/server.ts';
import type { Config, Migration } from '../config/config.ts';
import type { ServiceChange } from '../model/changes.ts';
import { noClaims } from '../model/claims.ts';
import type { Stage, Step } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import type { HostState, Resolution } from '../model/state.ts';
import {
  type HostSwitch,
  type Intent,
  type Observed,
  type OneOffDecision,
  type SwitchPlan,
  stepIds,
} from '../model/switch.ts';
import { dataOf } from './data.ts';
import { beginStage } from './history.ts';
import { ignoredKeys } from './ignored.ts';
import { isEmpty, oneOffStage, oneOffText } from './one-off.ts';
import { refreshSteps } from './refresh.ts';
import { withRolling } from './rolling.ts';
import { serviceChanges } from './services.ts';
import { strategies } from './strategies/strategies.ts';
import { undoSteps } from './undo.ts';
import { answersStep, healthyStep } from './verify.ts';
import { wavesOf } from './waves.ts';

export type SwitchConfig = Pick<
  Config,
  'strategy' | 'drainSeconds' | 'forceRecreate' | 'backup' | 'migrate' | 'envFiles' | 'health' | 'onFailure'
>;

/** From the old release to the new one on every host: what happens to each service and why, and the steps that do it. */
export function planSwitch(
  { targets, states }: Observed,
  resolved: readonly Resolution[],
  intent: Intent,
  config: SwitchConfig,
): SwitchPlan {
  const { release, command } = intent;
  const hosts = targets.map(({ host, root }): HostSwitch => {
    const state = states.find((other) => other.host === host);
    const resolution = resolved.find((other) => other.host === host);
    const containers = state?.containers ?? [];
    const { current: from, byHand } = state ?? {};
    const found = serviceChanges(
      resolution ?? nothing,
      containers,
      release,
      config.forceRecreate,
      state?.networkIds,
      state?.compose,
    );
    const { kernel = '', freeKib } = state ?? {};
    const facts = { ...(resolution ?? nothing), containers, built: release.built, canRollBack: from !== undefined };
    const changes =
      config.strategy === 'rolling'
        ? withRolling(found, { ...facts, kernel, freeKib, drainSeconds: config.drainSeconds })
        : found;
    const data = resolution === undefined ? [] : dataOf(resolution, { root, containers, release, from });
    const { completes = [] } = resolution ?? {};
    const waves = config.strategy === 'recreate' ? wavesOf(changes, facts) : undefined;
    const stopSeconds = slowStops(changes, facts.traits);
    const ignored = resolution === undefined ? [] : ignoredKeys(resolution.claims, state?.compose);
    const plain = { host, root, from, byHand, to: release.id, changes, completes, stopSeconds, data, ignored };
    return waves === undefined ? plain : { ...plain, waves };
  });
  // A rollback has neither: it does not touch data.
  const { backup, migrate } = command === 'deploy' ? config : { backup: undefined, migrate: undefined };
  const [first] = hosts;
  const decision = first === undefined || backup === undefined ? undefined : backupDecision(first, oneOffText(backup));
  return {
    intent,
    hosts,
    ...(decision === undefined ? {} : { backup: decision }),
    ...(first === undefined || migrate === undefined
      ? {}
      : { migration: { kind: 'run', host: first.host, text: oneOffText(migrate), when: migrate.when } }),
    before:
      first === undefined || backup === undefined || decision?.kind !== 'run'
        ? []
        : [oneOffStage('backup', backup, first, release)],
    stages: stagesOf(hosts, states, { ...release, images: runningImages(release, resolved) }, intent, migrate, config),
  };
}

/** `stop_grace_period` may give a worker minutes to finish its work. */
function slowStops(changes: readonly ServiceChange[], traits: Resolution['traits']): number {
  const stopped = changes.filter(({ action }) => action !== 'keep' && action !== 'create');
  return stopped.reduce((sum, { service }) => sum + Math.max(0, (traits[service]?.graceSeconds ?? 10) - 10), 0);
}

const nothing = { hashes: {}, differences: {}, replicas: {}, shares: {}, traits: {}, claims: noClaims };

/** A server without a release and without containers has nothing to lose. */
function backupDecision(first: HostSwitch, text: string): OneOffDecision {
  const { host, from } = first;
  return from === undefined && isEmpty(first) ? { kind: 'nothing-to-lose', host } : { kind: 'run', host, text };
}

/** Without the services scaled to 0. */
function runningImages({ images }: Release, resolved: readonly Resolution[]): Release['images'] {
  const runs = (service: string): boolean => resolved.some(({ hashes }) => Object.hasOwn(hashes, service));
  return Object.fromEntries(Object.entries(images).filter(([service]) => runs(service)));
}

function stagesOf(
  hosts: readonly HostSwitch[],
  states: readonly HostState[],
  release: Release,
  intent: Intent,
  migrate: Migration | undefined,
  { envFiles, health, onFailure, strategy: name }: SwitchConfig,
): readonly Stage[] {
  const { url, timeoutSeconds } = health;
  const limits = { healthTimeoutSeconds: timeoutSeconds, initTimeoutSeconds: health.initTimeoutSeconds };
  const strategy = strategies[name];
  const stage = (title: string, steps: (host: HostSwitch) => readonly Step[]): Stage => ({
    name: title,
    tasks: hosts.map((host) => ({ host: host.host, steps: steps(host) })),
  });
  const writes = intent.command === 'deploy' && envFiles.length > 0;
  const undo = (host: HostSwitch): readonly Step[] => {
    const { currentRelease, containers = [] } = states.find((state) => state.host === host.host) ?? {};
    const before = { currentRelease, containers };
    return undoSteps(strategy, { host, release, before, ...limits }, writes);
  };
  const [first] = hosts;
  const migration =
    first === undefined || migrate === undefined ? [] : [oneOffStage('migrate', migrate, first, release)];
  return [
    beginStage(
      intent,
      hosts.map((host) => ({ host, undo: onFailure === 'keep' ? [] : undo(host) })),
    ),
    ...(writes ? [stage('Write env files', writeFilesSteps)] : []),
    ...(migrate?.when === 'before' ? migration : []),
    stage(strategy.stage, (host) => strategy.steps({ host, release, ...limits })),
    ...(migrate?.when === 'after' ? migration : []),
    stage('Verify', (host) => [
      healthyStep(release, timeoutSeconds, host),
      ...refreshSteps(release.project, 'last', host.changes),
    ]),
    ...(url === undefined
      ? []
      : [{ name: 'Check health-url', tasks: [{ host: 'local', steps: [answersStep(url, timeoutSeconds)] }] }]),
    stage('Finish', (host) => [currentStep(host)]),
  ];
}

function writeFilesSteps({ root, to: id }: HostSwitch): readonly Step[] {
  const title = 'write the env-files';
  return [
    { kind: 'run', id: 'write-files', title, channel: 'detached', command: writeFiles({ root, id }), output: 'quiet' },
  ];
}

function currentStep({ root, to: id }: HostSwitch): Step {
  const title = `set current to ${id}`;
  return {
    kind: 'run',
    id: stepIds.current,
    title,
    channel: 'detached',
    command: makeCurrent(root, id),
    output: 'quiet',
  };
}
