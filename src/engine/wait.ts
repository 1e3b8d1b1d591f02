import { Cancelled, HealthError } from '../errors.ts';
import type { WaitStep } from '../model/plan.ts';
import { describe } from './explain.ts';
import type { EnginePorts } from './ports.ts';
import { probeOnce } from './probe.ts';

const unansweredHint =
  'All containers are healthy, so check health-url itself, the published port, the reverse proxy, and any firewall between this machine and the server.';

/** Asks until the verdict is good, at first at short notice; throws a HealthError when it is bad or the time is up. */
export async function waitFor(step: WaitStep, hostName: string, ports: EnginePorts): Promise<void> {
  const started = ports.clock.now();
  const deadline = started + step.timeoutSeconds * 1000;
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
    await ports.clock.sleep(pauseAfter(ports.clock.now() - started), ports.signal);
  }
}

/** Much is ready at once; what is not after ten seconds takes its time. In milliseconds, the pause too. */
const pauseAfter = (waited: number): number => (waited < 500 ? 100 : waited < 10_000 ? 250 : 500);
