import { describe, expect, it } from 'vitest';
import { collectedLog, fakeClock } from '../../fixtures/fakes.ts';
import { linkTo } from '../../src/engine/link.ts';
import { ConnectError, LeaseLostError } from '../../src/errors.ts';
import type { Host } from '../../src/hosts/host.ts';

const command = { argv: ['true'] };
const patienceSeconds = 60;

/** A link to a server on which the nth command runs or not; every connection to it succeeds. */
function scene(runs: (count: number) => boolean) {
  let [commands, connections] = [0, 0];
  const refusal = new ConnectError('web1', 'the login shell is restricted', { runsNothing: true });
  const host = (): Host => ({
    name: 'web1',
    run: async () => {
      if (!runs(++commands)) throw refusal;
      return { code: 0, stdout: '', stderr: '', seconds: 0, timedOut: false };
    },
    close: async () => {},
  });
  const clock = fakeClock();
  const reconnect = async (): Promise<Host> => {
    connections++;
    return host();
  };
  const link = linkTo(host(), patienceSeconds, { log: collectedLog(), clock, reconnect });
  return { link, clock, refusal, connections: () => connections };
}

describe.each(['call', 'run'] as const)('a server that lets us in and runs nothing, asked by %s', (way) => {
  it('is named at once, and not connected to again', async () => {
    const { link, refusal, connections } = scene(() => false);
    await expect(link[way](command)).rejects.toBe(refusal);
    expect(connections()).toBe(0);
  });

  it('is given up when that lasts, where it ran something before', async () => {
    const { link, clock, connections } = scene((count) => count === 1);
    await link[way](command);
    await expect(link[way](command)).rejects.toBeInstanceOf(LeaseLostError);
    expect(connections()).toBeLessThanOrEqual(patienceSeconds + 1);
    expect(clock.slept.every((pause) => pause === 1000)).toBe(true);
  });

  it('is waited for when it is about to run something again', async () => {
    const { link } = scene((count) => count === 1 || count > 5);
    await link[way](command);
    expect(await link[way](command)).toMatchObject({ code: 0 });
  });
});
