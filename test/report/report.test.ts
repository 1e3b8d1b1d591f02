import { describe, expect, it } from 'vitest';
import { closing } from '../../src/report/closing.ts';
import { outputs, outputValues } from '../../src/report/outputs.ts';
import { statusText } from '../../src/report/status.ts';
import { attemptOf, containerOf, digest, releaseOf, reportOf } from '../support/builders.ts';

const status = {
  host: 'web1',
  current: 'r2',
  releases: [
    { ...attemptOf({ release: 'r2', command: 'rollback', reason: 'too slow' }), current: true },
    { ...attemptOf({ release: 'r1' }), current: false },
  ],
  lastAttempt: attemptOf({ release: 'r3', outcome: 'failed' }),
  containers: [
    containerOf({ image: `shop-web@${digest('abcdef0123456789')}`, health: 'healthy' }),
    containerOf({ service: 'job', image: 'job:1', status: 'exited' }),
  ],
  drift: ['web: has no container'],
} as const;

describe('the last lines of a log', () => {
  it.each([
    ['of a success', reportOf(), ['✓ push, deploy succeeded in 61.2 s']],
    [
      'of a success with a release',
      reportOf({ release: releaseOf() }),
      ['✓ push, deploy succeeded in 61.2 s: release 20260203-040506-c0ffee012345'],
    ],
    [
      'of a failure',
      reportOf({ outcome: 'failed', failure: { message: 'web1: pull failed', hint: 'try again' } }),
      ['web1: pull failed', '→ try again', '✗ push, deploy failed in 61.2 s'],
    ],
    [
      'of a failure that nobody can help with',
      reportOf({ outcome: 'failed', failure: { message: 'cancelled', hint: undefined } }),
      ['cancelled', '✗ push, deploy failed in 61.2 s'],
    ],
    [
      'of a failure after a backup',
      reportOf({
        outcome: 'failed',
        failure: { message: 'no column', hint: undefined },
        backup: 'web1: set 7 is whole',
      }),
      ['no column', 'the backup from before this deploy: web1: set 7 is whole', '✗ push, deploy failed in 61.2 s'],
    ],
    ['of a status', reportOf({ commands: ['status'], status: [status] }), statusText([status])],
  ])('are those %s', (_, report, lines) => {
    expect(closing(report)).toEqual(lines);
  });
});

describe('the outputs', () => {
  it('of a deploy hold what the next job or a person needs', () => {
    const report = reportOf({
      release: releaseOf(),
      previousRelease: 'r1',
      url: 'https://shop.example.com',
      downtime: { probes: 9, failed: 1, longestGapSeconds: 1.25, up: true },
    });
    const values = outputValues(report);
    expect({ ...values, release: JSON.parse(values.release), images: JSON.parse(values.images) }).toEqual({
      release: releaseOf(),
      'release-id': releaseOf().id,
      'previous-release': 'r1',
      images: releaseOf().images,
      outcome: 'succeeded',
      url: 'https://shop.example.com',
      duration: '61.2',
      downtime: '1.3',
      status: '',
    });
  });

  it('are empty where there is nothing to tell', () => {
    expect(outputValues(reportOf({ commands: ['test'], outcome: 'failed' }))).toEqual({
      release: '',
      'release-id': '',
      'previous-release': '',
      images: '',
      outcome: 'failed',
      url: '',
      duration: '61.2',
      downtime: '',
      status: '',
    });
  });

  it('of a status are its JSON', () => {
    expect(JSON.parse(outputValues(reportOf({ status: [status] })).status)).toMatchObject([
      { host: 'web1', current: 'r2' },
    ]);
  });

  it('have a description each', () => {
    for (const description of Object.values(outputs)) expect(description).toMatch(/\.$/);
  });
});

describe('the status', () => {
  it('is told to a person', () => {
    expect(statusText([status]).join('\n')).toMatchInlineSnapshot(`
      "web1: release r2
        releases:
        * r2  2026-02-03 04:06  rollback by ada: too slow
          r1  2026-02-03 04:06  deploy by ada
        the last attempt failed: deploy of r3, 2026-02-03 04:06 by ada
        containers:
          shop-web-1  running (healthy)  shop-web@sha256:abcdef012345…
          shop-job-1  exited  job:1
        drift:
          web: has no container"
    `);
  });

  it('of a new server is short', () => {
    const fresh = { host: 'web2', current: undefined, releases: [], lastAttempt: undefined, containers: [], drift: [] };
    expect(statusText([fresh])).toEqual(['web2: nothing was deployed yet']);
  });
});
