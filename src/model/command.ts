import type { Secret } from './secret.ts';

/** What a process reads or a file holds. Only here may a secret travel. */
export type Content = string | Uint8Array | Secret;

/** A program and its arguments, as data. `argv` and `env` are visible to every user of a machine: no secret fits in. */
export type Command = {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Content;
};

/** `code` is null when the process did not end by itself: killed, or the connection was lost. That is a failure. */
export type Result = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  readonly timedOut: boolean;
};

/** The one quoting function: a word that a POSIX shell reads back as exactly `word`. */
export function quote(word: string): string {
  if (word.includes('\0')) throw new Error('a NUL byte cannot be part of a command');
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The command as one line for a POSIX shell, without its stdin. A missing `cwd` fails instead of running in $HOME. */
export function shellLine({ argv, cwd, env }: Command): string {
  const words = argv.map(quote);
  const assignments = Object.entries(env ?? {}).map(([name, value]) => quote(`${name}=${value}`));
  const line = [...(assignments.length > 0 ? ['env', ...assignments] : []), ...words].join(' ');
  return cwd === undefined ? line : `cd -- ${quote(cwd)} && ${line}`;
}

export function bytesOf(content: Content): Uint8Array {
  if (content instanceof Uint8Array) return content;
  return new TextEncoder().encode(typeof content === 'string' ? content : content.reveal());
}
