/**
 * Text within a line of Markdown: nothing in it is read as HTML, an image, a link or emphasis, and no one is mentioned.
 * Text between two backquotes is code, where nothing else is interpreted either.
 */
export function inline(text: string): string {
  const parts = oneLine(text).split(/`([^`]+)`/);
  return parts.map((part, index) => (index % 2 === 1 ? codeAfter(parts[index - 1] ?? '', part) : plain(part))).join('');
}

/** The same where a line begins: nothing makes it a heading, an item of a list or a line across. */
export const paragraph = (text: string): string =>
  inline(text.trim())
    .replace(/^[#>+=-]/, '\\$&')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2');

const oneLine = (text: string): string => text.replaceAll(/\s*[\r\n]\s*/g, ' ');

/** As HTML if a backquote might be read as part of a URL, or if a table would end. */
const codeAfter = (before: string, text: string): string =>
  /(?:^|\s)$/.test(before) && !text.includes('|') ? `\`${text}\`` : `<code>${plain(text)}</code>`;

/** A URL stays as it is: GitHub makes it a link, and a backslash would become part of it. */
const plain = (text: string): string =>
  unmentioned(text)
    .split(/(https?:\/\/[\w.~:/?#!$()*+,;=%-]+)/)
    .map((part, index) => (index % 2 === 1 ? part : escaped(part)))
    .join('');

function escaped(text: string): string {
  // Inside a word, an underscore is literal. GitHub reads text between two dollar signs as a formula.
  const marks = /[\\[\]`*~|$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
  return html(text).replaceAll(marks, '\\$&');
}

const html = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const unmentioned = (text: string): string => text.replaceAll(/@(?=\w)/g, '@\u200b');

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

/** The parts as one text, in order, as many as fit. */
export function bounded(parts: readonly string[], most = mostBytes): string {
  const left = 'Truncated here; the log has the rest.';
  let text = '';
  for (const part of parts) {
    const next = text === '' ? part : `${text}\n\n${part}`;
    if (Buffer.byteLength(next) > most) return `${text}\n\n${left}`;
    text = next;
  }
  return text;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(inline).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Folded. No Markdown is read in the title, which is HTML. */
export function details(title: string, body: string): string {
  const parts = html(oneLine(title)).split(/`([^`]+)`/);
  const text = parts.map((part, index) => (index % 2 === 1 ? `<code>${part}</code>` : unmentioned(part))).join('');
  return `<details><summary>${text}</summary>\n\n${body}\n\n</details>`;
}

/** A fence longer than any in the text: what another program printed cannot end it. */
export function fenced(text: string, language = 'text'): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
