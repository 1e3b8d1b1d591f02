import { makeRelease, thirdParty } from '../compose/images.ts';
import { buildTargets } from '../compose/targets.ts';
import { readPins } from '../facts/images.ts';
import { readLease } from '../facts/lease.ts';
import type { BuildCause } from '../model/changes.ts';
import type { Forecast } from '../model/forecast.ts';
import type { Release } from '../model/release.ts';
import type { HostState } from '../model/state.ts';
import { lookUpPlan } from '../plan/build.ts';
import { withBuilds } from '../plan/builds.ts';
import { logoutPlan } from '../plan/login.ts';
import { forecastLookPlan } from '../plan/observe.ts';
import { withdrawPlan } from '../plan/ship.ts';
import { planSwitch } from '../plan/switch.ts';
import { forecastLines } from '../report/forecast.ts';
import type { Rehearsed } from './ahead.ts';
import { loginEnv } from './build.ts';
import { buildCauses } from './builds.ts';
import type { Checkout } from './checkout.ts';
import { intentOf } from './history.ts';
import { type Opened, open } from './open.ts';
import { digestToCome, withPending } from './pending.ts';
import { prepare, throwPrepared } from './prepare.ts';
import { withPreviews } from './preview.ts';
import { checkRelease, checkServices } from './release-checks.ts';
import { attempt, type Session, throwAll, throwCancelled } from './session.ts';

/**
 * What a deploy of this checkout would do on each server. It takes no lease, changes no running container, and leaves nothing
 * behind. What would stop a deploy is part of the answer; a server that cannot be reached is a failure.
 */
export async function plan(session: Session, checkout: Checkout): Promise<void> {
  const { known, ports } = session;
  const { forecast, opened } = await forecastOf(session, checkout, 'all');
  known.forecast = forecast;
  ports.log.stage(`Plan: commit ${checkout.commit.slice(0, 12)}`);
  for (const line of forecastLines(forecast)) ports.log.info(line);
  ports.log.end();
  throwAll(opened.unreachable);
}

/**
 * The same before minutes of tests and builds: shows what the deploy will do, and throws its problems. Shipped files
 * stay there for the deploy. The digests of third-party images are those of the release.
 */
export async function rehearse(session: Session, checkout: Checkout): Promise<Rehearsed> {
  const { ports } = session;
  const { forecast, throwProblems, pins, opened } = await forecastOf(session, checkout, 'release');
  throwProblems();
  ports.log.stage('Plan before the build');
  for (const line of forecastLines(forecast)) ports.log.info(line);
  ports.log.end();
  return { pins, opened };
}

type Found = {
  readonly forecast: Forecast;
  readonly opened: Opened;
  readonly pins: Rehearsed['pins'];
  readonly throwProblems: () => void;
};

async function forecastOf(session: Session, checkout: Checkout, withdraw: 'release' | 'all'): Promise<Found> {
  const { config, ports } = session;
  if (config.release !== undefined) checkRelease(checkout, config.release);
  checkServices(checkout, config);
  if (config.hosts.length === 0) return await structureOf(session, checkout);
  const only = withdraw === 'all';
  const opened = await open(session, checkout.project, { login: !only, ...(only ? { look: forecastLookPlan } : {}) });
  const looked = await lookUp(session, checkout, opened.states).catch(async (error: unknown) => {
    await attempt(session, logoutPlan(opened.targets));
    throw error;
  });
  const { release } = looked;
  const stage = only ? 'Resolve' : 'Rehearse';
  try {
    const prepared = await prepare(session, checkout, opened, { release, stage, older: only ? 'go on' : 'refuse' });
    const intent = intentOf(session, 'deploy', release, opened.token);
    const usable = opened.targets.filter(({ host }) =>
      prepared.resolved.some((resolution) => resolution.host === host),
    );
    const observed = { ...opened, targets: usable };
    const causes = await buildCauses(session, checkout, opened.states);
    const exact = config.release !== undefined;
    const asked = await withPreviews(session, observed, release, prepared.resolved);
    const switched = planSwitch(observed, asked, intent, config);
    const known = exact ? switched : withBuilds(switched, (host) => sharedCauses(release, checkout, causes(host)));
    const plan = only ? await withPending(session, known) : known;
    const notes = [...looked.notes, ...busyNotes(opened)];
    return {
      forecast: { plan, problems: [...new Set([...prepared.problems, ...looked.problems])], notes },
      opened,
      pins: looked.pins,
      throwProblems: () => throwPrepared({ ...prepared, problems: [...prepared.problems, ...looked.problems] }, opened),
    };
  } finally {
    const { failures } = await attempt(session, withdrawPlan(opened.targets, release.id, withdraw));
    for (const { message } of failures) ports.log.warn(message);
  }
}

/** What is known without a server, for runs that get no secrets. */
async function structureOf(session: Session, checkout: Checkout): Promise<Found> {
  const { services, builds } = checkout.model;
  const { release, problems, notes } = await lookUp(session, checkout, []);
  const opened = { token: '', root: '', targets: [], states: [], unreachable: [], failures: [], output: () => '' };
  const plan = planSwitch(opened, [], intentOf(session, 'deploy', release, ''), session.config);
  const others = services.filter((service) => !Object.hasOwn(builds, service));
  const structure = [
    'this pull request comes from a fork, which gets no secrets: what would change on the servers is not known',
    `services: ${services.join(', ')}`,
    ...(Object.keys(builds).length > 0 ? [`built from this repository: ${Object.keys(builds).join(', ')}`] : []),
    ...others.map((service) => `${service} runs ${release.images[service] ?? 'an image that is built here'}`),
  ];
  return {
    forecast: { plan, problems, notes: [...structure, ...notes] },
    opened,
    pins: new Map(),
    throwProblems: () => {},
  };
}

type LookedUp = {
  readonly release: Release;
  readonly pins: Rehearsed['pins'];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
};

/** The release as far as it is known before the build: third-party images by their current digest. */
async function lookUp(session: Session, checkout: Checkout, states: readonly HostState[]): Promise<LookedUp> {
  const { config, ports } = session;
  const { model, commit, committedAt, project, source } = checkout;
  const time = new Date(ports.clock.now());
  if (config.release !== undefined) {
    const { id } = makeRelease(model, { time, commit, committedAt, project, pushed: {}, pinned: {} });
    return { release: { ...config.release, id, source }, pins: new Map(), problems: [], notes: [] };
  }
  const others = thirdParty(model);
  const images = [...new Set(Object.values(others))];
  const { output, failures } = await attempt(session, lookUpPlan(images, loginEnv(session)));
  throwCancelled(failures);
  const { pins, refused } = readPins(output('local', 'pins'));
  const current = states.find(({ currentRelease }) => currentRelease !== undefined)?.currentRelease;
  const pinned = Object.entries(others).map(([use, image]): [string, string] => {
    const name = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
    return [use, pins.get(image) ?? current?.images[use] ?? `${name}@${digestToCome}`];
  });
  const registry = config.registry?.name ?? 'local';
  const pushed = buildTargets(model, registry, project).flatMap(({ services, repository }) =>
    services.map((service): [string, string] => [service, `${repository}@${digestToCome}`]),
  );
  return {
    release: {
      ...makeRelease(model, {
        time,
        commit,
        committedAt,
        project,
        pushed: Object.fromEntries(pushed),
        pinned: Object.fromEntries(pinned),
      }),
      source,
    },
    pins,
    problems: refused.map(([image, why]) => `compose-file: image ${image} cannot be pulled: ${why}`),
    notes: failures.flatMap(({ failures: all }) =>
      all.map(({ short }) => `${short}: assuming that third-party images have not changed`),
    ),
  };
}

/** A service whose `image:` another service builds counts as built too. */
function sharedCauses(
  { built }: Release,
  { model }: Checkout,
  causes: Readonly<Record<string, BuildCause>>,
): Readonly<Record<string, BuildCause>> {
  const shared = built.flatMap((service): [string, BuildCause][] => {
    const builder = Object.keys(model.builds).find((other) => model.images[other] === model.images[service]);
    const cause = causes[service] ?? (builder === undefined ? undefined : causes[builder]);
    return cause === undefined ? [] : [[service, cause]];
  });
  return Object.fromEntries(shared);
}

/** What is being deployed right now, or was interrupted: the plan may be out of date in a minute. */
function busyNotes({ targets, output }: Opened): readonly string[] {
  return targets.flatMap(({ host }) => {
    if (output(host, 'lease') === '') return [];
    const { state, holder } = readLease(output(host, 'lease'));
    if (state === 'free') return [];
    const how = state === 'busy' ? 'is in progress' : 'was interrupted, and is rolled back first';
    return [`${host}: ${holder.command} of ${holder.release || 'a release'} by ${holder.actor} ${how}`];
  });
}
