import type { Command } from '../model/command.ts';
import type { Secret } from '../model/secret.ts';
import { program } from './program.ts';

/** Typed builders for the programs of `server/` that are about images, on the runner and on the servers. */

type Env = Readonly<Record<string, string>>;

export const pin = (images: readonly string[], env: Env): Command => program('pin', images, { env });

export type Attested = {
  /** `owner/repo` */
  readonly repository: string;
  readonly images: readonly string[];
  /** For GitHub, if `gh` has no token of its own. */
  readonly token: Secret | undefined;
};

export const attested = ({ repository, images, token }: Attested, env: Env): Command =>
  program('attested', [repository, ...images], { env, stdin: token ?? '' });

/** @param tag that keeps the images from a prune; `login` is the folder of the registry login */
export function pull(file: string, tag: string, images: readonly string[], login: string | undefined): Command {
  return program('pull', [file, tag, ...images], { env: login === undefined ? {} : { DOCKER_CONFIG: login } });
}

/** Fails if the image is not there. */
export const imageId = (image: string): Command => ({
  argv: ['docker', 'image', 'inspect', '--format', '{{.Id}}', image],
});

/** The builder on this machine. */
export const builderDriver: Command = { argv: ['docker', 'buildx', 'inspect'] };

/**
 * Sends images that Docker built here to their registry before any tag is moved.
 * @param tag that nothing else uses; images are local names by target
 */
export function upload(tag: string, images: Readonly<Record<string, string>>, env: Env): Command {
  const pairs = Object.entries(images).map(([target, image]) => `${target}=${image}`);
  return program('upload', [tag, ...pairs], { env });
}

/** @param tags `name:tag` → `name@digest` of what the registry has already */
export function tag(tags: Readonly<Record<string, string>>, env: Env): Command {
  return program(
    'tag',
    Object.entries(tags).map(([name, image]) => `${name}=${image}`),
    { env },
  );
}

/** @param images `name@digest` of what was built for it, the name alone of what was not */
export const discard = (tag: string, images: readonly string[]): Command => program('discard', [tag, ...images]);
