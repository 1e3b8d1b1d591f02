import { ConfigError } from '../errors.ts';
import type { Environment } from '../model/surroundings.ts';
import { type CommandName, type Config, forceRecreate, formats } from './config.ts';
import type { InputTexts } from './inputs.ts';
import * as parse from './parsers.ts';
import { makeReader } from './reader.ts';
import {
  readBackup,
  readCommands,
  readEnvFiles,
  readHealthUrl,
  readHosts,
  readMigration,
  readRegistry,
  readRelease,
  readSsh,
  readVariables,
} from './sections.ts';

/** Turns the texts of the inputs into one value. Throws a ConfigError with every problem that they have. */
export function readConfig(texts: InputTexts, env: Environment): Config {
  const reader = makeReader(texts);
  const { text, one, many, problems } = reader;
  const commands = readCommands(reader);
  const does = (...names: readonly CommandName[]): boolean => names.some((name) => commands.includes(name));
  const onHosts = does('deploy', 'rollback', 'status');
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
    hosts: onHosts ? readHosts(reader) : [],
    ssh: undefined,
    path: one('path', parse.serverPathOf),
    files: many('files', parse.linesOf, parse.insidePath),
    serverOwned: many('server-owned', parse.linesOf, parse.insidePath),
    envFiles: readEnvFiles(reader, env),
    forceRecreate: one('force-recreate', parse.oneOf(forceRecreate)) ?? 'built',
    backup: readBackup(reader),
    migrate: readMigration(reader),
    allowOlder: one('allow-older', parse.oneOf(['true', 'false'])) === 'true',
    to: one('to', parse.rollbackTargetOf) ?? 'previous',
    reason: text('reason').trim() || undefined,
    keepReleases: one('keep-releases', parse.keepOf) ?? 5,
    format: one('format', parse.oneOf(formats)) ?? 'text',
    health: { url: readHealthUrl(reader), timeoutSeconds: one('health-timeout', parse.secondsOf) ?? 0 },
  };
  // Hosts that are missing or wrong are rarely meant to be this machine: what else SSH needs is told with them.
  const remote = onHosts && !(config.hosts.length > 0 && config.hosts.every(({ kind }) => kind === 'local'));
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
  // Alone it is no problem: the deploy then stops at the connection, where it can print the line to add.
  if (problems.length > 0 && remote && !text('known-hosts'))
    problems.push(
      `known-hosts: is empty; it holds the host keys of the servers; on GitHub it comes from a variable (KNOWN_HOSTS): ${parse.whereSet}`,
    );
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...config, ssh };
}

function pathBelow(text: string): parse.Parsed<string> {
  if (text.startsWith('/')) return { problem: 'is absolute; give a path relative to working-directory' };
  return /[\0-\x1f\x7f]/.test(text) ? { problem: 'holds a control character; paths cannot' } : { value: text };
}
