import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { bytesOf, type Command, quote, shellLine } from '../../src/model/command.ts';
import { Secret } from '../../src/model/secret.ts';

describe('a command as a line for a shell', () => {
  it.each<readonly [string, Command, string]>([
    ['plain words', { argv: ['docker', 'ps', '--all'] }, 'docker ps --all'],
    ['a word with a space', { argv: ['echo', 'a b'] }, "echo 'a b'"],
    ['an empty word', { argv: ['echo', ''] }, "echo ''"],
    ['a single quote', { argv: ['echo', "it's"] }, `echo 'it'\\''s'`],
    ['what a shell would expand', { argv: ['echo', '$(id)', '~', '*'] }, "echo '$(id)' '~' '*'"],
    ['what looks like an assignment', { argv: ['A=b', 'c'] }, 'A=b c'],
    ['environment', { argv: ['sh'], env: { A: 'x y', B: '1' } }, "env 'A=x y' B=1 sh"],
    ['a folder', { argv: ['pwd'], cwd: '/opt/my shop' }, "cd -- '/opt/my shop' && pwd"],
    ['a folder that looks like an option', { argv: ['pwd'], cwd: '-P', env: { A: '1' } }, 'cd -- -P && env A=1 pwd'],
  ])('has %s', (_, command, line) => {
    expect(shellLine(command)).toBe(line);
  });

  it('leaves its input out', () => {
    expect(shellLine({ argv: ['cat'], stdin: 'hello' })).toBe('cat');
  });

  it('cannot hold a NUL byte', () => {
    expect(() => quote('a\0b')).toThrow('a NUL byte cannot be part of a command');
  });
});

describe('bytes', () => {
  it.each([
    ['a text', 'é', [0xc3, 0xa9]],
    ['bytes', new Uint8Array([0, 255]), [0, 255]],
    ['a secret', new Secret('s'), [0x73]],
  ])('are those of %s', (_, content, bytes) => {
    expect([...bytesOf(content)]).toEqual(bytes);
  });
});

/**
 * Every command prints its arguments, an environment variable and its folder, ended by NUL. All lines of a case go
 * through one shell, one after the other, as they would come to one server.
 */
describe('what reaches a program through a shell', () => {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-canary-'));
  const canary = join(folder, 'canary');
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Each of them would leave a file behind if any part of it were run. */
  const attacks = [
    `$(touch ${canary})`,
    `\`touch ${canary}\``,
    `;touch ${canary};`,
    `\ntouch ${canary}\n`,
    `'; touch ${canary}; '`,
    `"; touch ${canary}; "`,
    `&& touch ${canary} &`,
    `| touch ${canary}`,
    `>${canary}`,
    `>>${canary}<<EOF\nx\nEOF\n`,
    `\\'$(touch ${canary})\\'`,
    `$\{x:=$(touch ${canary})}`,
    `'$(touch ${canary})'`,
    `\r\ntouch ${canary}\r\n`,
    `$'\\n'touch ${canary}`,
  ];
  const odd = [
    '',
    ' ',
    '-',
    '--',
    '-n',
    '=',
    'A=b',
    '*',
    '~',
    '!',
    '#',
    '%s',
    '\\',
    '\\c',
    "'",
    '"',
    '\t',
    '\x01',
    'é',
    '😀',
    '\u2028',
  ];
  const word = fc.oneof(
    fc.constantFrom(...attacks, ...odd),
    fc.array(fc.constantFrom(...attacks, ...odd), { maxLength: 4 }).map((parts) => parts.join('')),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', '').toWellFormed()),
  );
  const words = fc.array(word, { minLength: 10, maxLength: 20 });
  const commands = fc.array(fc.record({ args: words, value: word, cwd: fc.constantFrom('/', '/tmp', folder) }), {
    minLength: 15,
    maxLength: 20,
  });
  const print = 'printf "%s\\0" "$@" "$VALUE" "$PWD"';

  const sh = (script: string): readonly string[] =>
    execFileSync('/bin/sh', { input: script, encoding: 'utf8', maxBuffer: 1e8 }).split('\0').slice(0, -1);

  it('is what was given, and nothing else is run, thousands of times', () => {
    fc.assert(
      fc.property(commands, (given) => {
        const lines = given.map(({ args, value, cwd }) =>
          shellLine({ argv: ['sh', '-c', print, 'name', ...args], env: { VALUE: value }, cwd }),
        );
        expect(sh(lines.join('\n'))).toEqual(given.flatMap(({ args, value, cwd }) => [...args, value, cwd]));
        expect(readdirSync(folder)).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('is what was given when it is long', () => {
    const long = [...attacks, ...odd].join('x').repeat(20);
    expect(long.length).toBeGreaterThan(10_000);
    expect(sh(shellLine({ argv: ['printf', '%s\\0', long, `${long}'`] }))).toEqual([long, `${long}'`]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('would show a canary if quoting failed', () => {
    execFileSync('/bin/sh', ['-c', `echo ${attacks[0]}`]);
    expect(readdirSync(folder)).toEqual(['canary']);
    rmSync(canary);
  });
});
