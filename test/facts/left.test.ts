import { describe, expect, it } from 'vitest';
import { configOf, intentOf, observedOf, releaseOf, stateOf, switchOf } from '../../fixtures/builders.ts';
import { hasBegun, whatIsThere } from '../../src/facts/left.ts';
import type { StepReport } from '../../src/model/report.ts';
import { stepIds } from '../../src/model/switch.ts';
import { planSwitch } from '../../src/plan/switch.ts';

const step = (id: string, host: string, outcome: StepReport['outcome'] = 'done'): StepReport => ({
  stage: 'x',
  host,
  id,
  title: 'x',
  changes: id === 'up',
  outcome,
  seconds: 1,
});
const hosts = ['web1', 'web2'].map((host) => ({
  host,
  root: '/opt/shop',
  from: 'r1',
  to: 'r2',
  changes: [],
  data: [],
}));
const plan = switchOf({ hosts, intent: intentOf({ release: releaseOf({ id: 'r2' }) }) });

describe('what a failed switch has left', () => {
  it('is reported for each host by the steps that it came to', () => {
    const steps = [step('migrate', 'web1'), step('up', 'web1'), step('up', 'web2'), step('up', 'web2', 'failed')];
    expect(whatIsThere(plan, steps)).toEqual([
      { host: 'web1', containers: 'new', current: 'r1' },
      { host: 'web2', containers: 'mixed', current: 'r1' },
    ]);
  });

  it('is what was there, where it came to none', () => {
    expect(whatIsThere(plan, [step('migrate', 'web1', 'failed')]).map(({ containers }) => containers)).toEqual([
      'untouched',
      'untouched',
    ]);
  });

  it('is another current release where that was reached', () => {
    const steps = [
      step('up', 'web1'),
      step('up', 'web2'),
      step(stepIds.current, 'web1'),
      step(stepIds.current, 'web2', 'failed'),
    ];
    expect(whatIsThere(plan, steps).map(({ current }) => current)).toEqual(['r2', 'r1']);
  });

  it('is only asked for after the switch began on every host', () => {
    expect(hasBegun(plan, [])).toBe(false);
    expect(hasBegun(plan, [step(stepIds.begin, 'web1'), step(stepIds.begin, 'web2', 'failed')])).toBe(false);
    expect(hasBegun(plan, [step(stepIds.begin, 'web1'), step(stepIds.begin, 'web2')])).toBe(true);
  });

  it('goes by the ids of the steps that there are', () => {
    const states = [stateOf({ host: 'web1', current: 'r1' })];
    const real = planSwitch(observedOf(states), [], intentOf(), configOf());
    const done = real.stages.flatMap(({ tasks }) =>
      tasks.flatMap(({ host, steps }) =>
        steps.map(({ id, changes = false }): StepReport => ({ ...step(id, host), changes })),
      ),
    );
    expect(hasBegun(real, done)).toBe(true);
    expect(whatIsThere(real, done)).toEqual([{ host: 'web1', containers: 'new', current: releaseOf().id }]);
  });
});
