/**
 * Kills, cuts off, fills, stops and restarts real deploys at random instants, and looks whether the server heals alone.
 *
 *     npm run test:faults -- --runs 12 --seed 1
 *     npm run test:faults -- --seed 77 --runs 1 --fault "disk full"     one again, from its seed
 */
import { parseArgs } from 'node:util';
import { upBed } from '../bed/bed.ts';
import { closeWorld, openWorld } from '../fixtures/faults/ground.ts';
import { type FaultName, faultNames, scenarioOf, scenarioText } from '../fixtures/faults/scenario.ts';
import type { Trial } from '../fixtures/faults/trial.ts';
import { runTrials } from '../fixtures/faults/trials.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    runs: { type: 'string', default: '12' },
    lanes: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '600' },
    fault: { type: 'string' },
    strategy: { type: 'string' },
    write: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const fault = faultNames.find((name) => name === values.fault);
if (values.fault !== undefined && fault === undefined) throw new Error(`--fault is one of: ${faultNames.join('; ')}`);
await main(fault);

async function main(only: FaultName | undefined): Promise<void> {
  const bed = await upBed();
  try {
    const world = await openWorld(bed, values.strategy);
    const scenarios = Array.from({ length: Number(values.runs) }, (_, n) => scenarioOf(Number(values.seed) + n, only));
    const trials = await runTrials(world, scenarios, {
      lanes: Number(values.lanes),
      minutes: Number(values.minutes),
      onTrial: show,
    });
    const failed = trials.filter(({ violations }) => violations.length > 0);
    console.log(`${trials.length} runs, ${failed.length} with a violation`);
    closeWorld(world);
    process.exitCode = failed.length === 0 ? 0 : 1;
  } finally {
    await bed.down();
  }
}

function show({ scenario, stage, end, seconds, acknowledged, violations, log }: Trial): void {
  console.log(`${violations.length === 0 ? '✓' : '✗'} ${scenarioText(scenario)}`);
  console.log(`    came in ${stage}; ${end} after ${seconds.toFixed(0)} s; ${acknowledged} writes`);
  for (const violation of violations) console.log(`    ${violation}`);
  if (violations.length > 0 || values.verbose) console.log(log.replace(/^/gm, '      | '));
}
