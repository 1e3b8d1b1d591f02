import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeResolver, type Resolver } from '../../fixtures/resolver.ts';
import type { InputTexts } from '../../src/config/inputs.ts';
import { cases } from './cases.ts';
import { comparable } from './compare.ts';
import { makeSealer } from './sealing.ts';

const sealer = await makeSealer();
afterAll(() => sealer.remove());
let server: Resolver;
beforeEach(async () => {
  server = await makeResolver();
});
afterEach(() => server.remove());

/** Compose writes every dollar twice. */
const written = (path: string): string => path.replaceAll('$', '$$$$');

/** Where a release has what, and where a repository has it. */
function placesOf(root: string, id: string): readonly (readonly [string, string])[] {
  const table = readFileSync(join(root, 'releases', id, 'paths.tab'), 'utf8');
  const shipped = table
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => row.split('\t'))
    .map(([path = '', place = '']) => [written(place), `<repository>/${written(path)}`] as const);
  return [[`${root}/shared`, '<repository>'], ...shipped];
}

const named = ({ 'compose-file': files }: InputTexts): readonly string[] =>
  files?.split('\n').flatMap((file) => ['--file', file]) ?? [];

describe('an application that is deployed', () => {
  it.each(Object.entries(cases))(
    'is what plain Compose makes of it: %s',
    async (_, { files, shared = {}, inputs = {} }) => {
      const plain = await sealer.plain({ ...files, ...shared }, named(inputs));
      if ('refused' in plain) throw new Error(plain.refused);
      const { problems, root, id, text } = await server.resolve({ files, shared, inputs });
      expect(problems).toEqual([]);
      expect(comparable(await server.again(text), placesOf(root, id))).toEqual(plain.project);
    },
  );
});
