/** Real deploys under traffic, each with a fault at an instant that its seed names: `npm run test:faults` makes more of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upBed } from '../../bed/bed.ts';
import { closeWorld, openWorld } from '../../fixtures/faults/ground.ts';
import { faultNames, scenarioOf, scenarioText } from '../../fixtures/faults/scenario.ts';
import type { Trial } from '../../fixtures/faults/trial.ts';
import { runTrials } from '../../fixtures/faults/trials.ts';

const seed = 0;
/** Docker leaves containers stopped when it is killed after the end of a deploy: here the kill comes well before that. */
const slow = scenarioOf(13, 'engine killed');
const scenarios = faultNames.map((fault, n) => (fault === slow.fault ? slow : scenarioOf(seed + n)));

describe('with nobody acting, a server is fully on one release, healthy and tidy, and has lost nothing', () => {
  let trials: readonly Trial[] = [];
  let down = async (): Promise<void> => {};

  beforeAll(async () => {
    const bed = await upBed();
    down = bed.down;
    const world = await openWorld(bed);
    trials = await runTrials(world, scenarios, { lanes: 4, minutes: 30 });
    closeWorld(world);
  });
  afterAll(async () => await down());

  it.each(scenarios.map((scenario) => [scenarioText(scenario), scenario] as const))('%s', (_, scenario) => {
    const trial = trials.find((other) => other.scenario === scenario);
    expect(trial?.violations, [...(trial?.violations ?? []), trial?.log].join('\n')).toEqual([]);
  });
});
