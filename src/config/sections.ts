import { split } from 'shlex';
import { parseRelease } from '../model/release.ts';
import { Secret } from '../model/secret.ts';
import type { Environment } from '../model/surroundings.ts';
import type { HostSpec } from '../model/target.ts';
import {
  alone,
  type CommandName,
  type Config,
  commandNames,
  type Migration,
  migrateWhen,
  type OneOff,
  pipeline,
  type Registry,
  type Ssh,
} from './config.ts';
import { hostsOf, jumpHostOf } from './hosts.ts';
import type { InputName } from './inputs.ts';
import { knownHostsOf } from './known-hosts.ts';
import * as parse from './parsers.ts';
import type { Reader } from './reader.ts';
import { privateKeyOf } from './ssh-key.ts';

export function readCommands({ text, say }: Reader): readonly CommandName[] {
  const given = text('command');
  const names = parse.listOf(given);
  const known = names.flatMap((name) => commandNames.find((command) => command === name) ?? []);
  const ordered = commandNames.filter((name) => known.includes(name));
  if (known.length < names.length || known.length === 0) {
    say('command', given, `names something else than ${commandNames.join(', ')}`);
  } else if (known.length > 1 && alone.some((name) => known.includes(name))) {
    say(
      'command',
      given,
      `is a list with ${alone.join(' or ')} in it, which stand alone; the others are ${pipeline.join(', ')}`,
    );
  } else if (known.join() !== ordered.join()) {
    say('command', given, `is not in order; write ${ordered.join(', ')}`);
  }
  return ordered;
}

export function readRegistry({ text, one, problems }: Reader): Registry | undefined {
  const name = one('registry', parse.registryOf);
  const [username, password] = [text('registry-username'), text('registry-password')];
  if (username && !password) {
    problems.push(
      `registry-password: is empty, but registry-username is set; on GitHub it comes from a secret (REGISTRY_PASSWORD): ${parse.whereSet}`,
    );
  }
  if (password && !username)
    problems.push('registry-username: is empty, but registry-password is set; name the user of the registry');
  if ((username || password) && !text('registry'))
    problems.push('registry: is empty, but a login is given; name the registry');
  if (name === undefined) return undefined;
  return { name, login: username && password ? { username, password: new Secret(password) } : undefined };
}

export function readRelease({ text, problems }: Reader): Config['release'] {
  if (text('release') === '') return undefined;
  const parsed = parseRelease(text('release'));
  if ('release' in parsed) return parsed.release;
  problems.push(`release: ${parsed.problem}`);
  return undefined;
}

const defaultUser = 'deploy';

export function readHosts({ text, problems }: Reader): readonly HostSpec[] {
  const parsed = hostsOf(text('hosts'), { user: defaultUser });
  if ('value' in parsed) return parsed.value;
  problems.push(...parsed.problems);
  return [];
}

export function readSsh({ text, one, problems }: Reader): Ssh | undefined {
  const key = privateKeyOf(text('ssh-key'), text('ssh-passphrase'));
  const hostKeys = knownHostsOf(text('known-hosts'));
  const jump = text('jump-host') === '' ? { value: undefined } : jumpHostOf(text('jump-host'), { user: defaultUser });
  for (const part of [key, hostKeys, jump]) if ('problems' in part) problems.push(...part.problems);
  const connectTimeoutSeconds = one('connect-timeout', parse.secondsOf) ?? 0;
  if (!('value' in key) || !('value' in hostKeys) || !('value' in jump)) return undefined;
  const passphrase = text('ssh-passphrase') === '' ? undefined : new Secret(text('ssh-passphrase'));
  return { key: key.value, passphrase, hostKeys: hostKeys.value, jump: jump.value, connectTimeoutSeconds };
}

export function readVariables({ text, say }: Reader): Config['variables'] {
  const entries = parse.linesOf(text('variables')).map((line): readonly [string, string] => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    if (name === undefined) say('variables', line, 'is not NAME=value');
    return [name ?? '', value ?? ''];
  });
  return Object.fromEntries(entries);
}

export function readEnvFiles({ text, say, problems }: Reader, env: Environment): Config['envFiles'] {
  return parse.linesOf(text('env-files')).flatMap((line) => {
    const at = line.lastIndexOf('=');
    const [path, variable] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    const parsed = parse.insidePath(path);
    if (at < 1 || !/^[A-Za-z_]\w*$/.test(variable)) {
      say('env-files', line, 'is not path=VARIABLE; name the environment variable of this step that holds the content');
    } else if ('problem' in parsed) say('env-files', path, parsed.problem);
    else if (!env[variable]) {
      problems.push(
        `env-files: the variable ${variable} for ${path} is empty; set it with \`env:\` on this step. If a secret holds it: ${parse.whereSet}`,
      );
    } else return [{ path: parsed.value, content: new Secret(env[variable]) }];
    return [];
  });
}

export function readHealthUrl({ text, one, problems }: Reader): string | undefined {
  const given = text('health-url');
  if (!/^\s*https?:\/\/[^/?#]*@/.test(given)) return one('health-url', parse.urlOf);
  // Without its value: that would show the password.
  problems.push(
    'health-url: has a user or a password in it, which the log would show; let an address without a login tell whether the application is well',
  );
  return undefined;
}

export function readBackup(reader: Reader): OneOff | undefined {
  const timeoutSeconds = reader.one('backup-timeout', parse.secondsOf) ?? 0;
  const given = reader.text('backup').trim();
  if (given === '') return undefined;
  if (serviceName.test(given)) return { service: given, argv: [], timeoutSeconds };
  const read = serviceCommand(reader, 'backup', given, '`service` or `service: command`, such as `backup`');
  return read && { ...read, timeoutSeconds };
}

export function readMigration(reader: Reader): Migration | undefined {
  const when = reader.one('migrate-when', parse.oneOf(migrateWhen)) ?? 'after';
  const timeoutSeconds = reader.one('migrate-timeout', parse.secondsOf) ?? 0;
  const given = reader.text('migrate');
  if (given === '') return undefined;
  const form = '`service: command`, such as `backend: python manage.py migrate --noinput`';
  const read = serviceCommand(reader, 'migrate', given, form);
  return read && { ...read, when, timeoutSeconds };
}

const serviceName = /^[A-Za-z0-9][\w.-]*$/;

function serviceCommand(
  { say }: Reader,
  name: InputName,
  given: string,
  form: string,
): Pick<OneOff, 'service' | 'argv'> | undefined {
  const [, service, command] = /^\s*([A-Za-z0-9][\w.-]*)\s*:\s+(\S[\s\S]*)$/.exec(given) ?? [];
  if (service === undefined || command === undefined) return say(name, given, `is not ${form}`);
  const argv = words(command);
  if (argv === undefined) return say(name, given, 'has a quote that is not closed');
  const operator = argv.find((word) => /^(?:[|&;<>]+|\d?>.*)$/.test(word));
  if (operator === undefined) return { service, argv };
  const what = `has the shell operator ${operator}, but runs without a shell; write \`${service}: sh -c '…'\``;
  return say(name, given, what);
}

function words(text: string): readonly string[] | undefined {
  try {
    return split(text.trim());
  } catch {
    return undefined;
  }
}
