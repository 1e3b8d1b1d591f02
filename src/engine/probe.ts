import { readInspection } from '../facts/inspection.ts';
import { answerVerdict, servicesVerdict, type Verdict } from '../facts/verdict.ts';
import type { WaitStep } from '../model/plan.ts';
import type { Container } from '../model/state.ts';
import type { EnginePorts } from './ports.ts';

/** The time limit for one probe: a Docker that hangs must not outlast the time limit of the step. */
export const probeMilliseconds = 20_000;

/**
 * Asks once.
 * @param seen the restarts of each container (by id) at its first probe, and when that was; filled in here
 */
export async function probeOnce(
  { probe, until }: Pick<WaitStep, 'probe' | 'until'>,
  hostName: string,
  ports: EnginePorts,
  seen?: Map<string, number>,
): Promise<Verdict> {
  if ('url' in probe) {
    const verdict = answerVerdict(await ports.ask(probe.url));
    return { ...verdict, says: `${probe.url} ${verdict.says}` };
  }
  const { code, stdout, stderr } = await ports
    .host(hostName)
    .run(probe, { signal: AbortSignal.any([ports.signal, AbortSignal.timeout(probeMilliseconds)]) });
  // Ask again: one missing answer is no reason to fail a deploy. A lost connection rejects the next time.
  if (code !== 0) return { kind: 'wait', says: `docker inspect failed: ${stderr.trim() || 'no answer'}` };
  if (until.kind !== 'services') return { kind: 'good', says: 'answers' };
  const { now, containers } = readInspection(stdout);
  if (seen === undefined) return servicesVerdict(until, containers, now);
  for (const { id, restarts } of containers) if (!seen.has(id)) seen.set(id, restarts);
  const judged = containers.map((container) => startedInThePast(container, now, seen, ports.clock.now() / 1000));
  return servicesVerdict(until, judged, now, seen);
}

/** If the host's clock was set back, count from the first probe. Times in seconds. */
function startedInThePast(container: Container, now: number, seen: Map<string, number>, here: number): Container {
  const { id, startedAt } = container;
  if (!(Date.parse(startedAt) / 1000 > now)) return container;
  const start = `${id} ${startedAt}`;
  const first = seen.get(start) ?? here;
  seen.set(start, first);
  return { ...container, startedAt: new Date((now - (here - first)) * 1000).toISOString() };
}
