/** Runs the bundle as users do: a child process on Node 24. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bed, Server } from '../bed/bed.ts';

const top = join(import.meta.dirname, '../..');
export const node24 = join(top, 'node_modules/.bin/node');
/** KORRIGO_DIST: a bundle elsewhere, such as one of an earlier commit. */
export const dist = process.env['KORRIGO_DIST'] ?? join(top, 'dist');

export type Texts = Readonly<Record<string, string>>;

export type Outcome = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they came. */
  readonly all: string;
};

/** A process that goes on. */
export type Running = {
  readonly pid: number;
  readonly done: Promise<Outcome>;
  /** Resolves as soon as the output holds the text, rejects when the process ends without. */
  says(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
};

/** The command-line program with its inputs as flags. @param cwd the checkout */
export async function korrigo(cwd: string, commands: readonly string[], inputs: Texts, env: Texts): Promise<Outcome> {
  return await startKorrigo(cwd, commands, inputs, env).done;
}

export function startKorrigo(cwd: string, commands: readonly string[], inputs: Texts, env: Texts): Running {
  const flags = Object.entries(inputs).flatMap(([name, value]) => [`--${name}`, value]);
  return startProcess([node24, join(dist, 'cli.js'), ...commands, ...flags], cwd, {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    ...env,
  });
}

export async function runProcess(argv: readonly string[], cwd: string, env: Texts): Promise<Outcome> {
  return await startProcess(argv, cwd, env).done;
}

export function startProcess(argv: readonly string[], cwd: string, env: Texts): Running {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const parts = { stdout: '', stderr: '', all: '' };
  const heard = new Set<() => void>();
  const hear = (stream: 'stdout' | 'stderr') => (text: string) => {
    parts[stream] += text;
    parts.all += text;
    for (const look of heard) look();
  };
  child.stdout.setEncoding('utf8').on('data', hear('stdout'));
  child.stderr.setEncoding('utf8').on('data', hear('stderr'));
  const done = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      if (process.env['KORRIGO_SHOW'] === '1') process.stderr.write(`\n$ ${argv.join(' ')}\n${parts.all}`);
      resolve({ code, ...parts });
    });
  });
  return {
    pid: child.pid ?? 0,
    done,
    kill: (signal) => void child.kill(signal),
    says: async (text) => {
      const said = new Promise<void>((resolve) => {
        const look = (): void => {
          if (!parts.all.includes(text)) return;
          heard.delete(look);
          resolve();
        };
        heard.add(look);
        look();
      });
      const ended = done.then(({ all }) => {
        if (!all.includes(text)) throw new Error(`it ended without saying ${JSON.stringify(text)}:\n${all}`);
      });
      await Promise.race([said, ended]);
    },
  };
}

/** The inputs that reach servers of the bed, secrets through the environment. */
export function reach(
  bed: Bed,
  ...servers: readonly Server[]
): { readonly inputs: Record<string, string>; readonly env: Record<string, string> } {
  const knownHosts = join(bed.folder, `known-hosts-${servers.map(({ name }) => name).join('-')}`);
  writeFileSync(knownHosts, servers.map(({ hostKey }) => `${hostKey}\n`).join(''));
  return {
    inputs: {
      hosts: servers.map(addressOf).join(','),
      'known-hosts': `@${knownHosts}`,
      registry: bed.registry.address,
      'registry-username': bed.registry.username,
    },
    env: {
      ...bed.engine.env,
      KORRIGO_SSH_KEY: servers[0]?.privateKey ?? '',
      KORRIGO_REGISTRY_PASSWORD: bed.registry.password,
    },
  };
}

/** What logs call a server, too. */
export const addressOf = ({ ip, port }: Server): string => (port === 22 ? ip : `${ip}:${port}`);

export type Deployer = (commands: readonly string[], inputs?: Texts, env?: Texts) => Promise<Outcome>;

/** The command-line program in a checkout, with the inputs that reach these servers and then those of each call. */
export function deployer(folder: string, bed: Bed, ...servers: readonly Server[]): Deployer {
  const reached = reach(bed, ...servers);
  return async (commands, inputs = {}, env = {}) =>
    await korrigo(folder, commands, { ...reached.inputs, ...inputs }, { ...reached.env, ...env });
}

/** The release that `push` printed: its last line. */
export function releaseOf({ stdout }: Outcome): string {
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** What a failed run says at its end, without how long it took. */
export function failureOf({ stdout, stderr }: Outcome): string {
  const [, closing] = stdout.split('\nFailed\n');
  if (closing === undefined) return stderr.trimEnd();
  return closing
    .replace(/^ {2}✗ .* failed in .*\n/m, '')
    .replace(/^ {2}/gm, '')
    .trimEnd();
}
