import { split } from 'shlex';
import { ConfigError } from '../errors.ts';
import { parseRelease } from '../model/release.ts';
import { Secret } from '../model/secret.ts';
import type { HostSpec } from '../model/target.ts';
import {
  alone,
  type CommandName,
  type Config,
  commandNames,
  forceRecreate,
  formats,
  type Migration,
  migrateWhen,
  pipeline,
  type Registry,
  type Ssh,
} from './config.ts';
import { hostsOf, jumpHostOf } from './hosts.ts';
import { type InputName, type InputTexts, inputOf } from './inputs.ts';
import { knownHostsOf } from './known-hosts.ts';
import * as parse from './parsers.ts';
import { privateKeyOf } from './ssh-key.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Turns the texts of the inputs into one value. Throws a ConfigError with every problem that they have. */
export function readConfig(texts: InputTexts, env: Environment): Config {
  const reader = makeReader(texts);
  const { text, one, many, problems } = reader;
  const commands = readCommands(reader);
  const does = (...names: readonly CommandName[]): boolean => names.some((name) => commands.includes(name));
  const config: Config = {
    commands,
    directory: text('working-directory'),
    composeFiles: many('compose-file', parse.linesOf, pathBelow),
    profiles: parse.listOf(text('profiles')),
    project: one('project-name', parse.projectNameOf),
    variables: readVariables(reader),
    test: {
      files: many('test-compose-file', parse.linesOf, pathBelow),
      service: text('test-service') || undefined,
      timeoutSeconds: one('test-timeout', parse.secondsOf) ?? 0,
    },
    registry: readRegistry(reader),
    tags: many('tags', parse.listOf, parse.tagOf),
    platforms: parse.listOf(text('platforms')),
    cacheFrom: parse.linesOf(text('cache-from')),
    cacheTo: parse.linesOf(text('cache-to')),
    release: readRelease(reader),
    hosts: does('deploy', 'rollback', 'status') ? readHosts(reader) : [],
    ssh: undefined,
    path: one('path', parse.serverPathOf),
    files: many('files', parse.linesOf, parse.insidePath),
    serverOwned: many('server-owned', parse.linesOf, parse.insidePath),
    envFiles: readEnvFiles(reader, env),
    forceRecreate: one('force-recreate', parse.oneOf(forceRecreate)) ?? 'built',
    migrate: readMigration(reader),
    allowOlder: one('allow-older', parse.oneOf(['true', 'false'])) === 'true',
    to: one('to', parse.rollbackTargetOf) ?? 'previous',
    reason: text('reason').trim() || undefined,
    keepReleases: one('keep-releases', parse.keepOf) ?? 5,
    format: one('format', parse.oneOf(formats)) ?? 'text',
    health: { url: one('health-url', parse.urlOf), timeoutSeconds: one('health-timeout', parse.secondsOf) ?? 0 },
  };
  const remote = config.hosts.some(({ kind }) => kind === 'ssh');
  const ssh = remote ? readSsh(reader) : undefined;
  if (does('test') && config.test.files.length === 0) {
    problems.push('test-compose-file: is not set; name the compose file of the tests, or leave `test` out of command');
  }
  if (does('push') && config.registry === undefined && !text('registry')) {
    problems.push('registry: is not set; say where images are pushed to, such as ghcr.io/acme');
  }
  if (does('deploy') && !does('push') && !text('release')) {
    problems.push(
      'release: is not set; a deploy without `push` needs the `release` output of the job that pushed. GitHub drops an output that contains a secret: keep the names of registry, project and images in variables',
    );
  }
  if (does('push') && text('release')) {
    problems.push(
      'release: is set, but this run pushes a release of its own; leave `push` out of command, or release empty',
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...config, ssh };
}

type Reader = ReturnType<typeof makeReader>;

function makeReader(texts: InputTexts) {
  const problems: string[] = [];
  const text = (name: InputName): string => (texts[name]?.trim() ? texts[name] : (inputOf(name).default ?? ''));
  const say = (name: InputName, value: string, problem: string): undefined => {
    const shown = inputOf(name).secret
      ? ''
      : ` ${JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)}`;
    problems.push(`${name}:${shown} ${problem}`);
  };
  const check = <T>(name: InputName, value: string, parser: (text: string) => parse.Parsed<T>): T | undefined => {
    const parsed = parser(value);
    return 'value' in parsed ? parsed.value : say(name, value, parsed.problem);
  };
  return {
    problems,
    text,
    say,
    one: <T>(name: InputName, parser: (text: string) => parse.Parsed<T>): T | undefined =>
      text(name) === '' ? undefined : check(name, text(name), parser),
    many: <T>(
      name: InputName,
      items: (text: string) => readonly string[],
      parser: (text: string) => parse.Parsed<T>,
    ): readonly T[] => items(text(name)).flatMap((item) => check(name, item, parser) ?? []),
  };
}

/** Compose files may lie above the working directory, but not outside the repository: that is checked against git. */
function pathBelow(text: string): parse.Parsed<string> {
  if (text.startsWith('/')) return { problem: 'is absolute; give a path relative to working-directory' };
  return /[\0-\x1f\x7f]/.test(text) ? { problem: 'holds a control character; paths cannot' } : { value: text };
}

function readCommands({ text, say }: Reader): readonly CommandName[] {
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

function readRegistry({ text, one, problems }: Reader): Registry | undefined {
  const name = one('registry', parse.registryOf);
  const [username, password] = [text('registry-username'), text('registry-password')];
  if (username && !password) {
    problems.push(
      'registry-password: is empty, but registry-username is set; is the secret set for this repository and environment?',
    );
  }
  if (password && !username)
    problems.push('registry-username: is empty, but registry-password is set; name the user of the registry');
  if ((username || password) && !text('registry'))
    problems.push('registry: is empty, but a login is given; name the registry');
  if (name === undefined) return undefined;
  return { name, login: username && password ? { username, password: new Secret(password) } : undefined };
}

function readRelease({ text, problems }: Reader): Config['release'] {
  if (text('release') === '') return undefined;
  const parsed = parseRelease(text('release'));
  if ('release' in parsed) return parsed.release;
  problems.push(`release: ${parsed.problem}`);
  return undefined;
}

const defaultUser = 'deploy';

function readHosts({ text, problems }: Reader): readonly HostSpec[] {
  const parsed = hostsOf(text('hosts'), { user: defaultUser });
  if ('value' in parsed) return parsed.value;
  problems.push(...parsed.problems);
  return [];
}

function readSsh({ text, one, problems }: Reader): Ssh | undefined {
  const key = privateKeyOf(text('ssh-key'), text('ssh-passphrase'));
  const hostKeys = knownHostsOf(text('known-hosts'));
  const jump = text('jump-host') === '' ? { value: undefined } : jumpHostOf(text('jump-host'), { user: defaultUser });
  for (const part of [key, hostKeys, jump]) if ('problems' in part) problems.push(...part.problems);
  const connectTimeoutSeconds = one('connect-timeout', parse.secondsOf) ?? 0;
  if (!('value' in key) || !('value' in hostKeys) || !('value' in jump)) return undefined;
  const passphrase = text('ssh-passphrase') === '' ? undefined : new Secret(text('ssh-passphrase'));
  return { key: key.value, passphrase, hostKeys: hostKeys.value, jump: jump.value, connectTimeoutSeconds };
}

function readVariables({ text, say }: Reader): Config['variables'] {
  const entries = parse.linesOf(text('variables')).map((line): readonly [string, string] => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    if (name === undefined) say('variables', line, 'is not NAME=value');
    return [name ?? '', value ?? ''];
  });
  return Object.fromEntries(entries);
}

function readEnvFiles({ text, say, problems }: Reader, env: Environment): Config['envFiles'] {
  return parse.linesOf(text('env-files')).flatMap((line) => {
    const at = line.lastIndexOf('=');
    const [path, variable] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    const parsed = parse.insidePath(path);
    if (at < 1 || !/^[A-Za-z_]\w*$/.test(variable)) {
      say('env-files', line, 'is not path=VARIABLE; name the environment variable of this step that holds the content');
    } else if ('problem' in parsed) say('env-files', path, parsed.problem);
    else if (!env[variable]) {
      problems.push(
        `env-files: the variable ${variable} for ${path} is empty; set it with \`env:\` on this step. Is the secret set for this repository and environment?`,
      );
    } else return [{ path: parsed.value, content: new Secret(env[variable]) }];
    return [];
  });
}

function readMigration({ text, one, say }: Reader): Migration | undefined {
  const when = one('migrate-when', parse.oneOf(migrateWhen)) ?? 'after';
  const timeoutSeconds = one('migrate-timeout', parse.secondsOf) ?? 0;
  const given = text('migrate');
  if (given === '') return undefined;
  const match = /^\s*([A-Za-z0-9][\w.-]*)\s*:\s+(\S[\s\S]*)$/.exec(given);
  const service = match?.[1];
  if (service === undefined)
    return say('migrate', given, 'is not `service: command`, such as `backend: python manage.py migrate --noinput`');
  const argv = words(match?.[2] ?? '');
  if (argv === undefined) return say('migrate', given, 'has a quote that is not closed');
  const operator = argv.find((word) => /^(?:[|&;<>]+|\d?>.*)$/.test(word));
  if (operator !== undefined) {
    return say(
      'migrate',
      given,
      `has the shell operator ${operator}, but runs without a shell; write \`${service}: sh -c '…'\``,
    );
  }
  return { service, argv, when, timeoutSeconds };
}

function words(text: string): readonly string[] | undefined {
  try {
    return split(text.trim());
  } catch {
    return undefined;
  }
}
