import { ConfigError } from '../errors.ts';
import { Secret } from '../model/secret.ts';
import type { Environment } from '../model/surroundings.ts';
import { type CommandName, type Config, consents, forceRecreate, formats, onFailure, strategyNames } from './config.ts';
import type { InputTexts } from './inputs.ts';
import { readBackup, readMigratePlan, readMigration } from './one-offs.ts';
import type { Origin } from './origin.ts';
import * as parse from './parsers.ts';
import { makeReader } from './reader.ts';
import {
  readCommands,
  readDeployment,
  readEnvFiles,
  readHosts,
  readRegistry,
  readRelease,
  readSsh,
  readUrl,
  readVariables,
} from './sections.ts';

/** Turns the texts of the inputs into one value. Throws a ConfigError with every problem found. */
export function readConfig(texts: InputTexts, env: Environment, origin: Origin = 'github'): Config {
  const reader = makeReader(texts, origin);
  const { text, value, values, problems, remedy } = reader;
  const commands = readCommands(reader);
  const does = (...names: readonly CommandName[]): boolean => names.some((name) => commands.includes(name));
  const onHosts = does('deploy', 'plan', 'rollback', 'status');
  const strategy = value('strategy', parse.oneOf(strategyNames)) ?? 'recreate';
  const config: Config = {
    commands,
    directory: text('working-directory'),
    composeFiles: values('compose-file', parse.linesOf, composePath),
    profiles: parse.listOf(text('profiles')),
    project: value('project-name', parse.projectNameOf),
    variables: readVariables(reader),
    test: {
      files: values('test-compose-file', parse.linesOf, composePath),
      service: text('test-service') || undefined,
      timeoutSeconds: value('test-timeout', parse.secondsOf) ?? 0,
    },
    registry: readRegistry(reader),
    tags: values('tags', parse.listOf, parse.tagOf),
    platforms: values('platforms', parse.listOf, parse.platformOf),
    cacheFrom: parse.linesOf(text('cache-from')),
    cacheTo: parse.linesOf(text('cache-to')),
    attest: value('attest', parse.oneOf(['true', 'false'])) === 'true',
    verifyAttestation: value('verify-attestation', parse.repositoryOf),
    release: readRelease(reader),
    hosts: onHosts ? readHosts(reader) : [],
    ssh: undefined,
    path: value('path', parse.serverPathOf),
    files: values('files', parse.linesOf, parse.repositoryPath),
    serverOwned: values('server-owned', parse.linesOf, parse.repositoryPath),
    envFiles: readEnvFiles(reader, env),
    strategy,
    drainSeconds: value('drain', parse.secondsOrNoneOf) ?? 3,
    forceRecreate: value('force-recreate', parse.oneOf(forceRecreate)) ?? (strategy === 'rolling' ? 'none' : 'built'),
    backup: readBackup(reader),
    migrate: readMigration(reader, strategy),
    migratePlan: readMigratePlan(reader),
    sequential: value('sequential', parse.oneOf(['true', 'false'])) === 'true',
    allowOlder: value('allow-older', parse.oneOf(['true', 'false'])) === 'true',
    onFailure: value('on-failure', parse.oneOf(onFailure)) ?? 'rollback',
    lockTimeoutSeconds: value('lock-timeout', parse.secondsOf) ?? 900,
    graceSeconds: value('grace', parse.graceOf) ?? 60,
    heal: value('heal', parse.oneOf(['true', 'false'])) === 'true',
    accept: values('accept', parse.listOf, parse.oneOf(consents)),
    to: value('to', parse.rollbackTargetOf) ?? 'previous',
    reason: text('reason').trim() || undefined,
    keepReleases: value('keep-releases', parse.keepReleasesOf) ?? 5,
    comment: value('comment', parse.oneOf(['true', 'false'])) === 'true',
    deployment: does('deploy', 'rollback') ? readDeployment(reader) : undefined,
    githubToken: text('github-token') === '' ? undefined : new Secret(text('github-token')),
    format: value('format', parse.oneOf(formats)) ?? 'text',
    health: {
      url: readUrl(reader, 'health-url'),
      probe: readUrl(reader, 'probe'),
      maxDowntimeSeconds: value('max-downtime', parse.secondsOrNoneOf),
      timeoutSeconds: value('health-timeout', parse.secondsOf) ?? 0,
      initTimeoutSeconds: value('init-timeout', parse.secondsOf) ?? 0,
    },
  };
  // If hosts are missing or wrong, SSH is probably meant: check its inputs too, to report every problem at once.
  const remote = onHosts && !(config.hosts.length > 0 && config.hosts.every(({ kind }) => kind === 'local'));
  const ssh = remote ? readSsh(reader) : undefined;
  if (does('test') && config.test.files.length === 0) {
    problems.push('test-compose-file: is not set; set it, or remove `test` from command');
  }
  if (does('push') && config.registry === undefined && !text('registry')) {
    problems.push('registry: is not set; set it to where images are pushed, for example ghcr.io/acme');
  }
  if (does('deploy') && !does('push') && !text('release')) {
    problems.push(`release: ${remedy.release}`);
  }
  if (does('status') && config.format === 'markdown')
    problems.push('format: "markdown" is for `plan`; use text or json for `status`');
  if (does('deploy', 'rollback') && text('max-downtime') !== '' && !text('probe') && !text('health-url'))
    problems.push('max-downtime: nothing measures downtime; set probe or health-url');
  const asking = [...(config.comment ? ['comment'] : []), ...(config.deployment === undefined ? [] : ['deployment'])];
  if (asking.length > 0 && config.githubToken === undefined)
    problems.push(
      `github-token: is empty, but ${asking.join(' and ')} is true; set it to the token of the workflow, github.token`,
    );
  if (does('push') && text('release')) {
    problems.push(
      'release: is set, but this run pushes its own release; remove `push` from command, or leave release empty',
    );
  }
  // On its own this is no problem: the deploy then stops while connecting, where it can print the line to add.
  if (problems.length > 0 && remote && !text('known-hosts'))
    problems.push(`known-hosts: is empty; it must contain the servers' host keys. ${remedy.input('known-hosts')}`);
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...config, ssh };
}

function composePath(text: string): parse.Parsed<string> {
  if (text.startsWith('/')) return { problem: 'is absolute; use a path relative to working-directory' };
  return /[\0-\x1f\x7f]/.test(text) ? { problem: 'contains a control character; paths cannot' } : { value: text };
}
