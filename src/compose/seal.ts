import type { Release } from '../model/release.ts';
import type { Environment } from '../model/surroundings.ts';
import type { ComposeModel } from './model.ts';
import type { Item } from './ship.ts';
import type { Sources } from './sources.ts';

/** Holds the values of configs and secrets that come from the environment, until they are written down. */
const givenKey = 'x-korrigo-environment';

/** The last compose file of a release: every image by digest, nothing to build, no profile left to choose. */
export function pinsFile({ services, fromEnvironment }: Pinned, release: Release): string {
  const rows = services.map((service) => {
    const image = release.images[service];
    const pin = image === undefined ? '' : `image: ${JSON.stringify(image)}, build: !reset null, `;
    return `  ${JSON.stringify(service)}: {${pin}profiles: !reset []}`;
  });
  const given = fromEnvironment.map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify(`\${${name}}`)}\n`);
  const values = given.length === 0 ? '' : `${givenKey}:\n${given.join('')}`;
  return `name: ${JSON.stringify(release.project)}\nservices:\n${rows.join('\n')}\n${values}`;
}

type Pinned = Pick<ComposeModel, 'services' | 'fromEnvironment'>;

/** The table of `seal.awk`: an image of a volume or a hook, tab, the same by digest. */
export function imagesTable({ otherImages }: ComposeModel, { images }: Release): string {
  const rows = Object.entries(otherImages).flatMap(([use, image]) => {
    const pinned = images[use];
    return pinned === undefined ? [] : [`${image}\t${pinned}\n`];
  });
  return [...new Set(rows)].join('');
}

/**
 * The last compose file on the runner: no env_file and no label_file, since those of the server are not there. Compose tells the paths of
 * those that are named with a variable.
 */
export function runnerOverride({ services, envFiles, labelFiles }: Overridden): string {
  // A Compose that does not know label_file would refuse it.
  const labels = labelFiles.length === 0 ? '' : ', label_file: !reset []';
  const rows = services.map((service) => `  ${JSON.stringify(service)}: {env_file: !reset []${labels}}`);
  const named = [...envFiles, ...labelFiles].filter((path) => path.includes('$'));
  return `${rows.length === 0 ? 'services: {}' : `services:\n${rows.join('\n')}`}\nx-env-files: ${JSON.stringify(named)}\n`;
}

type Overridden = Pick<Sources, 'services' | 'envFiles' | 'labelFiles'>;

/**
 * Variables of the release with the lowest precedence on the server: what `image:` needs has the runner's value where it
 * has one (else an env file of an include may have it, which counts less than this), what only `build:` needs is left empty (a token for a build has no business there), and the commit is always known.
 */
export function releaseEnv(
  { image, build, elsewhere }: Sources['variables'],
  env: Environment,
  release: Release,
): string {
  const values = new Map<string, string>();
  for (const name of build) if (!elsewhere.includes(name)) values.set(name, 'only-at-build');
  for (const name of image) {
    const value = env[name];
    if (value !== undefined) values.set(name, value);
  }
  values.set('RELEASE_COMMIT', release.commit);
  return [...values]
    .map(([name, value]) => `${name}="${value.replaceAll(/[\\"$]/g, '\\$&').replaceAll('\r', '\\r')}"\n`)
    .join('');
}

/** The table of `moved.awk`: a path of the repository, tab, its place on the server. */
export function pathsTable(items: readonly Item[], root: string): string {
  return items.map(({ path, place }) => `${path}\t${root}/${place}\n`).join('');
}
