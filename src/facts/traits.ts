import type { Traits } from '../model/state.ts';
import { type Facts, rowsOf } from './facts.ts';

/** Docker's default, if the compose file sets none. */
const defaultGraceSeconds = 10;

/** What `traits.awk` printed: service → what decides whether two of its containers can run side by side. */
export function readTraits(facts: Facts): Readonly<Record<string, Traits>> {
  const services = new Set(rowsOf(facts, 'trait').map(([service = '']) => service));
  return Object.fromEntries([...services].map((service) => [service, traitsOf(facts, service)]));
}

function traitsOf(facts: Facts, service: string): Traits {
  const rows = rowsOf(facts, 'trait').filter(([name]) => name === service);
  const all = (what: string): readonly string[] =>
    rows.flatMap(([, kind, value = '']) => (kind === what ? [value] : []));
  const one = (what: string): string | undefined => all(what)[0];
  const rolling = one('rolling');
  return {
    healthcheck: all('healthcheck').length > 0,
    containerName: one('container-name'),
    address: one('address'),
    ports: [...new Set(all('port'))],
    network: one('network'),
    rolling: rolling === undefined ? undefined : rolling === 'true',
    drainSeconds: durationSeconds(one('drain')),
    graceSeconds: durationSeconds(one('grace')) ?? defaultGraceSeconds,
    memoryBytes: Number(one('memory')) || undefined,
    writes: all('writes'),
    migrates: one('migrates') === '1',
    after: all('after'),
    waits: all('waits'),
    hooks: all('hooks').length > 0,
    completes: all('completes').length > 0,
  };
}

/** Labels of ours that say nothing that we know: one sentence each. */
export function labelProblems(facts: Facts): readonly string[] {
  return rowsOf(facts, 'trait').flatMap(([service = '', what = '', value = '']) => {
    if (what === 'rolling' && value !== 'true' && value !== 'false')
      return [`${service}: label korrigo.rolling: "${value}" is not one of true, false`];
    if (what === 'drain' && durationSeconds(value) === undefined)
      return [`${service}: label korrigo.drain: "${value}" is not a duration; use 3s, 30s or 1m30s`];
    return [];
  });
}

const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** `1m30s`, as Compose writes durations → seconds, rounded up. */
function durationSeconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  return Math.ceil(parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (unitSeconds[unit] ?? 1), 0));
}
