import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { githubLog } from '../../src/github/log.ts';
import type { Log } from '../../src/log/log.ts';

/** Writes with tokens t1, t2, … */
function written(use: (log: Log) => void): string {
  const parts: string[] = [];
  let count = 0;
  use(
    githubLog(
      (text) => parts.push(text),
      () => `t${++count}`,
    ),
  );
  return parts.join('');
}

/** What the runner would carry out: `::name …::` at the start of a line, or the older `##[name]` anywhere in it. */
function commandsIn(text: string): readonly string[] {
  let token: string | undefined;
  const seen: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const name = /^\s*::([^:\s]+)[^:]*::/.exec(line)?.[1] ?? /##\[([^\]\s]+)/.exec(line)?.[1];
    if (name === undefined) continue;
    if (token !== undefined) {
      if (name === token) token = undefined;
      continue;
    }
    seen.push(name);
    if (name === 'stop-commands') token = line.split('::').at(-1);
  }
  return seen;
}

describe('the log of GitHub', () => {
  it('groups what belongs to a stage, and keeps commands out of it', () => {
    const text = written((log) => {
      log.stage('Pull');
      log.info('✓ web1: pull');
      log.output('web1', '::error::forged');
      log.warn('careful');
      log.end();
      log.stage('Verify');
      log.end();
    });
    expect(text).toBe(
      [
        '::group::Pull',
        '::stop-commands::t1',
        '✓ web1: pull',
        'web1 | ::error::forged',
        'warning: careful',
        '::t1::',
        '::endgroup::',
        '::group::Verify',
        '::endgroup::',
        '',
      ].join('\n'),
    );
  });

  it('ends the group before when a new one begins', () => {
    const text = written((log) => {
      log.stage('a');
      log.info('x');
      log.stage('b');
    });
    expect(text).toBe('::group::a\n::stop-commands::t1\nx\n::t1::\n::endgroup::\n::group::b\n');
  });

  it('takes a new token each time', () => {
    const text = written((log) => {
      log.info('x');
      log.end();
      log.info('y');
      log.end();
    });
    expect(text).toBe('::stop-commands::t1\nx\n::t1::\n::stop-commands::t2\ny\n::t2::\n');
  });

  it('closes nothing twice', () => {
    expect(
      written((log) => {
        log.end();
        log.stage('a');
        log.end();
        log.end();
      }),
    ).toBe('::group::a\n::endgroup::\n');
  });

  it('has titles of one line', () => {
    expect(written((log) => log.stage('a\r\n::error::b\n'))).toBe('::group::a ::error::b \n');
  });

  it('shows lines without what moves the cursor', () => {
    expect(written((log) => log.output('web1', 'a\r::error::x\x1b[2J'))).toContain('web1 | a::error::x\n');
  });
});

describe('what a container prints', () => {
  const forged = [
    '::error::x',
    '::add-mask::x',
    '::stop-commands::x',
    '::t9::',
    '::endgroup::',
    '##[error]x',
    '##[add-mask]',
    '::set-output name=a::b',
    '::debug::',
  ];

  it('would be a command if it stood alone', () => {
    for (const line of forged) expect(commandsIn(line)).toHaveLength(1);
  });

  it('never becomes one, wherever it is quoted', () => {
    const blank = fc.constantFrom('', ' ', '\n', '\r', '\r\n', '\t', '\x1b[0m', '\x00', '\u2028');
    const line = fc
      .array(fc.oneof(fc.constantFrom(...forged), blank, fc.string({ maxLength: 10 })), { maxLength: 5 })
      .map((parts) => parts.join(''));
    const call = fc.tuple(fc.constantFrom('stage', 'end', 'info', 'warn', 'output'), line);
    fc.assert(
      fc.property(fc.array(call, { maxLength: 12 }), (calls) => {
        const text = written((log) => {
          for (const [name, given] of calls) {
            if (name === 'stage') log.stage('Verify');
            else if (name === 'end') log.end();
            else if (name === 'output') log.output('web1', given);
            else if (name === 'info') log.info(given);
            else log.warn(given);
          }
          log.end();
        });
        expect(commandsIn(text).filter((name) => !['group', 'endgroup', 'stop-commands'].includes(name))).toEqual([]);
        // Groups are those of our own stages.
        expect(commandsIn(text).filter((name) => name === 'group')).toHaveLength(
          calls.filter(([name]) => name === 'stage').length,
        );
        expect(commandsIn(`${text}::after::`)).toContain('after');
      }),
      { numRuns: 3000 },
    );
  });
});
