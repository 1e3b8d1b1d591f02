import { scriptStart } from '../commands/program.ts';
import { settled } from '../commands/server.ts';
import { bytesOf, type Command, type Content, quote, shellLine } from '../model/command.ts';
import type { Step } from '../model/plan.ts';

/** For a step without its own limit. */
const longestSeconds = 3600;

type Line = {
  readonly title: string;
  readonly command: Command;
  readonly timeoutSeconds: number;
  readonly pauses: readonly number[];
};

/**
 * The steps as a program for sh that a server can run alone: in order, until one fails. It requests no URLs: they may be
 * out of its reach. It contains what the steps read, secrets too.
 */
export function script(steps: readonly Step[], project: string): string {
  const lines = steps.flatMap((step) => lineOf(step, project) ?? []);
  return [scriptStart, ...lines.map(render)].join('');
}

function lineOf(step: Step, project: string): Line | undefined {
  const { title } = step;
  if (step.kind === 'run') {
    const { command, timeoutSeconds = longestSeconds, retry } = step;
    return { title, command, timeoutSeconds, pauses: retry?.pauses ?? [] };
  }
  if (step.kind === 'write') {
    const argv = ['sh', '-c', 'umask 077 && cat >"$1.new" && mv "$1.new" "$1"', 'korrigo-write', step.path];
    return { title, command: { argv, stdin: step.content }, timeoutSeconds: 60, pauses: [] };
  }
  if (step.until.kind !== 'services') return undefined;
  const { timeoutSeconds } = step;
  const command = settled({ project, timeoutSeconds, ...step.until });
  // It exits by itself when it times out, and says what is wrong.
  return { title, command, timeoutSeconds: timeoutSeconds + 60, pauses: [] };
}

function render({ title, command, timeoutSeconds, pauses }: Line, index: number): string {
  const input = command.stdin === undefined ? 'nothing' : `input_${index + 1}`;
  const line = shellLine(command);
  const words = command.cwd === undefined ? line : `sh -c ${quote(line)}`;
  return [
    ...(command.stdin === undefined ? [] : [`${input}() { ${printing(command.stdin)}; }\n`]),
    `step ${quote(title)} ${timeoutSeconds} ${quote(pauses.join(' '))} ${input} ${words}\n`,
  ].join('');
}

/** `printf` is built into the shell: none of its arguments can be seen in a process list. */
function printing(content: Content): string {
  const bytes = Buffer.from(bytesOf(content));
  const text = bytes.toString('utf8');
  const isText = !text.includes('\0') && Buffer.from(text, 'utf8').equals(bytes);
  return isText ? `printf %s ${quote(text)}` : `printf %s ${bytes.toString('base64')} | base64 -d`;
}
