import type { ByHand } from '../model/by-hand.ts';
import type { Command, Content } from '../model/command.ts';
import type { Secret } from '../model/secret.ts';
import type { Container } from '../model/state.ts';
import { composeOptions, create, type Files, upPreview } from './compose.ts';
import { program } from './program.ts';

/** One typed builder for each program of `server/` that is not about images. `root` is the folder of the application on the host. */

type Place = { readonly root: string; readonly project: string };
type Kept = { readonly root: string; readonly id: string };

export const observe = ({ root, project }: Place): Command => program('observe', [root, project]);

export const status = ({ root, project }: Place): Command => program('status', [root, project]);

export const diskLeft = (root: string): Command => program('disk', [root]);

export const inspect = (project: string): Command => program('inspect', [project]);

/** The same, and asks containers of these services themselves whether they are healthy, as long as Docker has not. */
export const inspectAsking = (project: string, services: readonly string[]): Command =>
  program('inspect', [project, ...services]);

export type Settled = {
  readonly project: string;
  readonly timeoutSeconds: number;
  readonly settleSeconds: number;
  /** Service → `name@sha256:…` */
  readonly images: Readonly<Record<string, string>>;
};

/** Waits until the containers are as planned, on the host itself. */
export function settled({ project, timeoutSeconds, settleSeconds, images }: Settled): Command {
  const wanted = Object.entries(images).map(([service, image]) => `${service}=${image}`);
  return program('settled', [project, String(timeoutSeconds), String(settleSeconds), ...wanted]);
}

export type Login = {
  /** The Docker configuration that is made for it. */
  readonly folder: string;
  readonly server: string;
  readonly username: string;
  readonly password: Secret;
};

export function login({ folder, server, username, password }: Login): Command {
  return program('login', [folder, server, username], { stdin: password });
}

/** @param archive a tar, as compose/archive.ts makes it */
export const ship = ({ root, id }: Kept, archive: Content): Command => program('ship', [root, id], { stdin: archive });

export type Resolve = Place & {
  readonly id: string;
  /** Of the first compose file, from the top of the repository. */
  readonly folder: string;
  readonly files: readonly string[];
  readonly profiles: readonly string[];
};

export function resolve({ root, id, project, folder, files, profiles }: Resolve): Command {
  return program('resolve', [root, id, project, folder, ...composeOptions({ files, profiles })]);
}

export const reopen = ({ root, id }: Kept): Command => program('reopen', [root, id]);

/** Which of the host's own files have changed since the release was resolved. */
export const unchanged = ({ root, id }: Kept): Command => program('unchanged', [root, id]);

/** What the resolved release needs on the host, and what exists there. */
export const claims = ({ root, id }: Kept): Command => program('claims', [root, id]);

/** What Compose says `up` would do. */
export const preview = (sealed: string, project: string): Command =>
  program('preview', ['30', ...upPreview(sealed, project).argv]);

/** Requests a URL repeatedly until it is stopped. */
export const probe = (url: string): Command => program('probe', [url]);

/** Removes everything that a plan has shipped. */
export const withdraw = ({ root, id }: Kept): Command => program('withdraw', [root, id]);

/** Puts the files of `env-files` where they belong; what they replace is kept. */
export const writeFiles = ({ root, id }: Kept): Command => program('write-env-files', [root, id]);

/** Puts back what `writeFiles` replaced. */
export const restoreFiles = ({ root, id }: Kept): Command => program('restore', [root, id]);

/**
 * Removes the containers that an interrupted switch left, and replaces those that Docker cannot start again.
 * @param file of the release that is to run
 */
export const tidy = (project: string, file?: string): Command =>
  program('tidy', file === undefined ? [project] : [project, file]);

/** Waits for containers that the engine is still stopping, after the one who asked for it was interrupted. */
export const awaitStops = (project: string): Command => program('stopping', [project]);

/** Stops these containers once proxies have had time to find the new ones, and removes them. */
export function retire(drainSeconds: number, ids: readonly string[]): Command {
  return program('retire', [String(drainSeconds), ...ids]);
}

export type RollBack = {
  readonly project: string;
  readonly service: string;
  /** The compose files of the previous release and of the one that is given up. */
  readonly from: string;
  readonly to: string;
  readonly drainSeconds: number;
  readonly timeoutSeconds: number;
  /** The containers that were there before. */
  readonly ids: readonly string[];
};

/** Brings a service that was rolled, or half of it, back to the previous release, with the old containers or new ones of it. */
export function rollBack({ project, service, from, to, drainSeconds, timeoutSeconds, ids }: RollBack): Command {
  const seconds = [ids.length, drainSeconds, timeoutSeconds].map(String);
  return program('roll-back', [project, service, from, to, ...seconds, ...ids]);
}

/** Replaces the containers of these services with new ones. */
export function replace(sealed: string, project: string, services: readonly string[]): Command {
  return program('replace', [project, services.join(' '), ...create(sealed, project, services).argv]);
}

/** Starts the containers of these services that have exited. */
export const start = (project: string, services: readonly string[]): Command =>
  program('replace', [project, services.join(' ')]);

/** Starts what ran again as somebody had started it by hand; what was stopped stays, all else goes. Builds and pulls nothing. */
export function upByHand(
  project: string,
  { folder, options }: ByHand,
  { ran, stopped }: Readonly<Record<'ran' | 'stopped', readonly Pick<Container, 'id' | 'service'>[]>>,
): Command {
  const services = [...new Set(ran.map(({ service }) => service))];
  const scales = services.flatMap((name) => {
    const { length } = ran.filter(({ service }) => service === name);
    return length > 1 ? ['--scale', `${name}=${length}`] : [];
  });
  const up = ['up', '--detach', '--no-build', '--pull', 'never', ...scales];
  const compose = ['docker', 'compose', '--project-name', project, ...options, ...up];
  const ids = stopped.map(({ id }) => id);
  return program('by-hand', [project, folder, services.join(' '), ids.join(' '), ...compose]);
}

/** Lets proxies whose containers stay find the new containers. The last call reports the result. */
export const refresh = (project: string, time: 'first' | 'last'): Command => program('refresh', [project, time]);

export type OneOffRun = {
  readonly seconds: number;
  /** The input that set the limit: named if the limit is reached. */
  readonly limit: string;
  readonly project: string;
  readonly container: string;
  readonly file: string;
  readonly withDependencies: boolean;
  readonly service: string;
  readonly argv: readonly string[];
};

export function oneOff(run: OneOffRun): Command {
  const { seconds, limit, project, container, file, withDependencies, service, argv } = run;
  const dependencies = withDependencies ? 'yes' : 'no';
  return program('one-off', [String(seconds), limit, project, container, file, dependencies, service, ...argv]);
}

/** @param id of the release; undefined: none is current */
export function makeCurrent(root: string, id: string | undefined): Command {
  return program('current', id === undefined ? [root] : [root, id]);
}

/** @param line of history.jsonl, with its line end */
export const record = (root: string, line: string): Command => program('record', [root], { stdin: line });

export function prune({ root, project, keep }: Place & { readonly keep: number }): Command {
  return program('prune', [root, project, String(keep)]);
}

/** Its exit code is that of the tests: of one service, or of the first container that ends. */
export function test(files: Files & { readonly project: string }, service: string | undefined): Command {
  return program('test', [files.project, service ?? '', ...composeOptions(files)]);
}
