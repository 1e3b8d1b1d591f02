import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../fixtures/builders.ts';
import { program } from '../../src/commands/program.ts';
import { programs } from '../../src/server/programs.ts';

const folder = join(import.meta.dirname, '../../src/server');
const names = [
  'bake',
  'observe',
  'inspect',
  'login',
  'pin',
  'attested',
  'ship',
  'write-env-files',
  'resolve',
  'reopen',
  'pull',
  'refresh',
  'one-off',
  'current',
  'record',
  'prune',
  'test',
  'settled',
  'status',
] as const;

describe('a program for a server', () => {
  it('is named in a process list, and takes its arguments as they are', () => {
    const command = program('ship', ['/opt/shop', '$(id)'], { stdin: 'tar', env: { A: '1' } });
    expect(command.argv.slice(0, 2)).toEqual(['sh', '-c']);
    expect(commandLine(command)).toBe("env A=1 korrigo-ship /opt/shop '$(id)'");
    expect(command.stdin).toBe('tar');
  });

  it.each(names)('%s is one that a POSIX shell can read', (name) => {
    const [, , text = ''] = program(name, []).argv;
    expect(text).not.toMatch(/^undefined$/m);
    execFileSync('/bin/sh', ['-n', '-c', text]);
  });

  it('fits into one argument of a command line', () => {
    for (const name of names) expect(program(name, []).argv[2]?.length).toBeLessThan(100_000);
  });
});

it('the generated module holds the programs of their files, without lines that are comments', () => {
  const lines = (file: string): readonly string[] => readFileSync(join(folder, file), 'utf8').split('\n');
  const ofFile = (file: string): string =>
    lines(file)
      .filter((line) => !line.trimStart().startsWith('#'))
      .join('\n');
  const files = readdirSync(folder).filter((file) => /\.(sh|awk)$/.test(file));
  expect(Object.keys(programs).sort()).toEqual(files.sort());
  expect(programs).toEqual(Object.fromEntries(files.map((file) => [file, ofFile(file)])));
});
