/** Draws the Markdown of a step summary as GitHub shows it. */
import { type Block, blocksOf } from './markdown.ts';
import { mono, rect, type Span, sans, svg, text, widthOf } from './svg.ts';

const width = 860;
const padding = 26;
const inner = width - 2 * padding;
const size = 14;
const lineHeight = 21;

const css = `text { font-family: ${sans}; font-size: ${size}px; fill: #1f2328; }
.page { fill: #ffffff; stroke: #d1d9e0; } .cell { fill: none; stroke: #d1d9e0; } .head { fill: #f6f8fa; stroke: #d1d9e0; }
.fence { fill: #f6f8fa; } .rule { fill: #d1d9e0; } .code { font-family: ${mono}; font-size: 12px; } .bold { font-weight: 600; }
.link { fill: #0969da; } .h2 { font-size: 22px; font-weight: 600; } .h3 { font-size: 17px; font-weight: 600; }`;

type Drawn = { readonly parts: readonly string[]; readonly height: number };

export function drawSummary(markdown: string): string {
  const parts: string[] = [];
  let y = padding;
  for (const block of blocksOf(markdown)) {
    const drawn = draw(block, y);
    parts.push(...drawn.parts);
    y += drawn.height + 14;
  }
  const height = Math.ceil(y + padding - 14);
  return svg({ title: 'A step summary on GitHub', width, height }, css, [
    rect(0.5, 0.5, width - 1, height - 1, 'page', 6),
    ...parts,
  ]);
}

function draw(block: Block, y: number): Drawn {
  switch (block.kind) {
    case 'heading': {
      const large = block.level <= 2;
      const rule = large ? [rect(padding, y + 36, inner, 1, 'rule')] : [];
      return {
        parts: [text(padding, y + (large ? 24 : 18), block.spans, large ? 'h2' : 'h3'), ...rule],
        height: large ? 38 : 24,
      };
    }
    case 'table':
      return drawTable(block.rows, y);
    case 'code': {
      const height = block.lines.length * 18 + 20;
      const lines = block.lines.map((line, index) =>
        text(padding + 12, y + 23 + index * 18, [{ text: line, style: 'code' }]),
      );
      return { parts: [rect(padding, y, inner, height, 'fence', 6), ...lines], height };
    }
    case 'details':
      return drawText([{ text: '▸ ' }, ...block.spans], padding, y, inner);
    case 'item':
      return drawText([{ text: '•  ' }, ...block.spans], padding + 12, y, inner - 12);
    case 'paragraph':
      return drawText(block.spans, padding, y, inner);
  }
}

function drawText(spans: readonly Span[], x: number, y: number, room: number): Drawn {
  const lines = wrapped(spans, room);
  return {
    parts: lines.map((line, index) => text(x, y + 15 + index * lineHeight, line)),
    height: lines.length * lineHeight,
  };
}

/** Columns are as wide as their texts; the last one takes what is left, and wraps. */
function drawTable(rows: readonly (readonly (readonly Span[])[])[], top: number): Drawn {
  const bold = (index: number, spans: readonly Span[]): readonly Span[] =>
    index === 0 ? spans.map((span) => ({ ...span, style: span.style ?? 'bold' })) : spans;
  const count = Math.max(...rows.map((row) => row.length));
  const natural = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.map((row, index) => lengthOf(bold(index, row[column] ?? [])) + 26)),
  );
  const fixed = natural.slice(0, -1).reduce((sum, each) => sum + each, 0);
  const widths = [...natural.slice(0, -1), Math.min(natural.at(-1) ?? 0, inner - fixed)];
  const parts: string[] = [];
  let y = top;
  for (const [index, row] of rows.entries()) {
    const cells = widths.map((room, column) => wrapped(bold(index, row[column] ?? []), room - 26));
    const height = Math.max(1, ...cells.map((lines) => lines.length)) * lineHeight + 13;
    let x = padding;
    for (const [column, lines] of cells.entries()) {
      parts.push(rect(x, y, widths[column] ?? 0, height, index === 0 ? 'head' : 'cell'));
      for (const [at, line] of lines.entries()) parts.push(text(x + 13, y + 22 + at * lineHeight, line));
      x += widths[column] ?? 0;
    }
    y += height;
  }
  return { parts, height: y - top };
}

const lengthOf = (spans: readonly Span[]): number =>
  spans.reduce((sum, { text: part, style }) => sum + widthOf(part, size, style), 0);

/** Lines that fit, broken at spaces. */
function wrapped(spans: readonly Span[], room: number): readonly (readonly Span[])[] {
  const words = spans.flatMap(({ text: part, style }) =>
    part.split(/(?<= )/).map((word): Span => (style === undefined ? { text: word } : { text: word, style })),
  );
  const lines: Span[][] = [[]];
  for (const word of words) {
    const line = lines.at(-1) ?? [];
    if (line.length > 0 && lengthOf([...line, { ...word, text: word.text.trimEnd() }]) > room) lines.push([word]);
    else line.push(word);
  }
  return lines.map(joined);
}

/** Neighbours of one style become one again. */
function joined(spans: readonly Span[]): readonly Span[] {
  const done: Span[] = [];
  for (const span of spans) {
    const last = done.at(-1);
    if (last !== undefined && last.style === span.style)
      done[done.length - 1] = { ...last, text: last.text + span.text };
    else done.push(span);
  }
  return done;
}
