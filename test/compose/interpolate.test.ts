import { describe, expect, it } from 'vitest';
import { readDotEnv } from '../../src/compose/dotenv.ts';
import { interpolate } from '../../src/compose/interpolate.ts';

const lookup = (name: string) => ({ A: 'a', EMPTY: '', DIR: 'x/y' })[name];

describe('a text with variables', () => {
  it.each([
    ['plain', 'plain'],
    ['$A', 'a'],
    ['$A/$DIR-${A}', 'a/x/y-a'],
    ['${A:-b}', 'a'],
    ['${A-b}', 'a'],
    ['${B:-b}', 'b'],
    ['${B-b}', 'b'],
    ['${EMPTY:-b}', 'b'],
    ['${EMPTY-b}', ''],
    ['${B:-${C:-c}/d}/e', 'c/d/e'],
    ['${A:+other}', 'other'],
    ['${B:+other}', ''],
    ['${EMPTY:+other}', ''],
    ['${EMPTY+other}', 'other'],
    ['${A:?must be set}', 'a'],
    ['$$A $${A}', '$A ${A}'],
    ['${B:-}', ''],
    ['${B:-a b:c}', 'a b:c'],
    ['é${B:-😀}é', 'é😀é'],
  ])('%j is %j', (text, value) => {
    expect(interpolate(text, lookup)).toBe(value);
  });

  it.each(['$B', '${B}', '${B:?}', '${EMPTY:?x}', '${', '$', '${}', '${1}', '${A:=b}', '${B:-$C}'])(
    '%j is not known',
    (text) => {
      expect(interpolate(text, lookup)).toBeUndefined();
    },
  );
});

it('a .env file has values with and without quotes, and with variables', () => {
  const text = `# comment
COMPOSE_FILE=compose.yml:extra.yml
 export  A = 'x # y'  # comment
B="two words"
C: yaml
D=plain # comment
EMPTY=
no value
E=a=b\r
COMPOSE_FILE=compose.yml:compose.\${STAGE:-prod}.yml
OF=\${A}-$OUTER
DOUBLE="\${EMPTY:-none} \${B}"
SINGLE='\${B}'
UNSET=\${NOT_THERE}
`;
  const outer = new Map([['OUTER', 'o']]);
  expect([...readDotEnv(text, (name) => outer.get(name))]).toEqual([
    ['COMPOSE_FILE', 'compose.yml:compose.prod.yml'],
    ['A', 'x # y'],
    ['B', 'two words'],
    ['C', 'yaml'],
    ['D', 'plain'],
    ['EMPTY', ''],
    ['E', 'a=b'],
    ['OF', 'x # y-o'],
    ['DOUBLE', 'none two words'],
    ['SINGLE', '${B}'],
    ['UNSET', '${NOT_THERE}'],
  ]);
});
