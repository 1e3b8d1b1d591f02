import { describe, expect, it } from 'vitest';
import { changesOn, failureOf, reportOf, switchOf } from '../../fixtures/builders.ts';
import type { Forecast } from '../../src/model/forecast.ts';
import type { HostSwitch } from '../../src/model/switch.ts';
import { planLines } from '../../src/report/changes.ts';
import { forecastMarkdown } from '../../src/report/plan-markdown.ts';
import { summary } from '../../src/report/summary.ts';
import { title } from '../../src/report/title.ts';

const change = (action: 'recreate' | 'keep') => [{ service: 'web', action, reasons: [] }] as const;
const forecastOf = (overrides: Partial<Forecast> = {}): Forecast => {
  const from = '20260101-000000-000000000000';
  const hosts = ['web1', 'web2'].map((host) => changesOn(host, change('recreate'), { from }));
  return { plan: switchOf({ hosts }), problems: [], notes: [], ...overrides };
};

describe('a plan in a comment', () => {
  it('has one table for servers on which the same happens', () => {
    expect(forecastMarkdown(forecastOf()).match(/<summary>.*<\/summary>/g)).toEqual([
      '<summary>web1, web2: service by service</summary>',
    ]);
  });

  it('has the sum of each kind of servers where they differ', () => {
    const hosts = [...forecastOf().plan.hosts, changesOn('web3', change('keep'))];
    expect(forecastMarkdown(forecastOf({ plan: switchOf({ hosts }) })).match(/<summary>.*<\/summary>/g)).toEqual([
      '<summary>web1, web2: 1 service recreated</summary>',
      '<summary>web3: 1 service kept, no downtime</summary>',
    ]);
  });

  it('says whether containers of no release can be brought back', () => {
    const text = (action: 'recreate' | 'create', more: Partial<HostSwitch> = {}): string =>
      planLines(switchOf({ hosts: [changesOn('web1', [{ service: 'web', action, reasons: [] }], more)] })).join('\n');
    expect(text('recreate')).toContain('  ! the containers there belong to no release: if this deploy fails, they are');
    expect(text('create')).not.toContain('no release');
    const byHand = { folder: '/srv/shop', options: [], changed: [] };
    expect(text('recreate', { byHand })).toMatch(
      /is rolled back, they are started again from the compose files in \/srv\/shop$/m,
    );
    expect(text('recreate', { byHand: { ...byHand, changed: ['web'] } })).toContain('. web may not be the same then: ');
  });

  it('says once what is wrong on several servers', () => {
    const problems = ['web1: variable A is not set', 'no disk', 'web2: variable A is not set', 'web2: no Docker'];
    expect(forecastMarkdown(forecastOf({ problems }))).toMatch(/^### ⚠️ Plan: a deploy would stop: 3 problems\n/);
    expect(forecastMarkdown(forecastOf({ problems })).match(/^- .*$/gm)).toEqual([
      '- web1, web2: variable A is not set',
      '- no disk',
      '- web2: no Docker',
    ]);
  });

  it('does not say again as a failure what it says as a problem, but what to do', () => {
    const problem = 'web2: the key is not authorised';
    const text = (short: string): string =>
      summary(
        reportOf({
          commands: ['plan'],
          outcome: 'failed',
          forecast: forecastOf({ problems: [problem] }),
          failures: [failureOf(short, { hint: 'Add it.' })],
        }),
      );
    expect(text(problem).split(problem)).toHaveLength(2);
    expect(text(problem)).toContain('**What to do:** Add it.');
    expect(text('the registry is down')).toContain(
      '**What failed**\n\nthe registry is down\n\n**What to do:** Add it.',
    );
  });
});

describe('the title', () => {
  it('says of a server that is still rolling back that it is', () => {
    const undone = [{ host: 'web1', outcome: 'unfinished' }] as const;
    expect(title(reportOf({ outcome: 'failed', failures: [failureOf('x')], undone }))).toBe(
      '❌ push, deploy failed and is rolling back',
    );
  });
});
