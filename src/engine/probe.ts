import type { WaitStep } from '../model/plan.ts';
import { readContainer } from './containers.ts';
import type { EnginePorts } from './ports.ts';
import { answerVerdict, servicesVerdict, type Verdict } from './verdict.ts';

/** Asks once. */
export async function probeOnce(
  { probe, until }: Pick<WaitStep, 'probe' | 'until'>,
  hostName: string,
  ports: EnginePorts,
): Promise<Verdict> {
  if ('url' in probe) {
    const verdict = answerVerdict(await ports.ask(probe.url));
    return { ...verdict, says: `${probe.url} ${verdict.says}` };
  }
  const { code, stdout, stderr } = await ports.host(hostName).run(probe, { signal: ports.signal });
  const [now = '', ...lines] = stdout.trim().split('\n');
  // Asked again: one answer that does not come is no reason to fail a deploy. A lost connection rejects the next time.
  if (code !== 0)
    return { kind: 'wait', says: `the containers could not be inspected: ${stderr.trim() || 'no answer'}` };
  if (until.kind !== 'services') return { kind: 'good', says: 'answers' };
  const containers = lines.map(readContainer).filter((container) => container !== undefined);
  return servicesVerdict(until, containers, Number(now));
}
