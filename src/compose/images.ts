import { parseRelease, type Release, releaseId } from '../model/release.ts';
import type { ComposeModel } from './model.ts';

/** `registry/app:tag@sha256:…` → `registry/app`. A port of the registry is no tag. */
export function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

/**
 * Third-party images and what uses each: services, and their volumes and hooks. One that names a built service's image
 * shares that build.
 */
export function thirdParty(model: ComposeModel): Readonly<Record<string, string>> {
  const built = Object.keys(model.builds).map((service) => model.images[service]);
  return Object.fromEntries(
    Object.entries({ ...model.images, ...model.otherImages }).filter(
      ([use, image]) => !Object.hasOwn(model.builds, use) && !built.includes(image),
    ),
  );
}

type Made = {
  readonly time: Date;
  readonly commit: string;
  readonly committedAt: string;
  readonly project: string;
  /** Built service → `name@sha256:…` */
  readonly pushed: Readonly<Record<string, string>>;
  /** What uses a third-party image → `name@sha256:…` */
  readonly pinned: Readonly<Record<string, string>>;
};

export function makeRelease(
  model: ComposeModel,
  { time, commit, committedAt, project, pushed, pinned }: Made,
): Release {
  const shared = Object.entries({ ...model.images, ...model.otherImages }).flatMap(([use, image]) => {
    const builder = Object.keys(model.builds).find((name) => model.images[name] === image);
    const digest = builder === undefined || Object.hasOwn(model.builds, use) ? undefined : pushed[builder];
    return digest === undefined ? [] : [[use, digest] as const];
  });
  const images = { ...pinned, ...Object.fromEntries(shared), ...pushed };
  const built = [
    ...Object.keys(pushed),
    ...shared.map(([use]) => use).filter((use) => Object.hasOwn(model.images, use)),
  ];
  const release = { id: releaseId(time, commit), commit, committedAt, project, images, built };
  const checked = parseRelease(JSON.stringify(release));
  if ('problem' in checked) throw new Error(`made a release that ${checked.problem}: ${JSON.stringify(release)}`);
  return checked.release;
}
