import { Cancelled, HealthError } from '../errors.ts';
import type { WaitStep } from '../model/plan.ts';
import { describe } from './explain.ts';
import type { EnginePorts } from './ports.ts';
import { probeOnce } from './probe.ts';

const unansweredHint =
  'All containers are healthy, so check health-url itself, the published port, the reverse proxy, and any firewall between this machine and the server.';

/** Asks until the verdict is good, frequently at first; throws a HealthError if it is bad or the wait times out. */
export async function waitFor(step: WaitStep, hostName: string, ports: EnginePorts): Promise<void> {
  const started = ports.clock.now();
  const deadline = started + step.timeoutSeconds * 1000;
  let said = '';
  const seen = new Map<string, number>();
  let { ask } = step;
  for (;;) {
    const asked = ports.clock.now();
    const verdict = await probeOnce(ask === undefined ? step : { ...step, probe: ask }, hostName, ports, seen);
    const took = ports.clock.now() - asked;
    if (took > slowMilliseconds) ask = undefined;
    if (verdict.kind === 'good') {
      for (const note of verdict.notes ?? []) ports.log.info(`${hostName}: ${note}`);
      return;
    }
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
    const pause = pauseAfter(ports.clock.now() - started);
    await ports.clock.sleep(ask === undefined ? pause : Math.max(pause, took / 2), ports.signal);
  }
}

/** A healthcheck that takes longer than this is left to Docker, which kills one that hangs. */
const slowMilliseconds = 2_000;

/** Much is ready at once; what is not ready after ten seconds will take longer. In milliseconds, the pause too. */
const pauseAfter = (waited: number): number => (waited < 500 ? 100 : waited < 10_000 ? 250 : 500);
