import { watchUrl } from '../engine/downtime.ts';
import { startProbe } from '../engine/server-probe.ts';
import { DeployError } from '../errors.ts';
import { longestDowntime } from '../facts/downtime.ts';
import { downtimeText } from '../report/downtime.ts';
import { probedLines } from '../report/probed.ts';
import type { Session } from './session.ts';

/** Measures the downtime of a switch: `health-url` from here, `probe` from each server. */
export type Measuring = {
  start(): Promise<void>;
  /** Shows the measurements, the first time. @param during what was done: "the switch" */
  stop(during: string): Promise<void>;
};

export function measuring(session: Session): Measuring {
  let end: ((during: string) => Promise<void>) | undefined;
  let ended: Promise<void> | undefined;
  return {
    start: async () => {
      end = await begin(session);
    },
    stop: async (during) => {
      ended ??= end?.(during);
      await ended;
    },
  };
}

async function begin({ config, ports, known, leases }: Session): Promise<(during: string) => Promise<void>> {
  const { url, probe } = config.health;
  const probes =
    probe === undefined
      ? undefined
      : await Promise.all([...leases.values()].map(async (held) => await startProbe(held, probe, ports.clock)));
  const watch = url === undefined ? undefined : watchUrl(url, ports);
  return async (during) => {
    const downtime = await watch?.stop();
    if (downtime !== undefined) {
      known.downtime = downtime;
      ports.log.info(downtimeText(downtime, during));
    }
    // After a cancellation there is no time to ask the servers; those that rolled back by themselves have ended the probe.
    if (probes === undefined || ports.signal.aborted) return;
    const found = await Promise.all(probes.map(async ({ stop }) => await stop().catch(unlessExpected)));
    known.probed = found.filter((one) => one !== undefined);
    for (const line of probedLines(known, during)) ports.log.info(line);
  };
}

function unlessExpected(error: unknown): undefined {
  if (!(error instanceof DeployError)) throw error;
}

/** Throws if it took longer than allowed. */
export function checkDowntime({ config, known }: Session): void {
  const { maxDowntimeSeconds: most } = config.health;
  const longest = longestDowntime(known);
  if (most === undefined || longest === undefined || longest.seconds <= most) return;
  const { host, seconds } = longest;
  const who = host === undefined ? 'health-url' : `${host}: the probe URL`;
  throw new DeployError(`${who} did not answer for ${seconds.toFixed(1)} s, and max-downtime is ${most} s`, {
    kind: 'health',
    host,
    hint: 'All containers were healthy. Make the switch shorter, see docs/zero-downtime.md, or raise max-downtime.',
  });
}
