import { describe, expect, it } from 'vitest';
import { attemptOf, releaseOf, stateOf } from '../../fixtures/builders.ts';
import type { Attempt } from '../../src/model/history.ts';
import { olderProblem } from '../../src/plan/older.ts';

/** Commits a to f, each a day newer than the one before; each is the release of its name. */
const commitOf = (name: string): string => name.repeat(40);
const committedAt = (name: string): string => `2026-02-0${name.charCodeAt(0) - 96}T00:00:00Z`;
const attempt = (name: string, overrides: Partial<Attempt> = {}): Attempt =>
  attemptOf({ release: name, commit: commitOf(name), committedAt: committedAt(name), ...overrides });
const failed = (name: string): Attempt => attempt(name, { outcome: 'failed' });
const cutOff = (name: string): Attempt => attempt(name, { outcome: 'started' });
const refused = (name: string): Attempt => attempt(name, { outcome: 'failed', switched: false });
const back = (name: string, overrides: Partial<Attempt> = {}): Attempt =>
  attempt(name, { command: 'rollback', actor: 'bob', ...overrides });
const older = (name: string): Attempt => attempt(name, { allowOlder: true });

const problem = (history: readonly Attempt[], current: string, name: string): string | undefined =>
  olderProblem(
    stateOf({ history, current }),
    releaseOf({ commit: commitOf(name), committedAt: committedAt(name), id: `new ${name}` }),
  );
const rolledBack = (name: string): string =>
  `web1: commit ${name.repeat(12)} was rolled back on 2026-02-03 04:06 by bob`;
const isOlder = (name: string, than: string, how = 'deployed'): string =>
  `web1: commit ${name.repeat(12)} (${committedAt(name)}) is older than ${than.repeat(12)} (${committedAt(than)}), which was ${how} here on 2026-02-03`;

describe('a deploy is refused', () => {
  it.each<readonly [string, readonly Attempt[], string, string, string]>([
    ['of an older commit', [attempt('b')], 'b', 'a', isOlder('a', 'b')],
    ['of an older one than any', [attempt('c'), attempt('b')], 'b', 'a', isOlder('a', 'c')],
    ['of the one that was rolled back from', [attempt('a'), attempt('b'), back('a')], 'a', 'b', rolledBack('b')],
    ['of one that had failed', [attempt('b'), failed('c'), back('b')], 'b', 'c', rolledBack('c')],
    ['of one that was interrupted', [attempt('b'), cutOff('c'), back('b')], 'b', 'c', rolledBack('c')],
    [
      'also after a rollback of the rollback',
      [attempt('a'), attempt('b'), failed('c'), back('b'), back('a')],
      'a',
      'c',
      rolledBack('c'),
    ],
    [
      'also after the current one was deployed again',
      [attempt('b'), failed('c'), back('b'), attempt('b')],
      'b',
      'c',
      rolledBack('c'),
    ],
    [
      'of one that was rolled back from long ago, for what came since',
      [attempt('a'), attempt('b'), back('a'), attempt('c')],
      'c',
      'b',
      isOlder('b', 'c'),
    ],
    [
      'of an older one after a rollback for which allow-older was set to no purpose',
      [attempt('b'), attempt('c'), back('b', { allowOlder: true })],
      'b',
      'a',
      isOlder('a', 'c'),
    ],
    [
      'also after refusals',
      [attempt('b'), failed('c'), back('b'), refused('c'), refused('d')],
      'b',
      'c',
      rolledBack('c'),
    ],
    [
      'of an older one than one that had failed and was rolled back from',
      [attempt('a'), failed('c'), back('a')],
      'a',
      'b',
      isOlder('b', 'c', 'tried'),
    ],
    [
      'of the one that an older one replaced on purpose',
      [attempt('f'), older('b'), attempt('c')],
      'c',
      'f',
      `web1: commit ${'f'.repeat(12)} was replaced by the older ${'b'.repeat(12)} (allow-older) on 2026-02-03 04:06 by ada`,
    ],
    ['of an older one than what allow-older brought', [attempt('f'), older('c')], 'c', 'b', isOlder('b', 'c')],
    [
      'when the one that allow-older was for failed',
      [attempt('f'), { ...failed('b'), allowOlder: true }],
      'f',
      'c',
      isOlder('c', 'f'),
    ],
    [
      'for what was last, not for a rollback of long ago',
      [attempt('a'), attempt('b'), back('a'), attempt('c'), older('b')],
      'b',
      'c',
      `web1: commit ${'c'.repeat(12)} was replaced by the older ${'b'.repeat(12)} (allow-older) on 2026-02-03 04:06 by ada`,
    ],
    [
      'although the history holds a time that is none',
      [attempt('b', { committedAt: '' }), attempt('c')],
      'c',
      'a',
      isOlder('a', 'c'),
    ],
  ])('%s', (_, history, current, name, message) => {
    expect(problem(history, current, name)).toBe(message);
  });

  it('with the reason why it was rolled back from', () => {
    const history = [attempt('a'), attempt('b'), back('a', { reason: 'too slow' })];
    expect(problem(history, 'a', 'b')).toBe(`${rolledBack('b')}: too slow`);
  });
});

describe('a deploy is not refused', () => {
  it.each<readonly [string, readonly Attempt[], string, string]>([
    ['where nothing was deployed', [], '', 'a'],
    ['of a newer commit', [attempt('b')], 'b', 'c'],
    ['of the same one', [attempt('b')], 'b', 'b'],
    ['of one that failed, tried again', [attempt('a'), failed('b')], 'a', 'b'],
    ['of one between the current one and one that failed', [attempt('a'), failed('c')], 'a', 'b'],
    ['of a newer one after a rollback', [attempt('a'), attempt('b'), back('a')], 'a', 'c'],
    ['of the current one after a rollback', [attempt('a'), attempt('b'), back('a')], 'a', 'a'],
    [
      'of a newer one than that of allow-older, whatever a wrong clock said before',
      [attempt('a'), attempt('f'), older('b')],
      'b',
      'c',
    ],
    [
      'of one that came back with allow-older after a rollback',
      [attempt('a'), attempt('b'), back('a'), older('b')],
      'b',
      'b',
    ],
  ])('%s', (_, history, current, name) => {
    expect(problem(history, current, name)).toBeUndefined();
  });
});
