import { describe, expect, it } from 'vitest';
import { reportOf } from '../../fixtures/builders.ts';
import type { Outage, Probed } from '../../src/model/report.ts';
import { outputValues } from '../../src/report/outputs.ts';
import { probedLines } from '../../src/report/probed.ts';
import { summary } from '../../src/report/summary.ts';

const started = Date.parse('2026-02-03T04:05:06.12Z');
const outage = (more: Partial<Outage> = {}): Outage => ({
  started,
  seconds: 1.94,
  failed: 12,
  answer: 'HTTP 502',
  ...more,
});
const counted = (outages: readonly Outage[], up = true): Probed => ({
  host: 'web1',
  kind: 'counted',
  requests: 812,
  failed: outages.reduce((total, { failed }) => total + failed, 0),
  outages,
  up,
});
const step = {
  stage: 'Recreate',
  host: 'web1',
  id: 'up',
  title: 'recreate web, worker',
  changes: true,
  outcome: 'done',
  seconds: 4,
  started: started - 100,
} as const;
const lines = (probed: Probed) => probedLines({ probed: [probed], steps: [step] }, 'the switch');

describe('what probe found', () => {
  it.each<readonly [string, Probed, readonly string[]]>([
    ['no failure', counted([]), ['web1: 0 of 812 requests failed during the switch']],
    [
      'one time',
      counted([outage()]),
      [
        'web1: 12 of 812 requests failed during the switch',
        '  04:05:06.1 UTC, 1.9 s, 12 requests (HTTP 502), during "recreate web, worker"',
      ],
    ],
    [
      'a single request, before anything was done, without an answer to the end',
      counted([outage({ started: started - 200, failed: 1, seconds: 0.04, answer: 'no answer' })], false),
      [
        'web1: 1 of 812 requests failed during the switch, and the probe URL does not answer yet',
        '  04:05:05.9 UTC, 0.0 s, 1 request (no answer)',
      ],
    ],
    [
      'a time that the server did not say',
      counted([outage({ started: Number.NaN })]),
      ['web1: 12 of 812 requests failed during the switch', '  1.9 s, 12 requests (HTTP 502)'],
    ],
    [
      'nothing, because the URL did not answer before',
      { host: 'web1', kind: 'not-up-before', answer: 'HTTP 404' },
      ['web1: requests were not counted, the probe URL did not answer before the switch (HTTP 404)'],
    ],
  ])('reads: %s', (_, probed, text) => {
    expect(lines(probed)).toEqual(text);
  });

  it('shows the longest of many times', () => {
    const many = Array.from({ length: 12 }, (_, n) => outage({ started: started + n * 5000, seconds: n + 1 }));
    const shown = lines(counted(many));
    expect(shown).toHaveLength(12);
    expect(shown[1]).toContain('3.0 s');
    expect(shown.at(-1)).toBe('  and 2 shorter times');
  });

  it('is in the summary and the outputs', () => {
    const report = reportOf({ probed: [counted([outage()]), { ...counted([]), host: 'web2' }], steps: [step] });
    expect(summary(report)).toContain(' · downtime 1.9 s · 12 of 1624 requests failed');
    expect(summary(report)).toContain(
      '**Failed requests**\n- web1: 04:05:06.1 UTC, 1.9 s, 12 requests (HTTP 502), during "recreate web, worker"',
    );
    expect(outputValues(report)).toMatchObject({ requests: '12 of 1624 requests failed', downtime: '1.9' });
    expect(outputValues(report).summary).toContain('12 of 1624 requests failed');
    const without = reportOf({ probed: [counted([])] });
    expect(summary(without)).toContain(' · no downtime · 0 of 812 requests failed');
    expect(summary(without)).not.toContain('Failed requests');
  });
});
