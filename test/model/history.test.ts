import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptOf } from '../../fixtures/builders.ts';
import { attemptLine, goodReleases, lastSwitch, readAttempt, readHistory } from '../../src/model/history.ts';

describe('a line of the history', () => {
  it.each([
    ['a deploy', attemptOf()],
    ['a deploy that began, to an older commit', attemptOf({ outcome: 'started', allowOlder: true })],
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

describe('the releases to roll back to', () => {
  const history = [
    attemptOf({ release: 'r1' }),
    attemptOf({ release: 'r2' }),
    attemptOf({ release: 'r3', outcome: 'failed' }),
    attemptOf({ release: 'r1', command: 'rollback' }),
  ];

  it('are those that succeeded, the last one first, once each', () => {
    expect(goodReleases({ history, releases: ['r1', 'r2', 'r3'], current: 'r1' })).toEqual(['r1', 'r2']);
  });

  it('are those that are still there', () => {
    expect(goodReleases({ history, releases: ['r2', 'r9'], current: undefined })).toEqual(['r2']);
  });

  it('have the current one among them, and one that was, even if the line about its success is missing', () => {
    const started = attemptOf({ release: 'r4', outcome: 'started', previous: 'r1' });
    const failed = attemptOf({ release: 'r5', outcome: 'failed', previous: 'r4' });
    const releases = ['r1', 'r2', 'r3', 'r4', 'r5'];
    expect(goodReleases({ history: [...history, started], releases, current: 'r4' })).toEqual(['r4', 'r1', 'r2']);
    expect(goodReleases({ history: [...history, started, failed], releases, current: 'r1' })).toEqual([
      'r1',
      'r4',
      'r2',
    ]);
  });
});

describe('the history', () => {
  const read = (attempts: readonly ReturnType<typeof attemptOf>[], current?: string) =>
    readHistory(attempts.map(attemptLine), current).map(({ release, outcome }) => `${release} ${outcome}`);
  const began = attemptOf({ release: 'r2', outcome: 'started', previous: 'r1' });
  const ended = { ...began, outcome: 'succeeded' } as const;

  it('reports an attempt once, by how it ended', () => {
    expect(read([attemptOf({ release: 'r1' }), began, ended])).toEqual(['r1 succeeded', 'r2 succeeded']);
  });

  it('reports that one that was interrupted began, even after others', () => {
    expect(read([began, attemptOf({ release: 'r3' })], 'r3')).toEqual(['r2 started', 'r3 succeeded']);
    const back = attemptOf({ release: 'r2', command: 'rollback' });
    expect(read([began, back])).toEqual(['r2 started', 'r2 succeeded']);
  });

  it('takes one for a success that has no end, when it is current since', () => {
    expect(read([began], 'r2')).toEqual(['r2 succeeded']);
    expect(read([began], 'r1')).toEqual(['r2 started']);
    expect(read([{ ...began, previous: 'r2' }], 'r2')).toEqual(['r2 started']);
  });

  it('leaves lines out that are none', () => {
    expect(readHistory(['{"torn', attemptLine(ended)], undefined)).toEqual([ended]);
  });

  it('knows what was the last to touch what runs', () => {
    const refused = attemptOf({ release: 'r9', outcome: 'failed', switched: false });
    expect(lastSwitch({ history: [ended, began, refused] })).toEqual(began);
    expect(lastSwitch({ history: [refused] })).toBeUndefined();
  });
});
