import { describe, expect, it } from 'vitest';
import { factsOf } from '../../fixtures/builders.ts';
import { longestDowntime, stepAt } from '../../src/facts/downtime.ts';
import { readProbed } from '../../src/facts/probed.ts';

/** Booted at the second 1000 of 1970; rows of kind, from, to, count and answer. */
const found = (...rows: readonly string[]) =>
  readProbed('web1', factsOf(...rows.map((row) => ['row', ...row.split(' ')])), 1_000_000);

describe('the requests of a server', () => {
  it('that were all answered are counted', () => {
    expect(found('good 100 200 10 200', 'good 210 900 70 204')).toEqual({
      host: 'web1',
      kind: 'counted',
      requests: 80,
      failed: 0,
      outages: [],
      up: true,
    });
  });

  it('that failed tell from the first of them to the next good one, however many rows it took', () => {
    const rows = ['good 100 200 10 200', 'bad 210 900 100 000', 'bad 910 1200 40 503', 'good 1210 1300 10 200'];
    expect(found(...rows, 'bad 1310 1310 1 000', 'good 1325 1400 8 200')).toMatchObject({
      requests: 169,
      failed: 141,
      outages: [
        { started: 1_002_100, seconds: 10, failed: 140, answer: 'HTTP 503' },
        { started: 1_013_100, seconds: 0.15, failed: 1, answer: 'no answer' },
      ],
      up: true,
    });
  });

  it('that fail to the end are an outage to the end', () => {
    expect(found('good 100 200 10 200', 'bad 210 900 60 502')).toMatchObject({
      outages: [{ seconds: 6.9 }],
      up: false,
    });
  });

  it.each([
    ['failed from the start', ['bad 100 200 10 404', 'good 210 300 10 200'], 'HTTP 404'],
    ['never came', [], 'no answer'],
  ])('are not counted where they %s', (_, rows, answer) => {
    expect(found(...rows)).toEqual({ host: 'web1', kind: 'not-up-before', answer });
  });
});

describe('the longest downtime', () => {
  const health = { probes: 9, failed: 1, longestGapSeconds: 4, up: true };
  const [calm, hurt] = [found('good 1 2 1 200'), found('good 1 2 1 200', 'bad 100 200 9 000', 'good 250 300 1 200')];

  it.each([
    ['of health-url where nothing else was asked', { downtime: health }, { seconds: 4 }],
    ['of the server that had more of it', { downtime: health, probed: [calm, hurt] }, { host: 'web1', seconds: 1.5 }],
    ['none where every request was answered', { downtime: health, probed: [calm] }, { host: 'web1', seconds: 0 }],
    ['not known where nothing answered before', { downtime: 'not-up-before' as const, probed: [found()] }, undefined],
    ['not known where nothing was asked', {}, undefined],
  ])('is %s', (_, known, longest) => {
    expect(longestDowntime(known)).toEqual(longest);
  });
});

describe('the step of an outage', () => {
  const step = (host: string, id: string, started: number) =>
    ({ stage: 'Roll', host, id, title: id, changes: true, outcome: 'done', seconds: 1, started }) as const;
  const steps = [step('web1', 'roll-web', 1000), step('web2', 'other', 2000), step('web1', 'retire-web', 3000)];
  const outage = (started: number) => ({ started, seconds: 1, failed: 1, answer: 'no answer' });

  it.each([
    ['the one of its host that had begun', 2500, 'roll-web'],
    ['the last one of those', 3000, 'retire-web'],
    ['none before the first', 999, undefined],
  ])('is %s', (_, started, id) => {
    expect(stepAt(steps, 'web1', outage(started))?.id).toBe(id);
  });
});
