import { describe, expect, it } from 'vitest';
import { attemptOf, containerOf, digest, failureOf, releaseOf, reportOf } from '../../fixtures/builders.ts';
import type { HostAfter } from '../../src/model/report.ts';
import { hostLines, rollbackHint } from '../../src/report/after.ts';
import { closing } from '../../src/report/closing.ts';
import { outputs, outputValues } from '../../src/report/outputs.ts';
import { statusText } from '../../src/report/status.ts';

const status = {
  host: 'web1',
  root: '/opt/shop',
  problems: [],
  current: 'r2',
  releases: [
    { ...attemptOf({ release: 'r2', command: 'rollback', reason: 'too slow' }), current: true },
    { ...attemptOf({ release: 'r1' }), current: false },
    { ...attemptOf({ release: 'r3', outcome: 'failed' }), current: false },
    { ...attemptOf({ release: 'r4', outcome: 'started' }), current: false },
  ],
  lastAttempt: attemptOf({ release: 'r3', outcome: 'failed' }),
  lastSwitch: attemptOf({ release: 'r3', outcome: 'failed' }),
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
      reportOf({ outcome: 'failed', failures: [failureOf('web1: pull failed', { hint: 'try again' })] }),
      ['web1: pull failed', '→ try again', '✗ push, deploy failed after 61.2 s'],
    ],
    [
      'of a failure that nobody can help with',
      reportOf({ outcome: 'failed', failures: [failureOf('cancelled')] }),
      ['cancelled', '✗ push, deploy failed after 61.2 s'],
    ],
    [
      'of a cancellation',
      reportOf({ outcome: 'failed', failures: [failureOf('web1: cancelled during: pull', { kind: 'cancelled' })] }),
      ['web1: cancelled during: pull', '✗ push, deploy cancelled after 61.2 s'],
    ],
    [
      'of a failure with a long story, whose reason comes once more at the end',
      reportOf({ outcome: 'failed', failures: [failureOf('web1: web is unhealthy\nits log')] }),
      ['web1: web is unhealthy\nits log', '✗ push, deploy failed after 61.2 s: web1: web is unhealthy'],
    ],
    [
      'of a failure after a backup',
      reportOf({
        outcome: 'failed',
        failures: [failureOf('no column')],
        backup: 'web1: set 7 is whole',
      }),
      ['no column', 'backup taken before this deploy: web1: set 7 is whole', '✗ push, deploy failed after 61.2 s'],
    ],
    ['of a status', reportOf({ commands: ['status'], status: [status] }), statusText([status])],
    [
      'of a status of which a server is missing',
      reportOf({
        commands: ['status'],
        outcome: 'failed',
        status: [status],
        failures: [failureOf('web2: does not answer', { hint: 'is it up?' })],
      }),
      [...statusText([status]), '→ is it up?', '✗ status failed after 61.2 s'],
    ],
  ])('are those %s', (_, report, lines) => {
    expect(closing(report)).toEqual(lines);
  });
});

describe('after a switch that failed the last lines', () => {
  const id = releaseOf().id;
  const lines = (...after: readonly HostAfter[]) => {
    const back = rollbackHint(after, id);
    return [...hostLines(after, id), ...(back === undefined ? [] : [`→ ${back}`])];
  };
  const byName = (release: string) =>
    `\`command: rollback\` with \`to: ${release}\` in a workflow, \`dist/cli.js rollback --to ${release}\` in a terminal`;

  it('report what is on each host, and how to roll back', () => {
    expect(
      lines(
        { host: 'web1', containers: 'new', current: 'r1' },
        { host: 'web2', containers: 'mixed', current: 'r1' },
        { host: 'web3', containers: 'untouched', current: 'r1' },
      ),
    ).toEqual([
      `web1: the containers of ${id} are in place; \`current\` is still r1`,
      `web2: the switch was interrupted: containers of ${id} and of the previous release may be running; \`current\` is still r1`,
      'web3: no container was touched; `current` is still r1',
      `→ to roll back to r1: ${byName('r1')}`,
    ]);
  });

  it('name no way back where no container was touched', () => {
    expect(lines({ host: 'web1', containers: 'untouched', current: 'r1' })).toEqual([
      'web1: no container was touched; `current` is still r1',
    ]);
  });

  it('ask for a name where the hosts differ', () => {
    expect(
      lines({ host: 'web1', containers: 'new', current: id }, { host: 'web2', containers: 'new', current: 'r1' }),
    ).toEqual([
      `web1: the containers of ${id} are in place; \`current\` is that release`,
      `web2: the containers of ${id} are in place; \`current\` is still r1`,
      '→ to roll back, choose a release: `command: rollback` with `to` in a workflow, `dist/cli.js rollback --to <release>` in a terminal',
    ]);
  });

  it('of a first deploy do not promise a way back', () => {
    expect(lines({ host: 'web1', containers: 'new', current: undefined })).toEqual([
      `web1: the containers of ${id} are in place; \`current\` is not set`,
      '→ there is no release to roll back to: fix the problem and deploy again',
    ]);
  });

  it('of a return of the current release promise no particular one', () => {
    expect(lines({ host: 'web1', containers: 'new', current: id }).at(-1)).toBe(
      '→ to roll back: `command: rollback` in a workflow, `dist/cli.js rollback` in a terminal',
    );
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
      requests: '',
      title: '✅ push, deploy succeeded',
      summary: `release ${releaseOf().id}`,
      'compare-url': '',
      changes: '',
      status: '',
      drift: '',
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
      requests: '',
      title: '❌ test failed',
      summary: '',
      'compare-url': '',
      changes: '',
      status: '',
      drift: '',
    });
  });

  it('of a status are its JSON, and whether and how what runs differs', () => {
    const values = outputValues(reportOf({ status: [status, { ...status, host: 'web2', drift: [] }] }));
    expect(JSON.parse(values.status)).toMatchObject([{ host: 'web1', current: 'r2' }, { host: 'web2' }]);
    expect(values).toMatchObject({ drift: 'true', summary: 'web1: web: has no container' });
    expect(outputValues(reportOf({ status: [{ ...status, drift: [] }] }))).toMatchObject({
      drift: 'false',
      summary: '',
    });
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
        * r2  2026-02-03 04:06  succeeded  rollback by ada: too slow
          r1  2026-02-03 04:06  succeeded  deploy by ada
          r3  2026-02-03 04:06  failed  deploy by ada
          r4  2026-02-03 04:06  not finished  deploy by ada
        the last attempt failed: deploy of r3, 2026-02-03 04:06 by ada
        containers:
          shop-web-1  running (healthy)  shop-web@sha256:abcdef012345…
          shop-job-1  exited  job:1
        drift:
          web: has no container"
    `);
  });

  it('names files that a deploy would read anew', () => {
    expect(statusText([{ ...status, drift: [], changedSince: ['.env'] }]).slice(-2)).toEqual([
      '  shared/.env has changed since this release was made: the next deploy will use it',
      '  no drift: the running containers match the current release',
    ]);
  });

  const fresh = {
    host: 'web2',
    root: '/opt/shopp',
    problems: [],
    current: undefined,
    releases: [],
    lastAttempt: undefined,
    lastSwitch: undefined,
    containers: [],
    drift: [],
  };

  it('of a server to which nothing was deployed names the folder that was looked for', () => {
    expect(statusText([fresh])).toEqual(['web2: nothing has been deployed to /opt/shopp']);
    expect(statusText([{ ...fresh, lastAttempt: attemptOf({ outcome: 'failed' }) }])[0]).toBe(
      'web2: no release is current',
    );
  });

  it('of a server that does not answer is the reason, beside what the others tell', () => {
    const [first = '', ...more] = statusText([{ ...fresh, problems: ['web2: does not answer'] }, status]);
    expect([first, ...more]).toEqual(['web2: does not answer', ...statusText([status])]);
  });

  it('of a server without Docker has what is known, and the reason', () => {
    const lines = statusText([{ ...status, problems: ['web1: Docker is not responding'], drift: [] }]);
    expect([lines[0], lines.at(-1)]).toEqual(['web1: release r2', 'web1: Docker is not responding']);
    expect(lines.join()).not.toContain('no drift');
  });

  it.each([
    [
      'a refusal, which touched nothing',
      { outcome: 'failed', switched: false },
      undefined,
      ['the last attempt failed: deploy of r4, 2026-02-03 05:00 by ada (refused, nothing was touched)'],
    ],
    [
      'an attempt that has no end',
      { outcome: 'started' },
      { outcome: 'started' },
      ['the last attempt is still running, or was interrupted: deploy of r4, 2026-02-03 05:00 by ada'],
    ],
    [
      'a switch that has no end, behind a refusal',
      { outcome: 'failed', switched: false },
      { outcome: 'started', release: 'r3', time: '2026-02-03T04:00:00.000Z' },
      [
        'the last attempt failed: deploy of r4, 2026-02-03 05:00 by ada (refused, nothing was touched)',
        'the last switch is still running, or was interrupted: deploy of r3, 2026-02-03 04:00 by ada',
      ],
    ],
    ['nothing of a success', {}, {}, []],
  ] as const)('reports %s', (_, attempt, before, lines) => {
    const made = (overrides: Parameters<typeof attemptOf>[0]) =>
      attemptOf({ release: 'r4', time: '2026-02-03T05:00:00.000Z', ...overrides });
    const lastSwitch = before && made(before);
    const text = statusText([{ ...status, lastAttempt: made(attempt), lastSwitch }]);
    expect(text.filter((line) => line.startsWith('  the last'))).toEqual(lines.map((line) => `  ${line}`));
  });
});
