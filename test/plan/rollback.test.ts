import { describe, expect, it } from 'vitest';
import { attemptOf, stateOf } from '../../fixtures/builders.ts';
import type { HostState } from '../../src/model/state.ts';
import { chooseRelease as choose } from '../../src/plan/rollback.ts';

const commits = { r1: '1'.repeat(40), r2: '2'.repeat(40), r3: '3'.repeat(40), r4: '4'.repeat(40) } as const;
type Id = keyof typeof commits;
const chooseRelease = (states: readonly HostState[], to: string) => choose(states, '/opt/shop', to);
const deployed = (release: Id, overrides: Partial<HostState['history'][number]> = {}) =>
  attemptOf({ release, commit: commits[release], ...overrides });

/** r1, r2 and r3 were deployed here one after the other; r3 is current. */
const server = (overrides: Partial<HostState> = {}): HostState =>
  stateOf({
    current: 'r3',
    releases: ['r1', 'r2', 'r3'],
    history: [deployed('r1'), deployed('r2'), deployed('r3', { actor: 'bob', time: '2026-02-04T09:08:07Z' })],
    ...overrides,
  });

const list = [
  'available releases:',
  '  r3  current, 2026-02-04 09:08 by bob',
  '  r2  2026-02-03 04:06 by ada',
  '  r1  2026-02-03 04:06 by ada',
].join('\n');

describe('a rollback to', () => {
  it.each<readonly [string, string, HostState, string]>([
    ['previous goes to the release before the current one', 'previous', server(), 'r2'],
    [
      'previous goes to the current one when a newer one broke halfway',
      'previous',
      server({
        history: [...server().history, deployed('r4', { outcome: 'failed', switched: true })],
        releases: ['r2', 'r3', 'r4'],
      }),
      'r3',
    ],
    [
      'previous goes to the one before when a newer one touched nothing that runs',
      'previous',
      server({ history: [...server().history, deployed('r4', { outcome: 'failed', switched: false })] }),
      'r2',
    ],
    [
      'previous goes back again after a rollback',
      'previous',
      server({ current: 'r2', history: [...server().history, deployed('r2', { command: 'rollback' })] }),
      'r3',
    ],
    [
      'previous goes to the current one when a newer one was interrupted halfway',
      'previous',
      server({ history: [...server().history, deployed('r4', { outcome: 'started' })] }),
      'r3',
    ],
    [
      'previous goes to the current one when one was interrupted halfway and the next one refused',
      'previous',
      server({
        history: [
          ...server().history,
          deployed('r4', { outcome: 'started' }),
          deployed('r4', { outcome: 'failed', switched: false }),
        ],
      }),
      'r3',
    ],
    [
      'previous goes where a rollback was going that was interrupted halfway',
      'previous',
      server({ history: [...server().history, deployed('r2', { command: 'rollback', outcome: 'started' })] }),
      'r2',
    ],
    [
      'previous goes where a rollback was going that failed, however often it is typed',
      'previous',
      server({
        history: [
          ...server().history,
          deployed('r2', { command: 'rollback', outcome: 'failed' }),
          deployed('r2', { command: 'rollback', outcome: 'rollback-failed' }),
        ],
      }),
      'r2',
    ],
    [
      'previous goes where a rollback was going that was itself undone',
      'previous',
      server({ history: [...server().history, deployed('r2', { command: 'rollback', outcome: 'rolled-back' })] }),
      'r2',
    ],
    [
      'previous goes to the release before the one that runs after a deploy that was undone',
      'previous',
      server({ history: [...server().history, deployed('r4', { outcome: 'rolled-back', previous: 'r3' })] }),
      'r2',
    ],
    [
      'previous goes to the current one when the way back of a newer one failed',
      'previous',
      server({ history: [...server().history, deployed('r4', { outcome: 'rollback-failed', previous: 'r3' })] }),
      'r3',
    ],
    [
      'previous goes to the current one when it was just that one whose return was interrupted',
      'previous',
      server({
        history: [...server().history, deployed('r3', { command: 'rollback', outcome: 'started', previous: 'r3' })],
      }),
      'r3',
    ],
    [
      'previous goes to the current one when its return failed',
      'previous',
      server({
        history: [...server().history, deployed('r3', { command: 'rollback', outcome: 'failed', previous: 'r3' })],
      }),
      'r3',
    ],
    ['an id goes there', 'r1', server(), 'r1'],
    ['the current release goes there too', 'r3', server(), 'r3'],
    ['a commit goes to its release', '2222222', server(), 'r2'],
    ['a whole commit goes to its release', commits.r1, server(), 'r1'],
    [
      'a commit goes to the release of it that was good last',
      '2222222',
      server({ releases: ['r1', 'r2', 'r4'], history: [...server().history, deployed('r4', { commit: commits.r2 })] }),
      'r4',
    ],
  ])('%s', (_, to, state, id) => {
    expect(chooseRelease([state], to)).toEqual({ id });
  });

  it.each<readonly [string, string, HostState, string]>([
    ['a commit that was never here', 'abcdef0', server(), `abcdef0 was never deployed here\n${list}`],
    [
      'a release that is no longer kept',
      'r1',
      server({ releases: ['r2', 'r3'] }),
      `r1 has been pruned (keep-releases)\n${list.split('\n').slice(0, 3).join('\n')}`,
    ],
    [
      'a release that never got healthy',
      'r4',
      server({ history: [...server().history, deployed('r4', { outcome: 'failed' })] }),
      `r4 was tried here, but never became healthy\n${list}`,
    ],
    [
      'previous on a server with one release',
      'previous',
      server({ releases: ['r3'] }),
      'there is no earlier release to roll back to\navailable releases:\n  r3  current, 2026-02-04 09:08 by bob',
    ],
    ['a start of a commit that is too short', '222222', server(), `222222 was never deployed here\n${list}`],
  ])('%s is refused with what can be done', (_, to, state, problem) => {
    expect(chooseRelease([state], to)).toEqual({
      problem,
      hint: 'Nothing was changed. Set the input `to` to one of these releases.',
    });
  });

  it('previous on a server whose first deploy failed is refused without naming what there is not', () => {
    const state = stateOf({ history: [deployed('r1', { outcome: 'failed' })], releases: ['r1'] });
    expect(chooseRelease([state], 'previous')).toEqual({
      problem: 'there is no earlier release to roll back to\nno release is kept',
      hint: 'Nothing was changed. Fix the application and deploy again.',
    });
  });

  it('anything where nothing was ever deployed doubts that this is the place', () => {
    for (const to of ['previous', 'r1', commits.r1]) {
      expect(choose([stateOf(), stateOf({ host: 'web2' })], '/opt/shopp', to)).toEqual({
        problem: 'nothing has been deployed to /opt/shopp on web1, web2: check project-name or path',
        hint: 'Nothing was changed.',
      });
    }
  });

  it('nowhere is a bug of the caller, told all the same', () => {
    expect(chooseRelease([], 'previous')).toMatchObject({ problem: 'no host to roll back on' });
  });
});

describe('several hosts', () => {
  const other = (overrides: Partial<HostState>) => server({ host: 'web2', ...overrides });

  it('roll back to what all of them have', () => {
    expect(chooseRelease([server(), other({ releases: ['r1', 'r3'] })], 'previous')).toEqual({ id: 'r1' });
  });

  it('do not go where one of them cannot', () => {
    expect(chooseRelease([server(), other({ releases: ['r1', 'r3'] })], 'r2')).toMatchObject({
      problem: [
        'r2 is not on web2: a rollback needs the release on every host',
        'available releases:',
        '  r3  current, 2026-02-04 09:08 by bob',
        '  r2  2026-02-03 04:06 by ada, not on web2',
        '  r1  2026-02-03 04:06 by ada',
      ].join('\n'),
    });
  });

  it.each([
    ['the first', [{ outcome: 'started' }, {}]],
    ['the last', [{}, { outcome: 'failed' }]],
  ] as const)('roll back to what is current when what was tried last broke %s of them alone', (_, attempts) => {
    const [web1, web2] = attempts.map((attempt, n) =>
      server({
        host: `web${n + 1}`,
        history: [...server().history, ...('outcome' in attempt ? [deployed('r4', attempt)] : [])],
      }),
    );
    if (web1 === undefined || web2 === undefined) throw new Error('two hosts');
    expect(chooseRelease([web1, web2], 'previous')).toEqual({ id: 'r3' });
    expect(chooseRelease([web2, web1], 'previous')).toEqual({ id: 'r3' });
  });

  it('have no previous release when the current one is not the same', () => {
    const back = other({ current: 'r2', history: [...server().history, deployed('r2', { command: 'rollback' })] });
    expect(chooseRelease([server(), back], 'previous')).toMatchObject({
      problem: [
        'the hosts have different current releases, so there is no `previous`:',
        '  web1  r3',
        '  web2  r2',
        'available releases:',
        '  r3  current on web1, 2026-02-04 09:08 by bob',
        '  r2  current on web2, 2026-02-03 04:06 by ada',
        '  r1  2026-02-03 04:06 by ada',
      ].join('\n'),
    });
    expect(chooseRelease([server(), back], 'r2')).toEqual({ id: 'r2' });
  });

  it('do not go to a commit that is another release on each of them', () => {
    const twice = other({ releases: ['r4'], history: [deployed('r4', { commit: commits.r2 })], current: 'r4' });
    expect(chooseRelease([server(), twice], commits.r2)).toMatchObject({
      problem: expect.stringContaining(`${commits.r2} is a different release on each host\n`),
    });
  });
});
