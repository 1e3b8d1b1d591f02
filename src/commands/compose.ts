import type { Command } from '../model/command.ts';

/** Which compose files, in which project. Paths are relative to where the command runs. */
export type Files = {
  readonly files: readonly string[];
  readonly project?: string | undefined;
  readonly profiles?: readonly string[];
};

function compose({ files, project, profiles = [] }: Files, args: readonly string[]): readonly string[] {
  return ['docker', 'compose', ...composeOptions({ files, project, profiles }), ...args];
}

export function composeOptions({ files, project, profiles = [] }: Files): readonly string[] {
  return [
    ...(project === undefined ? [] : ['--project-name', project]),
    ...files.flatMap((file) => ['--file', file]),
    ...profiles.flatMap((profile) => ['--profile', profile]),
  ];
}

/** As JSON: in Compose's YAML, some texts come out as different ones, or unreadable. */
export function configJson(files: Files, env: Readonly<Record<string, string>>): Command {
  return { argv: compose(files, ['config', '--format', 'json']), env };
}

/** The YAML also has what only bake reads. */
export function configYaml(files: Files, env: Readonly<Record<string, string>>): Command {
  return { argv: compose(files, ['config']), env };
}

export function testDown(files: Files): Command {
  return { argv: compose(files, ['down', '--volumes', '--remove-orphans', '--rmi', 'local', '--timeout', '2']) };
}

/** Removes all containers and networks of a project. Volumes stay. */
export function removeProject(project: string): Command {
  return { argv: ['docker', 'compose', '--project-name', project, 'down', '--remove-orphans'] };
}

/** `up` of a sealed release. Builds and pulls nothing: all images are already here. */
export function up(sealed: string, project: string, args: readonly string[] = []): Command {
  return {
    argv: compose({ files: [sealed], project }, ['up', '--detach', '--no-build', '--pull', 'never', ...args]),
  };
}

/** Creates containers of services as in a sealed release, replacing old ones, without starting them. */
export function create(sealed: string, project: string, services: readonly string[]): Command {
  return {
    argv: compose({ files: [sealed], project }, ['create', '--no-build', '--pull', 'never', ...services]),
  };
}

/** Asks what `up` would replace, create and remove. A dry run of `up` itself prints the same, but also waits for health. */
export const upPreview = (sealed: string, project: string): Command =>
  create(sealed, project, ['--remove-orphans', '--dry-run']);
