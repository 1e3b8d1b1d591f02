/** Reads the log of the command-line program (src/log/console.ts) line by line. */
export type Line =
  | { readonly kind: 'stage'; readonly title: string }
  | {
      readonly kind: 'step';
      readonly ok: boolean;
      readonly host: string;
      readonly title: string;
      readonly seconds: number;
    }
  /** Something that another program printed. */
  | { readonly kind: 'output'; readonly text: string }
  | { readonly kind: 'info'; readonly text: string };

export function readLine(line: string): Line | undefined {
  if (line.trim() === '') return undefined;
  if (!line.startsWith('  ')) return { kind: 'stage', title: line };
  const output = /^ {2}\S+ \| (.*)$/.exec(line);
  if (output) return { kind: 'output', text: output[1] ?? '' };
  const step = /^ {2}([✓✗]) (\S+): (.*) \((\d+\.\d) s\)$/.exec(line);
  if (!step) return { kind: 'info', text: line.slice(2) };
  const [, mark, host = '', title = '', seconds] = step;
  return { kind: 'step', ok: mark === '✓', host, title, seconds: Number(seconds) };
}
