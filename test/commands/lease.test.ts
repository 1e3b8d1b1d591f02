import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { armLease, confirmLease, keeper, leasePrograms, startJob, takeLease } from '../../src/commands/lease.ts';

const key = { root: '/opt/shop', token: 'a1' };
const terms = {
  actor: 'ana\tx',
  run: undefined,
  command: 'deploy',
  release: 'r1\n',
  graceSeconds: 60,
  login: '/tmp/.login-1',
};

describe('the calls of a lease', () => {
  it('take it, with the program of the keeper behind', () => {
    const { argv, stdin } = takeLease(key, terms, 5);
    const length = String(keeper.length);
    expect(argv.slice(3)).toEqual([
      'korrigo-lease-take',
      ...['/opt/shop', 'a1', length, '5', '60', '/tmp/.login-1', 'ana x', '', 'deploy', 'r1 '],
    ]);
    expect(stdin).toBe(keeper);
  });

  it('say how much there is to read, so that nothing is used that was interrupted', () => {
    const undo = { script: 'echo "ü"\n', limitSeconds: 600, rolledBack: '{"a":1}\n', rollbackFailed: '{"b":2}' };
    expect(armLease(key, undo)).toEqual({
      argv: ['sh', '/opt/shop/lease/keeper.sh', 'call', '/opt/shop', 'a1', 'arm', '26', '600'],
      stdin: new TextEncoder().encode('{"a":1}\n{"b":2}\necho "ü"\n'),
    });
    expect(confirmLease(key, 'ü\n').argv.at(-1)).toBe('3');
    expect(startJob(key, '7', { argv: ['cat', '-'], env: { A: '1 2' }, stdin: 'ü' }, 3).argv.slice(5)).toEqual([
      ...['start', '7', '2', '3', '', 'A=1 2', 'cat', '-'],
    ]);
  });

  it.each(Object.entries({ ...leasePrograms, keeper }))('%s is a program that a POSIX shell can read', (_, text) => {
    expect(text).not.toMatch(/^undefined$/m);
    // Its length is counted in bytes on one side and in characters on the other.
    expect(text).toMatch(/^[\x20-\x7e\t\n]*$/);
    execFileSync('/bin/sh', ['-n', '-c', text]);
  });
});
