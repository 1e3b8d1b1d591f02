import { readFileSync, realpathSync } from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { type Flags, readFlags } from './config/flags.ts';
import { help } from './config/help.ts';
import { environmentName, type InputName, type InputTexts, inputNames, inputOf } from './config/inputs.ts';
import { readConfig } from './config/read.ts';
import { isCommand } from './config/uses.ts';
import { ConfigError, DeployError } from './errors.ts';
import { consoleLog } from './log/console.ts';
import { cleaned, maskedParts, redacting } from './log/redact.ts';
import { closing } from './report/closing.ts';
import { formatted } from './report/formatted.ts';
import { run } from './run.ts';
import { secretsOf, withPorts } from './shell.ts';

async function main(): Promise<void> {
  const { env } = process;
  const args = process.argv.slice(2);
  // The reader may stop reading: `korrigo status | head`.
  process.stdout.on('error', () => process.exit(1));
  const flags = readFlags(args);
  if (flags.version) {
    process.stdout.write(version());
    return;
  }
  if (flags.help || flags.words[0] === 'help' || (args.length === 0 && !env['KORRIGO_COMMAND'])) {
    process.stdout.write(help(flags.words.filter(isCommand)));
    return;
  }
  const texts = textsOf(flags, env);
  const config = readConfig(texts, env, 'terminal');
  // Output for a program has stdout to itself.
  const machine = config.format !== 'text' && ['status', 'plan'].includes(config.commands[0] ?? '');
  const out = machine ? process.stderr : process.stdout;
  const secret = maskedParts(secretsOf(config));
  const log = redacting(
    consoleLog((text) => void out.write(text)),
    secret,
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
      rememberLeases: () => {},
      announce: () => {},
    },
    async (ports) => await run(config, ports),
  );
  log.stage(report.outcome === 'succeeded' ? 'Done' : 'Failed');
  for (const line of closing(report, 'open')) log.info(line);
  if (machine) process.stdout.write(cleaned(formatted(report, config.format), secret));
  if (report.release !== undefined && config.commands.at(-1) === 'push')
    process.stdout.write(`${JSON.stringify(report.release)}\n`);
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a folder',
};

/** `@file` reads a file. A secret comes from a file or from KORRIGO_<NAME>: everyone can see arguments. */
function textsOf(flags: Flags, env: NodeJS.ProcessEnv): InputTexts {
  const problems = [...flags.problems];
  const texts = inputNames.flatMap((name): [InputName, string][] => {
    const given = flags.texts[name];
    const fromEnv = env[environmentName(name)];
    if (given === undefined) return fromEnv === undefined ? [] : [[name, fromEnv]];
    if (given.startsWith('@')) {
      try {
        return [[name, readFileSync(given.slice(1).replace(/^~(?=\/)/, homedir()), 'utf8').replace(/\r?\n$/, '')]];
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        problems.push(`${name}: the file ${given.slice(1)} ${unreadable[code] ?? `cannot be read (${code})`}`);
        return [];
      }
    }
    if (inputOf(name).secret)
      problems.push(
        `--${name}: is secret and does not belong in arguments; write --${name} @file, or set ${environmentName(name)}`,
      );
    return [[name, given]];
  });
  if (problems.length > 0) {
    const hint = flags.problems.length > 0 ? { hint: 'korrigo <command> --help lists the flags of a command' } : {};
    throw new ConfigError(problems, hint);
  }
  return { ...Object.fromEntries(texts), ...(flags.words.length > 0 ? { command: flags.words.join(',') } : {}) };
}

/** For bug reports. The version is in package.json, next to dist/ and src/. */
function version(): string {
  const node = `Node ${process.versions.node}`;
  try {
    const file = join(dirname(realpathSync(process.argv[1] ?? '')), '../package.json');
    const settings: { readonly version?: string } = JSON.parse(readFileSync(file, 'utf8'));
    return `korrigo ${settings.version}, ${node}\n`;
  } catch {
    return `korrigo of an unknown version (there is no package.json beside its folder), ${node}\n`;
  }
}

main().catch((error: unknown) => {
  const text =
    error instanceof DeployError
      ? `${error.message}${error.hint === undefined ? '' : `\n→ ${error.hint}`}`
      : String(error instanceof Error ? error.stack : error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
});
