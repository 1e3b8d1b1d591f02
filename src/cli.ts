import { readFileSync } from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { environmentName, type InputName, type InputTexts, inputNames, inputOf } from './config/inputs.ts';
import { readConfig } from './config/read.ts';
import { ConfigError, DeployError } from './errors.ts';
import { consoleLog } from './log/console.ts';
import { maskedParts, redacting } from './log/redact.ts';
import { closing } from './report/closing.ts';
import { run } from './run.ts';
import { secretsOf, withPorts } from './shell.ts';

const usage = 'korrigo [test] [build] [push] [deploy] | rollback | status [--input value]...';

async function main(): Promise<void> {
  const { env } = process;
  const args = process.argv.slice(2);
  // Whoever reads may stop reading: `korrigo status | head`.
  process.stdout.on('error', () => process.exit(1));
  if (args.includes('--help') || args.includes('-h') || (args.length === 0 && !env['KORRIGO_COMMAND'])) {
    process.stdout.write(help());
    return;
  }
  const texts = readArguments(args, env);
  const config = readConfig(texts, env);
  // What a program reads has stdout for itself.
  const json = config.commands[0] === 'status' && config.format === 'json';
  const out = json ? process.stderr : process.stdout;
  const log = redacting(
    consoleLog((text) => void out.write(text)),
    maskedParts(secretsOf(config)),
  );
  const cancel = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => cancel.abort());
  const hidden = (texts['env-files'] ?? '').split('\n').map((line) => line.slice(line.lastIndexOf('=') + 1).trim());
  const ref = {
    ref: undefined,
    defaultBranch: undefined,
    source: undefined,
    actor: `${userInfo().username}@${hostname()}`,
    run: undefined,
  };
  const report = await withPorts(
    {
      env,
      cwd: process.cwd(),
      temporary: tmpdir(),
      log,
      signal: cancel.signal,
      ref,
      hidden,
      variables: config.variables,
      remember: () => {},
    },
    async (ports) => await run(config, ports),
  );
  log.stage(report.outcome === 'succeeded' ? 'Done' : 'Failed');
  for (const line of closing(report)) log.info(line);
  if (json && report.status !== undefined) process.stdout.write(`${JSON.stringify(report.status, undefined, 2)}\n`);
  if (report.release !== undefined && config.commands.at(-1) === 'push')
    process.stdout.write(`${JSON.stringify(report.release)}\n`);
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}

/** Flags are the inputs; `@file` reads a file. A secret comes from a file or from KORRIGO_<NAME>: arguments can be seen by all. */
function readArguments(args: readonly string[], env: NodeJS.ProcessEnv): InputTexts {
  const options = Object.fromEntries(inputNames.map((name) => [name, { type: 'string' as const }]));
  const { values, positionals } = parse(args, options);
  const problems: string[] = [];
  const texts = inputNames.flatMap((name): [InputName, string][] => {
    const given = values[name];
    const fromEnv = env[environmentName(name)];
    if (typeof given !== 'string') return fromEnv === undefined ? [] : [[name, fromEnv]];
    if (given.startsWith('@')) {
      try {
        return [[name, readFileSync(given.slice(1).replace(/^~(?=\/)/, homedir()), 'utf8').replace(/\r?\n$/, '')]];
      } catch (error) {
        const reason = error instanceof Error && 'code' in error ? error.code : error;
        problems.push(`${name}: the file ${given.slice(1)} cannot be read (${reason})`);
        return [];
      }
    }
    if (inputOf(name).secret)
      problems.push(
        `--${name}: is secret and does not belong in arguments; write --${name} @file, or set ${environmentName(name)}`,
      );
    return [[name, given]];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...Object.fromEntries(texts), ...(positionals.length > 0 ? { command: positionals.join(',') } : {}) };
}

function parse(args: readonly string[], options: Record<string, { type: 'string' }>) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)], {
      hint: `usage: ${usage}; all inputs: --help`,
    });
  }
}

function help(): string {
  const rows = inputNames.map((name) => {
    const { description, default: value, secret } = inputOf(name);
    const kind = secret ? '@file' : 'value';
    return `  --${name} ${kind}${value === undefined ? '' : ` (${value})`}\n${wrapped(description)}`;
  });
  return `${usage}\n\nThe same inputs as the action. \`@file\` reads a value from a file; every input can also be set as KORRIGO_<NAME>.\n\n${rows.join('\n')}\n`;
}

/** Lines of at most 100 columns, indented. */
function wrapped(text: string): string {
  const lines = text.replaceAll(/(.{1,92})(?:\s+|$)/g, '      $1\n');
  return lines.trimEnd();
}

main().catch((error: unknown) => {
  const text =
    error instanceof DeployError
      ? `${error.message}${error.hint === undefined ? '' : `\n→ ${error.hint}`}`
      : String(error instanceof Error ? error.stack : error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
});
