import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectedLog } from '../../fixtures/fakes.ts';
import { cleaned, maskedParts, redact, redacting } from '../../src/log/redact.ts';
import { Secret } from '../../src/model/secret.ts';

const partsOf = (...texts: readonly string[]): readonly string[] => maskedParts(texts.map((text) => new Secret(text)));

it('what cannot be seen does not hide a secret from a summary', () => {
  expect(cleaned('pass\x01word, pass\u202eword, \x9bpassword', ['password'])).toBe('***, ***, ***');
});

describe('the parts of a secret that are hidden', () => {
  it.each([
    ['the whole and each line', 'first\nsecond\r\nthird', ['first\nsecond\r\nthird', 'second', 'first', 'third']],
    ['no short ones', 'abc\nabcd\n', ['abc\nabcd', 'abcd']],
    ['the lines without their blanks', '  key: x  ', ['key: x']],
    [
      'secret values of an env file',
      'DEBUG=true\nDB_PASSWORD=hunter2',
      ['DEBUG=true\nDB_PASSWORD=hunter2', 'DB_PASSWORD=hunter2', 'DEBUG=true', 'hunter2'],
    ],
    [
      'values in quotes, with and without them',
      "export API_KEY='a b c'",
      ["export API_KEY='a b c'", "'a b c'", 'a b c'],
    ],
    [
      'the password in an address, and nothing else of it',
      'CACHE=redis://:hunter2@cache:6379/0',
      ['CACHE=redis://:hunter2@cache:6379/0', 'hunter2'],
    ],
    ['no value that says nothing of a secret', 'HOST=www.example.com', ['HOST=www.example.com']],
    ['each one once', 'same\nsame', ['same\nsame', 'same']],
    ['nothing of nothing', '', []],
  ])('are %s', (_, text, parts) => {
    expect(partsOf(text)).toEqual(parts);
  });

  it('of several secrets come with the longest first', () => {
    expect(partsOf('abcd', 'abcdef')).toEqual(['abcdef', 'abcd']);
  });
});

it('a redacted text has stars in place of every part, special characters and all', () => {
  expect(redact('a $& b.* a.*', ['$& b', '.*'])).toBe('a ****** a***');
});

describe('a redacting log', () => {
  const all = (text: string, ...secrets: readonly string[]): string => {
    const log = collectedLog();
    const hiding = redacting(log, partsOf(...secrets));
    hiding.stage(text);
    hiding.info(text);
    hiding.warn(text);
    hiding.output('web1', text);
    hiding.end();
    return log.lines.join('\n');
  };

  it('hides secrets whatever the line is for', () => {
    expect(all('x hunter2 y', 'hunter2')).toBe('stage x *** y\ninfo x *** y\nwarn x *** y\noutput web1 | x *** y\nend');
  });

  it('hides a secret that comes in pieces, with what no screen shows between them', () => {
    expect(all('hun\x1b[0mter\x002', 'hunter2')).not.toMatch(/hun|ter/);
  });

  it('lets no part of four characters or more through', () => {
    const letters = fc.constantFrom('a', 'b', 'c', '=', '$', '\\', '.', '[', 'é', ' ');
    const line = fc.array(letters, { maxLength: 12 }).map((parts) => parts.join(''));
    const secret = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\n'));
    const text = fc.tuple(
      fc.array(secret, { minLength: 1, maxLength: 3 }),
      fc.array(line, { minLength: 4, maxLength: 4 }),
    );
    fc.assert(
      fc.property(text, ([secrets, filler]) => {
        const shown = all(secrets.flatMap((part, n) => [filler[n] ?? '', part]).join(''), ...secrets);
        for (const part of secrets.flatMap((each) => each.split('\n')).map((each) => each.trim())) {
          if (part.length >= 4) expect(shown).not.toContain(part);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
