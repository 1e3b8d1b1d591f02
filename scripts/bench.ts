/**
 * From a commit to a healthy server, and what visitors notice meanwhile: the action beside what teams type by hand, on the
 * Korrigo example, in turns, on servers of the test bed.
 *
 *     npm run bench              three rounds, about fifteen minutes, into docs/performance.md
 *     npm run bench -- 5         rounds
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { upBed } from '../bed/bed.ts';
import { output } from '../bed/process.ts';
import { setScene } from '../fixtures/example/story.ts';
import { repositoryIn } from '../fixtures/repository.ts';
import { type Seen, visit } from './bench/site.ts';
import { ours, recipe, type Way } from './bench/ways.ts';

const rounds = Number(process.argv[2] ?? 3);
const page = join(import.meta.dirname, '../docs/performance.md');

type Turn = Seen & Readonly<Record<'seconds' | 'deploySeconds' | 'againSeconds' | 'backSeconds', number>>;

async function main(): Promise<void> {
  const bed = await upBed();
  try {
    const scene = await setScene(bed);
    const second = await setScene(bed, 'korrigo-rolling');
    const ways = [
      await recipe(bed, scene, await bed.server()),
      ours(scene, 'recreate', 'this action as it is'),
      ours(second, 'rolling', 'the same with `strategy: rolling`', { strategy: 'rolling' }),
    ];
    const turns = await compare(ways);
    const versions = await versionsOf(bed.engine.docker);
    const text = [table(ways, turns, versions), parts(ways, turns)].join('\n\n');
    console.log(text);
    write(text);
  } finally {
    await bed.down();
  }
}

/**
 * Each round is one commit that changes the backend, deployed every way; the first only warms up. Then it is deployed once
 * more, and taken back.
 */
async function compare(ways: readonly Way[]): Promise<ReadonlyMap<Way, readonly Turn[]>> {
  const turns = new Map<Way, Turn[]>(ways.map((way) => [way, []]));
  const folders = [...new Set(ways.map(({ folder }) => folder))];
  for (let round = 0; round <= rounds; round++) {
    if (round > 0)
      for (const folder of folders)
        repositoryIn(folder).commit({ 'backend/round.txt': `${round}\n` }, `Round ${round}`);
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
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

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

type Pick = (turn: Turn) => number;
type Turns = ReadonlyMap<Way, readonly Turn[]>;

const of = (turns: Turns, way: Way, pick: Pick): number => median((turns.get(way) ?? []).map(pick));
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Median, and how many times that of the first way it is. */
function measured(ways: readonly Way[], turns: Turns, way: Way, pick: Pick): readonly string[] {
  const [first] = ways;
  const ratio = first === undefined ? '' : (of(turns, way, pick) / of(turns, first, pick)).toFixed(2);
  return [`${of(turns, way, pick).toFixed(1)} s`, ratio];
}

function table(ways: readonly Way[], turns: Turns, versions: string): string {
  const rows = ways.map((way) => [
    way.name,
    ...measured(ways, turns, way, ({ seconds }) => seconds),
    ...measured(ways, turns, way, ({ gapSeconds }) => gapSeconds),
    `${of(turns, way, ({ failed }) => failed)} of ${of(turns, way, ({ requests }) => requests)}`,
    (turns.get(way) ?? []).map(({ seconds }) => seconds.toFixed(1)).join(' '),
  ]);
  const head = ['way', 'commit to healthy', 'ratio', 'longest gap', 'ratio', 'failed requests', 'each round, s'];
  return [
    `${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds`}. ${versions}.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
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
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
    '',
    '- *deploy alone*: from the pushed images to healthy containers; typed, the commands over SSH.',
    '- *nothing changed*: the same release once more; typed, a bare `up --detach`.',
    '- *back*: `rollback` until everything is healthy; typed, the same containers started anew, for the recipe has no way back.',
  ].join('\n');
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[Math.floor(index)] ?? 0;
  return (at((sorted.length - 1) / 2) + at(sorted.length / 2)) / 2;
}

async function versionsOf(docker: (...args: string[]) => Promise<string>): Promise<string> {
  const engine = await docker('version', '--format', '{{.Server.Version}}');
  const compose = await docker('compose', 'version', '--short');
  const kernel = await output(['uname', '-r']);
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  return `Docker Engine ${engine}, Compose ${compose}, Linux ${kernel}, ${cpus().length} processors, load ${load} at the end`;
}

const [begin, end] = ['<!-- bench: begin -->', '<!-- bench: end -->'];

/** Puts the table between its marks. */
function write(text: string): void {
  const [before = '', rest = ''] = readFileSync(page, 'utf8').split(begin);
  const [, after = ''] = rest.split(end);
  writeFileSync(page, `${before}${begin}\n${text}\n${end}${after}`);
}

await main();
