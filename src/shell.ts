import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config/config.ts';
import { environmentName, inputNames } from './config/inputs.ts';
import type { RunPorts } from './flows/session.ts';
import { localFiles } from './hosts/files.ts';
import type { Host } from './hosts/host.ts';
import { local } from './hosts/local.ts';
import { connectSsh } from './hosts/ssh.ts';
import type { Log } from './log/log.ts';
import type { Command } from './model/command.ts';
import type { Secret } from './model/secret.ts';
import type { Environment, RefFacts } from './model/surroundings.ts';
import type { HostSpec } from './model/target.ts';
import { askOverHttp, nonce, systemClock } from './ports.ts';

type OnRetry = (retry: { readonly seconds: number; readonly error: Error }) => void;

type Surroundings = {
  readonly env: Environment;
  readonly cwd: string;
  /** An existing folder for temporary files. */
  readonly temporary: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly ref: RefFacts;
  /** Environment variables that no other program may see. */
  readonly hidden: readonly string[];
  readonly variables: Config['variables'];
  readonly remember: (cleanUp: Command) => void;
  readonly rememberLeases: RunPorts['rememberLeases'];
  readonly announce: RunPorts['announce'];
};

/** Runs with the adapters that every shell uses, and a folder of its own that is removed afterwards. */
export async function withPorts<T>(surroundings: Surroundings, use: (ports: RunPorts) => Promise<T>): Promise<T> {
  const { env, cwd, temporary, log, signal, ref, remember, rememberLeases, announce } = surroundings;
  const scratch = await mkdtemp(join(temporary, 'korrigo-'));
  remember({ argv: ['rm', '-rf', '--', scratch] });
  const visible = { ...visibleEnvironment(env, surroundings.hidden), ...surroundings.variables };
  const onRetry: OnRetry = ({ seconds, error }) => log.warn(`${error.message}; retrying in ${seconds} s`);
  const connect = async (spec: HostSpec, config: Config) =>
    await connectTo(spec, config, visible, 4, { signal, onRetry });
  const reconnect = async (spec: HostSpec, config: Config) => await connectTo(spec, config, visible, 1, { signal });
  const ports = {
    clock: systemClock,
    ask: askOverHttp,
    files: localFiles,
    nonce,
    cores: availableParallelism(),
    log,
    signal,
    cwd,
    ref,
    remember,
    rememberLeases,
    announce,
    connect,
    reconnect,
    scratch,
  };
  try {
    return await use({ ...ports, env: visible, local: local({ env: visible }) });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function connectTo(
  spec: HostSpec,
  { ssh }: Config,
  env: Readonly<Record<string, string>>,
  attempts: number,
  options: { readonly signal: AbortSignal; readonly onRetry?: OnRetry },
): Promise<Host> {
  if (spec.kind === 'local' || ssh === undefined) throw new Error(`${spec.name} needs no connection`);
  const { proxyCommand, ...rest } = ssh;
  const proxy = proxyCommand && { argv: proxyCommand, env };
  return await connectSsh({ ...spec, ...rest, proxy, attempts }, options);
}

/** Inputs contain secrets: other programs do not get them. */
function visibleEnvironment(env: Environment, hidden: readonly string[]): Record<string, string> {
  const own = new Set([...inputNames.map(environmentName), ...hidden]);
  const entries = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    value === undefined || /^(?:INPUT|STATE)_/.test(name) || own.has(name) ? [] : [[name, value]],
  );
  return Object.fromEntries(entries);
}

/** All secrets in the inputs, to be hidden in logs. */
export function secretsOf({ registry, ssh, envFiles, githubToken }: Config): readonly Secret[] {
  const found = [
    registry?.login?.password,
    githubToken,
    ssh?.key,
    ssh?.passphrase,
    ...envFiles.map(({ content }) => content),
  ];
  return found.filter((secret) => secret !== undefined);
}
