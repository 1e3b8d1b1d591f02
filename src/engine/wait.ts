import { Cancelled, HealthError } from '../errors.ts';
import type { WaitStep } from '../model/plan.ts';
import { describe } from './explain.ts';
import type { EnginePorts } from './ports.ts';
import { probeOnce } from './probe.ts';

const unansweredHint =
  'All containers are healthy, so check health-url itself, the published port, the reverse proxy, and any firewall between this machine and the server.';

/** Asks twice a second until the verdict is good; throws a HealthError when it is bad or the time is up. */
export async function waitFor(step: WaitStep, hostName: string, ports: EnginePorts): Promise<void> {
  const deadline = ports.clock.now() + step.timeoutSeconds * 1000;
  let said = '';
  const seen = new Map<string, number>();
  for (;;) {
    const verdict = await probeOnce(step, hostName, ports, seen);
    if (verdict.kind === 'good') return;
    const late = ports.clock.now() >= deadline;
    if (ports.signal.aborted) throw new Cancelled(hostName, 'during', step.title);
    if (verdict.kind === 'bad' || late) {
      const says = verdict.kind === 'bad' ? verdict.says : `${verdict.says} (gave up after ${step.timeoutSeconds} s)`;
      throw 'url' in step.probe
        ? new HealthError(hostName, undefined, says, { hint: unansweredHint })
        : await describe(verdict, says, hostName, ports);
    }
    if (verdict.says !== said) ports.log.progress(`… ${hostName}: ${verdict.says}`);
    said = verdict.says;
    await ports.clock.sleep(500, ports.signal);
  }
}
