import { describe, expect, it } from 'vitest';
import { releaseOf, stateOf } from '../../fixtures/builders.ts';
import type { StepReport } from '../../src/model/report.ts';
import { whatIsThere } from '../../src/plan/after.ts';
import { switchPlan } from '../../src/plan/deploy.ts';

const step = (stage: string, host: string, outcome: StepReport['outcome'] = 'done'): StepReport => ({
  stage,
  host,
  title: 'x',
  outcome,
  seconds: 1,
});
const states = [stateOf({ host: 'web1', current: 'r1' }), stateOf({ host: 'web2', current: 'r1' })];

describe('what a failed switch has left', () => {
  it('is told for each host by the steps that it came to', () => {
    const steps = [
      step('Migrate', 'web1'),
      step('Recreate', 'web1'),
      step('Recreate', 'web2'),
      step('Recreate', 'web2', 'failed'),
    ];
    expect(whatIsThere(steps, states, 'r2')).toEqual([
      { host: 'web1', containers: 'new', current: 'r1' },
      { host: 'web2', containers: 'mixed', current: 'r1' },
    ]);
  });

  it('is what was there, where it came to none', () => {
    expect(whatIsThere([step('Migrate', 'web1', 'failed')], states, 'r2').map(({ containers }) => containers)).toEqual([
      'untouched',
      'untouched',
    ]);
  });

  it('is another current release where that was reached', () => {
    const steps = [
      step('Recreate', 'web1'),
      step('Recreate', 'web2'),
      step('Finish', 'web1'),
      step('Finish', 'web2', 'failed'),
    ];
    expect(whatIsThere(steps, states, 'r2').map(({ current }) => current)).toEqual(['r2', 'r1']);
  });

  it('goes by the names of stages that there are', () => {
    const switches = [{ host: 'web1', root: '/opt/shop', login: undefined, changes: [] }];
    const health = { url: undefined, timeoutSeconds: 9 };
    const plan = switchPlan({ switches, release: releaseOf(), places: false, migrate: undefined, health });
    const steps = plan.stages.map(({ name }) => step(name, 'web1'));
    expect(whatIsThere(steps, states, 'r2')[0]).toEqual({ host: 'web1', containers: 'new', current: 'r2' });
  });
});
