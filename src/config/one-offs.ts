/** What runs once in a container of its own: backup, migration, and the list of migrations. */
import { split } from 'shlex';
import { type Config, type Migration, migrateWhen, type OneOff } from './config.ts';
import type { InputName } from './inputs.ts';
import * as parse from './parsers.ts';
import type { Reader } from './reader.ts';

export function readBackup(reader: Reader): OneOff | undefined {
  const timeoutSeconds = reader.value('backup-timeout', parse.secondsOf) ?? 0;
  const given = reader.text('backup').trim();
  if (given === '') return undefined;
  if (serviceName.test(given)) return { service: given, argv: [], timeoutSeconds };
  const read = serviceCommand(reader, 'backup', given, '`service` or `service: command`, for example `backup`');
  return read && { ...read, timeoutSeconds };
}

export function readMigration(reader: Reader, strategy: Config['strategy']): Migration | undefined {
  const when = reader.value('migrate-when', parse.oneOf(migrateWhen)) ?? (strategy === 'rolling' ? 'before' : 'after');
  const timeoutSeconds = reader.value('migrate-timeout', parse.secondsOf) ?? 0;
  const given = reader.text('migrate');
  if (given === '') return undefined;
  const form = '`service: command`, for example `backend: python manage.py migrate --noinput`';
  const read = serviceCommand(reader, 'migrate', given, form);
  return read && { ...read, when, timeoutSeconds };
}

export function readMigratePlan(reader: Reader): OneOff | undefined {
  const given = reader.text('migrate-plan');
  if (given === '') return undefined;
  const form = '`service: command`, for example `backend: python manage.py migrate --plan`';
  const read = serviceCommand(reader, 'migrate-plan', given, form);
  // Its own problems are reported with the migration.
  const limit = parse.secondsOf(reader.text('migrate-timeout'));
  return read && { ...read, timeoutSeconds: 'value' in limit ? limit.value : 0 };
}

const serviceName = /^[A-Za-z0-9][\w.-]*$/;

function serviceCommand(
  { report }: Reader,
  name: InputName,
  given: string,
  form: string,
): Pick<OneOff, 'service' | 'argv'> | undefined {
  const [, service, command] = /^\s*([A-Za-z0-9][\w.-]*)\s*:\s+(\S[\s\S]*)$/.exec(given) ?? [];
  if (service === undefined || command === undefined) return report(name, given, `is not in the form ${form}`);
  const more = secondCommand(command);
  if (more !== undefined)
    return report(
      name,
      given,
      `contains more than one command, and runs only one: the second is \`${more}\`; use \`${service}: sh -c '… && …'\``,
    );
  const list = listed(command);
  const argv = list ?? words(command);
  if (argv === undefined) return report(name, given, 'has an unclosed quote');
  const glued = /\S(;)(?:\s|$)/.exec(command.replace(quotedOrEscaped, 'x'))?.[1];
  const operator = list ? undefined : (argv.find((word) => /^(?:[|&;<>]+|\d?>.*)$/.test(word)) ?? glued);
  const notRun = `but is not run by a shell; use \`${service}: sh -c '…'\``;
  if (operator !== undefined) return report(name, given, `contains the shell operator ${operator}, ${notRun}`);
  const variable = list ? undefined : expanded(command, argv);
  if (variable === undefined) return { service, argv };
  return report(
    name,
    given,
    `contains ${variable}, ${notRun}, or put ${variable} in single quotes to pass it as it is`,
  );
}

const quotedOrEscaped = /'[^']*'|"((?:\\.|[^"\\])*)"|\\./gs;

/** What a shell would replace and we leave as it is. In double quotes `$set` may be meant: for example, a MongoDB operator. */
function expanded(command: string, argv: readonly string[]): string | undefined {
  if (argv.some((word) => /(?:^|\/)(?:ba|da|a|k|z)?sh$/.test(word))) return undefined;
  const outside = command.replace(quotedOrEscaped, 'x');
  const inside = [...command.matchAll(quotedOrEscaped)].map(([, text = '']) => text.replace(/\\./gs, 'x')).join(' ');
  const found =
    /\$(?:[A-Za-z_]\w*|\{[A-Za-z_][^}]*\}|\(.*?\))|`[^`]+`/s.exec(outside) ??
    /\$(?:[A-Z_][A-Z0-9_]*(?![\w$])|\{[A-Za-z_][^}]*\})/.exec(inside);
  return found?.[0];
}

/** A line that begins a command of its own. Indented lines, options and lines after a backslash or inside quotes continue one. */
function secondCommand(command: string): string | undefined {
  const lines = command.trim().split(/\r?\n/);
  return lines.find((line, index) => {
    const before = lines.slice(0, index).join('\n');
    return index > 0 && /^[^\s-]/.test(line) && !/\\$/.test(before) && words(before) !== undefined;
  });
}

/** `["python", "manage.py", "migrate"]`, as in a compose file. */
function listed(command: string): readonly string[] | undefined {
  if (!/^\[\s*".*"\s*\]$/s.test(command.trim())) return undefined;
  try {
    const list: unknown = JSON.parse(command);
    return Array.isArray(list) && list.every((word) => typeof word === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

function words(text: string): readonly string[] | undefined {
  try {
    return split(text.trim());
  } catch {
    return undefined;
  }
}
