import { quote } from '../model/command.ts';

/** The command line to run on a server, and what the command's stdin has to begin with. */
export type Remote = { readonly command: string; readonly before: string };

/**
 * Makes a POSIX sh read `line` whatever the login shell is, as a process group leader, with a marker at the
 * start of stdout and stderr. What a login shell prints comes before it.
 *
 * sh, bash, zsh, fish and csh agree on text in single quotes except for `\` and `!`, which are written outside of them;
 * csh cannot write a newline, so sh decodes those. A line that is too long for Dropbear goes through
 * stdin: `read` takes it byte by byte, and leaves the rest to the command.
 */
export function remote(line: string): Remote {
  const marked = `${mark}; ${mark} >&2; ${line}`;
  const command = marked.includes('\n')
    ? `exec sh -c ${anyShellWord(`${decode('$1')}; ${run}`)} sh ${anyShellWord(encoded(marked))}`
    : `exec sh -c ${anyShellWord(run)} sh ${anyShellWord(marked)}`;
  if (Buffer.byteLength(command) <= longestCommand) return { command, before: '' };
  return {
    command: `exec sh -c ${anyShellWord(`IFS= read -r korrigo || exit 1; ${decode('$korrigo')}; ${run}`)}`,
    before: `${ascii(encoded(marked))}\n`,
  };
}

/** Ends a command and everything it has started. */
export function killLine(pid: string, signal: 'TERM' | 'KILL'): string {
  return `exec sh -c ${quote(`kill -${signal} -${pid} || kill -${signal} ${pid}`)}`;
}

/** Dropbear ends a connection at more than 9000 bytes. */
const longestCommand = 8000;

const mark = 'echo "korrigo-pid $$"';
const markLine = /korrigo-pid (\d+)\n/;

/** Runs the text in $1. sshd makes each command the leader of a process group, Dropbear does not. */
const run = 'kill -0 -$$ 2>/dev/null || { command -v setsid >/dev/null && exec setsid sh -c "$1"; }; eval "$1"';

const decode = (from: string): string => `set -- "$(printf %b "${from}")"`;

const encoded = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** For `printf %b`. Not every sh reads other escapes the same way. */
const ascii = (text: string): string =>
  text.replace(/[^\t -~]+/g, (characters) =>
    [...Buffer.from(characters)].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join(''),
  );

function anyShellWord(text: string): string {
  const parts = text.split(/([\\!])/).map((part) => (/^[\\!]$/.test(part) ? `\\${part}` : part && quote(part)));
  return parts.join('');
}

export type AfterMark = {
  readonly push: (chunk: Buffer) => void;
  /** What arrived before any marker: the end of it. */
  readonly before: () => string;
};

/** Passes on a stream after the marker, and reports the process id in the marker. */
export function afterMark(onPid: (pid: string) => void, pass: (chunk: Buffer) => void): AfterMark {
  let held = Buffer.alloc(0);
  let marked = false;
  return {
    push: (chunk) => {
      if (marked) return pass(chunk);
      held = Buffer.concat([held, chunk]);
      const found = markLine.exec(held.toString('latin1'));
      if (found === null) {
        held = held.subarray(-mostHeld);
        return;
      }
      marked = true;
      onPid(found[1] ?? '');
      const rest = held.subarray(found.index + found[0].length);
      held = held.subarray(0, found.index);
      if (rest.length > 0) pass(rest);
    },
    before: () => held.toString('utf8'),
  };
}

const mostHeld = 16 * 1024;
