import { basename } from 'node:path/posix';
import type { DataChange } from '../model/changes.ts';
import type { Claims, Neighbour, Published, Resource, Unchecked } from '../model/claims.ts';
import { addressProblems, ownNames } from './addresses.ts';
import { lackProblems, mountProblems, type Versions } from './lacks.ts';
import { optionProblems } from './options.ts';
import { ownPorts } from './ports.ts';
import { overlap } from './subnets.ts';

type Facts = {
  readonly host: string;
  readonly project: string;
  readonly claims: Claims;
  /** How many containers a service should have, if not one. */
  readonly replicas?: Readonly<Record<string, number>>;
  readonly versions?: Versions;
};

/** What a release needs on a server but cannot get there: one sentence each, saying what has it now. */
export function claimProblems({ host, project, claims, replicas = {}, versions = {} }: Facts): readonly string[] {
  const others = claims.neighbours.filter((neighbour) => neighbour.project !== project);
  return [
    ...missingExternals(claims),
    ...claims.networks.flatMap((network) => networkProblem(network, claims) ?? subnetProblem(network, claims) ?? []),
    ...missingContainers(project, claims),
    ...claims.unchecked.map(uncheckedProblem),
    ...lackProblems(claims, versions),
    ...mountProblems(claims, versions),
    ...optionProblems(claims, replicas),
    ...addressProblems(claims),
    ...ownNames(claims, replicas),
    ...ownPorts(claims, replicas),
    ...claims.published.flatMap((wanted) => portProblem(wanted, others, claims) ?? []),
    ...claims.containerNames.flatMap(({ service, name }) => {
      const holder = others.find((other) => other.name === name);
      return holder === undefined
        ? []
        : [
            `the container name ${name} (service ${service}) is taken by ${holderText(holder)}: remove that container, or change container_name`,
          ];
    }),
  ].map((problem) => `${host}: ${problem}`);
}

function missingExternals({
  networks,
  volumes,
  networksHere,
  volumesHere,
  attached,
  mounts,
}: Claims): readonly string[] {
  const missing = (
    resources: readonly Resource[],
    here: Readonly<Record<string, unknown>>,
    isUsed: (key: string) => boolean,
  ) => resources.filter(({ key, name, external }) => external && isUsed(key) && !Object.hasOwn(here, name));
  // Every engine has networks: without any, they could not be listed.
  if (Object.keys(networksHere).length === 0) return [];
  return [
    ...missing(networks, networksHere, (key) => attached.some(({ network }) => network === key)).map(
      ({ name }) => `the external network ${name} does not exist: create it with \`docker network create ${name}\``,
    ),
    ...missing(volumes, volumesHere, (key) =>
      mounts.some(({ kind, source }) => kind === 'volume' && source === key),
    ).map(
      ({ name }) =>
        `the external volume ${name} does not exist: create it with \`docker volume create ${name}\` and restore its data if it had any`,
    ),
  ];
}

/** Compose treats a network of that name as its own only if it was created under the same key. */
function networkProblem({ key, name, external }: Resource, { networksHere }: Claims): string | undefined {
  const here = Object.hasOwn(networksHere, name) ? networksHere[name] : undefined;
  if (external || here === undefined || here.key === key) return undefined;
  const maker =
    here.project === '' ? 'was not created by Compose' : `belongs to project ${here.project}, as "${here.key}"`;
  return `the network ${name} (${key}) ${maker}: declare it \`external: true\` to use it, or give it another name`;
}

/** Docker assigns no address twice. A network of the same name is the same network, or is recreated. */
function subnetProblem({ key, name }: Resource, { attached, subnets, subnetsHere }: Claims): string | undefined {
  if (!attached.some(({ network }) => network === key)) return undefined;
  for (const { subnet } of subnets.filter(({ network }) => network === key)) {
    const taken = subnetsHere.find((here) => here.network !== name && overlap(here.subnet, subnet));
    if (taken !== undefined)
      return `the subnet ${subnet} of the network ${name} (${key}) overlaps with ${taken.subnet} of the network ${taken.network}: choose another subnet, or remove that network`;
  }
  return undefined;
}

/** The containers of this project itself are there by the time they are needed. */
function missingContainers(project: string, { needs, containerNames, neighbours }: Claims): readonly string[] {
  const isHere = (container: string): boolean =>
    /^[0-9a-f]{12,64}$/.test(container) ||
    container.startsWith(`${project}-`) ||
    containerNames.some(({ name }) => name === container) ||
    neighbours.some(({ name }) => name === container);
  return needs
    .filter(({ container }) => !isHere(container))
    .map(
      ({ service, container }) =>
        `${service} needs the container ${container}, which does not exist: start it first, or remove it from the compose file`,
    );
}

/** Compose only notices after it has replaced that service, and then gives up. */
export function uncheckedProblem({ service, by, off }: Unchecked): string {
  const why = off
    ? 'the compose file disables its healthcheck: remove that'
    : 'neither its image nor the compose file has a healthcheck: add one';
  return `${by} waits until ${service} is healthy, but ${why}, or wait with \`condition: service_started\``;
}

function portProblem(
  { service, address, port, protocol }: Published,
  others: readonly Neighbour[],
  { neighbours, listening, proxied }: Claims,
): string | undefined {
  const meets = (other: { readonly address: string; readonly port: number }): boolean =>
    other.port === port && (other.address === '' || address === '' || other.address === address);
  const what = `port ${address === '' ? '' : `${address.includes(':') ? `[${address}]` : address}:`}${port}${protocol === 'tcp' ? '' : `/${protocol}`} (service ${service})`;
  const has = ({ published }: Neighbour): boolean => published.some((own) => own.protocol === protocol && meets(own));
  const holder = others.find(has);
  if (holder !== undefined) {
    const takeOver =
      holder.project === ''
        ? ''
        : `; if that is this application under another name, set project-name to ${holder.project}, and its volumes stay with it`;
    return `${what} is taken by ${holderText(holder)}: stop that, or publish another port${takeOver}`;
  }
  if (protocol !== 'tcp' || neighbours.some(has) || !listening.some(meets)) return undefined;
  if (proxied.includes(port))
    return `${what} is still held by Docker, though no container publishes it: Docker was killed while it started one. Restart Docker on the server (\`sudo systemctl restart docker\`)`;
  return `${what} is taken by a program outside Docker: stop it (\`ss -ltnp 'sport = :${port}'\` as root shows it), or publish another port`;
}

function holderText({ name, project, folder }: Neighbour): string {
  if (project === '') return `the container ${name}`;
  return `the container ${name} of project ${project}${folder === '' ? '' : ` (in ${folder})`}`;
}

/**
 * Projects that look like this application under another name: they run from a folder with its name, or run the
 * same services. Only before the first release: later, this project has its own data.
 */
export function twins(services: readonly string[], { project, claims }: Omit<Facts, 'host'>): readonly DataChange[] {
  const others = claims.neighbours.filter((other) => other.project !== '' && other.project !== project);
  return [...new Set(others.map((other) => other.project))].flatMap((name): readonly DataChange[] => {
    const own = others.filter((other) => other.project === name);
    const folder = own.find((other) => other.folder !== '')?.folder ?? '';
    const alike = services.length > 1 && services.every((service) => own.some((other) => other.service === service));
    return basename(folder) === project || alike ? [{ kind: 'twin', project: name, folder }] : [];
  });
}
