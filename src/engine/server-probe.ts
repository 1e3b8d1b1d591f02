import { probe } from '../commands/server.ts';
import { readProbed } from '../facts/probed.ts';
import type { Probed } from '../model/report.ts';
import type { Held } from './held.ts';
import type { Clock } from './ports.ts';

/** Requests that a host sends to itself until they are stopped. */
export type ServerProbe = {
  readonly host: string;
  stop(): Promise<Probed>;
};

/** Throws a CommandError if they cannot start, and a LeaseLostError if the lease is over. */
export async function startProbe(held: Held, url: string, clock: Clock): Promise<ServerProbe> {
  const { name: host } = held;
  const before = clock.now();
  const { stdout } = await held.direct.run({ argv: ['cat', '/proc/uptime'] });
  const bootedAt = (before + clock.now()) / 2 - Number.parseFloat(stdout) * 1000;
  const background = await held.background('request the probe URL', probe(url));
  return { host, stop: async () => readProbed(host, await background.stop(), bootedAt) };
}
