import type { Container } from '../model/state.ts';

/** The result of a probe: good, definitely bad, or ask again. */
export type Verdict =
  /** `notes` are what a person should see all the same. */
  | { readonly kind: 'good'; readonly says: string; readonly notes?: readonly string[] }
  | { readonly kind: 'wait'; readonly says: string; readonly container?: Container }
  | { readonly kind: 'bad'; readonly says: string; readonly container?: Container };

type Wanted = {
  /** Service → `name@sha256:…` */
  readonly images: Readonly<Record<string, string>>;
  /** How long a container without a healthcheck must have run to be trusted. */
  readonly settleSeconds: number;
  readonly completes?: readonly string[];
  readonly patient?: boolean;
  /** The ids of containers that do not count. */
  readonly besides?: readonly string[];
  /** How many containers each service should have. */
  readonly count?: number;
};

/**
 * So often a container may be restarted, from the first look on, until what it needs is there: a database, a migration. Where
 * that is new, too, it takes as long as it takes.
 */
const patience = 3;

/**
 * @param now of the host, in seconds since 1970
 * @param before restarts of each container, by id, that do not count
 */
export function servicesVerdict(
  wanted: Wanted,
  containers: readonly Container[],
  now: number,
  before: ReadonlyMap<string, number> = new Map(),
): Verdict {
  const { images, completes = [], besides = [], count = 1 } = wanted;
  const verdicts = Object.entries(images).flatMap(([service, image]) => {
    const own = containers.filter(
      (container) => container.service === service && !container.oneOff && !besides.includes(container.id),
    );
    if (own.length === 0) return [{ kind: 'wait', says: `${service} has no container` } as const];
    if (own.length < count)
      return [{ kind: 'wait', says: `${service} has ${own.length} of ${count} containers` } as const];
    return own.map((container) => {
      const restarts = container.restarts - (before.get(container.id) ?? 0);
      return containerVerdict(container, image, restarts, wanted, now);
    });
  });
  const bad = verdicts.filter((verdict) => verdict.kind === 'bad');
  // A container of this release tells more than one that will be replaced.
  const reason = bad.find(({ container }) => container && isOf(container, images)) ?? bad[0];
  if (reason) return reason;
  // A service that others wait for tells more than those waiting for it.
  const isAwaited = (verdict: Verdict): boolean =>
    verdict.kind === 'wait' && verdict.container !== undefined && completes.includes(verdict.container.service);
  const waiting = verdicts
    .filter(({ kind }) => kind === 'wait')
    .toSorted((a, b) => Number(isAwaited(b)) - Number(isAwaited(a)));
  if (waiting[0]) return { ...waiting[0], says: listed(waiting) };
  const notes = [...new Set(verdicts.flatMap((verdict) => (verdict.kind === 'good' ? (verdict.notes ?? []) : [])))];
  return { kind: 'good', says: `${verdicts.length} containers are as planned`, notes };
}

/** A line that can be read, also where 200 services start. */
function listed(waiting: readonly Verdict[]): string {
  const shown = waiting.slice(0, waiting.length > 6 ? 5 : 6).map(({ says }) => says);
  const more = waiting.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** Whether it runs the image that is wanted. */
export function isOf({ service, image }: Container, images: Wanted['images']): boolean {
  return images[service] === image;
}

function containerVerdict(
  container: Container,
  image: string,
  restarts: number,
  { settleSeconds, completes = [], patient = false }: Wanted,
  now: number,
): Verdict {
  const { service, status, exitCode, health } = container;
  const bad = (says: string): Verdict => ({ kind: 'bad', says: `${service} ${says}`, container });
  const wait = (says: string): Verdict => ({ kind: 'wait', says: `${service} ${says}`, container });
  if (image !== '' && container.image !== image) return bad(`is running ${container.image}, expected ${image}`);
  if (!patient && restarts >= patience && status !== 'running')
    return bad(`keeps restarting (exit code ${exitCode}${oom(container)})`);
  if (status === 'exited' || status === 'dead') {
    // One that has a port of the server is there to answer.
    if (exitCode === 0 && container.publishes && !completes.includes(service))
      return bad('has ended (exit code 0), but it publishes a port, so it should keep running');
    if (exitCode !== 0) return bad(`exited with code ${exitCode}${oom(container)}`);
    const says = `${service} completed`;
    if (completes.includes(service)) return { kind: 'good', says };
    return { kind: 'good', says, notes: [`${service} exited with code 0, which counts as completed`] };
  }
  if (status === 'created' && container.error !== '') return bad(`did not start: ${container.error}`);
  if (status === 'restarting') return wait(`is restarting (exit code ${exitCode}${oom(container)})`);
  if (status !== 'running') return wait(`is ${status}`);
  if (health === 'unhealthy') return bad('is unhealthy');
  if (health === 'starting') return wait('is starting');
  if (health === 'healthy') return { kind: 'good', says: `${service} is healthy` };
  if (completes.includes(service)) return wait('has not completed yet');
  const age = now - Date.parse(container.startedAt) / 1000;
  // One that stopped once already has to run for longer to be believed.
  const settled = age >= (container.restarts > 0 ? 3 * settleSeconds : settleSeconds);
  return settled ? { kind: 'good', says: `${service} runs` } : wait('is up, waiting to see whether it stays up');
}

const oom = ({ oomKilled }: Container): string => (oomKilled ? ', killed: out of memory' : '');

/** @param status of the HTTP answer, or why there was none. */
export function answerVerdict(status: number | string): Verdict {
  if (typeof status === 'string') return { kind: 'wait', says: status };
  return status >= 200 && status < 400
    ? { kind: 'good', says: `answers ${status}` }
    : { kind: 'wait', says: `answers ${status}` };
}
