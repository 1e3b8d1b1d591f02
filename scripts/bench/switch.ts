/** Where the seconds of a switch go: when each container is stopped, and when its successor runs and is healthy. */
import type { Bed, Server } from '../../bed/bed.ts';
import { setScene } from '../../fixtures/example/story.ts';
import { isRecord } from '../../src/model/release.ts';
import { script } from './by-hand.ts';
import { ours } from './ours.ts';
import { seconds, table, versionsOf } from './page.ts';
import { recipe } from './typed.ts';
import { typist } from './typist.ts';
import type { Way } from './way.ts';

type Moment = { readonly service: string; readonly what: 'stopped' | 'started' | 'healthy'; readonly at: number };
type Switch = { readonly moments: readonly Moment[]; readonly end: number };

/** The second deploy of each way, with a new backend. In seconds since everything was pushed. */
export async function whereItGoes(bed: Bed): Promise<string> {
  const [typed, action] = [await setScene(bed, 'korrigo-typed'), await setScene(bed, 'korrigo-action')];
  const ways: readonly (readonly [Way, Server])[] = [
    [recipe(await typist(bed, typed)), typed.server],
    [ours(action, 'recreate', ''), action.server],
  ];
  for (const [way] of ways) await way.deploy();
  const switches: Switch[] = [];
  for (const [way, server] of ways) {
    way.commit({ 'backend/round.txt': `${way.name}\n` }, 'Another one');
    switches.push(await watched(way, server));
  }
  const services = [...new Set(switches.flatMap(({ moments }) => moments.map(({ service }) => service)))].sort();
  const rows = [
    ['the first container is stopped', ...switches.map(({ moments }) => first(moments, 'stopped'))],
    ...services.map((service) => [service, ...switches.map(({ moments }) => story(moments, service))]),
    ['everything is healthy, and the migration has run', ...switches.map(({ end }) => seconds(end))],
  ];
  return [
    `Each service: stopped → the new one runs → healthy. ${await versionsOf(bed)}.`,
    '',
    table(['', ...ways.map(([{ name }]) => name)], rows),
  ].join('\n');
}

async function watched(way: Way, server: Server): Promise<Switch> {
  const since = String(Math.floor(Date.now() / 1000));
  const end = await way.deploy();
  const pushed = Date.now() / 1000 - end;
  const ask = 'docker events --since "$1" --until "$2" --filter type=container --format "{{json .}}"';
  const lines = await script(server, ask, since, String(Math.ceil(Date.now() / 1000)));
  return { moments: lines.split('\n').flatMap((line) => momentOf(line, pushed) ?? []), end };
}

const names: Readonly<Record<string, Moment['what']>> = {
  die: 'stopped',
  start: 'started',
  'health_status: healthy': 'healthy',
};

/** @param pushed seconds since 1970 */
function momentOf(line: string, pushed: number): Moment | undefined {
  const event: unknown = line === '' ? undefined : JSON.parse(line);
  if (!isRecord(event) || !isRecord(event['Actor']) || !isRecord(event['Actor']['Attributes'])) return undefined;
  const { 'com.docker.compose.service': service, 'com.docker.compose.oneoff': oneOff } = event['Actor']['Attributes'];
  const what = names[String(event['Action'])];
  const at = Number(event['timeNano']) / 1e9 - pushed;
  if (what === undefined || typeof service !== 'string' || oneOff === 'True' || at < 0) return undefined;
  return { service, what, at };
}

function first(moments: readonly Moment[], what: Moment['what'], service?: string): string {
  const found = moments.find((moment) => moment.what === what && (service ?? moment.service) === moment.service);
  return found === undefined ? '—' : seconds(found.at);
}

const story = (moments: readonly Moment[], service: string): string =>
  moments.some((moment) => moment.service === service)
    ? (['stopped', 'started', 'healthy'] as const).map((what) => first(moments, what, service)).join(' → ')
    : 'keeps running';
