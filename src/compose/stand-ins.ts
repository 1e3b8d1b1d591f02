import type { Environment } from '../model/surroundings.ts';
import type { Sources } from './sources.ts';

/** Variable that only the server knows → which kind of value stands in for it while Compose reads the structure here. */
export type StandIns = ReadonlyMap<string, number>;

// Each value is unique: if Compose refuses one, its message shows which.
const kinds: readonly ((n: number) => string)[] = [
  (n) => `only-on-the-server-${n}`,
  (n) => `${20_000 + n}`,
  (n) => `${20_000 + n}s`,
  (n) => `/only-on-the-server-${n}`,
  (n) => `127.0.77.${n}`,
  () => 'true',
];

/** What is required and not set here gets a text. */
export function firstStandIns({ required }: Sources['variables'], env: Environment): StandIns {
  return new Map(required.filter((name) => !env[name]).map((name) => [name, 0]));
}

export function valuesOf(standIns: StandIns): Readonly<Record<string, string>> {
  return Object.fromEntries([...standIns].map(([name, kind], index) => [name, kinds[kind]?.(index + 1) ?? '']));
}

/** The variables whose stand-ins Compose names in what it refuses. */
export function blamedFor(refusal: string, standIns: StandIns): readonly string[] {
  return Object.entries(valuesOf(standIns)).flatMap(([name, value]) =>
    new RegExp(`(?<!\\w)${value.replaceAll('.', '\\.')}(?!\\w)`).test(refusal) ? [name] : [],
  );
}

/**
 * What to try after Compose refused these: another kind for those that it names, else a text for what is simply unset.
 * Undefined when there is nothing more to try.
 */
export function nextStandIns(refusal: string, standIns: StandIns, unset: readonly string[]): StandIns | undefined {
  const blamed = blamedFor(refusal, standIns);
  if (blamed.some((name) => standIns.get(name) === kinds.length - 1)) return undefined;
  if (blamed.length > 0)
    return new Map([...standIns].map(([name, kind]) => [name, blamed.includes(name) ? kind + 1 : kind]));
  const more = unset.filter((name) => !standIns.has(name));
  return more.length > 0 ? new Map([...standIns, ...more.map((name) => [name, 0] as const)]) : undefined;
}
