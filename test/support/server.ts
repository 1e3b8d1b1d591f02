/** The programs for servers, run for real in this machine's shell, on a folder of their own instead of a server. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type ProgramName, program } from '../../src/commands/program.ts';
import { local } from '../../src/hosts/local.ts';
import { type Content, type Result, shellLine } from '../../src/model/command.ts';

const machine = process.env['PATH'] ?? '';

export type Sandbox = {
  /** The application's folder, which does not exist yet. */
  readonly root: string;
  readonly path: (path: string) => string;
  /** Writes files below the root, with the folders that they need. */
  readonly write: (files: Readonly<Record<string, string>>) => void;
  readonly read: (path: string) => string;
  readonly exists: (path: string) => boolean;
  readonly run: (name: ProgramName, args: readonly string[], given?: Given) => Promise<Result>;
  /** What the fake docker was called with, a call a line. */
  readonly dockerCalls: () => readonly string[];
};

type Given = {
  readonly stdin?: Content;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

type Options = {
  /** Shell lines: what docker does. `$*` are its arguments. Without them there is no docker. */
  readonly docker?: string;
  /** The only other programs that there are; by default all of this machine. */
  readonly programs?: readonly string[];
};

/** Is removed when the test ends. Commands go through a shell, as they do on their way to a server. */
export function sandbox({ docker, programs }: Options = {}): Sandbox {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-server-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const name of programs ?? []) symlinkSync(whereIs(name), join(bin, name));
  if (docker !== undefined) {
    const script = `#!/bin/sh\nprintf '%s\\n' "$*" >>'${folder}/calls'\n${docker}\n`;
    writeFileSync(join(bin, 'docker'), script);
    chmodSync(join(bin, 'docker'), 0o755);
  }
  const env = { PATH: programs === undefined ? `${bin}:${machine}` : bin, HOME: folder };
  const host = local({ env });
  const root = join(folder, 'opt/shop');
  const path = (below: string): string => join(root, below);
  return {
    root,
    path,
    write: (files) => {
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(path(name)), { recursive: true });
        writeFileSync(path(name), content);
      }
    },
    read: (name) => readFileSync(path(name), 'utf8'),
    exists: (name) => existsSync(path(name)),
    run: async (name, args, { stdin, env: own = {}, signal } = {}) => {
      const argv = ['/bin/sh', '-c', shellLine(program(name, args, { env: own }))];
      return await host.run(stdin === undefined ? { argv } : { argv, stdin }, signal === undefined ? {} : { signal });
    },
    dockerCalls: () =>
      existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [],
  };
}

function whereIs(name: string): string {
  const found = machine
    .split(':')
    .map((folder) => join(folder, name))
    .find(existsSync);
  if (found === undefined) throw new Error(`this machine has no ${name}`);
  return found;
}
