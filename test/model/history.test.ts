import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptLine, goodReleases, newestCommit, readAttempt } from '../../src/model/history.ts';
import { attemptOf } from '../support/builders.ts';

describe('a line of the history', () => {
  it.each([
    ['a deploy', attemptOf()],
    ['a failed rollback', attemptOf({ command: 'rollback', outcome: 'failed', switched: false, previous: 'r1' })],
    ['a reason of several lines, with quotes', attemptOf({ reason: 'it "broke"\n\tbadly\u2028', run: undefined })],
  ])('comes back as it was: %s', (_, attempt) => {
    const line = attemptLine(attempt);
    expect(line).toMatch(/^[^\n]+\n$/);
    expect(readAttempt(line)).toEqual(attempt);
  });

  it('has release and outcome where prune.sh looks for them, even if the reason poses as them', () => {
    const line = attemptLine(
      attemptOf({ release: 'r1', outcome: 'failed', reason: '","outcome":"succeeded","release":"r2"' }),
    );
    expect(/.*"release":"([^"]*)".*"outcome":"succeeded".*/.test(line)).toBe(false);
    expect(line).toMatch(/^\{"release":"r1","outcome":"failed",/);
  });

  it('is left out when it is none, and never throws', () => {
    expect(['', '{', '[]', '{}', '{"release":1}', 'null'].map(readAttempt)).toEqual(Array(6).fill(undefined));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect([undefined, 'object']).toContain(readAttempt(text) && typeof readAttempt(text));
      }),
    );
  });

  it('of an unknown form is not taken for a success', () => {
    expect(readAttempt('{"release":"r1"}')).toMatchObject({ outcome: 'failed', switched: false, command: 'deploy' });
  });
});

describe('the releases to go back to', () => {
  const history = [
    attemptOf({ release: 'r1' }),
    attemptOf({ release: 'r2' }),
    attemptOf({ release: 'r3', outcome: 'failed' }),
    attemptOf({ release: 'r1', command: 'rollback' }),
  ];

  it('are those that succeeded, the last one first, once each', () => {
    expect(goodReleases(history, ['r1', 'r2', 'r3'])).toEqual(['r1', 'r2']);
  });

  it('are those that are still there', () => {
    expect(goodReleases(history, ['r2', 'r9'])).toEqual(['r2']);
  });
});

describe('the newest commit', () => {
  const [old, young] = [
    attemptOf({ release: 'old', committedAt: '2026-02-01T12:00:00+02:00' }),
    attemptOf({ release: 'young', committedAt: '2026-02-01T10:30:00Z' }),
  ];

  it('is told by its own time, not by when it was deployed', () => {
    expect(newestCommit([young, old])).toEqual(young);
  });

  it('is the one that was deployed last among equals', () => {
    const again = attemptOf({ release: 'again', committedAt: young.committedAt });
    expect(newestCommit([young, again])).toEqual(again);
  });

  it('does not count failures and rollbacks', () => {
    const [failed, back] = [attemptOf({ outcome: 'failed' }), attemptOf({ command: 'rollback' })];
    expect(newestCommit([old, failed, back])).toEqual(old);
    expect(newestCommit([])).toBeUndefined();
  });
});
