import { readInspection } from '../facts/inspection.ts';
import { answerVerdict, servicesVerdict, type Verdict } from '../facts/verdict.ts';
import type { WaitStep } from '../model/plan.ts';
import type { EnginePorts } from './ports.ts';

/** The longest time that one look may take: a Docker that hangs must not outlast the time that a step has. */
export const probeMilliseconds = 20_000;

/**
 * Asks once.
 * @param seen restarts of each container (by id) when it was first looked at; filled in here
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
  // Asked again: one answer that does not come is no reason to fail a deploy. A lost connection rejects the next time.
  if (code !== 0) return { kind: 'wait', says: `docker inspect failed: ${stderr.trim() || 'no answer'}` };
  if (until.kind !== 'services') return { kind: 'good', says: 'answers' };
  const { now, containers } = readInspection(stdout);
  if (seen) for (const { id, restarts } of containers) if (!seen.has(id)) seen.set(id, restarts);
  return servicesVerdict(until, containers, now, seen);
}
