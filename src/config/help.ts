import { type CommandName, commandNames } from './config.ts';
import { environmentName, type InputName, inputOf } from './inputs.ts';
import { inputsFor } from './uses.ts';

const summaries: Readonly<Record<CommandName, string>> = {
  test: 'run the test compose file, then remove everything that it started',
  build: 'build the images of the production compose file',
  push: 'push them; without `deploy` after it, the last line is the release as JSON',
  deploy: 'deploy the release to the servers, and wait until it is healthy',
  plan: 'show what a deploy would do on each server, and change nothing',
  rollback: 'roll back to an earlier release',
  status: 'show what runs on the servers, and which releases they keep',
};

export const usage = 'korrigo [test] [build] [push] [deploy] | plan | rollback | status [--input value]...';

/** What `--help` prints: of the program, or of the commands that were given with it. */
export const help = (commands: readonly CommandName[]): string =>
  commands.length === 0 ? overview() : helpFor(commands);

function overview(): string {
  return `Deploys Docker Compose applications to your own servers, over SSH.

usage: ${usage}
       korrigo <command>... --help    the inputs that these commands read
       korrigo --version

commands, in this order where there are several:
${commandNames.map(summaryLine).join('\n')}

${sources}
`;
}

function helpFor(commands: readonly CommandName[]): string {
  return `usage: korrigo ${commands.join(' ')} [--input value]...

${commands.map(summaryLine).join('\n')}

${sources}

${inputsFor(commands).map(inputLines).join('\n')}
`;
}

const sources = `The inputs are those of the action. --name @file reads the value from a file, and KORRIGO_<NAME> in the
environment sets it too, such as ${environmentName('known-hosts')}. Secrets are accepted in these two ways only.`;

const summaryLine = (name: CommandName): string => `  ${name.padEnd(10)}${summaries[name]}`;

function inputLines(name: InputName): string {
  const { description, default: value, secret } = inputOf(name);
  const kind = secret ? '@file' : 'value';
  return `  --${name} ${kind}${value === undefined ? '' : ` (default: ${value})`}\n${wrapped(description)}`;
}

/** Lines of at most 100 columns, indented. */
function wrapped(text: string): string {
  return text.replaceAll(/(.{1,92})(?:\s+|$)/g, '      $1\n').trimEnd();
}
