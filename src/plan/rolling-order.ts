import type { ServiceChange } from '../model/changes.ts';
import { noTraits, type Resolution, type Traits } from '../model/state.ts';

type Facts = Pick<Resolution, 'traits'>;

/** Orders them by `depends_on`, and lists what must be running before all of them. */
export function inOrder(changes: readonly ServiceChange[], facts: Facts): readonly ServiceChange[] {
  const order: string[] = [];
  const visit = (service: string, path: readonly string[]): void => {
    if (order.includes(service) || path.includes(service)) return;
    for (const other of traitsOf(service, facts).after) visit(other, [...path, service]);
    order.push(service);
  };
  for (const { service } of changes) visit(service, []);
  const fresh = changes.filter(({ action }) => action !== 'keep' && action !== 'remove' && action !== 'roll');
  const removes = changes.some(({ action }) => action === 'remove');
  const later = (turn: number): ReadonlySet<string> =>
    new Set(changes.flatMap(({ service, rolling }) => (rolling && order.indexOf(service) >= turn ? [service] : [])));
  return changes.map((change) => {
    if (change.rolling === undefined) return change;
    const turn = order.indexOf(change.service);
    const before = afterAll(change.service, facts);
    const early = fresh.filter((other) => isHarmless(other, fresh, later(turn), facts)).map(({ service }) => service);
    const needs = fresh.map(({ service }) => service).filter((name) => before.has(name) || early.includes(name));
    const awaits = needs.filter((name) => before.has(name) || traitsOf(name, facts).healthcheck);
    const makesRoom = removes && needs.some((name) => holdsAlone(traitsOf(name, facts)));
    return { ...change, rolling: { ...change.rolling, turn, needs, awaits, makesRoom } };
  });
}

/**
 * Whether a new service may come before those that roll, which may use it without saying so: if one is renamed, its proxy
 * uses the new name as soon as it is new itself. It must not need anything that is still old, nor anything another one holds.
 */
function isHarmless(
  { service, action }: ServiceChange,
  fresh: readonly ServiceChange[],
  later: ReadonlySet<string>,
  facts: Facts,
): boolean {
  const traits = traitsOf(service, facts);
  const needed = [...afterAll(service, facts)];
  return (
    action === 'create' &&
    !traits.completes &&
    !holdsAlone(traits) &&
    !needed.some((name) => later.has(name) || fresh.some((other) => other.service === name))
  );
}

/** Whether it has something that only one container can have: a container that goes may hold it until then. */
const holdsAlone = ({ ports, containerName, address, network }: Traits): boolean =>
  ports.length > 0 || containerName !== undefined || address !== undefined || network === 'host';

function afterAll(service: string, facts: Facts, found: Set<string> = new Set()): ReadonlySet<string> {
  for (const other of traitsOf(service, facts).after) {
    if (found.has(other)) continue;
    found.add(other);
    afterAll(other, facts, found);
  }
  return found;
}

export const traitsOf = (service: string, { traits }: Facts): Traits =>
  (Object.hasOwn(traits, service) ? traits[service] : undefined) ?? noTraits;
