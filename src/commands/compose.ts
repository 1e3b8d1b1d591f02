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

/** As JSON: in its YAML, texts come out so that they are read as others, or not at all. */
export function configJson(files: Files, env: Readonly<Record<string, string>>): Command {
  return { argv: compose(files, ['config', '--format', 'json']), env };
}

/** Its YAML has what only bake reads. */
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

/** Brings a sealed release up. Nothing is built and nothing is pulled: everything was brought here before. */
export function up(sealed: string, project: string, args: readonly string[] = []): Command {
  return {
    argv: compose({ files: [sealed], project }, ['up', '--detach', '--no-build', '--pull', 'never', ...args]),
  };
}

/** Makes the containers of services as a sealed release has them, in the place of old ones, and does not start them. */
export function create(sealed: string, project: string, services: readonly string[]): Command {
  return {
    argv: compose({ files: [sealed], project }, ['create', '--no-build', '--pull', 'never', ...services]),
  };
}

/** Asks what `up` would do. */
export const upPreview = (sealed: string, project: string): Command =>
  up(sealed, project, ['--remove-orphans', '--dry-run']);
