import { basename } from 'node:path/posix';
import { type Release, releaseId } from '../model/release.ts';
import type { HostState, Resolution } from '../model/state.ts';
import { lookAgainPlan } from '../plan/observe.ts';
import { withdrawPlan } from '../plan/ship.ts';
import { planSwitch } from '../plan/switch.ts';
import { checkAttestations } from './attestation.ts';
import type { Checkout } from './checkout.ts';
import { execute, print, pull } from './execute.ts';
import { intentOf, recorded } from './history.ts';
import type { Purpose } from './lease.ts';
import { type Look, type Opened, open } from './open.ts';
import { withPending } from './pending.ts';
import { prepare, throwPrepared } from './prepare.ts';
import { toAsk, withAnswers, withPreviews } from './preview.ts';
import { checkRelease, checkServices } from './release-checks.ts';
import { type Ahead, stillTrue } from './reuse.ts';
import { attempt, type Session } from './session.ts';

/**
 * From a release to healthy servers. Until the switch begins, no running container changes.
 * @param ahead the same release, if it was already prepared on the servers
 */
export async function deploy(session: Session, checkout: Checkout, pushed: Release, ahead?: Ahead): Promise<void> {
  const { config, ports } = session;
  checkRelease(checkout, pushed);
  checkServices(checkout, config);
  await checkAttestations(session, pushed);
  session.known.commit = { subject: checkout.subject, author: checkout.author };
  if (checkout.tracked.has(rollbackWorkflow)) session.known.rollbackWorkflow = basename(rollbackWorkflow);
  const hold = { command: 'deploy', release: pushed.id } as const;
  const { opened, found } = await look(session, pushed, hold, ahead);
  warnOfUnfinished(session, opened.states);
  const complete = { ...pushed, source: checkout.source };
  const release = found === undefined ? freshRelease(complete, opened.states, new Date(ports.clock.now())) : complete;
  const intent = intentOf(session, 'deploy', release, opened.token);
  await recorded(session, intent, opened, async (downtime) => {
    const resolved = found ?? (await bring(session, checkout, opened, release));
    const plan = await withPending(session, planSwitch(opened, resolved, intent, config));
    print(session, plan);
    await execute(session, plan, downtime);
  });
}

type Looked = {
  readonly opened: Opened;
  /** What was resolved ahead, if nothing has changed since then. */
  readonly found: readonly Resolution[] | undefined;
};

/** Takes the leases and checks the servers. If something has changed, discards what was prepared ahead. */
async function look(session: Session, { project }: Release, hold: Purpose, ahead: Ahead | undefined): Promise<Looked> {
  if (ahead === undefined) return { opened: await open(session, project, { login: true, hold }), found: undefined };
  const { id } = ahead.release;
  const again: Look = (facts) => lookAgainPlan(facts, id);
  const first = await open(session, project, { login: false, hold, look: again });
  const found = stillTrue(session, first, ahead);
  if (found !== undefined) return { opened: first, found };
  session.ports.log.info('something changed on the servers during the tests: preparing the release again');
  await attempt(session, withdrawPlan(first.targets, id));
  const { token } = first;
  return { opened: { ...(await open(session, project, { login: true })), token }, found };
}

/** Ships the release to the servers, resolves it there, and pulls its images. */
async function bring(
  session: Session,
  checkout: Checkout,
  opened: Opened,
  release: Release,
): Promise<readonly Resolution[]> {
  const resolved = await resolve(session, checkout, opened, release, 'Ship and resolve');
  // If there is nothing to pull, Compose is asked in parallel: its answer needs the images.
  const asked = isThere(release, opened.states) ? toAsk(opened) : [];
  const output = await pull(session, opened.targets, release, asked);
  return await withPreviews(session, opened, release, withAnswers(resolved, output));
}

/** Whether every server already has all its images from the current release. */
function isThere({ images }: Release, states: readonly HostState[]): boolean {
  return states.every(({ currentRelease }) => {
    const known = new Set(Object.values(currentRelease?.images ?? {}));
    return Object.values(images).every((image) => known.has(image));
  });
}

/** Ships the release and resolves it. Throws the problems of all hosts at once, after removing it everywhere. */
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

/** An attempt without an end was interrupted in a way that no lease recorded. */
function warnOfUnfinished({ ports }: Session, states: readonly HostState[]): void {
  for (const { host, history } of states) {
    const last = history.at(-1);
    if (last?.outcome !== 'started') continue;
    const run = last.run === undefined ? '' : ` (${last.run})`;
    ports.log.warn(`${host}: the ${last.command} of ${last.release} by ${last.actor}${run} started and never finished`);
  }
}

/** A sealed release never changes: deploying one again creates a new one with the same images. */
function freshRelease(release: Release, states: readonly HostState[], now: Date): Release {
  const known = states.some(({ releases }) => releases.includes(release.id));
  return known ? { ...release, id: releaseId(now, release.commit) } : release;
}

const rollbackWorkflow = '.github/workflows/rollback.yml';
