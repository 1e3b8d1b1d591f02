/**
 * Text for a Markdown cell or heading: nothing in it is read as HTML, as a table, as an image or a link, and nobody is
 * mentioned. What stands between two backquotes is code, where nothing else is read either.
 */
export function cell(text: string): string {
  const line = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('|', '\\|')
    .replaceAll(/\s*[\r\n]\s*/g, ' ');
  return line
    .split(/(`[^`]+`)/)
    .map(outsideCode)
    .join('');
}

function outsideCode(part: string, index: number): string {
  if (index % 2 === 1) return part;
  return part.replaceAll(/[[\]`]/g, '\\$&').replaceAll(/@(?=\w)/g, '@\u200b');
}

/** A word as code. */
export const code = (text: string): string => `\`${text.replaceAll('`', "'")}\``;

/** The beginning and the end of a text that is too long. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  return `${text.slice(0, half)}\n…\n${text.slice(-half)}`;
}

/** GitHub refuses a summary above 1 MiB, and a comment above 65,536 characters. */
const mostBytes = 900_000;

/** The parts as one text, in their order, as many as there is space for. */
export function bounded(parts: readonly string[], most = mostBytes): string {
  const left = 'The rest is in the log: it is too long for here.';
  let text = '';
  for (const part of parts) {
    const next = text === '' ? part : `${text}\n\n${part}`;
    if (Buffer.byteLength(next) > most) return `${text}\n\n${left}`;
    text = next;
  }
  return text;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export const details = (title: string, body: string): string =>
  `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;

/** A fence longer than any in the text: what another program printed cannot end it. */
export function fenced(text: string, language = 'text'): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
