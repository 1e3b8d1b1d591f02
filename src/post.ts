import { tmpdir } from 'node:os';
import * as core from '@actions/core';
import { type InputTexts, inputNames } from './config/inputs.ts';
import { readConfig } from './config/read.ts';
import { finishLeases } from './flows/afterwards.ts';
import type { HeldLease } from './flows/session.ts';
import { githubLog } from './github/log.ts';
import { local } from './hosts/local.ts';
import { maskedParts, redacting } from './log/redact.ts';
import { isRecord, parseJson } from './model/release.ts';
import { nonce } from './ports.ts';
import { secretsOf, withPorts } from './shell.ts';

/** After a cancel the main program may have been killed: what it began on this machine and on the servers is ended here. */
async function main(): Promise<void> {
  await cleanUp();
  const leases = readLeases(core.getState('leases'));
  if (leases.length > 0) await finish(leases);
}

async function cleanUp(): Promise<void> {
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const host = local({ env });
  const cleanUps = parseJson(core.getState('cleanUps'));
  for (const item of Array.isArray(cleanUps) ? cleanUps.toReversed() : []) {
    const argv: unknown = isRecord(item) ? item['argv'] : undefined;
    if (!Array.isArray(argv)) continue;
    core.info(`clean up after a cancel: ${argv.join(' ')}`);
    const { code, stderr } = await host.run({ argv: argv.map(String) });
    if (code !== 0) core.warning(`this clean-up failed: ${stderr.trim()}`);
  }
}

async function finish(leases: readonly HeldLease[]): Promise<void> {
  const { env } = process;
  const texts: InputTexts = Object.fromEntries(inputNames.map((name) => [name, core.getInput(name)]));
  const config = readConfig(texts, env);
  const write = (text: string): void => void process.stdout.write(text);
  const log = redacting(githubLog(write, nonce), maskedParts(secretsOf(config)));
  const nobody = { ref: undefined, defaultBranch: undefined, source: undefined, actor: '', run: undefined };
  const surroundings = {
    env,
    cwd: process.cwd(),
    temporary: env['RUNNER_TEMP'] ?? tmpdir(),
    log,
    signal: new AbortController().signal,
    ref: nobody,
    hidden: [],
    variables: {},
    remember: () => {},
    rememberLeases: () => {},
  };
  await withPorts(surroundings, async (ports) => await finishLeases(leases, config, ports));
  log.end();
}

function readLeases(text: string): readonly HeldLease[] {
  const value = parseJson(text);
  return (Array.isArray(value) ? value : []).flatMap((lease: unknown) => {
    if (!isRecord(lease)) return [];
    const { host, root, token } = lease;
    return typeof host === 'string' && typeof root === 'string' && typeof token === 'string'
      ? [{ host, root, token }]
      : [];
  });
}

main().catch((error: unknown) =>
  core.setFailed(error instanceof Error ? (error.stack ?? error.message) : String(error)),
);
