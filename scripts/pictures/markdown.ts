/** The Markdown of a step summary (src/report/summary.ts) as blocks and styled words: only what it uses. */
import type { Span } from './svg.ts';

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly spans: readonly Span[] }
  | { readonly kind: 'paragraph' | 'item'; readonly spans: readonly Span[] }
  | { readonly kind: 'table'; readonly rows: readonly (readonly (readonly Span[])[])[] }
  | { readonly kind: 'code'; readonly lines: readonly string[] }
  /** Closed, as GitHub shows it first. */
  | { readonly kind: 'details'; readonly spans: readonly Span[] };

export function blocksOf(markdown: string): readonly Block[] {
  const closed = markdown.replaceAll(
    /<details>\s*<summary>(.*?)<\/summary>[\s\S]*?<\/details>/g,
    '<details>$1</details>',
  );
  const blocks: Block[] = [];
  const lines = closed.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const fence = /^(`{3,})/.exec(line)?.[1];
    if (fence !== undefined) {
      const end = lines.indexOf(fence, at + 1);
      blocks.push({ kind: 'code', lines: lines.slice(at + 1, end) });
      at = end;
    } else if (line.startsWith('|')) {
      const rows = [];
      for (; lines[at]?.startsWith('|'); at++) rows.push(cellsOf(lines[at] ?? ''));
      blocks.push({ kind: 'table', rows: rows.filter((_, index) => index !== 1) });
      at--;
    } else if (line.trim() !== '') blocks.push(blockOf(line));
  }
  return blocks;
}

function blockOf(line: string): Block {
  const [, marks, heading] = /^(#+) (.*)$/.exec(line) ?? [];
  if (marks !== undefined) return { kind: 'heading', level: marks.length, spans: spansOf(heading ?? '') };
  const closed = /^<details>(.*)<\/details>$/.exec(line)?.[1];
  if (closed !== undefined) return { kind: 'details', spans: spansOf(closed) };
  const item = /^[-*] (.*)$/.exec(line)?.[1];
  if (item !== undefined) return { kind: 'item', spans: spansOf(item) };
  return { kind: 'paragraph', spans: spansOf(line.replace(/^> ?/, '')) };
}

const cellsOf = (row: string): readonly (readonly Span[])[] =>
  row
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => spansOf(cell.trim()));

const inline = /`([^`]+)`|\*\*(.+?)\*\*|\[([^\]]+)\]\([^)]*\)|(https?:\/\/[^\s<]+)/g;

/** Code, bold text and links; the rest is as it is. */
export function spansOf(line: string): readonly Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const match of line.matchAll(inline)) {
    const [whole, code, bold, link, address] = match;
    if (match.index > at) spans.push({ text: plain(line.slice(at, match.index)) });
    if (code !== undefined) spans.push({ text: plain(code), style: 'code' });
    else if (bold !== undefined) spans.push({ text: plain(bold), style: 'bold' });
    else spans.push({ text: plain(link ?? address ?? ''), style: 'link' });
    at = match.index + whole.length;
  }
  if (at < line.length) spans.push({ text: plain(line.slice(at)) });
  return spans;
}

const plain = (text: string): string =>
  text
    .replaceAll('\\|', '|')
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
