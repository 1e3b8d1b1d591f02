import { basename } from 'node:path/posix';
import type { Config } from '../config/config.ts';
import { ConfigError, DeployError } from '../errors.ts';
import { type Release, releaseId } from '../model/release.ts';
import type { HostState, Resolution } from '../model/state.ts';
import { olderProblem } from '../plan/older.ts';
import { probeProblems } from '../plan/probe.ts';
import { withdrawPlan } from '../plan/ship.ts';
import { sourceProblem } from '../plan/source.ts';
import { planSwitch } from '../plan/switch.ts';
import { checkAttestations } from './attestation.ts';
import type { Checkout } from './checkout.ts';
import { execute, print, pull } from './execute.ts';
import { intentOf, recorded } from './history.ts';
import { type Opened, open } from './open.ts';
import { withPending } from './pending.ts';
import { toAsk, withAnswers, withPreviews } from './preview.ts';
import { refusals } from './refusals.ts';
import { attempt, type Session, throwAll, throwProblems } from './session.ts';
import { shipAndResolve } from './ship.ts';

/**
 * From a release to healthy servers. Until the switch begins nothing that runs is changed.
 * @param ahead whether the images are on the servers already, as far as that is known
 */
export async function deploy(session: Session, checkout: Checkout, pushed: Release, ahead = false): Promise<void> {
  const { config, ports } = session;
  checkRelease(checkout, pushed);
  checkServices(checkout, config);
  await checkAttestations(session, pushed);
  session.known.commit = { subject: checkout.subject, author: checkout.author };
  if (checkout.tracked.has(rollbackWorkflow)) session.known.rollbackWorkflow = basename(rollbackWorkflow);
  const hold = { command: 'deploy', release: pushed.id } as const;
  const opened = await open(session, pushed.project, { login: true, hold });
  warnOfUnfinished(session, opened.states);
  const release = freshRelease({ ...pushed, source: checkout.source }, opened.states, new Date(ports.clock.now()));
  const intent = intentOf(session, 'deploy', release, opened.token);
  await recorded(session, intent, opened, async (downtime) => {
    const resolved = await resolve(session, checkout, opened, release, 'Ship and resolve');
    // Where the pull has nothing to do, Compose is asked beside it: its answer needs the images.
    const asked = ahead ? toAsk(opened) : [];
    const output = await pull(session, opened.targets, release, asked);
    const previewed = await withPreviews(session, opened, release, withAnswers(resolved, output));
    const plan = await withPending(session, planSwitch(opened, previewed, intent, config));
    print(session, plan);
    await execute(session, plan, downtime);
  });
}

/** Ships the release and resolves it. Throws the problems of all hosts at once, and then leaves nothing of it there. */
async function resolve(
  session: Session,
  checkout: Checkout,
  opened: Opened,
  release: Release,
  stage: string,
): Promise<readonly Resolution[]> {
  try {
    const prepared = await prepare(session, checkout, opened, { release, stage, older: 'refuse' });
    throwPrepared(prepared, opened);
    return prepared.resolved;
  } catch (error) {
    await attempt(session, withdrawPlan(opened.targets, release.id));
    throw error;
  }
}

/** What is resolved of a release that was shipped, and everything that a deploy would stop at. */
export type Prepared = {
  readonly resolved: readonly Resolution[];
  readonly problems: readonly string[];
  readonly older: boolean;
};

type Preparation = {
  readonly release: Release;
  readonly stage: string;
  /** Whether a commit that is too old ends it at once. */
  readonly older: 'refuse' | 'go on';
};

/** Ships the release to all hosts that can take it, and lets Compose resolve it there. */
export async function prepare(
  session: Session,
  checkout: Checkout,
  opened: Opened,
  { release, stage, older: whenOlder }: Preparation,
): Promise<Prepared> {
  const { root, unreachable, states } = opened;
  const { accept } = session.config;
  const older = session.config.allowOlder ? [] : states.flatMap((state) => olderProblem(state, release) ?? []);
  const foreign = accept.includes('other-source')
    ? []
    : states.flatMap((state) => sourceProblem(state, release.project, checkout.source) ?? []);
  const refused = whenOlder === 'refuse' && older.length + foreign.length > 0;
  const able = refused ? [] : states.filter(({ fatal }) => !fatal);
  const problems: string[] = [...older, ...foreign, ...unreachable.map(({ message }) => message)];
  problems.push(...states.flatMap((state) => [...state.problems, ...state.full]));
  problems.push(...probeProblems(states, session.config.health.probe));
  let resolved: readonly Resolution[] = [];
  try {
    resolved = await shipAndResolve(session, checkout, { release, root, hosts: able, stage });
    problems.push(...resolved.flatMap((resolution) => resolution.problems));
    problems.push(...refusals(opened, resolved, release, accept));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  return { resolved, problems, older: older.length > 0 };
}

/** Throws what a deploy stops at. */
export function throwPrepared({ problems, older }: Prepared, { unreachable }: Opened): void {
  if (problems.length === unreachable.length) throwAll(unreachable);
  throwProblems(problems, older ? olderHint : 'Fix this and deploy again. No running container was touched.');
}

/** One that began and has no end was interrupted where no lease could tell. */
function warnOfUnfinished({ ports }: Session, states: readonly HostState[]): void {
  for (const { host, history } of states) {
    const last = history.at(-1);
    if (last?.outcome !== 'started') continue;
    const run = last.run === undefined ? '' : ` (${last.run})`;
    ports.log.warn(`${host}: the ${last.command} of ${last.release} by ${last.actor}${run} began and never ended`);
  }
}

export function checkRelease({ commit, project }: Checkout, release: Release): void {
  if (release.commit !== commit) {
    throw new DeployError(
      `release: it was built from commit ${release.commit.slice(0, 12)}, but commit ${commit.slice(0, 12)} is checked out`,
      { kind: 'input', hint: 'Check out that commit: with actions/checkout, `ref: <commit>`.' },
    );
  }
  if (release.project !== project) {
    throw new DeployError(
      `release: it belongs to project ${release.project}, but this checkout is project ${project}`,
      {
        kind: 'input',
        hint: 'Set project-name to the same value in both jobs.',
      },
    );
  }
}

export function checkServices({ model, composeFiles }: Checkout, config: Config): void {
  const problems = (['backup', 'migrate', 'migratePlan'] as const).flatMap((name) => {
    const service = config[name]?.service;
    if (service === undefined || model.services.includes(service)) return [];
    const input = name === 'migratePlan' ? 'migrate-plan' : name;
    return [`${input}: no service "${service}" in ${composeFiles.join(', ')} (found: ${model.services.join(', ')})`];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

/** A sealed release never changes: deploying one again makes a new one of the same images. */
function freshRelease(release: Release, states: readonly HostState[], now: Date): Release {
  const known = states.some(({ releases }) => releases.includes(release.id));
  return known ? { ...release, id: releaseId(now, release.commit) } : release;
}

const olderHint = 'Push a newer commit, or set allow-older to true if you mean it. Nothing was changed.';

const rollbackWorkflow = '.github/workflows/rollback.yml';
