import { sealedFile } from '../commands/paths.ts';
import { outputKey } from '../engine/apply.ts';
import { watchUrl } from '../engine/downtime.ts';
import { DeployError } from '../errors.ts';
import type { Release } from '../model/release.ts';
import { releaseId } from '../model/release.ts';
import type { Downtime, ServiceChange } from '../model/report.ts';
import type { HostState, Resolution } from '../model/state.ts';
import { logout, pullPlan, type Switch, switchPlan, type Target } from '../plan/deploy.ts';
import { renderChanges } from '../plan/render.ts';
import { serviceChanges } from '../plan/services.ts';
import type { Checkout } from './checkout.ts';
import { connectAll, observeHosts } from './observe.ts';
import { attempt, perform, type Session, throwAll, throwProblems } from './session.ts';
import { shipAndResolve } from './ship.ts';

export type Deployed = {
  readonly release: Release;
  readonly previous: string | undefined;
  readonly changes: Readonly<Record<string, readonly ServiceChange[]>>;
  readonly downtime: Downtime | undefined;
};

/** Told as soon as it is known, so that the report of a failed deploy has it too. */
export type Progress = (done: Partial<Deployed>) => void;

/** From a release to healthy servers. Until the switch begins nothing that runs is changed. */
export async function deploy(session: Session, checkout: Checkout, pushed: Release, progress: Progress): Promise<void> {
  const { config, ports } = session;
  checkRelease(checkout, pushed);
  const root = config.path ?? `/opt/${pushed.project}`;
  const unreachable = await connectAll(session);
  const observed = await observeHosts(session, root, pushed.project);
  const targets = observed.targets;
  const release = freshRelease(pushed, observed.states, new Date(ports.clock.now()));
  progress({ release, previous: observed.states[0]?.current });
  const able = observed.states.filter(({ fatal }) => !fatal);
  const resolutions = await shipAndResolve(session, checkout, release, root, able);
  const problems = [
    ...unreachable.map(({ message }) => message),
    ...observed.states.flatMap((state) => state.problems),
    ...resolutions.flatMap((resolution) => resolution.problems),
  ];
  if (problems.length > 0) await withdraw(session, targets, able, sealedFile(root, release.id));
  if (unreachable.length > 0 && problems.length === unreachable.length) throwAll(unreachable);
  throwProblems(problems, 'nothing that runs was changed; mend this and deploy again');
  const pulled = await perform(session, pullPlan(targets, release));
  throwProblems(
    targets.flatMap(({ host }) => wrongArchitecture(host, pulled.get(outputKey(host, 'pull')) ?? '')),
    'build for the right platform with the input platforms; nothing that runs was changed',
  );
  const switches = targets.map((target) => toSwitch(session, target, observed.states, resolutions, release));
  progress({ changes: Object.fromEntries(switches.map(({ host, changes }) => [host, changes])) });
  showPlan(session, switches, release, observed.states);
  await carryOut(session, switches, release, progress);
}

async function carryOut(
  session: Session,
  switches: readonly Switch[],
  release: Release,
  progress: Progress,
): Promise<void> {
  const { config, ports } = session;
  const { url } = config.health;
  const watch = url === undefined ? undefined : watchUrl(url, ports);
  try {
    await perform(session, switchPlan({ switches, release, migrate: config.migrate, health: config.health }));
  } finally {
    const downtime = await watch?.stop();
    if (downtime) {
      progress({ downtime });
      ports.log.info(describeDowntime(downtime));
    }
  }
}

export function describeDowntime({ probes, failed, longestGapSeconds }: Downtime): string {
  if (failed === 0) return `no downtime: all ${probes} probes of health-url were answered during the switch`;
  return `downtime: ${longestGapSeconds.toFixed(1)} s (${failed} of ${probes} probes of health-url failed during the switch)`;
}

function checkRelease({ commit, project }: Checkout, release: Release): void {
  if (release.commit !== commit) {
    throw new DeployError(
      `release: is of commit ${release.commit.slice(0, 12)}, but the checkout is ${commit.slice(0, 12)}`,
      {
        hint: 'check out the commit of the release: with actions/checkout, `ref: <commit>`',
      },
    );
  }
  if (release.project !== project) {
    throw new DeployError(`release: is of project ${release.project}, but this checkout's is ${project}`, {
      hint: 'set project-name to the same in both jobs',
    });
  }
}

/** A sealed release never changes: deploying one again makes a new one of the same images. */
function freshRelease(release: Release, states: readonly HostState[], now: Date): Release {
  const known = states.some(({ releases }) => releases.includes(release.id));
  return known ? { ...release, id: releaseId(now, release.commit) } : release;
}

/** After a failed check: no login and no half release stays on the servers. */
async function withdraw(
  session: Session,
  targets: readonly Target[],
  able: readonly HostState[],
  sealed: string,
): Promise<void> {
  const folder = sealed.replace(/\/compose\.yml$/, '');
  const tasks = targets.map(({ host, login }) => ({
    host,
    steps: [
      ...(login === undefined ? [] : [logout(login)]),
      ...(able.some((state) => state.host === host)
        ? [
            {
              kind: 'run',
              title: 'withdraw the release',
              output: 'quiet',
              command: { argv: ['rm', '-rf', '--', folder] },
            } as const,
          ]
        : []),
    ],
  }));
  await attempt(session, { title: 'withdraw', stages: [{ name: 'Withdraw', tasks }] });
}

function wrongArchitecture(host: string, output: string): readonly string[] {
  return output.split('\n').flatMap((line) => {
    const [fact, image, builtFor, machine] = line.split('\t');
    return fact === 'wrong-architecture'
      ? [`${host}: ${image} is built for ${builtFor}, but this server is ${machine}`]
      : [];
  });
}

function toSwitch(
  session: Session,
  target: Target,
  states: readonly HostState[],
  resolutions: readonly Resolution[],
  release: Release,
): Switch {
  const containers = states.find(({ host }) => host === target.host)?.containers ?? [];
  const resolution = resolutions.find(({ host }) => host === target.host) ?? { hashes: {}, changes: {} };
  return { ...target, changes: serviceChanges(resolution, containers, release, session.config.forceRecreate) };
}

function showPlan(
  { config, ports }: Session,
  switches: readonly Switch[],
  release: Release,
  states: readonly HostState[],
): void {
  ports.log.stage(`Plan: release ${release.id}`);
  for (const { host, changes } of switches) {
    const current = states.find((state) => state.host === host)?.current;
    for (const line of renderChanges(
      current === undefined ? `${host}, first release` : `${host}, now ${current}`,
      changes,
    ))
      ports.log.info(line);
  }
  if (config.migrate) {
    const { service, argv, when } = config.migrate;
    ports.log.info(
      `migrate on ${switches[0]?.host}, ${when} the containers are recreated: ${service}: ${argv.join(' ')}`,
    );
  }
  ports.log.end();
}
