import type { Release } from '../model/release.ts';
import type { Environment } from '../model/surroundings.ts';
import type { Item } from './ship.ts';
import type { Sources } from './sources.ts';

/** The last compose file of a release: every image by digest, nothing to build, no profile left to choose. */
export function pinsFile(services: readonly string[], release: Release): string {
  const rows = services.map((service) => {
    const image = release.images[service];
    const pin = image === undefined ? '' : `image: ${JSON.stringify(image)}, build: !reset null, `;
    return `  ${JSON.stringify(service)}: {${pin}profiles: !reset []}`;
  });
  return `name: ${JSON.stringify(release.project)}\nservices:\n${rows.join('\n')}\n`;
}

/**
 * The last compose file on the runner: no env_file, since those of the server are not there. Compose tells the paths of
 * those that are named with a variable.
 */
export function runnerOverride({ services, envFiles }: Pick<Sources, 'services' | 'envFiles'>): string {
  const rows = services.map((service) => `  ${JSON.stringify(service)}: {env_file: !reset []}`);
  const named = envFiles.filter((path) => path.includes('$'));
  return `${rows.length === 0 ? 'services: {}' : `services:\n${rows.join('\n')}`}\nx-env-files: ${JSON.stringify(named)}\n`;
}

/**
 * Variables of the release with the lowest precedence on the server: what `image:` needs has the runner's value, what
 * only `build:` needs is left empty (a token for a build has no business there), and the commit is always known.
 */
export function releaseEnv(
  { image, build, elsewhere }: Sources['variables'],
  env: Environment,
  release: Release,
): string {
  const values = new Map<string, string>();
  for (const name of build) if (!elsewhere.includes(name)) values.set(name, 'only-at-build');
  for (const name of image) values.set(name, env[name] ?? '');
  values.set('RELEASE_COMMIT', release.commit);
  return [...values].map(([name, value]) => `${name}='${value.replaceAll("'", "\\'")}'\n`).join('');
}

/**
 * The table of `paths.awk`: a path of the repository, tab, its place on the server, each as it is and as Compose writes
 * it, with every `$` doubled, and every `'` too where it stands in quotes.
 */
export function pathsTable(items: readonly Item[], root: string): string {
  const rows = items.flatMap(({ path, place }) =>
    ways.map((write) => `${write(path)}\t${write(`${root}/${place}`)}\n`),
  );
  return [...new Set(rows)].join('');
}

const dollars = (text: string): string => text.replaceAll('$', '$$$$');
const quotes = (text: string): string => text.replaceAll("'", "''");
const ways = [(text: string) => text, dollars, quotes, (text: string) => quotes(dollars(text))];
