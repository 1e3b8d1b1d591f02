import { join, relative } from 'node:path/posix';
import { gitFacts, gitModified, gitTracked } from '../commands/git.ts';
import { readDotEnv } from '../compose/dotenv.ts';
import { findComposeFiles } from '../compose/find.ts';
import type { Lookup } from '../compose/interpolate.ts';
import type { ComposeModel } from '../compose/model.ts';
import { repositoryName } from '../compose/project.ts';
import { absentSubmodule, readTracked, submoduleRemedy, type Tracked } from '../compose/ship.ts';
import { readSources, type Sources } from '../compose/sources.ts';
import { Cancelled, ConfigError, DeployError } from '../errors.ts';
import type { Result } from '../model/command.ts';
import type { Source } from '../model/release.ts';
import type { Environment } from '../model/surroundings.ts';
import { must, type Session } from './session.ts';
import { readStructure } from './structure.ts';

/** The commit that is deployed, and the application in it. Paths start at the top of the repository. */
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
  /** The compose files that the user named, or those that Compose finds, in order. */
  readonly composeFiles: readonly string[];
  /** Those that are active. */
  readonly profiles: readonly string[];
  readonly sources: Sources;
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
  const variable = lookupIn(ports.env, readDotEnv((await text(join(place, '.env'))) ?? ''));
  const found = await findComposeFiles({
    folder: place,
    named: config.composeFiles,
    variable,
    tracked,
    exists: async (path) => await ports.files.exists(join(top, path)),
  });
  if (found.problems.length > 0) throw new ConfigError(found.problems);
  for (const note of found.notes) ports.log.warn(note);
  const { files: composeFiles } = found;
  const sources = await readSources(composeFiles, {
    read: text,
    lookup: variable,
    whyAbsent: (path) => {
      const submodule = absentSubmodule(path, tracked);
      return submodule === undefined ? undefined : submoduleRemedy(submodule);
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
    model,
  };
}

/** What Compose would fill in: the environment before the `.env` of the folder. */
function lookupIn(env: Environment, dotenv: ReadonlyMap<string, string>): Lookup {
  return (name) => env[name] ?? dotenv.get(name);
}

/** Compose would start nothing of it, without a word. */
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

/** Why git could not tell what the commit is. */
function noCheckout(folder: string, { stdout, stderr }: Pick<Result, 'stdout' | 'stderr'>): DeployError {
  const why = stderr.trim().split('\n').at(-1) ?? '';
  if (why.endsWith('no such directory'))
    return new DeployError(`working-directory: ${folder} does not exist`, { kind: 'input' });
  // The first line is the top folder: there is a repository.
  if (stdout !== '')
    return new DeployError(`${folder}: the git repository has no commit yet`, {
      hint: 'What is deployed is always a commit: commit first.',
      kind: 'input',
    });
  return new DeployError(`${folder} is not a git checkout: ${why}`, {
    hint: 'In a workflow, add actions/checkout before this step. In a terminal, go to your repository. Check working-directory.',
    kind: 'input',
  });
}
