import { dirname, join, relative } from 'node:path/posix';
import { gitFacts, gitModified, gitTracked } from '../commands/git.ts';
import { readDotEnv } from '../compose/dotenv.ts';
import { findComposeFiles } from '../compose/find.ts';
import type { Lookup } from '../compose/interpolate.ts';
import type { ComposeModel } from '../compose/model.ts';
import { repositoryName } from '../compose/project.ts';
import { absentRemedy, absentSubmodule, readTracked, submoduleRemedy, type Tracked } from '../compose/ship.ts';
import { readSources, type Sources } from '../compose/sources.ts';
import { Cancelled, ConfigError, DeployError } from '../errors.ts';
import type { Result } from '../model/command.ts';
import type { Source } from '../model/release.ts';
import type { Environment } from '../model/surroundings.ts';
import { must, type Session } from './session.ts';
import { readStructure } from './structure.ts';

/** The deployed commit, and the application in it. Paths start at the top of the repository. */
export type Checkout = {
  readonly top: string;
  readonly commit: string;
  readonly committedAt: string;
  /** The first line of its message. */
  readonly subject: string;
  readonly author: string;
  readonly ref: string | undefined;
  readonly defaultBranch: boolean;
  readonly tracked: Tracked;
  readonly project: string;
  readonly source: Source;
  /** The compose files from the input, or those that Compose finds, in order. */
  readonly composeFiles: readonly string[];
  /** The active profiles. */
  readonly profiles: readonly string[];
  readonly sources: Sources;
  /** The values of variables in images, as far as the environment and the `.env` here have them. */
  readonly imageValues: Environment;
  readonly model: ComposeModel;
};

/** Reads git and the compose files; Compose resolves them with the runner's environment. Throws what is wrong with them. */
export async function readCheckout(session: Session): Promise<Checkout> {
  const { config, ports } = session;
  const folder = join(ports.cwd, config.directory);
  const git = await ports.local.run({ ...gitFacts, cwd: folder }, { signal: ports.signal });
  const [top = '', commit = '', committedAt = '', branch = '', subject = '', author = '', origin = ''] =
    git.stdout.split('\n');
  if (ports.signal.aborted) throw new Cancelled(undefined, 'before', 'read the checkout');
  if (git.code !== 0) throw noCheckout(folder, git);
  const tracked = readTracked((await must(session, 'list the tracked files', gitTracked(top))).stdout);
  const status = (await must(session, 'compare the checkout with its commit', gitModified(top))).stdout;
  const modified = status.split('\n').flatMap((line) => (line === '' ? [] : line.slice(3)));
  if (modified.length > 0)
    ports.log.warn(`uncommitted changes are deployed as commit ${commit.slice(0, 12)}: ${modified.join(', ')}`);
  const text = async (path: string): Promise<string | undefined> => {
    const bytes = await ports.files.read(join(top, path));
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const place = relative(top, folder);
  throwUnsupported(ports.env);
  const values = async (of: string) => readDotEnv((await text(join(of, '.env'))) ?? '', (name) => ports.env[name]);
  const here = await values(place);
  const found = await findComposeFiles({
    folder: place,
    named: config.composeFiles,
    variable: lookupIn(ports.env, here),
    tracked,
    exists: async (path) => await ports.files.exists(join(top, path)),
  });
  if (found.problems.length > 0) throw new ConfigError(found.problems);
  for (const note of found.notes) ports.log.warn(note);
  const { files: composeFiles } = found;
  // Compose uses the folder of the first file as the project's folder.
  const variable = lookupIn(ports.env, await values(dirname(composeFiles[0] ?? '')), here);
  const sources = await readSources(composeFiles, {
    read: text,
    lookup: variable,
    whyAbsent: (path) => {
      const submodule = absentSubmodule(path, tracked);
      if (submodule !== undefined) return submoduleRemedy(submodule);
      return tracked.has(path) ? absentRemedy : undefined;
    },
  });
  if (sources.problems.length > 0) throw new ConfigError(sources.problems.map((problem) => `compose-file: ${problem}`));
  const profiles = profilesOf(config.profiles, variable('COMPOSE_PROFILES'));
  throwUnknown(config.profiles, sources.profiles);
  const project = config.project ?? (variable('COMPOSE_PROJECT_NAME') || undefined);
  const address = origin.trim() || ports.ref.source;
  const model = await readStructure(session, { top, commit, composeFiles, profiles, project, sources, address });
  const repository = repositoryName(address);
  const source: Source = { ...(repository === undefined ? {} : { repository }), files: composeFiles };
  const ref = ports.ref.ref ?? (branch === 'HEAD' ? undefined : branch);
  const defaultBranch =
    ref !== undefined &&
    (ports.ref.defaultBranch === undefined ? ['main', 'master'].includes(ref) : ref === ports.ref.defaultBranch);
  return {
    top,
    commit,
    committedAt,
    subject,
    author,
    ref,
    defaultBranch,
    tracked,
    project: model.name,
    source,
    composeFiles,
    profiles,
    sources,
    imageValues: Object.fromEntries(sources.variables.image.map((name) => [name, variable(name)])),
    model,
  };
}

/** What Compose would interpolate: the environment before any `.env`. */
function lookupIn(env: Environment, ...files: readonly ReadonlyMap<string, string>[]): Lookup {
  return (name) => env[name] ?? files.find((file) => file.has(name))?.get(name);
}

/** Settings that only Compose on this machine would follow, while a release is resolved on its server. */
function throwUnsupported(env: Environment): void {
  const problems = ['COMPOSE_ENV_FILES', 'COMPOSE_DISABLE_ENV_FILE'].flatMap((name) =>
    env[name]
      ? [
          `${name}: is set to ${JSON.stringify(env[name])}, which is not supported: remove it, and put the values in .env beside the compose file, or in shared/.env on the server`,
        ]
      : [],
  );
  if (problems.length > 0) throw new ConfigError(problems);
}

/** Compose would silently start nothing. */
function throwUnknown(given: readonly string[], known: readonly string[]): void {
  const found = known.length === 0 ? 'no service has a profile' : `found: ${known.join(', ')}`;
  const problems = given
    .filter((profile) => profile !== '*' && !known.includes(profile))
    .map((profile) => `profiles: no service has the profile "${profile}" (${found})`);
  if (problems.length > 0) throw new ConfigError(problems);
}

function profilesOf(given: readonly string[], variable = ''): readonly string[] {
  return given.length > 0 ? given : variable.split(',').flatMap((profile) => profile.trim() || []);
}

/** Why git could not determine the commit. */
function noCheckout(folder: string, { stdout, stderr }: Pick<Result, 'stdout' | 'stderr'>): DeployError {
  const [, foreign] = /(?:dubious ownership in repository at |unsafe repository \()'(.*?)'/.exec(stderr) ?? [];
  if (foreign !== undefined)
    return new DeployError(`${foreign} belongs to another user, so git does not read it`, {
      hint: `In a job that runs in a container, add a step before this one: git config --global --add safe.directory ${foreign}`,
      kind: 'input',
    });
  const why = stderr.trim().split('\n').at(-1) ?? '';
  if (why.endsWith('no such directory'))
    return new DeployError(`working-directory: ${folder} does not exist`, { kind: 'input' });
  // The first line is the top folder: there is a repository.
  if (stdout !== '')
    return new DeployError(`${folder}: the git repository has no commit yet`, {
      hint: 'Only commits can be deployed: commit first.',
      kind: 'input',
    });
  return new DeployError(`${folder} is not a git checkout: ${why}`, {
    hint: 'In a workflow, add actions/checkout before this step. In a terminal, go to your repository. Check working-directory.',
    kind: 'input',
  });
}
