import type { Migration, OneOff } from '../config/config.ts';
import { outputKey } from '../engine/apply.ts';
import { watchUrl } from '../engine/downtime.ts';
import { readPull } from '../facts/rows.ts';
import type { Release } from '../model/release.ts';
import type { Downtime, HostAfter, ServiceChange } from '../model/report.ts';
import type { HostState, Resolution } from '../model/state.ts';
import { pullPlan, type Switch, switchPlan, type Target } from '../plan/deploy.ts';
import { backupPlan, isEmpty, oneOffText } from '../plan/one-off.ts';
import { renderChanges } from '../plan/render.ts';
import { serviceChanges } from '../plan/services.ts';
import { perform, type Session, throwProblems } from './session.ts';

export type Deployed = {
  readonly release: Release;
  readonly previous: string | undefined;
  readonly changes: Readonly<Record<string, readonly ServiceChange[]>>;
  readonly downtime: Downtime | undefined;
  /** The host, and what the backup said last. */
  readonly backup: string;
  /** What is there after a failure. */
  readonly after: readonly HostAfter[];
};

/** Told as soon as it is known, so that the report of a failed deploy has it too. */
export type Progress = (done: Partial<Deployed>) => void;

/** Brings the images to the hosts. Throws when one of them cannot run there. */
export async function pull(session: Session, targets: readonly Target[], release: Release): Promise<void> {
  const outputs = await perform(session, pullPlan(targets, release));
  const problems = targets.flatMap(({ host }) => wrongArchitecture(host, outputs.get(outputKey(host, 'pull')) ?? ''));
  throwProblems(problems, 'build for the right platform with the input platforms; nothing that runs was changed');
}

const wrongArchitecture = (host: string, output: string): readonly string[] =>
  readPull(output).map(
    ({ image, builtFor, machine }) => `${host}: ${image} is built for ${builtFor}, but this server is ${machine}`,
  );

type Facts = {
  readonly release: Release;
  readonly targets: readonly Target[];
  readonly states: readonly HostState[];
  readonly resolutions: readonly Resolution[];
  /** Files came with it that belong under shared/. */
  readonly places: boolean;
  /** A rollback has neither: it does not touch data. */
  readonly backup?: OneOff | undefined;
  readonly migrate?: Migration | undefined;
};

/** Shows what will happen and does it: the same for a deploy and a rollback. */
export async function switchTo(
  session: Session,
  facts: Facts,
  progress: Progress,
  began: () => Promise<void>,
): Promise<void> {
  const { config, ports } = session;
  const { release, states, resolutions, migrate } = facts;
  const switches = facts.targets.map((target): Switch => {
    const containers = states.find(({ host }) => host === target.host)?.containers ?? [];
    const resolution = resolutions.find(({ host }) => host === target.host) ?? { hashes: {}, changes: {} };
    return { ...target, changes: serviceChanges(resolution, containers, release, config.forceRecreate) };
  });
  progress({ changes: Object.fromEntries(switches.map(({ host, changes }) => [host, changes])) });
  showPlan(session, switches, facts);
  if (facts.backup && hasData(switches, states)) await backUp(session, facts.backup, switches, release, progress);
  await began();
  const { url } = config.health;
  const watch = url === undefined ? undefined : watchUrl(url, ports);
  try {
    const expected = { ...release, images: expectedImages(release, resolutions) };
    await perform(
      session,
      switchPlan({ switches, release: expected, places: facts.places, migrate, health: config.health }),
    );
  } finally {
    const downtime = await watch?.stop();
    if (downtime) {
      progress({ downtime });
      ports.log.info(describeDowntime(downtime));
    }
  }
}

/** Not on a server that had no release and no containers: a first deploy. */
function hasData([first]: readonly Switch[], states: readonly HostState[]): boolean {
  const current = states.find(({ host }) => host === first?.host)?.current;
  return first !== undefined && !(current === undefined && isEmpty(first));
}

async function backUp(
  session: Session,
  backup: OneOff,
  switches: readonly Switch[],
  release: Release,
  progress: Progress,
): Promise<void> {
  const outputs = await perform(session, backupPlan(backup, switches, release));
  const host = switches[0]?.host ?? '';
  const said = (outputs.get(outputKey(host, 'backup')) ?? '').trim().split('\n').at(-1) ?? '';
  progress({ backup: `${host}: ${said || oneOffText(backup)}` });
}

function showPlan({ ports }: Session, switches: readonly Switch[], facts: Facts): void {
  const { release, states, backup, migrate } = facts;
  ports.log.stage(`Plan: release ${release.id}`);
  for (const { host, changes } of switches) {
    const current = states.find((state) => state.host === host)?.current;
    const title = current === undefined ? `${host}, first release` : `${host}, now ${current}`;
    for (const line of renderChanges(title, changes)) ports.log.info(line);
  }
  const first = switches[0]?.host;
  if (backup && hasData(switches, states))
    ports.log.info(`back up on ${first}, before anything is changed: ${oneOffText(backup)}`);
  else if (backup) ports.log.info(`no backup: ${first} has no release and no containers yet`);
  if (migrate)
    ports.log.info(`migrate on ${first}, ${migrate.when} the containers are recreated: ${oneOffText(migrate)}`);
  ports.log.end();
}

/** Without the services that are to have no container. */
function expectedImages({ images }: Release, resolutions: readonly Resolution[]): Release['images'] {
  const runs = (service: string): boolean => resolutions.some(({ hashes }) => Object.hasOwn(hashes, service));
  return Object.fromEntries(Object.entries(images).filter(([service]) => runs(service)));
}

export function describeDowntime({ probes, failed, longestGapSeconds, up }: Downtime): string {
  if (!up)
    return `health-url does not answer: down for ${longestGapSeconds.toFixed(1)} s so far (${failed} of ${probes} probes failed)`;
  if (failed === 0) return `no downtime: all ${probes} probes of health-url were answered during the switch`;
  return `downtime: ${longestGapSeconds.toFixed(1)} s (${failed} of ${probes} probes of health-url failed during the switch)`;
}
