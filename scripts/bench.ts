/**
 * From a commit to a healthy server, and what visitors notice meanwhile: the action beside what teams type by hand, on the
 * Korrigo example, in turns, on servers of the test bed.
 *
 *     npm run bench              three rounds, about eight minutes, into docs/performance.md
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

type Turn = Seen & { readonly seconds: number };

async function main(): Promise<void> {
  const bed = await upBed();
  try {
    const scene = await setScene(bed);
    const other = await bed.server();
    const ways = [await recipe(bed, scene, other), ours(scene, 'recreate', 'this action as it is')];
    const turns = await compare(ways, scene.repository.folder);
    const versions = await versionsOf(bed.engine.docker);
    const text = table(ways, turns, versions);
    console.log(text);
    write(text);
  } finally {
    await bed.down();
  }
}

/** Each round is one commit that changes the backend, deployed every way; the first only warms up. */
async function compare(ways: readonly Way[], folder: string): Promise<ReadonlyMap<Way, readonly Turn[]>> {
  const turns = new Map<Way, Turn[]>(ways.map((way) => [way, []]));
  const { commit } = repositoryIn(folder);
  for (let round = 0; round <= rounds; round++) {
    if (round > 0) commit({ 'backend/round.txt': `${round}\n` }, `Round ${round}`);
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      const visitor = round === 0 ? undefined : visit(`${way.url}/api/health/live/`);
      const started = performance.now();
      await way.deploy();
      const seconds = (performance.now() - started) / 1000;
      const seen = await visitor?.stop();
      if (seen === undefined) continue;
      turns.get(way)?.push({ ...seen, seconds });
      console.error(
        `round ${round}, ${way.name}: ${seconds.toFixed(1)} s, ${seen.failed} of ${seen.requests} failed, gap ${seen.gapSeconds.toFixed(1)} s`,
      );
    }
  }
  return turns;
}

function table(ways: readonly Way[], turns: ReadonlyMap<Way, readonly Turn[]>, versions: string): string {
  const of = (way: Way, pick: (turn: Turn) => number): number => median((turns.get(way) ?? []).map(pick));
  const first = ways[0];
  const ratio = (way: Way, pick: (turn: Turn) => number): string =>
    first === undefined ? '' : (of(way, pick) / of(first, pick)).toFixed(2);
  const rows = ways.map((way) => [
    way.name,
    `${of(way, ({ seconds }) => seconds).toFixed(1)} s`,
    ratio(way, ({ seconds }) => seconds),
    `${of(way, ({ gapSeconds }) => gapSeconds).toFixed(1)} s`,
    ratio(way, ({ gapSeconds }) => gapSeconds),
    `${of(way, ({ failed }) => failed)} of ${of(way, ({ requests }) => requests)}`,
    (turns.get(way) ?? []).map(({ seconds }) => seconds.toFixed(1)).join(' '),
  ]);
  const head = ['way', 'commit to healthy', 'ratio', 'longest gap', 'ratio', 'failed requests', 'each round, s'];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
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
