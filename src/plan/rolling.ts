import type { Obstacle, Reason, ServiceChange } from '../model/changes.ts';
import { type Claims, isAnonymous } from '../model/claims.ts';
import { type Container, noTraits, type Resolution, type Traits } from '../model/state.ts';

export type RollingFacts = Pick<Resolution, 'traits' | 'replicas' | 'shares'> & {
  readonly claims: Pick<Claims, 'depends'>;
  readonly containers: readonly Container[];
  /** The services that this repository builds. */
  readonly built: readonly string[];
  /** Whether a release is current: what new containers can make way for again. */
  readonly wayBack: boolean;
  readonly kernel: string;
  /** What programs may still take, in KiB; undefined where the host does not tell. */
  readonly freeKib: number | undefined;
  readonly drainSeconds: number;
};

/**
 * Which of the services that get new containers get them beside the old ones, and why the others do not. What does not change
 * stays as it is.
 */
export function withRolling(changes: readonly ServiceChange[], facts: RollingFacts): readonly ServiceChange[] {
  const given = changes.map((change) => unlessTakenAlong(change, facts));
  const rolled = given.map((asked): ServiceChange => {
    const change = besideNewDoor(asked, given, facts);
    // With the reason for which it is recreated, that is said already.
    if (change.action !== 'recreate' || change.reasons.some(({ kind }) => saidAlready.includes(kind))) return change;
    const obstacles = obstaclesOf(change.service, facts);
    if (obstacles.length > 0) return { ...change, obstacles };
    const { service, reasons } = change;
    const traits = traitsOf(service, facts);
    const old = containersOf(service, facts).map(({ id }) => id);
    const drainSeconds = traits.drainSeconds ?? facts.drainSeconds;
    const { graceSeconds } = traits;
    const rolling = { old, count: countOf(service, facts), drainSeconds, graceSeconds, turn: 0, needs: [] };
    return { service, action: 'roll', reasons, rolling };
  });
  return inOrder(rolled, facts);
}

const saidAlready: readonly Reason['kind'][] = ['shares', 'network', 'compose'];

/**
 * Compose takes along what depends on a service that it recreates. Here it is asked for one service after the other, so that
 * only those come along that ask for it, with `restart: true`.
 */
function unlessTakenAlong(change: ServiceChange, { claims }: RollingFacts): ServiceChange {
  const { service, action, reasons } = change;
  if (action !== 'recreate' && action !== 'restart') return change;
  const along = reasons.flatMap((reason) => (reason.kind === 'depends' ? [reason.service] : []));
  if (along.length === 0 || reasons.some(({ kind }) => kind !== 'depends')) return { ...change, action: 'recreate' };
  const asked = claims.depends.some((row) => row.service === service && row.restart && along.includes(row.on));
  return asked ? { ...change, action: 'recreate' } : { service, action: 'keep', reasons: [] };
}

/** With another door, or one where there was none, the old container holds what the new one needs. */
function besideNewDoor(change: ServiceChange, all: readonly ServiceChange[], { shares }: RollingFacts): ServiceChange {
  const { service, action, reasons } = change;
  if (action !== 'recreate' || reasons.some(({ kind }) => kind === 'shares')) return change;
  const others = Object.hasOwn(shares, service) ? (shares[service] ?? []) : [];
  const other = all.find((o) => others.includes(o.service) && (o.action === 'create' || o.action === 'recreate'));
  return other === undefined
    ? change
    : { ...change, reasons: [...reasons, { kind: 'shares', service: other.service }] };
}

const traitsOf = (service: string, { traits }: Pick<RollingFacts, 'traits'>): Traits =>
  (Object.hasOwn(traits, service) ? traits[service] : undefined) ?? noTraits;

const countOf = (service: string, { replicas }: RollingFacts): number =>
  (Object.hasOwn(replicas, service) ? replicas[service] : undefined) ?? 1;

const containersOf = (service: string, { containers }: RollingFacts): readonly Container[] =>
  containers.filter((container) => container.service === service && !container.oneOff);

/** Why two containers of a service do not run side by side; all that can be changed about it, at once. */
function obstaclesOf(service: string, facts: RollingFacts): readonly Obstacle[] {
  const traits = traitsOf(service, facts);
  const settled = settledFor(service, traits, facts);
  return settled === undefined ? changeable(service, traits, facts) : [settled];
}

/** What makes all else unimportant. */
function settledFor(service: string, traits: Traits, facts: RollingFacts): Obstacle | undefined {
  const own = containersOf(service, facts);
  if (traits.rolling === false) return { kind: 'opted-out' };
  if (!facts.wayBack) return { kind: 'no-way-back' };
  if (traits.completes || own.every(isCompleted)) return { kind: 'runs-once' };
  if (!own.some(({ status }) => status === 'running')) return { kind: 'not-running' };
  const sharers = Object.keys(facts.shares).filter((other) => facts.shares[other]?.includes(service));
  const behind = sharers.filter((other) => traitsOf(other, facts).network === `service:${service}`);
  if (behind.length > 0) return { kind: 'door', behind };
  if (sharers.length > 0) return { kind: 'shared', by: sharers };
  if (!facts.built.includes(service) && traits.rolling !== true) return { kind: 'not-built' };
  return undefined;
}

const isCompleted = ({ status, exitCode, restartPolicy }: Container): boolean =>
  status === 'exited' && exitCode === 0 && (restartPolicy === 'no' || restartPolicy === 'on-failure');

function changeable(service: string, traits: Traits, facts: RollingFacts): readonly Obstacle[] {
  const { ports, containerName, address, network, healthcheck, rolling, memoryBytes } = traits;
  const own = containersOf(service, facts);
  const count = countOf(service, facts);
  // Of its image, where the compose file says nothing.
  const isChecked = healthcheck || own.some(({ health }) => health !== 'none');
  const needed = count * (memoryBytes ?? 0);
  const free = facts.freeKib === undefined ? undefined : facts.freeKib * 1024;
  return [
    ...(network === 'host' ? [{ kind: 'host-network' } as const] : []),
    ...(ports.length > 0 ? [{ kind: 'ports', ports } as const] : []),
    ...(containerName === undefined ? [] : [{ kind: 'container-name', name: containerName } as const]),
    ...(address === undefined ? [] : [{ kind: 'address', address } as const]),
    ...(isChecked ? [] : [{ kind: 'healthcheck' } as const]),
    ...behindDoor(network, facts),
    ...(rolling === true || count > 1 ? [] : writesAlone(service, traits, facts)),
    ...(free !== undefined && needed > free ? [{ kind: 'memory', neededBytes: needed, freeBytes: free } as const] : []),
  ];
}

/** Two containers that share one network both listen on its ports: the kernel has to hand over what waits for the old one. */
function behindDoor(network: string | undefined, facts: RollingFacts): readonly Obstacle[] {
  if (network === undefined || !network.startsWith('service:')) return [];
  const door = network.slice('service:'.length);
  return [
    ...(isOlder(facts.kernel, [5, 14]) ? [{ kind: 'kernel', version: facts.kernel } as const] : []),
    ...(traitsOf(door, facts).migrates ? [] : [{ kind: 'door-sysctl', door } as const]),
  ];
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [found = 0, next = 0] = version.split(/[.-]/).map(Number);
  return found < major || (found === major && next < minor);
}

/** A volume that several services write to, or several containers of this one, is shared already. One without a name never is. */
function writesAlone(service: string, { writes }: Traits, facts: RollingFacts): readonly Obstacle[] {
  const others = Object.keys(facts.traits).filter((other) => other !== service);
  const alone = writes.find((name) => name === '' || !others.some((o) => traitsOf(o, facts).writes.includes(name)));
  const mounts = containersOf(service, facts).flatMap((container) => container.mounts);
  // Its image may ask for volumes, too, of which the compose file knows nothing.
  const volume = mounts.some(({ source, writable }) => writable && isAnonymous(source)) ? '' : alone;
  return volume === undefined ? [] : [{ kind: 'writes', volume }];
}

/** Gives each its turn, in the order of `depends_on`, and tells what has to be there before all of them. */
function inOrder(changes: readonly ServiceChange[], facts: RollingFacts): readonly ServiceChange[] {
  const order: string[] = [];
  const visit = (service: string, path: readonly string[]): void => {
    if (order.includes(service) || path.includes(service)) return;
    for (const other of traitsOf(service, facts).after) visit(other, [...path, service]);
    order.push(service);
  };
  for (const { service } of changes) visit(service, []);
  const fresh = changes.filter(({ action }) => action !== 'keep' && action !== 'remove' && action !== 'roll');
  return changes.map((change) => {
    if (change.rolling === undefined) return change;
    const before = afterAll(change.service, facts);
    const needs = fresh.map(({ service }) => service).filter((service) => before.has(service));
    return { ...change, rolling: { ...change.rolling, turn: order.indexOf(change.service), needs } };
  });
}

function afterAll(service: string, facts: RollingFacts, found: Set<string> = new Set()): ReadonlySet<string> {
  for (const other of traitsOf(service, facts).after) {
    if (found.has(other)) continue;
    found.add(other);
    afterAll(other, facts, found);
  }
  return found;
}
