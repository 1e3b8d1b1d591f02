import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from '../model/command.ts';

type Start = Required<Pick<Command, 'argv' | 'env'>> & { readonly cwd?: string | undefined };
type Problem = { readonly code: number; readonly text: string };

/**
 * Why a program cannot be started, with the exit code and the message of a shell. @actions/exec has one error for all of
 * this, and never returns if the system refuses the arguments.
 */
export function startProblem({ argv, cwd, env }: Start): Problem | undefined {
  const [program = ''] = argv;
  if ([...argv, ...Object.values(env), cwd ?? ''].some((text) => text.includes('\0')))
    throw new Error(`${program}: arguments, folder and environment must be without null bytes`);
  if (cwd !== undefined && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    return { code: 127, text: `${cwd}: no such directory` };
  if (cwd !== undefined && !isExecutable(cwd)) return { code: 126, text: `${cwd}: permission denied` };
  const found = candidates(program, cwd ?? '.', env['PATH']).map(kindOf);
  if (!found.includes('program'))
    return found.includes('file')
      ? { code: 126, text: `${program}: permission denied` }
      : { code: 127, text: `${program}: command not found` };
  return isTooLong(argv, env) ? { code: 126, text: `${program}: argument list too long` } : undefined;
}

const candidates = (program: string, cwd: string, path = '/usr/bin:/bin'): readonly string[] =>
  program === '' ? [] : (program.includes('/') ? [''] : path.split(':')).map((folder) => resolve(cwd, folder, program));

function kindOf(path: string): 'program' | 'file' | undefined {
  const exists = statSync(path, { throwIfNoEntry: false })?.isFile();
  return exists === undefined ? undefined : exists && isExecutable(path) ? 'program' : 'file';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Linux allows 128 KiB for one argument and a quarter of the stack (8 MiB) for all, macOS 1 MiB for all. */
function isTooLong(argv: readonly string[], env: Readonly<Record<string, string>>): boolean {
  const texts = [...argv, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  const sizes = texts.map((text) => Buffer.byteLength(text) + 1);
  const total = sizes.reduce((sum, size) => sum + size + pointerBytes, 0);
  return process.platform === 'darwin'
    ? total > 1024 * 1024 - spareBytes
    : sizes.some((size) => size > 128 * 1024) || total > 2 * 1024 * 1024 - spareBytes;
}

const pointerBytes = 8;
/** For the program's name, what starts it, and the system itself. */
const spareBytes = 16 * 1024;
