/**
 * From a commit to a healthy server, and what visitors notice meanwhile: the action beside what teams type by hand, on the
 * Korrigo example, in turns, on servers of the test bed. The tables in docs/performance.md come from here.
 *
 *     npm run bench              three rounds, about twenty minutes
 *     npm run bench -- 5         rounds
 *     npm run bench -- switch    where the seconds of a switch go
 *     npm run bench -- empty     the first deploy of all: nothing is cached anywhere
 *     npm run bench -- far       1 GB of images for a server that is far away
 *     npm run bench -- many      200 services in one compose file
 *     npm run bench -- old       a server with 5,000 attempts in its history, and 100 releases
 */
import { type Bed, upBed } from '../bed/bed.ts';
import { type Scene, setScene } from '../fixtures/example/story.ts';
import { empty } from './bench/empty.ts';
import { far } from './bench/far.ts';
import { many } from './bench/many.ts';
import { old } from './bench/old.ts';
import { ours } from './bench/ours.ts';
import { publish, seconds, table, versionsOf } from './bench/page.ts';
import { type Seen, visit } from './bench/site.ts';
import { whereItGoes } from './bench/switch.ts';
import { recipe, rollout } from './bench/typed.ts';
import { typist } from './bench/typist.ts';
import { median, timed, type Way } from './bench/way.ts';

const [what = '3'] = process.argv.slice(2);
const rounds = Number(what);
const scenes: Readonly<Record<string, (bed: Bed) => Promise<string>>> = {
  switch: whereItGoes,
  empty,
  far,
  many,
  old,
};

type Turn = Seen & Readonly<Record<'seconds' | 'deploySeconds' | 'againSeconds' | 'backSeconds', number>>;

async function main(): Promise<void> {
  const scene = scenes[what];
  if (scene === undefined && !(rounds >= 1))
    throw new Error(`${what}: a number of rounds, or ${Object.keys(scenes).join(', ')}`);
  const bed = await upBed();
  try {
    if (scene === undefined) publish('bench', await inTurns(bed));
    else publish(`bench ${what}`, await scene(bed));
  } finally {
    await bed.down();
  }
}

async function inTurns(bed: Bed): Promise<string> {
  const scene = async (name: string): Promise<Scene> => await setScene(bed, `korrigo-${name}`);
  const rolling = { strategy: 'rolling' };
  const ways = [
    recipe(await typist(bed, await scene('recipe'))),
    rollout(await typist(bed, await scene('rollout'))),
    ours(await scene('recreate'), 'recreate', 'this action as it is'),
    ours(await scene('rolling'), 'rolling', 'the same with `strategy: rolling`', rolling),
  ];
  const turns = await compare(ways);
  return [whole(ways, turns, await versionsOf(bed)), parts(ways, turns)].join('\n\n');
}

/**
 * In each round each way deploys a commit that changes the backend and is its own: nobody finds in the cache what another one
 * has built. The first round only warms up. Then it is deployed once more, and taken back.
 */
async function compare(ways: readonly Way[]): Promise<ReadonlyMap<Way, readonly Turn[]>> {
  const turns = new Map<Way, Turn[]>(ways.map((way) => [way, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      if (round > 0) way.commit({ 'backend/round.txt': `${round} ${way.name}\n` }, `Round ${round}`);
      const visitor = round === 0 ? undefined : visit(`${way.url}/api/health/live/`);
      let deploySeconds = 0;
      const seconds = await timed(async () => {
        deploySeconds = await way.deploy();
      });
      const seen = await visitor?.stop();
      if (seen === undefined) continue;
      await way.prepare();
      const againSeconds = await timed(way.again);
      const backSeconds = await timed(way.back);
      turns.get(way)?.push({ ...seen, seconds, deploySeconds, againSeconds, backSeconds });
      console.error(
        `round ${round}, ${way.name}: ${seconds.toFixed(1)} s, ${seen.failed} of ${seen.requests} failed, gap ${seen.gapSeconds.toFixed(1)} s`,
      );
    }
  }
  return turns;
}

type Pick = (turn: Turn) => number;
type Turns = ReadonlyMap<Way, readonly Turn[]>;

const of = (turns: Turns, way: Way, pick: Pick): number => median((turns.get(way) ?? []).map(pick));

/** Median, and how many times that of the first way it is. */
function measured(ways: readonly Way[], turns: Turns, way: Way, pick: Pick): readonly string[] {
  const [first] = ways;
  const ratio = first === undefined ? '' : (of(turns, way, pick) / of(turns, first, pick)).toFixed(2);
  return [seconds(of(turns, way, pick)), ratio];
}

function whole(ways: readonly Way[], turns: Turns, versions: string): string {
  const rows = ways.map((way) => [
    way.name,
    ...measured(ways, turns, way, (turn) => turn.seconds),
    ...measured(ways, turns, way, ({ gapSeconds }) => gapSeconds),
    `${Math.round(of(turns, way, ({ failed }) => failed))} of ${Math.round(of(turns, way, ({ requests }) => requests))}`,
    (turns.get(way) ?? []).map((turn) => turn.seconds.toFixed(1)).join(' '),
  ]);
  const head = ['way', 'commit to healthy', 'ratio', 'longest gap', 'ratio', 'failed requests', 'each round, s'];
  return [
    `${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds`}. ${versions}.`,
    '',
    table(head, rows),
    '',
    ...ways.map(({ name, what }) => `- *${name}*: ${what}.`),
  ].join('\n');
}

/** What it consists of, and what else there is to wait for. */
function parts(ways: readonly Way[], turns: Turns): string {
  const rows = ways.map((way) => [
    way.name,
    ...measured(ways, turns, way, ({ deploySeconds }) => deploySeconds),
    ...measured(ways, turns, way, ({ againSeconds }) => againSeconds),
    ...measured(ways, turns, way, ({ backSeconds }) => backSeconds),
  ]);
  const head = ['way', 'deploy alone', 'ratio', 'nothing changed', 'ratio', 'back', 'ratio'];
  return [
    table(head, rows),
    '',
    '- *deploy alone*: from the pushed images to healthy containers; by hand: the commands over SSH.',
    '- *nothing changed*: the same release once more, without its migration; by hand: a bare `up --detach`.',
    '- *back*: `rollback` until everything is healthy; by hand: the old containers started again, because the recipe has no rollback.',
  ].join('\n');
}

await main();
