import { type Claims, lacks, type Mount, type Neighbour, type Resource } from '../model/claims.ts';
import { type Facts, readFacts, rowsOf } from './facts.ts';

/** Reads what the `claims` program printed. */
export function readClaims(output: string): Claims {
  const facts = readFacts(output);
  const rows = (name: string): readonly (readonly string[])[] => rowsOf(facts, name);
  return {
    mounts: mountsOf(facts, 'mount'),
    published: rows('publish').flatMap(([service = '', address = '', ports = '', protocol = '']) => {
      const port = Number(ports);
      // Of a range Docker takes a port that is free.
      return Number.isInteger(port) && port > 0 ? [{ service, address: addressOf(address), port, protocol }] : [];
    }),
    containerNames: rows('named').map(([service = '', name = '']) => ({ service, name })),
    depends: rows('depends').map(([service = '', on = '', how = '']) => ({ service, on, restart: how === 'restart' })),
    attached: rows('attached').map(([service = '', network = '']) => ({ service, network })),
    networks: resourcesOf(facts, 'network'),
    addresses: rows('address').map(([service = '', network = '', address = '']) => ({ service, network, address })),
    subnets: subnetsOf(facts, 'subnet'),
    needs: rows('needs').map(([service = '', container = '']) => ({ service, container })),
    unchecked: uncheckedOf(facts),
    ignorable: unique(rows('ignorable').map(([of = '', key = '']) => ({ of, key }))),
    lacks: unique(
      rows('lacks').flatMap(([service = '', word = '', name = '']) => {
        const kind = lacks.find((known) => known === word);
        return kind === undefined ? [] : [{ service, kind, name }];
      }),
    ),
    options: unique(rows('option').map(([service = '', key = '', value = '']) => ({ service, key, value }))),
    cpus: Number(rows('cpus')[0]?.[0]) || 0,
    volumes: resourcesOf(facts, 'volume'),
    current: {
      mounts: mountsOf(facts, 'current-mount'),
      volumes: resourcesOf(facts, 'current-volume'),
      networks: resourcesOf(facts, 'current-network'),
    },
    redefined: rows('redefined').flatMap(([of = '', key = '', option = '']) =>
      of === 'networks' || of === 'volumes' ? [{ of, key, option }] : [],
    ),
    empty: rows('empty').map(([path = '']) => path),
    written: rows('written').map(([path = '']) => path),
    volumesHere: Object.fromEntries(rows('here-volume').map(([name = '', project = '']) => [name, project])),
    networksHere: Object.fromEntries(
      rows('here-network').map(([name = '', project = '', key = '']) => [name, { project, key }]),
    ),
    subnetsHere: subnetsOf(facts, 'here-subnet'),
    neighbours: rows('container').map(readNeighbour),
    listening: rows('listening').flatMap(([socket = '']) => readSocket(socket) ?? []),
    proxied: rows('proxied').map(([port]) => Number(port)),
  };
}

const unique = <T>(values: readonly T[]): readonly T[] =>
  values.filter((value, n) => values.findIndex((other) => JSON.stringify(other) === JSON.stringify(value)) === n);

const mountsOf = (facts: Facts, name: string): readonly Mount[] =>
  rowsOf(facts, name).map(([service = '', kind = '', source = '', target = '', mode = '']) => ({
    service,
    kind,
    source,
    target: folderOf(target),
    writable: mode === 'rw',
  }));

/** Also what `pull` printed of them. */
export const uncheckedOf = (facts: Facts): Claims['unchecked'] =>
  rowsOf(facts, 'unchecked').map(([service = '', by = '', off = '']) => ({ service, by, off: off !== '' }));

const subnetsOf = (facts: Facts, name: string): Claims['subnets'] =>
  rowsOf(facts, name).map(([network = '', subnet = '']) => ({ network, subnet }));

/** `/data/` is `/data`. */
export const folderOf = (path: string): string => path.replace(/(?<=.)\/+$/, '');

const resourcesOf = (facts: Facts, name: string): readonly Resource[] =>
  rowsOf(facts, name).map(([key = '', called = '', owner = '']) => ({
    key,
    name: called,
    external: owner === 'external',
  }));

function readNeighbour([
  name = '',
  project = '',
  service = '',
  folder = '',
  _state,
  ports = '',
]: readonly string[]): Neighbour {
  return { name, project, service, folder, published: ports.split(', ').flatMap(readPorts) };
}

/** `0.0.0.0:8000-8002->80-82/tcp`, as `docker ps` writes it; what is not published has no arrow. */
function readPorts(text: string): Neighbour['published'] {
  const [, address = '', first = '', last = first, protocol = ''] =
    /^(?:\[?(.*?)\]?):(\d+)(?:-(\d+))?->.*\/(\w+)$/.exec(text) ?? [];
  const count = Number(last) - Number(first) + 1;
  if (first === '' || count < 1) return [];
  return Array.from({ length: count }, (_, n) => ({ address: addressOf(address), port: Number(first) + n, protocol }));
}

const everywhere = ['', '-', '0.0.0.0', '::', '[::]'];
const addressOf = (text: string): string => (everywhere.includes(text) ? '' : text);

/** `0100007F:1F90`, as the kernel writes it: the address in the order of the machine's bytes, four by four. */
function readSocket(text: string): Claims['listening'][number] | undefined {
  const [, address = '', port = ''] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text) ?? [];
  if (port === '') return undefined;
  const words = address.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse());
  return { address: bytes.every((byte) => byte === '00') ? '' : ipOf(bytes), port: Number.parseInt(port, 16) };
}

function ipOf(bytes: readonly string[]): string {
  const decimal = (part: readonly string[]): string => part.map((byte) => Number.parseInt(byte, 16)).join('.');
  if (bytes.length === 4) return decimal(bytes);
  // An IPv4 address in an IPv6 socket.
  if (bytes.slice(0, 12).join('') === '00000000000000000000FFFF') return decimal(bytes.slice(12));
  return bytes
    .join('')
    .toLowerCase()
    .replaceAll(/(.{4})(?!$)/g, '$1:');
}
