import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandNames } from '../../src/config/config.ts';
import { inputNames } from '../../src/config/inputs.ts';
import { didYouMean, distance, nearest } from '../../src/config/nearest.ts';

describe('the nearest input', () => {
  it.each([
    ['a letter too many', 'hostss', 'hosts'],
    ['a letter too few', 'host', 'hosts'],
    ['another letter', 'hosds', 'hosts'],
    ['two letters swapped', 'hotss', 'hosts'],
    ['an underscore', 'ssh_key', 'ssh-key'],
    ['capitals', 'SSH-Key', 'ssh-key'],
    ['no dash', 'healthurl', 'health-url'],
    ['a plural', 'compose-files', 'compose-file'],
    ['two typos', 'regsitry-usernam', 'registry-username'],
    ['a beginning', 'registry-user', 'registry-username'],
    ['an end', 'passphrase', 'ssh-passphrase'],
    ['a part that several names have: the shortest of them', 'timeout', 'test-timeout'],
  ])('of %s', (_, word, name) => {
    expect(nearest(word, inputNames)).toBe(name);
  });

  it.each(['', 'x', 'to-be-or-not', 'kubernetes', 'verbose', 'on'])('of "%s" is none', (word) => {
    expect(nearest(word, inputNames)).toBeUndefined();
    expect(didYouMean(word, inputNames)).toBe('');
  });

  it('of every input is itself', () => {
    for (const name of inputNames) expect(nearest(name, inputNames)).toBe(name);
  });
});

it.each([
  ['depoly', 'deploy'],
  ['roll-back', 'rollback'],
  ['stat', 'status'],
  ['tests', 'test'],
])('the nearest command of %s is %s', (word, name) => {
  expect(nearest(word, commandNames)).toBe(name);
});

it('asks whether that was meant, in the form that is written there', () => {
  expect(didYouMean('host', inputNames, (name) => `--${name}`)).toBe('; did you mean --hosts?');
});

describe('the distance of two texts', () => {
  const text = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') });

  it('is nothing for equal ones only, and the same both ways', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(distance(one, other)).toBe(distance(other, one));
        expect(distance(one, other) === 0).toBe(one === other);
      }),
    );
  });

  it('is at most the length of the longer one, and at least what one is longer than the other', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(distance(one, other)).toBeLessThanOrEqual(Math.max(one.length, other.length));
        expect(distance(one, other)).toBeGreaterThanOrEqual(Math.abs(one.length - other.length));
      }),
    );
  });
});
