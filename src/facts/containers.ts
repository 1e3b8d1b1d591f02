import { isRecord, parseJson } from '../model/release.ts';
import type { Container } from '../model/state.ts';
import { folderOf } from './claims.ts';

type Json = Readonly<Record<string, unknown>>;

/** Reads a line of the `containers` program: a container as Docker reports it, without its environment. */
export function readContainer(line: string): Container | undefined {
  const value = parseJson(line);
  if (!isRecord(value)) return undefined;
  const labels = Array.isArray(value['labels']) ? value['labels'].map(text) : [];
  const state = recordOf(value['state']);
  const health = recordOf(state['Health']);
  const probes = Array.isArray(health['Log']) ? health['Log'].filter(isRecord) : [];
  return {
    id: text(value['id']),
    name: text(value['name']).replace(/^\//, ''),
    service: labels[0] ?? '',
    image: text(value['image']),
    configHash: labels[1] ?? '',
    oneOff: labels[2] === 'True',
    status: text(state['Status']),
    exitCode: count(state['ExitCode']),
    oomKilled: state['OOMKilled'] === true,
    startedAt: text(state['StartedAt']),
    restarts: count(value['restarts']),
    restartPolicy: text(value['policy']) || 'no',
    publishes: count(value['publishes']) > 0,
    mounts: Array.isArray(value['mounts']) ? value['mounts'].filter(isRecord).map(readMount) : [],
    networks: Array.isArray(value['networks']) ? value['networks'].map(text).filter((name) => name !== '') : [],
    networkIds: Array.isArray(value['networkIds']) ? value['networkIds'].map(text).filter((id) => id !== '') : [],
    health: healthOf(text(health['Status'])),
    healthOutput: outputOf(probes.at(-1)),
    error: text(state['Error']),
  };
}

function readMount(mount: Json): Container['mounts'][number] {
  const kind = text(mount['Type']);
  return {
    kind,
    source: text(mount[kind === 'volume' ? 'Name' : 'Source']),
    target: folderOf(text(mount['Destination'])),
    writable: mount['RW'] === true,
  };
}

const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `false` and `grep -q` fail without a word. */
function outputOf(probe: Json = {}): string {
  const code = count(probe['ExitCode']);
  return text(probe['Output']).trim() || (code === 0 ? '' : `none (exit code ${code})`);
}

function healthOf(status: string): Container['health'] {
  return status === 'healthy' || status === 'unhealthy' || status === 'starting' ? status : 'none';
}
