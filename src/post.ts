import { tmpdir } from 'node:os';
import * as core from '@actions/core';
import { type InputTexts, inputNames } from './config/inputs.ts';
import { readConfig } from './config/read.ts';
import { finishLeases } from './flows/afterwards.ts';
import { type HeldLease, leaseEnds } from './flows/session.ts';
import { type OpenDeployment, readOpenDeployment, writeStatus } from './github/deployment-requests.ts';
import { githubLog } from './github/log.ts';
import { githubContext } from './github/surroundings.ts';
import { local } from './hosts/local.ts';
import { cleaned, maskedParts, redacting } from './log/redact.ts';
import { isRecord, parseJson } from './model/release.ts';
import { nonce, systemClock } from './ports.ts';
import { interruptedEnd } from './report/deployment.ts';
import { secretsOf, withPorts } from './shell.ts';

/** After a cancellation the main program may have been killed: this ends what it started on this machine and on the servers. */
async function main(): Promise<void> {
  await cleanUp();
  const leases = readLeases(core.getState('leases'));
  const deployment = readOpenDeployment(core.getState('deployment'));
  if (leases.length > 0 || deployment !== undefined) await finish(leases, deployment);
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
    core.info(`cleaning up after a cancelled run: ${argv.join(' ')}`);
    const { code, stderr } = await host.run({ argv: argv.map(String) });
    if (code !== 0) core.warning(`clean-up failed: ${stderr.trim()}`);
  }
}

async function finish(leases: readonly HeldLease[], deployment: OpenDeployment | undefined): Promise<void> {
  const { env } = process;
  const texts: InputTexts = Object.fromEntries(inputNames.map((name) => [name, core.getInput(name)]));
  const config = readConfig(texts, env);
  const write = (text: string): void => void process.stdout.write(text);
  const hidden = maskedParts(secretsOf(config));
  const log = redacting(githubLog(write, nonce), hidden);
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
    announce: () => {},
  };
  const outcomes = await withPorts(surroundings, async (ports) => await finishLeases(leases, config, ports));
  log.end();
  const context = deployment && (await githubContext());
  if (deployment === undefined || config.githubToken === undefined || context === undefined) return;
  const clean = (text: string): string => cleaned(text, hidden);
  const { apiOf } = await import(/* webpackMode: "eager" */ './github/api.ts');
  const outside = { api: apiOf(config.githubToken, env), clock: systemClock, clean };
  const problem = await writeStatus(outside, context.repo, deployment, deployment.end ?? interruptedEnd(outcomes));
  if (problem !== undefined) core.warning(clean(problem));
}

function readLeases(text: string): readonly HeldLease[] {
  const value = parseJson(text);
  return (Array.isArray(value) ? value : []).flatMap((lease: unknown) => {
    if (!isRecord(lease)) return [];
    const { host, root, token, end } = lease;
    if (typeof host !== 'string' || typeof root !== 'string' || typeof token !== 'string') return [];
    const known = leaseEnds.find((one) => one === end);
    return [{ host, root, token, ...(known === undefined ? {} : { end: known }) }];
  });
}

main().catch((error: unknown) =>
  core.setFailed(error instanceof Error ? (error.stack ?? error.message) : String(error)),
);
