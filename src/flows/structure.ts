import { dirname, join, relative } from 'node:path/posix';
import { configJson, configYaml, type Files } from '../commands/compose.ts';
import { type ComposeModel, readModel, withBake } from '../compose/model.ts';
import { defaultProject } from '../compose/project.ts';
import { runnerOverride } from '../compose/seal.ts';
import type { Sources } from '../compose/sources.ts';
import { blamedFor, firstStandIns, nextStandIns, type StandIns, valuesOf } from '../compose/stand-ins.ts';
import { Cancelled, CommandError, ConfigError } from '../errors.ts';
import type { Result } from '../model/command.ts';
import { must, type Session } from './session.ts';

type Read = {
  readonly top: string;
  readonly commit: string;
  readonly composeFiles: readonly string[];
  readonly profiles: readonly string[];
  /** As given in the input. */
  readonly project: string | undefined;
  readonly sources: Sources;
  /** Where the repository was cloned from. */
  readonly address: string | undefined;
};

/** Asks Compose for the application's structure: with the runner's values, and stand-ins for the server's. */
export async function readStructure(session: Session, read: Read): Promise<ComposeModel> {
  const { top, sources } = read;
  const override = join(session.ports.scratch, 'runner.yml');
  await must(session, 'write the runner override', {
    argv: ['sh', '-c', 'cat >"$1"', 'korrigo-write', override],
    stdin: runnerOverride(sources),
  });
  const { stdout, env: used } = await resolve(session, read, override);
  const plain = readModel(stdout, join(top, folderOf(read)));
  const yaml = configYaml(filesOf(read, override), used);
  const model = sources.bakes
    ? withBake(plain, (await must(session, 'read x-bake', { ...yaml, cwd: top })).stdout)
    : plain;
  throwProblems([
    ...sources.unreadable.map((file) => `compose-file: Compose can read it, but this action cannot: ${file}`),
    ...profileProblems(model, read),
    ...model.problems.map((problem) => `compose-file: ${problem}`),
  ]);
  return {
    ...model,
    paths: model.paths
      .map((named) => ({ ...named, path: relative(top, named.path) }))
      // Absolute paths belong to the server; those outside the repository are next to it there.
      .filter(({ path }) => !path.startsWith('..')),
  };
}

const folderOf = ({ composeFiles }: Read): string => dirname(composeFiles[0] ?? '');

function profileProblems({ services }: ComposeModel, { profiles, sources, composeFiles }: Read): readonly string[] {
  const found = sources.profiles.length > 0 ? `found: ${sources.profiles.join(', ')}` : 'there are none';
  const unknown = profiles.filter((profile) => profile !== '*' && !sources.profiles.includes(profile));
  const problems = unknown.map((profile) => `profiles: no service has the profile "${profile}" (${found})`);
  if (services.length > 0) return problems;
  if (sources.services.length === 0)
    return [...problems, `compose-file: ${composeFiles.join(', ')} has no services: nothing to deploy`];
  return [
    ...problems,
    `profiles: every service of ${composeFiles.join(', ')} is in a profile, and none of them is active: name one (${found})`,
  ];
}

function throwProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigError(problems);
}

function filesOf(read: Read, override: string): Files {
  const { top, composeFiles, profiles } = read;
  return { files: [...composeFiles.map((file) => join(top, file)), override], project: projectOf(read), profiles };
}

type Resolved = Result & { readonly env: Readonly<Record<string, string>> };

async function resolve(session: Session, read: Read, override: string): Promise<Resolved> {
  const { ports } = session;
  const { top, commit, sources } = read;
  const { variables } = sources;
  const files = filesOf(read, override);
  const PWD = join(top, folderOf(read));
  const isOfRelease = (name: string): boolean => variables.image.includes(name) || variables.build.includes(name);
  // What a release itself needs is nothing that only the server has. It may be in an env file, which Compose knows.
  const lacking = new Set<string>();
  let standIns = firstStandIns(
    { ...variables, required: variables.required.filter((name) => !isOfRelease(name)) },
    ports.env,
  );
  for (;;) {
    const env = { ...valuesOf(standIns), RELEASE_COMMIT: commit, PWD };
    const result = await ports.local.run({ ...configJson(files, env), cwd: top }, { signal: ports.signal });
    if (ports.signal.aborted) throw new Cancelled(undefined, 'during', 'read the compose files');
    const unset = unsetIn(result.stderr);
    if (result.code === 0) {
      throwUndefined([...lacking, ...unset.filter((name) => variables.image.includes(name))]);
      return { ...result, env };
    }
    const [, needed = ''] = /required variable (\w+) is missing a value/.exec(result.stderr) ?? [];
    const isLacking = isOfRelease(needed) && !standIns.has(needed);
    if (isLacking) lacking.add(needed);
    const next = isLacking
      ? new Map([...standIns, [needed, 0]])
      : nextStandIns(
          result.stderr,
          standIns,
          unset.filter((name) => !isOfRelease(name)),
        );
    if (next === undefined) {
      throwUndefined([...lacking]);
      throw refused(read, result, standIns);
    }
    standIns = next;
  }
}

function refused({ top, composeFiles, sources }: Read, { code, timedOut, stderr }: Result, standIns: StandIns): Error {
  const lines = stderr.trim().split('\n');
  const blamed = blamedFor(stderr, standIns);
  const remedy =
    'set it with `env:` on this step to any valid value (the server uses its own), or give it a default in the compose file';
  if (blamed.length > 0)
    return new ConfigError(
      blamed.map((name) => `compose-file: Compose cannot read it on the runner without a value for ${name}: ${remedy}`),
    );
  const title = `read ${composeFiles.join(', ')}`;
  const output = lines.slice(-5).join('\n').replaceAll(`${top}/`, '');
  const names = [...standIns.keys()].join(', ');
  const otherwise =
    names === ''
      ? '`docker compose config` in the checkout says the same. Nothing was deployed.'
      : `If this is about a variable that only the server has (${names}): ${remedy}`;
  const hint = hintFor(stderr, sources.services) ?? otherwise;
  return new CommandError(
    { host: 'this machine', title, code, timedOut, output },
    { hint, ...placeIn(output, composeFiles) },
  );
}

/** Where in the compose files, if Compose says it. */
function placeIn(output: string, files: readonly string[]): { readonly file?: string; readonly line?: number } {
  const file = files.length === 1 ? files[0] : files.find((name) => output.includes(`${name}:`));
  if (file === undefined) return {};
  const [, line] = /\byaml: (?:[^\n]*\b)?line (\d+)/.exec(output) ?? [];
  return { file, ...(line === undefined ? {} : { line: Number(line) }) };
}

/** What to do about an error from Compose, if its message shows that. @param services of all compose files */
function hintFor(stderr: string, services: readonly string[]): string | undefined {
  const [, off = ''] = /depends on undefined service "?([\w.-]+)/.exec(stderr) ?? [];
  if (services.includes(off))
    return `${off} is in a profile that is not active: list it in the input profiles, or add \`required: false\` to the dependency. Nothing was deployed.`;
  if (/additional propert|unsupported env_file format/i.test(stderr))
    return 'It is misspelled, or Compose on this machine is too old to know it: see `docker compose version`. Nothing was deployed.';
  return undefined;
}

const unsetIn = (warnings: string): readonly string[] =>
  [...warnings.matchAll(/The \\?"([A-Za-z_]\w*)\\?" variable is not set/g)].flatMap((match) => match[1] ?? []);

function throwUndefined(names: readonly string[]): void {
  if (names.length === 0) return;
  throw new ConfigError(
    names.map(
      (name) =>
        `compose-file: variable ${name}, used in image or build, is not set; set it with \`env:\` on this step, or give it a default: \${${name}:-…}`,
    ),
  );
}

/** Compose takes the name from the compose file, if it has one; otherwise we make one here. */
function projectOf(read: Read): string | undefined {
  const { project, sources, address, top } = read;
  if (project !== undefined || sources.name !== undefined) return project;
  const made = defaultProject(address ?? top, folderOf(read));
  if ('problem' in made) throw new ConfigError([made.problem]);
  return made.name;
}
