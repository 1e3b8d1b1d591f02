import { tmpdir } from 'node:os';
import * as core from '@actions/core';
import type { Config } from './config/config.ts';
import { type InputTexts, inputNames, inputOf } from './config/inputs.ts';
import { readConfig } from './config/read.ts';
import { unknownInputs } from './config/unknown.ts';
import { DeployError } from './errors.ts';
import type { Deployment } from './github/deployment.ts';
import { githubLog } from './github/log.ts';
import { pullRequestOf } from './github/pull-request.ts';
import { type Context, githubContext, refFacts } from './github/surroundings.ts';
import { printable } from './log/console.ts';
import { cleaned, maskedParts, redacting } from './log/redact.ts';
import type { Command } from './model/command.ts';
import type { RefFacts } from './model/surroundings.ts';
import { nonce, systemClock } from './ports.ts';
import { annotations } from './report/annotations.ts';
import { closing } from './report/closing.ts';
import { deploymentEnd } from './report/deployment.ts';
import { outputValues } from './report/outputs.ts';
import { forecastMarkdown } from './report/plan-markdown.ts';
import { summary } from './report/summary.ts';
import { refusal } from './report/what-failed.ts';
import { run } from './run.ts';
import { secretsOf, withPorts } from './shell.ts';

async function main(): Promise<void> {
  const { env } = process;
  const texts: InputTexts = Object.fromEntries(inputNames.map((name) => [name, core.getInput(name)]));
  for (const name of inputNames) if (inputOf(name).secret) mask(maskedLines(texts[name] ?? ''));
  for (const problem of unknownInputs(env)) core.warning(problem, { title: 'Korrigo Deploy' });
  const context = await githubContext();
  const pull = pullRequestOf(context);
  // Before any input is read: without secrets the inputs are incomplete, and that is not an error.
  const withoutSecrets = pull?.fork === true && texts.command?.trim() === 'plan' && !texts['ssh-key'];
  const config = withoutSecrets
    ? { ...readConfig({ ...texts, ...withoutServers }, env), hosts: [] }
    : readConfig(texts, env);
  const hidden = maskedParts(secretsOf(config));
  mask(hidden);
  const write = (text: string): void => void process.stdout.write(text);
  const log = redacting(githubLog(write, nonce), hidden);
  const cancel = new AbortController();
  process.on('SIGINT', () => cancel.abort()).on('SIGTERM', () => cancel.abort());
  const cleanUps: Command[] = [];
  const remember = (cleanUp: Command): void => {
    cleanUps.push(cleanUp);
    core.saveState('cleanUps', JSON.stringify(cleanUps));
  };
  const ref = refFacts(context, env);
  const clean = (text: string): string => cleaned(text, hidden);
  const deployment = await deploymentFor(config, context, ref, clean);
  const report = await withPorts(
    {
      env,
      cwd: process.cwd(),
      temporary: env['RUNNER_TEMP'] ?? tmpdir(),
      log,
      signal: cancel.signal,
      ref,
      hidden: variablesOf(texts),
      variables: config.variables,
      remember,
      announce: (milestone) => deployment?.announce(milestone),
      rememberLeases: (leases) => core.saveState('leases', JSON.stringify(leases)),
    },
    async (ports) => await run(config, ports),
  );
  core.saveState('cleanUps', '[]');
  const lines = closing(report);
  for (const line of lines) log.info(line);
  log.end();
  for (const [name, value] of Object.entries(outputValues(report)))
    core.setOutput(name, name === 'summary' || name === 'title' ? clean(value) : value);
  if (env['GITHUB_STEP_SUMMARY']) await core.summary.addRaw(clean(summary(report)), true).write();
  const untold = await deployment?.end(deploymentEnd(report));
  if (untold !== undefined) core.warning(clean(untold), { title: 'Korrigo Deploy' });
  if (config.comment && config.githubToken !== undefined && pull !== undefined && report.forecast !== undefined) {
    const { project } = report.forecast.plan.intent.release;
    const text = clean(forecastMarkdown(report.forecast, 60_000));
    const { apiOf } = await import(/* webpackMode: "eager" */ './github/api.ts');
    const { writeComment } = await import(/* webpackMode: "eager" */ './github/comment.ts');
    const api = apiOf(config.githubToken, env);
    // The token of a pull request from a fork is read-only.
    const problem = pull.fork ? undefined : await writeComment(api, pull, project, text, systemClock);
    if (problem !== undefined) core.warning(clean(problem), { title: 'Korrigo Deploy' });
  }
  for (const { message, ...place } of annotations(report)) {
    const { file, line } = place;
    const at = { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { startLine: line }) };
    fail(clean(message), at);
  }
  if (report.failures.length > 0) process.exitCode = 1;
}

async function deploymentFor(
  { deployment, githubToken, health }: Config,
  context: Context | undefined,
  { source, run: log }: RefFacts,
  clean: (text: string) => string,
): Promise<Deployment | undefined> {
  if (deployment === undefined || githubToken === undefined || context === undefined || source === undefined) return;
  const { apiOf } = await import(/* webpackMode: "eager" */ './github/api.ts');
  const { deploymentOf } = await import(/* webpackMode: "eager" */ './github/deployment.ts');
  const url = health.url === undefined ? undefined : new URL(health.url).origin;
  const save = (open: unknown): void => core.saveState('deployment', JSON.stringify(open ?? null));
  const outside = { api: apiOf(githubToken, process.env), clock: systemClock, clean, save };
  return deploymentOf(context.repo, deployment.environment, { url, log }, outside);
}

/** Inputs that a pull request from a fork does not have. */
const withoutServers: InputTexts = {
  hosts: 'local',
  'registry-username': '',
  'registry-password': '',
  'env-files': '',
};

const maskedLines = (text: string): readonly string[] => text.split(/\r?\n/).filter((line) => line.trim().length >= 4);

function mask(parts: readonly string[]): void {
  for (const part of parts) core.setSecret(part);
}

/** The environment variables that `env-files` names. */
const variablesOf = (texts: InputTexts): readonly string[] =>
  (texts['env-files'] ?? '')
    .split('\n')
    .flatMap((line) => (line.includes('=') ? [line.slice(line.lastIndexOf('=') + 1).trim()] : []));

/** One annotation, at most 4096 characters, and exit code 1. */
function fail(message: string, place: core.AnnotationProperties = {}): void {
  // The hint comes last.
  const text = message.length > 4000 ? `${message.slice(0, 2800)}\n…\n${message.slice(-1000)}` : message;
  core.error(text, { title: 'Korrigo Deploy', ...place });
  process.exitCode = 1;
}

/** The inputs are wrong: nothing was started. */
async function refuse({ message, hint }: DeployError): Promise<void> {
  fail(`${message}${hint === undefined ? '' : `\n→ ${hint}`}`);
  core.setOutput('title', '❌ nothing was started');
  core.setOutput('summary', printable(message.slice(0, 1000)));
  if (process.env['GITHUB_STEP_SUMMARY']) await core.summary.addRaw(printable(refusal(message, hint)), true).write();
}

main().catch(async (error: unknown) => {
  core.setOutput('outcome', 'failed');
  if (error instanceof DeployError) await refuse(error);
  else
    fail(
      `This is a bug in korrigo/deploy-action, please report it:\n${error instanceof Error ? error.stack : String(error)}`,
    );
});
