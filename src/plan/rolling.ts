import type { Obstacle, Reason, ServiceChange } from '../model/changes.ts';
import { type Claims, isAnonymous } from '../model/claims.ts';
import type { Container, Resolution, Traits } from '../model/state.ts';
import { inOrder, traitsOf } from './rolling-order.ts';

export type RollingFacts = Pick<Resolution, 'traits' | 'replicas' | 'shares'> & {
  readonly claims: Pick<Claims, 'depends'>;
  readonly containers: readonly Container[];
  /** The services that this repository builds. */
  readonly built: readonly string[];
  /** Whether there is a current release that a failed roll can go back to. */
  readonly canRollBack: boolean;
  readonly kernel: string;
  /** Memory available to programs, in KiB; undefined if the host does not report it. */
  readonly freeKib: number | undefined;
  readonly drainSeconds: number;
};

/**
 * Which of the services that get new containers get them next to the old ones, and why the others do not. Unchanged services
 * stay as they are.
 */
export function withRolling(changes: readonly ServiceChange[], facts: RollingFacts): readonly ServiceChange[] {
  const given = changes.map((change) => unlessTakenAlong(change, facts));
  const rolled = given.map((asked): ServiceChange => {
    const change = besideNewDoor(asked, given, facts);
    // The reason why it is recreated already says that.
    if (change.action !== 'recreate' || change.reasons.some(({ kind }) => saidAlready.includes(kind))) return change;
    const obstacles = obstaclesOf(change.service, facts);
    if (obstacles.length > 0) return { ...change, obstacles };
    const { service, reasons } = change;
    const traits = traitsOf(service, facts);
    const old = containersOf(service, facts).map(({ id }) => id);
    const drainSeconds = traits.drainSeconds ?? facts.drainSeconds;
    const { graceSeconds } = traits;
    const rolling = {
      old,
      count: countOf(service, facts),
      drainSeconds,
      graceSeconds,
      turn: 0,
      needs: [],
      awaits: [],
      makesRoom: false,
    };
    return { service, action: 'roll', reasons, rolling };
  });
  return inOrder(rolled, facts);
}

const saidAlready: readonly Reason['kind'][] = ['shares', 'network', 'compose'];

/**
 * Compose recreates what depends on a service that it recreates. Here it is asked for one service after the other, so that
 * only those follow that request it with `restart: true`.
 */
function unlessTakenAlong(change: ServiceChange, { claims }: RollingFacts): ServiceChange {
  const { service, action, reasons } = change;
  if (action !== 'recreate' && action !== 'restart') return change;
  const along = reasons.flatMap((reason) => (reason.kind === 'depends' ? [reason.service] : []));
  if (along.length === 0 || reasons.some(({ kind }) => kind !== 'depends')) return { ...change, action: 'recreate' };
  const asked = claims.depends.some((row) => row.service === service && row.restart && along.includes(row.on));
  return asked ? { ...change, action: 'recreate' } : { service, action: 'keep', reasons: [] };
}

/** If the door changes, or is new, the old container holds what the new one needs. */
function besideNewDoor(change: ServiceChange, all: readonly ServiceChange[], { shares }: RollingFacts): ServiceChange {
  const { service, action, reasons } = change;
  if (action !== 'recreate' || reasons.some(({ kind }) => kind === 'shares')) return change;
  const others = Object.hasOwn(shares, service) ? (shares[service] ?? []) : [];
  const other = all.find((o) => others.includes(o.service) && (o.action === 'create' || o.action === 'recreate'));
  return other === undefined
    ? change
    : { ...change, reasons: [...reasons, { kind: 'shares', service: other.service }] };
}

const countOf = (service: string, { replicas }: RollingFacts): number =>
  (Object.hasOwn(replicas, service) ? replicas[service] : undefined) ?? 1;

const containersOf = (service: string, { containers }: RollingFacts): readonly Container[] =>
  containers.filter((container) => container.service === service && !container.oneOff);

/** Why two containers of a service cannot run side by side: everything that can be changed about it, at once. */
function obstaclesOf(service: string, facts: RollingFacts): readonly Obstacle[] {
  const traits = traitsOf(service, facts);
  const settled = settledFor(service, traits, facts);
  return settled === undefined ? changeable(service, traits, facts) : [settled];
}

/** Reasons that make all others irrelevant. */
function settledFor(service: string, traits: Traits, facts: RollingFacts): Obstacle | undefined {
  const own = containersOf(service, facts);
  if (traits.rolling === false) return { kind: 'opted-out' };
  if (!facts.canRollBack) return { kind: 'no-way-back' };
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
  // From its image, if the compose file does not set it.
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

/** Two containers in one network both listen on its ports: the kernel has to hand over connections that wait for the old one. */
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

/** A volume that several services, or several containers of this one, write to is shared already. An anonymous one never is. */
function writesAlone(service: string, { writes }: Traits, facts: RollingFacts): readonly Obstacle[] {
  const others = Object.keys(facts.traits).filter((other) => other !== service);
  const alone = writes.find((name) => name === '' || !others.some((o) => traitsOf(o, facts).writes.includes(name)));
  const mounts = containersOf(service, facts).flatMap((container) => container.mounts);
  // Its image may declare volumes too, which are not in the compose file.
  const volume = mounts.some(({ source, writable }) => writable && isAnonymous(source)) ? '' : alone;
  return volume === undefined ? [] : [{ kind: 'writes', volume }];
}
