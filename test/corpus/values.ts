/** Values that mean something to Compose, and texts that try whatever YAML, Compose and a shell give a meaning to. */
import fc from 'fast-check';

const awkward = [
  ...[
    '\n',
    ' ',
    '\t',
    '"',
    "'",
    '\\',
    ': ',
    ' #',
    '- ',
    '? ',
    '{',
    '}',
    '[',
    ']',
    ',',
    '&a',
    '*a',
    '!x',
    '|',
    '>',
    '%',
  ],
  ...[
    '@',
    '`',
    '~',
    '$$',
    '=',
    '<<',
    '---',
    '...',
    'null',
    'true',
    'no',
    '0x1f',
    '0o17',
    '1e3',
    '007',
    '1_000',
    '12:30',
  ],
  ...['.inf', '2026-01-01', '\u{1f600}', '\u00e9', '\u0085', '\u00a0', '\u2028', '\ufeff', '\r\n', '\u0007', '\u007f'],
  ...[
    '<b>',
    'korrigo',
    '/source/',
    '%s',
    '\\n',
    '\\u0041',
    '${FROM_ENV}',
    '${UNSET:-a b}',
    '${FROM_ENV:+set}',
    '$FROM_ENV.',
  ],
];

/** Compose reads `$$` as one dollar. */
export const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...awkward),
      fc.string({ unit: 'grapheme-ascii', maxLength: 5 }).map((text) => text.replaceAll('$', '$$$$')),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''));
export const line = hostile.map((text) => text.replaceAll(/[\r\n\t\u0085\u2028\ufeff\u0007\u007f]/g, '.'));
/** A name of a label, of an option or of an extension. Compose fills in no variables there. */
export const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_.-]{0,6}$/),
  line.map((text) => `k${text.replaceAll(/[$=]/g, '.')}`),
);
export const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/);
export const count = fc.integer({ min: 0, max: 100 });
export const flag = fc.boolean();
export const size = fc.constantFrom('64m', '1g', '512k', 1048576, '1073741824');
export const time = fc.constantFrom('1s', '90s', '1m30s', '1h', '500ms');
export const path = fc.constantFrom(
  ...['./data', './a b', '/srv/x', './conf.d/x', "./it's", './\u{1f600}', '../beside', '.', './a$$b', './a//b/../c/'],
  ...['${DATA:-./by default}', './tab"quote', './{a}', './[b]', './#c', './&d', './-', './a,b', './\\x'],
);
export const target = word.map((text) => `/${text}`);
export const list = <T>(item: fc.Arbitrary<T>, maxLength = 3) => fc.array(item, { minLength: 1, maxLength });
export const unique = (item: fc.Arbitrary<string>, maxLength = 3) => fc.uniqueArray(item, { minLength: 1, maxLength });
export const dictionary = (value: fc.Arbitrary<unknown>, key = word) =>
  fc.dictionary(key, value, { minKeys: 1, maxKeys: 4 });
/** Some of the keys, and at least one. */
export const some = (keys: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record(keys, { requiredKeys: [] }).filter((value) => Object.keys(value).length > 0);
/** As a mapping, or as a list of `name=value`. */
export const pairs = (value: fc.Arbitrary<unknown>) =>
  fc.oneof(dictionary(value, name), unique(fc.tuple(word, line).map(([key, text]) => `${key}=${text}`)));
