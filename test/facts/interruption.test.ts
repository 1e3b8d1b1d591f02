import { describe, expect, it } from 'vitest';
import { changesOn, switchOf } from '../../fixtures/builders.ts';
import { interrupted } from '../../src/facts/interruption.ts';
import type { ServiceChange } from '../../src/model/changes.ts';
import { downtimeLines, headline } from '../../src/report/forecast.ts';

const change = (
  service: string,
  action: ServiceChange['action'],
  more: Partial<ServiceChange> = {},
): ServiceChange => ({
  service,
  action,
  reasons: [],
  ...more,
});
const plan = (...changes: readonly ServiceChange[]) => switchOf({ hosts: [changesOn('web1', changes)] });

describe('what a switch interrupts', () => {
  it.each<readonly [string, readonly ServiceChange[], readonly string[], string]>([
    [
      'nothing where every service rolls, stays or is new',
      [change('web', 'roll'), change('db', 'keep'), change('api', 'create'), change('worker', 'scale')],
      [],
      '1 service rolled, 1 created, 1 scaled, 1 kept, no downtime',
    ],
    [
      'what is recreated beside one that rolls',
      [change('web', 'roll'), change('app', 'recreate', { obstacles: [{ kind: 'opted-out' }] })],
      ['app'],
      '1 service recreated, 1 rolled',
    ],
    [
      'what is restarted or recreated',
      [change('web', 'recreate'), change('nginx', 'restart')],
      ['web', 'nginx'],
      '1 service recreated, 1 restarted',
    ],
    [
      'nothing where a service runs once, or goes for good',
      [change('init', 'recreate', { obstacles: [{ kind: 'runs-once' }] }), change('old', 'remove')],
      [],
      '1 service recreated, 1 removed, no downtime',
    ],
  ])('is %s', (_, changes, services, text) => {
    expect(interrupted(plan(...changes))).toEqual(services);
    expect(headline(plan(...changes))).toBe(text);
  });

  it('is said in words', () => {
    expect(downtimeLines(plan(change('web', 'roll')))).toEqual([]);
    expect(downtimeLines(plan(change('web', 'recreate')))).toEqual([
      'short downtime for web: it is stopped before its new container starts',
    ]);
    expect(downtimeLines(plan(change('web', 'recreate'), change('nginx', 'recreate')))).toEqual([
      'short downtime for web, nginx: each is stopped before its new container starts',
    ]);
  });
});
