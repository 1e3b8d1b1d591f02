import { dirname, join, relative } from 'node:path/posix';
import { configJson, type Files } from '../commands/compose.ts';
import { gitFacts, gitModified, gitTracked } from '../commands/git.ts';
import { type ComposeModel, readModel } from '../compose/model.ts';
import { standIns, withoutEnvFiles } from '../compose/seal.ts';
import { readTracked, type Tracked } from '../compose/ship.ts';
import { readSources, type Sources } from '../compose/sources.ts';
import { projectNameOf } from '../config/parsers.ts';
import { CommandError, ConfigError, DeployError } from '../errors.ts';
import type { Command, Result } from '../model/command.ts';
import type { Session } from './session.ts';

/** The commit that is deployed, and the application in it. Paths start at the top of the repository. */
export type Checkout = {
  readonly top: string;
  readonly commit: string;
  readonly committedAt: string;
  readonly ref: string | undefined;
  readonly defaultBranch: boolean;
  readonly tracked: Tracked;
  readonly project: string;
  /** The compose files that the user named, in order. */
  readonly composeFiles: readonly string[];
  readonly sources: Sources;
  readonly model: ComposeModel;
};

const usualFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

/** Reads git and the compose files; Compose resolves them with the runner's environment. Throws what is wrong with them. */
export async function readCheckout(session: Session): Promise<Checkout> {
  const { config, ports } = session;
  const folder = join(ports.cwd, config.directory);
  const git = await ports.local.run({ ...gitFacts, cwd: folder });
  const [top = '', commit = '', committedAt = '', branch = ''] = git.stdout.split('\n');
  if (git.code !== 0) {
    throw new DeployError(`${folder} is no checkout of a git repository: ${git.stderr.trim().split('\n').at(-1)}`, {
      hint: 'check the repository out first (actions/checkout), and look at working-directory',
    });
  }
  const tracked = readTracked((await must(session, 'list the files of the commit', gitTracked(top))).stdout);
  const status = (await must(session, 'compare with the commit', gitModified(top))).stdout;
  const modified = status.split('\n').flatMap((line) => (line === '' ? [] : line.slice(3)));
  if (modified.length > 0)
    ports.log.warn(`the checkout differs from commit ${commit.slice(0, 12)} in: ${modified.join(', ')}`);
  const composeFiles = await findComposeFiles(session, top, folder);
  const sources = await readSources(composeFiles, async (path) => {
    const bytes = await ports.files.read(join(top, path));
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  });
  if (sources.problems.length > 0) throw new ConfigError(sources.problems.map((problem) => `compose-file: ${problem}`));
  const model = await readComposeModel(session, { top, commit, composeFiles, sources });
  const ref = ports.ref.ref ?? (branch === 'HEAD' ? undefined : branch);
  const defaultBranch =
    ref !== undefined &&
    (ports.ref.defaultBranch === undefined ? ['main', 'master'].includes(ref) : ref === ports.ref.defaultBranch);
  return { top, commit, committedAt, ref, defaultBranch, tracked, project: model.name, composeFiles, sources, model };
}

async function findComposeFiles({ config, ports }: Session, top: string, folder: string): Promise<readonly string[]> {
  const fromTop = (file: string): string => relative(top, join(folder, file));
  if (config.composeFiles.length === 0) {
    for (const file of usualFiles) if (await ports.files.exists(join(folder, file))) return [fromTop(file)];
    throw new ConfigError([`compose-file: is not set, and ${folder} has none of ${usualFiles.join(', ')}`]);
  }
  const outside = config.composeFiles.filter((file) => fromTop(file).startsWith('..'));
  if (outside.length > 0)
    throw new ConfigError(outside.map((file) => `compose-file: ${JSON.stringify(file)} lies outside the repository`));
  return config.composeFiles.map(fromTop);
}

type Read = Pick<Checkout, 'top' | 'commit' | 'composeFiles' | 'sources'>;

async function readComposeModel(session: Session, { top, commit, composeFiles, sources }: Read): Promise<ComposeModel> {
  const { config, ports } = session;
  const { variables } = sources;
  const blind = variables.required.filter(
    (name) => !ports.env[name] && (variables.image.includes(name) || variables.build.includes(name)),
  );
  if (blind.length > 0) throw new ConfigError(blind.map((name) => undefinedVariable(name)));
  const override = join(ports.scratch, 'runner.yml');
  await must(session, 'write the runner override', {
    argv: ['sh', '-c', 'cat >"$1"', 'korrigo-write', override],
    stdin: withoutEnvFiles(sources),
  });
  const files: Files = {
    files: [...composeFiles.map((file) => join(top, file)), override],
    project: config.project ?? (sources.name === undefined ? nameFrom(ports.ref.source ?? top) : undefined),
    profiles: config.profiles,
  };
  const PWD = join(top, dirname(composeFiles[0] ?? ''));
  const env = { ...standIns(variables, ports.env), RELEASE_COMMIT: commit, PWD };
  const { stdout, stderr } = await must(session, `read ${composeFiles.join(', ')}`, {
    ...configJson(files, env),
    cwd: top,
  });
  const unset = [...stderr.matchAll(/The \\?"([A-Za-z_]\w*)\\?" variable is not set/g)].flatMap(
    (match) => match[1] ?? [],
  );
  const blank = unset.filter((name) => variables.image.includes(name));
  if (blank.length > 0) throw new ConfigError(blank.map((name) => undefinedVariable(name)));
  const model = readModel(stdout);
  return {
    ...model,
    paths: model.paths
      .map((named) => ({ ...named, path: relative(top, named.path) }))
      .filter(({ path }) => !path.startsWith('..')),
  };
}

const undefinedVariable = (name: string): string =>
  `compose-file: the variable ${name} of an image or build is not set; set it with \`env:\` on this step, or give it a default: \${${name}:-…}`;

/**
 * The project's name when nobody gave one: the repository's, else that of its folder, as Compose would write it. On a
 * runner the folder may be called otherwise (`path` of actions/checkout).
 */
function nameFrom(place: string): string {
  const name = (place.split('/').at(-1) ?? '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
  const parsed = projectNameOf(name);
  if ('problem' in parsed)
    throw new ConfigError([`project-name: is not set, and the name of ${place} gives none; set it`]);
  return parsed.value;
}

async function must({ ports }: Session, title: string, command: Command): Promise<Result> {
  const result = await ports.local.run(command, { signal: ports.signal });
  if (result.code === 0) return result;
  const output = result.stderr.trim().split('\n').slice(-5).join('\n');
  throw new CommandError({ host: 'this machine', title, code: result.code, timedOut: result.timedOut, output });
}
