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
  /** As the user named it. */
  readonly project: string | undefined;
  readonly sources: Sources;
  /** Where the repository was cloned from. */
  readonly address: string | undefined;
};

/** Lets Compose tell what the application consists of: with the runner's values, and stand-ins for the server's. */
export async function readStructure(session: Session, read: Read): Promise<ComposeModel> {
  const { env } = session.ports;
  const { top, sources } = read;
  const { image, build, required } = sources.variables;
  throwUndefined(required.filter((name) => !env[name] && (image.includes(name) || build.includes(name))));
  const override = join(session.ports.scratch, 'runner.yml');
  await must(session, 'write the runner override', {
    argv: ['sh', '-c', 'cat >"$1"', 'korrigo-write', override],
    stdin: runnerOverride(sources),
  });
  const { stdout, stderr, env: used } = await resolve(session, read, override);
  throwUndefined(unsetIn(stderr).filter((name) => image.includes(name)));
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
      // Absolute ones are the server's, and those that lead out of the repository lie beside it there.
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
  let standIns = firstStandIns(variables, ports.env);
  for (;;) {
    const env = { ...valuesOf(standIns), RELEASE_COMMIT: commit, PWD };
    const result = await ports.local.run({ ...configJson(files, env), cwd: top }, { signal: ports.signal });
    if (ports.signal.aborted) throw new Cancelled(undefined, 'during', 'read the compose files');
    if (result.code === 0) return { ...result, env };
    const unset = unsetIn(result.stderr).filter(
      (name) => !variables.image.includes(name) && !variables.build.includes(name),
    );
    const next = nextStandIns(result.stderr, standIns, unset);
    if (next === undefined) throw refused(read, result, standIns);
    standIns = next;
  }
}

function refused({ composeFiles, sources }: Read, { code, timedOut, stderr }: Result, standIns: StandIns): Error {
  const lines = stderr.trim().split('\n');
  const blamed = blamedFor(stderr, standIns);
  const remedy =
    'set it with `env:` on this step to any valid value (the server uses its own), or give it a default in the compose file';
  if (blamed.length > 0)
    return new ConfigError(
      blamed.map((name) => `compose-file: Compose cannot read it on the runner without a value for ${name}: ${remedy}`),
    );
  const title = `read ${composeFiles.join(', ')}`;
  const output = lines.slice(-5).join('\n');
  const names = [...standIns.keys()].join(', ');
  const [, off = ''] = /depends on undefined service "?([\w.-]+)/.exec(stderr) ?? [];
  const details = sources.services.includes(off)
    ? {
        hint: `${off} is in a profile that is not active: list it in the input profiles, or add \`required: false\` to the dependency. Nothing was deployed.`,
      }
    : names === ''
      ? {
          hint: '`docker compose config` in the checkout says the same. Nothing was deployed.',
        }
      : { hint: `If this is about a variable that only the server has (${names}): ${remedy}` };
  return new CommandError({ host: 'this machine', title, code, timedOut, output }, details);
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

/** Compose takes the name from the compose file, where it has one; else it is made here. */
function projectOf(read: Read): string | undefined {
  const { project, sources, address, top } = read;
  if (project !== undefined || sources.name !== undefined) return project;
  const made = defaultProject(address ?? top, folderOf(read));
  if ('problem' in made) throw new ConfigError([made.problem]);
  return made.name;
}
