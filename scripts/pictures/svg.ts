/** The little SVG that the pictures need. Viewers choose the fonts, so widths of text are estimates. */

export type Span = { readonly text: string; readonly style?: string };

export const sans = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";
export const mono = "ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

type Picture = { readonly title: string; readonly width: number; readonly height: number };

export function svg({ title, width, height }: Picture, css: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<style>text { white-space: pre; } ${css}</style>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

export function rect(x: number, y: number, width: number, height: number, style: string, radius = 0): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" class="${style}"/>`;
}

/** One line of text, its parts side by side. */
export function text(x: number, y: number, spans: readonly Span[], style = ''): string {
  const parts = spans.map((span) =>
    span.style === undefined ? escaped(span.text) : `<tspan class="${span.style}">${escaped(span.text)}</tspan>`,
  );
  return `<text x="${x}" y="${y}" xml:space="preserve"${style === '' ? '' : ` class="${style}"`}>${parts.join('')}</text>`;
}

const escaped = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Roughly how wide a text is, in pixels: a bit more than in most fonts, so that it stays inside of its cell. */
export function widthOf(value: string, size: number, style?: string): number {
  if (style === 'code') return value.length * size * 0.55;
  const units = [...value].reduce((sum, character) => sum + unitsOf(character), 0);
  return units * size * (style === 'bold' ? 1.2 : 1.12);
}

function unitsOf(character: string): number {
  if (/[ iljtf.,:;|'!()[\]/·]/.test(character)) return 0.31;
  if (/[mwMW@%—…]/.test(character)) return 0.86;
  if (/[A-Z0-9_]/.test(character)) return 0.62;
  return character > '\u2100' ? 1.2 : 0.55;
}
