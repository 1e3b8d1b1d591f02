import { expect, it } from 'vitest';
import { consoleLog, printable } from '../../src/log/console.ts';
import { silent } from '../../src/log/log.ts';

const written = (use: (log: ReturnType<typeof consoleLog>) => void): string => {
  const parts: string[] = [];
  use(consoleLog((text) => parts.push(text)));
  return parts.join('');
};

it('a log for a terminal indents what belongs to a stage', () => {
  const text = written((log) => {
    log.stage('Pull');
    log.info('✓ web1: pull (3.0 s)');
    log.warn('web1: failed\n\nretrying in 2 s');
    log.output('web1', 'layer 1/2');
    log.end();
    log.stage('Done');
  });
  expect(text).toBe(
    [
      '',
      'Pull',
      '  ✓ web1: pull (3.0 s)',
      '  warning: web1: failed',
      '',
      '  retrying in 2 s',
      '  web1 | layer 1/2',
      '',
      'Done',
      '',
    ].join('\n'),
  );
});

it.each([
  ['colours', '\x1b[31mred\x1b[0m', 'red'],
  ['cursor movements', 'a\x1b[2K\x1b[1Gb\x1b[?25l', 'ab'],
  ['titles of windows', '\x1b]0;owned\x07x', 'x'],
  ['bells, backspaces and carriage returns', 'a\x07\x08b\rc\x7f', 'abc'],
  ['an escape without an end', 'a\x1b[', 'a['],
  ['control characters of eight bits', '\x9b31mred\x85', '31mred'],
  ['what turns the direction of writing', 'a\u202egpj.exe\u2066b\u2069', 'agpj.exeb'],
  ['nothing of a plain line', 'é 😀\tok', 'é 😀\tok'],
])('what others print is shown without %s', (_, given, shown) => {
  expect(printable(given)).toBe(shown);
  expect(written((log) => log.output('web1', given))).toBe(`  web1 | ${shown}\n`);
  expect(written((log) => log.info(given))).toBe(`  ${shown}\n`);
  expect(written((log) => log.warn(given))).toBe(`  warning: ${shown}\n`);
});

it('a silent log says nothing', () => {
  silent.stage('a');
  silent.info('b');
  silent.warn('c');
  silent.output('d', 'e');
  expect(silent.end()).toBeUndefined();
});
