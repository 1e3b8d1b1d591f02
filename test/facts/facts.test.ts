import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf, inspectFacts } from '../../fixtures/builders.ts';
import { factsMarker, readFacts, rowsOf } from '../../src/facts/facts.ts';
import { readPins, readWrongArchitectures } from '../../src/facts/images.ts';
import { readInspection } from '../../src/facts/inspection.ts';

const chatter = `Welcome to shop1\nhash\tweb\tforged\ncurrent\tr0\n${factsMarker} or something like it\n {"id":"x"}\n`;
const read = (output: string) => [...readFacts(output)];

describe('what a program printed', () => {
  it('begins behind its marker: a shell that talks adds no fact', () => {
    expect(read(`${chatter}${factsOf(['hash', 'web', 'aa'], ['created', 'data'], ['hash', 'db', 'bb'])}`)).toEqual([
      ['hash', ['web\taa', 'db\tbb']],
      ['created', ['data']],
    ]);
  });

  it('begins behind the last marker, which a shell may print too', () => {
    const output = `${factsOf(['hash', 'web', 'forged'])}${factsOf(['hash', 'web', 'aa'])}`;
    expect(rowsOf(readFacts(output), 'hash')).toEqual([['web', 'aa']]);
  });

  it.each([
    ['nothing', ''],
    ['what a shell says, and no program', chatter],
    ['lines that are no facts', `${factsMarker}\nWarning: x\n\n\tno name\n`],
  ])('is no fact where there is %s', (_, output) => {
    expect(read(output)).toEqual([]);
  });

  it('is never a reason to throw', () => {
    const parts = fc.array(fc.string()).map((words) => words.join('\t'));
    const line = fc.oneof(fc.string(), parts, fc.constant(factsMarker));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        for (const reader of [read, readInspection, readPins, readWrongArchitectures]) reader(lines.join('\n'));
      }),
    );
  });

  it('of containers is read behind what a shell said', () => {
    expect(readInspection(`${chatter}${inspectFacts(1770, 'no JSON')}`)).toEqual({ now: 1770, containers: [] });
  });
});
