/** Draws the log of the command-line program (src/log/console.ts) as a terminal shows it. */
import { mono, rect, type Span, svg, text } from './svg.ts';

const columns = 104;
const size = 13;
const lineHeight = 19;
const padding = 18;
const titleBar = 34;

const css = `text { font-family: ${mono}; font-size: ${size}px; fill: #d6dbe1; }
.window { fill: #1c2128; } .bar { fill: #2d333b; } .red { fill: #ff5f57; } .yellow { fill: #febc2e; } .green { fill: #28c840; }
.dim { fill: #8b949e; } .stage { font-weight: 700; fill: #ffffff; } .ok { fill: #57d364; } .bad { fill: #ff7b72; }
.warning { fill: #e3b341; } .what { fill: #79c0ff; }`;

/** @param title is shown as the command that was typed. */
export function drawTerminal(title: string, log: string): string {
  const lines = [[{ text: '$ ', style: 'dim' }, { text: title }], ...log.trimEnd().split('\n').flatMap(spansOf)];
  const width = Math.ceil(columns * size * 0.602 + 2 * padding);
  const height = titleBar + lines.length * lineHeight + 2 * padding - 6;
  const lights = ['red', 'yellow', 'green'].map(
    (color, index) => `<circle cx="${padding + 4 + index * 20}" cy="${titleBar / 2}" r="6" class="${color}"/>`,
  );
  return svg({ title: `A terminal: ${title}`, width, height }, css, [
    rect(0, 0, width, height, 'window', 10),
    `<path d="M0 ${titleBar}V10a10 10 0 0 1 10-10H${width - 10}a10 10 0 0 1 10 10V${titleBar}Z" class="bar"/>`,
    ...lights,
    ...lines.map((spans, index) => text(padding, titleBar + padding + 8 + index * lineHeight, spans)),
  ]);
}

/** A line of the log; several of them where it is longer than the terminal is wide. */
function spansOf(line: string): readonly (readonly Span[])[] {
  const [first = '', ...more] = folded(line);
  return [colored(first), ...more.map((rest) => colored(rest))];
}

function colored(line: string): readonly Span[] {
  if (/^\S/.test(line)) return [{ text: line, style: 'stage' }];
  const [, indent = '', mark = '', rest = ''] = /^( *)([✓✗→…]|warning:)(.*)$/.exec(line) ?? [];
  if (mark !== '') return [{ text: `${indent}${mark}`, style: marks[mark] ?? 'dim' }, ...withTime(rest)];
  const [, service, action, reasons] =
    /^( {4}\S+ +)(create|recreate|rolling|start|scale|keep|remove)\b(.*)$/.exec(line) ?? [];
  if (service === undefined || action === undefined) return [{ text: line }];
  return [{ text: service }, { text: action, style: action === 'keep' ? 'dim' : 'what' }, { text: reasons ?? '' }];
}

const marks: Readonly<Record<string, string>> = { '✓': 'ok', '✗': 'bad', '→': 'what', 'warning:': 'warning' };

function withTime(line: string): readonly Span[] {
  const [, what = line, time] = /^(.*)( \(\d+\.\d s\))$/.exec(line) ?? [];
  return time === undefined ? [{ text: what }] : [{ text: what }, { text: time, style: 'dim' }];
}

function folded(line: string): readonly string[] {
  if (line.length <= columns) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  const at = line.lastIndexOf(' ', columns);
  const end = at > indent.length + 20 ? at : columns;
  return [line.slice(0, end), ...folded(`${indent}    ${line.slice(end).trimStart()}`)];
}
