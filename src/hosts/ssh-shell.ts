import { quote } from '../model/command.ts';

/** What a server is asked to run, and what the command's stdin has to begin with. */
export type Remote = { readonly command: string; readonly before: string };

/**
 * So that a POSIX sh reads `line` whatever the login shell is, as the leader of a process group, with a mark at the
 * beginning of stdout and stderr. What a login shell says stands before it.
 *
 * sh, bash, zsh, fish and csh agree on what stands in single quotes except for `\` and `!`, which stand outside of them;
 * csh has no way to write a newline, so that one is decoded by sh. A line that is too long for Dropbear goes through
 * stdin: `read` takes byte for byte, and leaves the rest to the command.
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

/** Ends a command with all that it started. */
export function killLine(pid: string, signal: 'TERM' | 'KILL'): string {
  return `exec sh -c ${quote(`kill -${signal} -${pid} || kill -${signal} ${pid}`)}`;
}

/** Dropbear ends a connection at more than 9000 bytes. */
const longestCommand = 8000;

const mark = 'echo "korrigo-pid $$"';
const markLine = /korrigo-pid (\d+)\n/;

/** Runs what stands in $1. sshd makes each command the leader of a process group, Dropbear does not. */
const run = 'kill -0 -$$ 2>/dev/null || { command -v setsid >/dev/null && exec setsid sh -c "$1"; }; eval "$1"';

const decode = (from: string): string => `set -- "$(printf %b "${from}")"`;

const encoded = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** For `printf %b`. What else is in bytes, not every sh reads as it is. */
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
  /** What came while there was no mark: the end of it. */
  readonly before: () => string;
};

/** Passes on what a stream brings after the mark, and tells the process id in it. */
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
