import { parseRelease } from '../model/release.ts';
import { Secret } from '../model/secret.ts';
import type { Environment } from '../model/surroundings.ts';
import type { HostSpec } from '../model/target.ts';
import { type CommandName, type Config, commandNames, type Registry, type Ssh, sshAuth, standalone } from './config.ts';
import { hostsOf, jumpHostOf } from './hosts.ts';
import { knownHostsOf } from './known-hosts.ts';
import { didYouMean } from './nearest.ts';
import * as parse from './parsers.ts';
import { proxyCommandOf } from './proxy-command.ts';
import type { Reader } from './reader.ts';
import { certificateOf } from './ssh-certificate.ts';
import { privateKeyOf } from './ssh-key.ts';

export function readCommands({ text, report, problems }: Reader): readonly CommandName[] {
  const given = text('command');
  const names = parse.listOf(given);
  const unknown = names.filter((name) => !commandNames.some((command) => command === name));
  const known = names.flatMap((name) => commandNames.find((command) => command === name) ?? []);
  const ordered = commandNames.filter((name) => known.includes(name));
  if (names.length === 0) {
    report('command', given, `contains no command; use ${commandNames.join(', ')}`);
  } else if (unknown.length > 0) {
    for (const name of unknown) {
      const remedy = didYouMean(name, commandNames) || `; use ${commandNames.join(', ')}`;
      problems.push(`command: unknown command ${JSON.stringify(name)}${remedy}`);
    }
  } else if (known.length > 1 && standalone.some((name) => known.includes(name))) {
    report(
      'command',
      given,
      `combines commands that must stand alone: use ${standalone.slice(0, -1).join(', ')} or ${standalone.at(-1)} on its own`,
    );
  } else if (known.join() !== ordered.join()) {
    report('command', given, `is in the wrong order; use ${ordered.join(', ')}`);
  }
  return ordered;
}

export function readRegistry({ text, value, problems, remedy }: Reader): Registry | undefined {
  const name = value('registry', parse.registryOf);
  const [username, password] = [text('registry-username'), text('registry-password')];
  if (username && !password) {
    problems.push(`registry-password: is empty, but registry-username is set. ${remedy.input('registry-password')}`);
  }
  if (password && !username) problems.push('registry-username: is empty, but registry-password is set; set both');
  if ((username || password) && !text('registry'))
    problems.push(
      'registry: is empty, but registry-username or registry-password is set; set it too, for example to ghcr.io/acme',
    );
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

export function readHosts({ text, problems, remedy }: Reader): readonly HostSpec[] {
  const parsed = hostsOf(text('hosts'), { user: defaultUser }, remedy.input('hosts'));
  if ('value' in parsed) return parsed.value;
  problems.push(...parsed.problems);
  return [];
}

export function readSsh(reader: Reader): Ssh | undefined {
  const { text, value, problems } = reader;
  const credentials = readCredentials(reader);
  const hostKeys = knownHostsOf(text('known-hosts'));
  const jump = text('jump-host') === '' ? { value: undefined } : jumpHostOf(text('jump-host'), { user: defaultUser });
  for (const part of [hostKeys, jump]) if ('problems' in part) problems.push(...part.problems);
  const proxyCommand = value('proxy-command', proxyCommandOf);
  if (text('jump-host') !== '' && text('proxy-command') !== '')
    problems.push('proxy-command: cannot be combined with jump-host; remove one of them');
  const connectTimeoutSeconds = value('connect-timeout', parse.secondsOf) ?? 0;
  if (credentials === undefined || !('value' in hostKeys) || !('value' in jump)) return undefined;
  return { ...credentials, hostKeys: hostKeys.value, jump: jump.value, proxyCommand, connectTimeoutSeconds };
}

function readCredentials({
  text,
  value,
  problems,
  remedy,
}: Reader): Pick<Ssh, 'key' | 'passphrase' | 'certificate'> | undefined {
  if (value('ssh-auth', parse.oneOf(sshAuth)) === 'none') {
    for (const name of ['ssh-key', 'ssh-passphrase', 'ssh-certificate'] as const)
      if (text(name) !== '') problems.push(`${name}: is set, but ssh-auth is none; remove one of them`);
    return { key: undefined, passphrase: undefined, certificate: undefined };
  }
  const passphrase = text('ssh-passphrase') || undefined;
  const key = privateKeyOf(text('ssh-key'), passphrase ?? '', remedy.input('ssh-key'));
  if ('problems' in key) return void problems.push(...key.problems);
  const certificate =
    text('ssh-certificate') === ''
      ? { value: undefined }
      : certificateOf(text('ssh-certificate'), key.value, passphrase);
  if ('problems' in certificate) return void problems.push(...certificate.problems);
  return {
    key: key.value,
    passphrase: passphrase === undefined ? undefined : new Secret(passphrase),
    certificate: certificate.value,
  };
}

export function readDeployment({ text, value }: Reader): Config['deployment'] {
  const asked = value('deployment', parse.oneOf(['true', 'false'])) === 'true';
  return asked ? { environment: text('environment').trim() } : undefined;
}

export function readVariables({ text, report }: Reader): Config['variables'] {
  const entries = parse.linesOf(text('variables')).map((line): readonly [string, string] => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    if (name === undefined) report('variables', line, 'is not in the form NAME=value');
    return [name ?? '', value ?? ''];
  });
  return Object.fromEntries(entries);
}

export function readEnvFiles({ text, report, problems, remedy }: Reader, env: Environment): Config['envFiles'] {
  return parse.linesOf(text('env-files')).flatMap((line) => {
    const at = line.lastIndexOf('=');
    const [path, variable] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    const parsed = parse.repositoryPath(path);
    if (at < 1 || !/^[A-Za-z_]\w*$/.test(variable)) {
      report(
        'env-files',
        line,
        'is not in the form path=VARIABLE, where VARIABLE is an environment variable of this step that contains the file',
      );
    } else if ('problem' in parsed) report('env-files', path, parsed.problem);
    else if (!env[variable]?.trim()) {
      problems.push(`env-files: the environment variable ${variable} for ${path} is empty; ${remedy.variable}`);
    } else return [{ path: parsed.value, content: new Secret(env[variable]) }];
    return [];
  });
}

/** Of a page that the program asks for, and that is in the log. */
export function readUrl({ text, value, problems }: Reader, name: 'health-url' | 'probe'): string | undefined {
  if (!/^\s*https?:\/\/[^/?#]*@/.test(text(name))) return value(name, parse.urlOf);
  // Without the value, which contains the password.
  problems.push(`${name}: contains a user or password, which the log would show; use a URL that needs no login`);
  return undefined;
}
