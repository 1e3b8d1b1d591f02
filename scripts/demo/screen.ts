/** What the demo prints: short lines of at most 100 columns, and in a terminal a few that move while something runs. */
import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

export type Screen = {
  readonly isTerminal: boolean;
  readonly title: (text: string) => void;
  readonly chapter: (title: string, text: string) => void;
  /** What is too long goes on in the next line, indented. */
  readonly line: (text?: string, style?: Style) => void;
  /** A line with a mark before it and a time at its right edge. */
  readonly item: (mark: '✓' | '✗' | ' ', text: string, seconds?: number) => void;
  /** Says what is going on until the next `busy` or `idle`. Moves in a terminal only. */
  readonly busy: (what: string) => void;
  /** The last few lines of what is going on: faint, and gone when it is over. */
  readonly tail: (text: string) => void;
  readonly idle: () => void;
};

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const tailLines = 5;

export function openScreen(stream: NodeJS.WriteStream): Screen {
  const isTerminal = stream.isTTY === true;
  const width = (): number => Math.min(100, isTerminal ? stream.columns - 1 : 100);
  const style = (format: Style, text: string): string =>
    isTerminal && !process.env['NO_COLOR'] ? styleText(format, text, { validateStream: false }) : text;
  const live = isTerminal ? liveLines(stream, width, style) : noLiveLines;
  const print = (text: string): void => {
    live.wipe();
    stream.write(`${text}\n`);
    live.draw();
  };
  let chapters = 0;
  return {
    isTerminal,
    title: (text) => print(style('bold', text)),
    chapter: (title, text) => {
      chapters += 1;
      print(`\n${style(['bold', 'cyan'], `${chapters}  ${title}`)}`);
      for (const line of wrapped(text, width() - 3)) print(`   ${line}`);
      print('');
    },
    line: (text = '', format) => {
      for (const part of folded(text, width())) print(format === undefined ? part : style(format, part));
    },
    item: (mark, text, seconds) => {
      const time = seconds === undefined ? '' : `${seconds.toFixed(1)} s`;
      const start = ` ${mark} ${cut(text, width() - 4 - time.length)}`;
      const colour = mark === '✗' ? 'red' : 'green';
      const gap = ' '.repeat(Math.max(1, width() - start.length - time.length));
      print(start.replace(mark, style(colour, mark)) + (time === '' ? '' : gap + style('dim', time)));
    },
    busy: (what) => live.busy(what),
    tail: (text) => live.tail(text),
    idle: () => live.busy(undefined),
  };
}

type Live = {
  readonly busy: (what: string | undefined) => void;
  readonly tail: (text: string) => void;
  readonly wipe: () => void;
  readonly draw: () => void;
};

const noLiveLines: Live = { busy: () => {}, tail: () => {}, wipe: () => {}, draw: () => {} };

function liveLines(stream: NodeJS.WriteStream, width: () => number, style: (f: Style, text: string) => string): Live {
  let what: string | undefined;
  let since = 0;
  let last: readonly string[] = [];
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;
  const wipe = (): void => {
    if (drawn > 0) stream.write(`\x1b[${drawn}A\r\x1b[J`);
    drawn = 0;
  };
  const draw = (): void => {
    wipe();
    if (what === undefined) return;
    const seconds = Math.floor((Date.now() - since) / 1000);
    const frame = frames[Math.floor(Date.now() / 100) % frames.length];
    const time = seconds > 0 ? ` ${seconds} s` : '';
    const lines = [
      ` ${style('cyan', frame ?? '')} ${cut(what, width() - 10)}${style('dim', time)}`,
      ...last.map((line) => style('dim', `     ${cut(line, width() - 5)}`)),
    ];
    stream.write(`${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  return {
    busy: (now) => {
      [what, since, last] = [now, Date.now(), []];
      clearInterval(timer);
      if (now === undefined) {
        wipe();
        stream.write('\x1b[?25h');
      } else {
        stream.write('\x1b[?25l');
        timer = setInterval(draw, 100).unref();
        draw();
      }
    },
    tail: (text) => {
      last = [...last, stripVTControlCharacters(text).replaceAll('\t', ' ')].slice(-tailLines);
    },
    wipe,
    draw,
  };
}

const cut = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** Several lines, each broken at spaces into lines of `width` that start where the first one does, and a bit. */
function folded(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const indent = /^ */.exec(line)?.[0] ?? '';
    const [first = '', ...rest] = wrapped(line.slice(indent.length), width - indent.length - 2);
    return [`${indent}${first}`, ...rest.map((part) => `${indent}  ${part}`)];
  });
}

/** Broken at single spaces; longer gaps stay as they are, and so do words that are too long. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(/(?<! ) (?! )/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
