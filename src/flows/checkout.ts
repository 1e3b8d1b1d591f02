import { join, relative } from 'node:path/posix';
import { gitFacts, gitModified, gitTracked } from '../commands/git.ts';
import type { ComposeModel } from '../compose/model.ts';
import { readTracked, type Tracked } from '../compose/ship.ts';
import { readSources, type Sources } from '../compose/sources.ts';
import { Cancelled, ConfigError, DeployError } from '../errors.ts';
import { must, type Session } from './session.ts';
import { readStructure } from './structure.ts';

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
  const git = await ports.local.run({ ...gitFacts, cwd: folder }, { signal: ports.signal });
  const [top = '', commit = '', committedAt = '', branch = ''] = git.stdout.split('\n');
  if (ports.signal.aborted) throw new Cancelled(undefined, 'before', 'read the checkout');
  if (git.code !== 0) {
    throw new DeployError(`${folder} is not a checkout of a git repository: ${git.stderr.trim().split('\n').at(-1)}`, {
      hint: 'check out the repository first (actions/checkout), and check working-directory',
      kind: 'input',
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
  const model = await readStructure(session, { top, commit, composeFiles, sources });
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
