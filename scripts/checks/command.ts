/** The programs that checks run, and where they find them. */
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type RunOptions, run } from '../../bed/process.ts';

export const top = join(import.meta.dirname, '../..');

/** What a check found, as it is shown. */
export class Finding extends Error {}

/** A program that has to succeed: its standard output. Throws a Finding with all that it said. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(argv, { cwd: top, ...options });
  if (code === 0) return stdout;
  throw new Finding(
    stripVTControlCharacters(`${stdout}${stderr}`).trim() || `${argv.join(' ')} ended with ${code ?? 'a signal'}`,
  );
}

/** Every file of the repository that git does not ignore, by path from the top. */
export async function files(pattern: RegExp): Promise<readonly string[]> {
  const listed = await must(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '-z']);
  const deleted = await must(['git', 'ls-files', '--deleted', '-z']);
  const gone = new Set(deleted.split('\0'));
  return listed.split('\0').filter((path) => pattern.test(path) && !gone.has(path));
}
