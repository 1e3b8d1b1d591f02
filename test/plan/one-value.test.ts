import { describe, expect, it } from 'vitest';
import { configOf, containerOf, intentOf, observedOf, resolutionOf, stateOf } from '../../fixtures/builders.ts';
import { enginePorts, fakeHost } from '../../fixtures/fakes.ts';
import { apply } from '../../src/engine/apply.ts';
import { planSwitch } from '../../src/plan/switch.ts';
import { changesTable, planLines } from '../../src/report/changes.ts';

describe('one plan of a switch', () => {
  const state = stateOf({ current: 'r1', containers: [containerOf(), containerOf({ service: 'cache' })] });
  const hashes = { web: 'hash-of-web', cache: 'another' };
  const differences = { cache: [{ kind: 'environment', name: 'SIZE' }] } as const;
  const plan = planSwitch(observedOf([state]), [resolutionOf({ hashes, differences })], intentOf(), configOf());

  it('is printed as a log', () => {
    expect(planLines(plan).join('\n')).toMatchInlineSnapshot(`
      "web1, currently r1:
        web    recreate  force-recreate: built
        cache  recreate  environment SIZE"
    `);
  });

  it('is printed as Markdown', () => {
    expect(plan.hosts.map(({ changes }) => changesTable(changes, 'action')).join('\n')).toMatchInlineSnapshot(`
      "| service | action | why |
      | --- | --- | --- |
      | web | recreate | force-recreate: built |
      | cache | recreate | environment SIZE |"
    `);
  });

  it('is executed: what it named and nothing else is recreated', async () => {
    const web1 = fakeHost('web1', ({ argv }) =>
      argv.includes('korrigo-inspect') ? { stdout: 'korrigo-facts 1\ntime\t1770100000\n', code: 1 } : {},
    );
    await apply({ stages: plan.stages.filter(({ name }) => name === 'Recreate') }, enginePorts([web1]));
    const ups = web1.ran
      .filter(({ argv }) => argv.includes('up'))
      .map(({ argv }) => argv.slice(argv.indexOf('up')).join(' '));
    expect(ups).toMatchInlineSnapshot(`
      [
        "up --detach --no-build --pull never --remove-orphans --force-recreate",
      ]
    `);
  });
});
