import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { collect, listenAlone } from '../../src/hosts/output.ts';

const read = (chunks: readonly (string | Buffer)[]) => {
  const lines: string[] = [];
  const output = collect((line) => lines.push(line));
  for (const chunk of chunks) output.push(Buffer.from(chunk));
  return { text: output.end(), lines };
};

describe('output', () => {
  it('is reported line by line, the last one too when it has no line end', () => {
    expect(read(['one\ntw', 'o\r\n\nthr', 'ee'])).toEqual({
      text: 'one\ntwo\r\n\nthree',
      lines: ['one', 'two', '', 'three'],
    });
  });

  it('is reported as it comes', () => {
    const lines: string[] = [];
    const output = collect((line) => lines.push(line));
    output.push(Buffer.from('one\ntwo'));
    expect(lines).toEqual(['one']);
  });

  it('keeps characters whole that arrive in two chunks', () => {
    const bytes = Buffer.from('naïve 😀\n');
    expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual({ text: 'naïve 😀\n', lines: ['naïve 😀'] });
  });

  it('shows bytes that are not UTF-8 as such', () => {
    expect(read([Buffer.from([0x61, 0xff, 0x0a, 0xe2, 0x82])])).toEqual({
      text: 'a\ufffd\n\ufffd',
      lines: ['a\ufffd', '\ufffd'],
    });
  });

  it('keeps lines whole that arrive with a carriage return in the next chunk', () => {
    expect(read(['one\r', '\ntwo']).lines).toEqual(['one', 'two']);
  });

  it('cuts a line that is too long to show', () => {
    const { lines, text } = read(['x'.repeat(60_000), 'y'.repeat(60_000), 'z\nnext\n']);
    expect(lines).toEqual([`${'x'.repeat(60_000)}${'y'.repeat(5_536)}…`, 'next']);
    expect(text).toHaveLength(120_007);
  });

  it('keeps the last 10 MiB, from a whole character on', () => {
    const chunk = '😀'.repeat(250_000);
    const { text } = read([...Array(12).fill(chunk), 'the end']);
    expect(text.endsWith('😀the end')).toBe(true);
    expect(text.startsWith('😀')).toBe(true);
    expect(Buffer.byteLength(text)).toBe(10 * 1024 * 1024 - 1);
  });
});

it('a stream is heard by one listener alone, from its first byte on', async () => {
  const [ours, theirs]: [string[], string[]] = [[], []];
  const stream = new PassThrough();
  stream.on('data', (chunk) => theirs.push(`${chunk}`));
  listenAlone(stream, (chunk) => ours.push(`${chunk}`));
  stream.on('data', (chunk) => theirs.push(`${chunk}`));
  await Promise.resolve();
  for (const text of ['one', 'two']) stream.write(text);
  stream.end();
  await expect.poll(() => ours).toEqual(['one', 'two']);
  expect(theirs).toEqual([]);
});
