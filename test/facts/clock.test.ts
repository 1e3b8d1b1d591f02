import { describe, expect, it } from 'vitest';
import { clockNote } from '../../src/facts/clock.ts';

const here = Date.parse('2026-02-03T04:05:06Z') / 1000;
const note = (ahead: number): string | undefined => clockNote({ host: 'web1', time: here + ahead }, here);

describe('the clock of a server', () => {
  it.each([
    ['years behind', -7 * 365 * 86_400, "7 years behind this machine's (it says 2019-02-05 04:05 UTC)"],
    ['an hour ahead', 3600, "60 minutes ahead of this machine's (it says 2026-02-03 05:05 UTC)"],
  ])('is reported when it is %s', (_, ahead, expected) => {
    expect(note(ahead)).toBe(`web1: its clock is ${expected}; one of them is wrong: see \`timedatectl\``);
  });

  it('is not told when it is about right, or not known', () => {
    expect([note(200), note(-200), clockNote({ host: 'web1' }, here)]).toEqual([undefined, undefined, undefined]);
  });
});
