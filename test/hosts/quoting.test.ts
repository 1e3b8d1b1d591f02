import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SshServer, startSshServer, targetOf } from '../../fixtures/ssh-server.ts';
import type { Host } from '../../src/hosts/host.ts';
import { local } from '../../src/hosts/local.ts';
import { connectSsh } from '../../src/hosts/ssh.ts';
import { shellLine } from '../../src/model/command.ts';

/** What is known to go wrong in one shell or another. */
const nasty = [
  '',
  ' ',
  "'",
  "''",
  '"',
  '\\',
  '\\\\',
  "\\'",
  '!',
  '!!',
  '$HOME',
  '$(id)',
  '`id`',
  '*',
  '?',
  '~',
  '#',
  '-n',
  '--',
  '=',
  'A=b',
  '{a,b}',
  '\n',
  '\r\n',
  '\t',
  '\x01',
  '%s',
  '%',
  '\\n',
  '\\0101',
  '\\c',
  '&&',
  ';',
  '|',
  '<',
  '>',
  '^',
  'é',
  '😀',
  '\u2028',
  '\ufeff',
];
const word = fc.oneof(
  fc.constantFrom(...nasty),
  fc.array(fc.constantFrom(...nasty), { maxLength: 6 }).map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replace(/[\0\ud800-\udfff]/gu, '')),
);
const words = fc.array(word, { minLength: 150, maxLength: 200 });
const print = (argv: readonly string[]) => ({ argv: ['printf', '%s\\0', ...argv] });
const long = nasty.join('x').repeat(100);

describe('an argument', () => {
  let server: SshServer;
  let remote: Host;
  const here = local({ env: process.env });
  const inShell = (command: { readonly argv: readonly string[] }) =>
    here.run({ argv: ['/bin/sh', '-c', shellLine(command)] });

  beforeAll(async () => {
    server = await startSshServer();
    remote = await connectSsh(targetOf(server));
  });
  afterAll(async () => {
    await remote.close();
    await server.close();
  });

  const ways: readonly (readonly [
    string,
    (command: { readonly argv: readonly string[] }) => ReturnType<Host['run']>,
  ])[] = [
    ['a shell', inShell],
    ['SSH', (command) => remote.run(command)],
  ];

  it.each(ways)('arrives through %s as it was given, thousands of times', async (_, run) => {
    const everyWord = async (given: readonly string[]) => {
      const { stdout, stderr } = await run(print(given));
      expect(stderr).toBe('');
      expect(stdout.split('\0').slice(0, -1)).toEqual(given);
    };
    await fc.assert(fc.asyncProperty(words, everyWord), { numRuns: 20 });
  });

  it.each(ways)('arrives through %s even if it is long', async (_, run) => {
    expect(Buffer.byteLength(long)).toBeGreaterThan(10_000);
    expect((await run(print([long]))).stdout).toBe(`${long}\0`);
  });

  it.each(ways)('arrives through %s together with environment and folder', async (_, run) => {
    const value = nasty.join('');
    const command = { argv: ['sh', '-c', 'printf %s "$VALUE"; pwd'], env: { VALUE: value }, cwd: '/' };
    expect((await run(command)).stdout).toBe(`${value}/\n`);
  });

  it.each(ways)('never comes through %s into $HOME when the folder is missing', async (_, run) => {
    expect(await run({ ...{ argv: ['pwd'] }, ...{ cwd: '/no/such folder' } })).toMatchObject({ code: 2, stdout: '' });
  });
});
