/**
 * Kills, cuts off, fills, stops and restarts real deploys at random moments, and checks whether the server recovers by itself.
 *
 *     npm run test:faults -- --runs 12 --seed 1
 *     npm run test:faults -- --seed 77 --runs 1 --fault "disk full"     repeats one, from its seed
 *     npm run test:faults -- --runs 300 --results runs.jsonl            appends a line to the file for each run, and
 *     npm run test:faults -- --page runs.jsonl                          writes docs/reliability.md from them
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bed, upBed } from '../bed/bed.ts';
import { closeWorld, openWorld } from '../fixtures/faults/ground.ts';
import { page, type Row, type Surroundings } from '../fixtures/faults/page.ts';
import { type FaultName, faultNames, scenarioOf, scenarioText, strategies } from '../fixtures/faults/scenario.ts';
import { runTrials } from '../fixtures/faults/trials.ts';
import { node24 } from '../fixtures/korrigo.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    runs: { type: 'string', default: '12' },
    lanes: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '600' },
    fault: { type: 'string' },
    strategy: { type: 'string', default: 'recreate' },
    results: { type: 'string' },
    page: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

const fault = faultNames.find((name) => name === values.fault);
if (values.fault !== undefined && fault === undefined) throw new Error(`--fault is one of: ${faultNames.join('; ')}`);
const strategy = strategies.find((name) => name === values.strategy);
if (strategy === undefined) throw new Error(`--strategy is one of: ${strategies.join('; ')}`);
if (values.page === undefined) await main(fault);
else writePage(values.page);

async function main(only: FaultName | undefined): Promise<void> {
  const bed = await upBed();
  try {
    await tryOut(bed, only);
  } finally {
    await bed.down();
  }
}

async function tryOut(bed: Bed, only: FaultName | undefined): Promise<void> {
  const world = await openWorld(bed, strategy);
  const surroundings: Surroundings = {
    commit: execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim(),
    date: new Date().toISOString().slice(0, 10),
    node: execFileSync(node24, ['--version'], { encoding: 'utf8' }).trim().replace('v', ''),
    strategy: world.strategy,
    ...world.programs,
  };
  const scenarios = Array.from({ length: Number(values.runs) }, (_, n) => scenarioOf(Number(values.seed) + n, only));
  const trials = await runTrials(world, scenarios, {
    lanes: Number(values.lanes),
    minutes: Number(values.minutes),
    onTrial: (trial) => show({ ...trial, surroundings }),
  });
  closeWorld(world);
  const failed = trials.filter(({ violations }) => violations.length > 0);
  console.log(`${trials.length} runs, ${failed.length} with a violation`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

function show(row: Row): void {
  const { scenario, stage, end, seconds, acknowledged, violations, log } = row;
  console.log(`${violations.length === 0 ? '✓' : '✗'} ${scenarioText(scenario)}`);
  console.log(`    hit in ${stage}; ${end} after ${seconds.toFixed(0)} s; ${acknowledged} writes`);
  for (const violation of violations) console.log(`    ${violation}`);
  if (violations.length > 0 || values.verbose) console.log(log.replace(/^/gm, '      | '));
  if (values.results) appendFileSync(values.results, `${JSON.stringify({ ...row, log: '' })}\n`);
}

function writePage(results: string): void {
  const rows: readonly Row[] = readFileSync(results, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  writeFileSync(join(import.meta.dirname, '../docs/reliability.md'), page(rows));
}
