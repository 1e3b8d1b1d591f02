import type { Log } from './log.ts';

/** For a terminal or a plain log file. @param write receives whole lines, with their line end. */
export function consoleLog(write: (text: string) => void): Log {
  return {
    stage: (title) => write(`\n${title}\n`),
    end: () => {},
    info: (line) => write(`${indent(printable(line))}\n`),
    progress: (line) => write(`${indent(printable(line))}\n`),
    warn: (line) => write(`${indent(`warning: ${printable(line)}`)}\n`),
    output: (host, line) => write(`  ${host} | ${printable(line)}\n`),
  };
}

const indent = (text: string): string => text.replace(/^(?=.)/gm, '  ');

/**
 * Other programs' escape sequences would move the cursor or recolour what we say, and characters that turn the direction of
 * writing would show it in another order.
 */
export function printable(line: string): string {
  return line.replace(
    /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    '',
  );
}
