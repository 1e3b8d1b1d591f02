import { describe, expect, it } from 'vitest';
import { collectedLog, fakeClock } from '../../fixtures/fakes.ts';
import { holderText, type LeaseHost, takeAll } from '../../src/engine/lease.ts';
import { LeaseBusyError } from '../../src/errors.ts';
import type { Holder, Taken } from '../../src/model/lease.ts';

const ana: Holder = {
  actor: 'ana',
  run: 'https://github.com/korrigo/shop/actions/runs/7',
  command: 'deploy',
  release: '20260203-040506-c0ffee012345',
  since: '2026-02-03T04:05:06Z',
  stage: 'Recreate',
  quietSeconds: 1,
  ending: false,
};
const bob: Holder = { ...ana, actor: 'bob', run: undefined, command: 'rollback', stage: '' };

const anaText =
  "ana's deploy of 20260203-040506-c0ffee012345 (https://github.com/korrigo/shop/actions/runs/7), since 04:05 UTC, now: Recreate";

/** Hosts of which other ones have some for a while; what happens to them is kept in order. */
function fleet(busy: Readonly<Record<string, (milliseconds: number) => Taken | undefined>>) {
  const start = Date.parse('2026-02-03T04:05:06Z');
  const clock = fakeClock(start);
  const log = collectedLog();
  const done: string[] = [];
  const held = new Set<string>();
  const host = (name: string): LeaseHost => ({
    name,
    take: async (waitSeconds) => {
      done.push(`take ${name}${waitSeconds > 0 ? `, waiting ${waitSeconds} s` : ''}`);
      if (waitSeconds > 0 && held.size > 0) throw new Error(`waits for ${name} and holds ${[...held]}`);
      clock.advance(waitSeconds * 1000);
      const taken = busy[name]?.(clock.now() - start) ?? { kind: 'taken' };
      if (taken.kind === 'taken') held.add(name);
      return taken;
    },
    leave: async () => {
      done.push(`leave ${name}`);
      held.delete(name);
    },
    heal: async ({ actor }) => void done.push(`heal ${name} after ${actor}`),
  });
  const signal = new AbortController();
  return {
    log,
    clock,
    done,
    held,
    signal,
    take: async (names: readonly string[], seconds = 900) =>
      await takeAll(names.map(host), seconds, { clock, log, signal: signal.signal }),
  };
}

const until =
  (seconds: number, holder: Holder = ana) =>
  (milliseconds: number): Taken | undefined =>
    milliseconds < seconds * 1000 ? { kind: 'busy', holder } : undefined;

describe('the leases of all hosts', () => {
  it('are taken in the order of their names', async () => {
    const { done, log, take } = fleet({});
    await take(['web2', 'db', 'web1']);
    expect([done, log.lines]).toEqual([['take db', 'take web1', 'take web2'], []]);
  });

  it('are all given back while one of them is waited for', async () => {
    const { done, held, take } = fleet({ web2: until(4) });
    await take(['web2', 'web1']);
    expect(done.slice(0, 3)).toEqual(['take web1', 'take web2', 'leave web1']);
    expect(done.slice(-2)).toEqual(['take web1', 'take web2']);
    expect([...held]).toEqual(['web1', 'web2']);
  });

  it('are waited for on the host itself where nothing is held meanwhile', async () => {
    const { done, take } = fleet({ web1: until(4) });
    await take(['web1', 'web2']);
    expect(done).toEqual(['take web1', 'take web1, waiting 5 s', 'take web2']);
  });

  it('are waited for, and every 15 s it is said who has them', async () => {
    const { log, take } = fleet({ web1: until(50) });
    await take(['web1']);
    expect(log.lines).toEqual(Array.from({ length: 4 }, () => `info … web1: waiting for ${anaText}`));
  });

  it('are not waited for any longer than lock-timeout', async () => {
    const { held, take } = fleet({ web2: until(1e6, bob) });
    const error: unknown = await take(['web1', 'web2'], 60).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LeaseBusyError);
    expect(error).toMatchObject({
      message:
        "web2: still in use after 60 s, by bob's rollback of 20260203-040506-c0ffee012345, since 04:05 UTC, now: starting",
      hint: 'Nothing was changed. Wait for the other run and deploy again, or raise lock-timeout.',
      holder: bob,
    });
    expect(held.size).toBe(0);
  });

  it('are not waited for after a cancel', async () => {
    const { held, signal, take } = fleet({ web2: until(1e6) });
    signal.abort();
    await expect(take(['web1', 'web2'])).rejects.toMatchObject({ kind: 'cancelled' });
    expect(held.size).toBe(0);
  });

  it('are taken after what was interrupted there is finished', async () => {
    const open: Taken = { kind: 'open', holder: bob };
    const answers: (Taken | undefined)[] = [open, undefined];
    const { done, take } = fleet({ web1: () => answers.shift() });
    await take(['web1', 'web2']);
    expect(done).toEqual(['take web1', 'heal web1 after bob', 'take web1', 'take web2']);
  });

  it('are given up where what was interrupted stays open, however often it is finished', async () => {
    const { done, held, take } = fleet({ web2: () => ({ kind: 'open', holder: bob }) });
    await expect(take(['web1', 'web2'])).rejects.toThrow(
      'web2: what an interrupted deploy left there cannot be finished',
    );
    expect(done.filter((what) => what.startsWith('heal web2'))).toHaveLength(4);
    expect(held.size).toBe(0);
  });

  it('are not taken where a program is missing, and nothing is held then', async () => {
    const { held, take } = fleet({ web2: () => ({ kind: 'missing', programs: ['flock', 'setsid'] }) });
    await expect(take(['web1', 'web2'])).rejects.toMatchObject({
      message: 'web2: not installed: flock, setsid',
      hint: expect.stringContaining('docs/server.md'),
    });
    expect(held.size).toBe(0);
  });
});

describe('who has a lease', () => {
  it.each([
    ['at work', ana, anaText],
    ['not heard of', { ...ana, quietSeconds: 42 }, `${anaText}, no sign of life for 42 s`],
    [
      'cut off, while the server goes back',
      { ...bob, quietSeconds: 70, ending: true },
      "bob's rollback of 20260203-040506-c0ffee012345, since 04:05 UTC, now rolling back",
    ],
    ['of whom little is known', { ...bob, release: '', since: '' }, "bob's rollback, now: starting"],
  ])('is told of one %s', (_, holder, text) => {
    expect(holderText(holder)).toBe(text);
  });
});
