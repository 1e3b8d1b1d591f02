/** Runs the bundle as users do: a child process on Node 24. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bed, Server } from '../bed/bed.ts';

const top = join(import.meta.dirname, '../..');
export const node24 = join(top, 'node_modules/.bin/node');

export type Outcome = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly all: string;
};

/** The command-line program with its inputs as flags. @param cwd the checkout */
export async function korrigo(
  cwd: string,
  commands: readonly string[],
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const flags = Object.entries(inputs).flatMap(([name, value]) => [`--${name}`, value]);
  return await runProcess([node24, join(top, 'dist/cli.js'), ...commands, ...flags], cwd, {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    ...env,
  });
}

export async function runProcess(
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const parts = { stdout: '', stderr: '', all: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    parts.stdout += text;
    parts.all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    parts.stderr += text;
    parts.all += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (process.env['KORRIGO_SHOW'] === '1') process.stderr.write(`\n$ ${argv.join(' ')}\n${parts.all}`);
  return { code, ...parts };
}

/** The inputs that reach a server of the bed, secrets through the environment. */
export function reach(
  bed: Bed,
  ...servers: readonly Server[]
): { readonly inputs: Record<string, string>; readonly env: Record<string, string> } {
  const knownHosts = join(bed.folder, `known-hosts-${servers.map(({ name }) => name).join('-')}`);
  writeFileSync(knownHosts, servers.map(({ hostKey }) => `${hostKey}\n`).join(''));
  return {
    inputs: {
      hosts: servers.map(({ ip, port }) => (port === 22 ? ip : `${ip}:${port}`)).join(','),
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
