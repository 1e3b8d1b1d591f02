import type { Reason, ServiceChange } from '../model/changes.ts';
import type { Container, Resolution, Traits } from '../model/state.ts';
import type { Wave } from '../model/switch.ts';

export type WaveFacts = Pick<Resolution, 'traits' | 'shares' | 'preview'> & {
  readonly containers: readonly Container[];
  /** The services that this repository builds. */
  readonly built: readonly string[];
  /** Whether a release is current. */
  readonly canRollBack: boolean;
};

/**
 * Which services are replaced one after the other, in the order of `depends_on`, so that each keeps running until what it waits for
 * has been replaced. `up` stops all old containers first, and then waits. Undefined if only `up` knows what to do.
 */
export function wavesOf(changes: readonly ServiceChange[], facts: WaveFacts): readonly Wave[] | undefined {
  const touched = changes.filter(({ action }) => action !== 'keep');
  const names = touched.map(({ service }) => service);
  if (!facts.canRollBack || touched.some((change) => !isPlain(change, facts)) || anyShares(names, facts)) {
    return undefined;
  }
  if (touched.length === 0) return leavesAll(facts) ? [] : undefined;
  const levels = names.map((service) => levelOf(service, names, facts));
  const last = Math.max(...levels);
  const inWave = (level: number): readonly string[] => names.filter((_, index) => levels[index] === level);
  const waves = Array.from({ length: last + 1 }, (_, level): Wave => {
    const services = inWave(level);
    const later = names.filter((_, index) => (levels[index] ?? 0) > level);
    const isAwaited = (service: string): boolean =>
      later.some((other) => traitsOf(other, facts).waits.includes(service)) ||
      (traitsOf(service, facts).completes && later.some((other) => allBefore(other, facts).has(service)));
    return { services, awaited: services.filter(isAwaited) };
  });
  const runs = (service: string): boolean =>
    facts.containers.some((container) => container.service === service && container.status === 'running');
  // With all in one wave, or nothing that keeps running meanwhile, there is nothing to gain, unless Compose is not needed at all.
  if (touched.every(({ action }) => action === 'start')) return waves;
  return waves.slice(1).some(({ services }) => services.some(runs)) ? waves : undefined;
}

/** Whether Compose itself says that it would do nothing. */
function leavesAll({ preview }: WaveFacts): boolean {
  if (preview === undefined || preview.networks.length > 0) return false;
  return Object.values(preview.containers).every((fate) => fate === 'keep');
}

/** What Compose itself finds to do about this service alone. */
function isPlain({ service, action, reasons }: ServiceChange, { traits, built }: WaveFacts): boolean {
  const own = Object.hasOwn(traits, service) ? traits[service] : undefined;
  if (own?.hooks) return false;
  // A service that prepares the data for the new release may require that nothing old is running.
  if (own?.completes && built.includes(service)) return false;
  return /^(recreate|create|start)$/.test(action) && !reasons.some((reason) => isOther(reason));
}

/** Whether one of these shares another one's network, processes or volumes: only Compose replaces both correctly. */
const anyShares = (names: readonly string[], { shares }: WaveFacts): boolean =>
  names.some((name) => Object.hasOwn(shares, name) && shares[name]?.some((other) => names.includes(other)));

const others: readonly Reason['kind'][] = [
  'forced',
  'shares',
  'depends',
  'compose',
  'network',
  'lost-network',
  'renamed',
  'resource',
  'scale',
];

const isOther = (reason: Reason): boolean =>
  others.includes(reason.kind) || (reason.kind === 'stopped' && reason.status !== 'exited');

const nobody: Pick<Traits, 'after' | 'waits' | 'completes'> = { after: [], waits: [], completes: false };

const traitsOf = (service: string, { traits }: WaveFacts): typeof nobody =>
  (Object.hasOwn(traits, service) ? traits[service] : undefined) ?? nobody;

/** Its position among those that change: after everything it depends on, directly or through others. */
function levelOf(service: string, names: readonly string[], facts: WaveFacts): number {
  const before = names.filter((other) => other !== service && allBefore(service, facts).has(other));
  return Math.max(-1, ...before.map((other) => levelOf(other, names, facts))) + 1;
}

function allBefore(service: string, facts: WaveFacts, found: Set<string> = new Set()): ReadonlySet<string> {
  for (const other of traitsOf(service, facts).after) {
    if (found.has(other)) continue;
    found.add(other);
    allBefore(other, facts, found);
  }
  return found;
}
