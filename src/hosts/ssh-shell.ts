import { quote } from '../model/command.ts';

/**
 * What sshd is asked to run, so that a POSIX sh reads `line` whatever the login shell is, and tells its process id first.
 * sh, bash, zsh, fish and csh agree on what stands in single quotes except for `\` and `!`, which stand outside of them;
 * csh has no way to write a newline, so that one is decoded by sh.
 */
export function remoteLine(line: string): string {
  const told = `echo "${mark} $$" >&2; ${line}`;
  if (!told.includes('\n')) return `exec sh -c ${anyShellWord(told)}`;
  const encoded = told.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `exec sh -c 'eval "$(printf %b "$1")"' sh ${anyShellWord(encoded)}`;
}

function anyShellWord(text: string): string {
  const parts = text.split(/([\\!])/).map((part) => (/^[\\!]$/.test(part) ? `\\${part}` : part && quote(part)));
  return parts.join('');
}

/** Ends a command with all that it started: sshd makes each one the leader of a process group. */
export function killLine(pid: string, signal: 'TERM' | 'KILL'): string {
  return `exec sh -c ${quote(`kill -${signal} -${pid} || kill -${signal} ${pid}`)}`;
}

/** Takes the process id out of stderr, where only the login shell itself may have said something before. */
export function takePid(onPid: (pid: string) => void, pass: (chunk: Buffer) => void) {
  let held: Buffer | undefined = Buffer.alloc(0);
  const release = (chunk: Buffer) => {
    held = undefined;
    pass(chunk);
  };
  return {
    push: (chunk: Buffer): void => {
      held = held && Buffer.concat([held, chunk]);
      if (held === undefined) {
        pass(chunk);
        return;
      }
      const text = held.toString('latin1');
      const [line, pid] = pidLine.exec(text) ?? [];
      if (line !== undefined && pid !== undefined) {
        onPid(pid);
        release(Buffer.from(text.replace(line, ''), 'latin1'));
      } else if (held.length > mostHeld) release(held);
    },
    end: (): void => {
      if (held !== undefined) release(held);
    },
  };
}

const mark = 'korrigo-pid';
const pidLine = new RegExp(`^${mark} (\\d+)\n`, 'm');
const mostHeld = 64 * 1024;
