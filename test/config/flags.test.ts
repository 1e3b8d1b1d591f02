import { describe, expect, it } from 'vitest';
import { readFlags } from '../../src/config/flags.ts';

describe('the arguments of the command line', () => {
  it('are commands, and inputs as flags', () => {
    expect(readFlags(['build', '--hosts', 'a, b', 'push', '--reason=--because'])).toEqual({
      help: false,
      version: false,
      words: ['build', 'push'],
      texts: { hosts: 'a, b', reason: '--because' },
      problems: [],
    });
  });

  it('may ask for help and for the version', () => {
    expect(readFlags(['status', '-h'])).toMatchObject({ help: true, version: false, words: ['status'], problems: [] });
    expect(readFlags(['--version'])).toMatchObject({ help: false, version: true, problems: [] });
  });

  it.each([
    ['an unknown flag', ['--hostss', 'a'], '--hostss: unknown flag; did you mean --hosts?'],
    [
      'an unknown flag with its value',
      ['--known_hosts=@file'],
      '--known_hosts: unknown flag; did you mean --known-hosts?',
    ],
    ['a flag like none', ['--kubernetes'], '--kubernetes: unknown flag'],
    ['a short flag', ['-x'], '-x: unknown flag'],
    ['a flag without a value', ['--path'], '--path: needs a value'],
    [
      'a flag before another one',
      ['--path', '--hosts', 'a'],
      '--path: needs a value, and --hosts looks like a flag; if it is the value: --path=--hosts',
    ],
    ['a flag given twice', ['--hosts', 'a', '--hosts=b'], '--hosts: given twice; put all of it into one value'],
    ['a value for help', ['--help=deploy'], '--help: takes no value'],
  ])('with %s say what is wrong', (_, args, problem) => {
    expect(readFlags(args).problems).toEqual([problem]);
  });

  it('say all that is wrong at once', () => {
    expect(readFlags(['--a-b', '--path', '--c-d']).problems).toHaveLength(2);
  });
});
