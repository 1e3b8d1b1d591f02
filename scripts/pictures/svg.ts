/** The little SVG that the pictures need. Viewers choose the fonts, so widths of text are estimates. */

export type Span = { readonly text: string; readonly style?: string };

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
