import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changesOn, failureOf, intentOf, releaseOf, reportOf, switchOf } from '../../fixtures/builders.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ByHand } from '../../src/model/by-hand.ts';
import type { Report, Undone } from '../../src/model/report.ts';
import type { HostStatus } from '../../src/model/state.ts';
import { afterwards } from '../../src/report/after.ts';
import { summary } from '../../src/report/summary.ts';
import { refusal } from '../../src/report/what-failed.ts';

const step = {
  stage: 'Pull',
  host: 'web1',
  id: 'pull',
  changes: false,
  title: 'pull 2 images',
  outcome: 'done',
  seconds: 3.04,
} as const;

const hostStatus: HostStatus = {
  ...{ host: 'web1', root: '/opt/shop', problems: [], current: 'r1', releases: [], containers: [] },
  ...{ lastAttempt: undefined, lastSwitch: undefined },
  drift: ['web: is gone'],
};

describe('the summary', () => {
  it('of a deploy tells what happened, to which services, and how long it took', () => {
    const report = reportOf({
      release: releaseOf(),
      previousRelease: '20260202-040506-badc0ffee012',
      steps: [step],
      plan: switchOf({
        hosts: [
          changesOn('web1', [
            {
              service: 'web',
              action: 'recreate',
              reasons: [{ kind: 'image' }, { kind: 'environment', name: 'DEBUG' }],
            },
            { service: 'cache', action: 'keep', reasons: [] },
          ]),
        ],
      }),
      url: 'https://shop.example.com',
      downtime: { probes: 9, failed: 2, longestGapSeconds: 1.25, up: true },
    });
    expect(summary(report)).toMatchInlineSnapshot(`
      "## ✅ push, deploy succeeded

      Release \`20260203-040506-c0ffee012345\` · previous: \`20260202-040506-badc0ffee012\` · took 61 s · downtime 1.3 s · https://shop.example.com

      **Live now**
      - web1: \`20260203-040506-c0ffee012345\`

      <details><summary>Roll back</summary>

      Run your rollback workflow with \`to: 20260202-040506-badc0ffee012\`, or in a terminal:

      \`\`\`sh
      node ../deploy-action/dist/cli.js rollback --to 20260202-040506-badc0ffee012 --project-name shop \\
        --hosts web1 --ssh-key @~/.ssh/deploy_key --known-hosts @~/.ssh/known_hosts
      \`\`\`

      </details>

      ### \`web1\`

      | service | action | why |
      | --- | --- | --- |
      | web | recreate | image, environment DEBUG |
      | cache | keep |  |

      <details><summary>Images</summary>

      | service | image |
      | --- | --- |
      | web | \`registry.example.com/shop-web@sha256:1000000000000000000000000000000000000000000000000000000000000000\` |

      </details>

      <details><summary>Steps</summary>

      | stage | host | step | outcome | time |
      | --- | --- | --- | --- | --- |
      | Pull | web1 | pull 2 images | done | 3.0 s |

      </details>"
    `);
  });

  it('of a failure tells the reason and what to do', () => {
    const failure = failureOf('web1: web is unhealthy\nits log:\n  no ```database```', { hint: 'look at the log' });
    expect(summary(reportOf({ outcome: 'failed', failures: [failure] }))).toMatchInlineSnapshot(`
      "## ❌ push, deploy failed

      Took 61 s · no running container was touched

      **What failed**

      \`\`\`\`text
      web1: web is unhealthy
      its log:
        no \`\`\`database\`\`\`
      \`\`\`\`

      **What to do:** look at the log"
    `);
  });

  it('says how many build steps came from the cache, where something was built', () => {
    expect(summary(reportOf({ buildCache: { steps: 14, cached: 11 } }))).toContain(' · build cache: 11 of 14 steps');
    expect(summary(reportOf({ buildCache: { steps: 0, cached: 0 } }))).not.toContain('cache');
  });

  it('sends nobody to the log of a container that the rollback has replaced', () => {
    const hint = 'For the full log, run `docker logs shop-web-1` on web1.';
    const failures = [failureOf('web1: web is unhealthy', { kind: 'health', host: 'web1', service: 'web', hint })];
    const text = (outcome: 'rolled-back' | 'rollback-failed'): string =>
      summary(reportOf({ outcome, failures, plan: switchOf({}), undone: [{ host: 'web1', outcome }] }));
    expect(text('rollback-failed')).toContain(`**What to do:** ${hint}\n`);
    expect(text('rolled-back')).toContain('**What to do:** The rollback replaced that container, ');
    expect(text('rolled-back')).not.toContain('docker logs');
  });

  it('does not say that nothing ran before, where something did', () => {
    const text = (
      action: 'recreate' | 'create',
      byHand?: ByHand,
      outcome: Undone['outcome'] = 'rolled-back',
    ): string => {
      const undone = [{ host: 'web1', outcome }];
      const plan = switchOf({ hosts: [changesOn('web1', [{ service: 'web', action, reasons: [] }], { byHand })] });
      return afterwards(reportOf({ outcome: 'rolled-back', failures: [failureOf('x')], plan, undone })).lines.join();
    };
    expect(text('create', undefined, 'rollback-failed')).toBe(
      'web1: the rollback failed; containers of this release may be running',
    );
    expect(text('create')).toBe('web1: rolled back, nothing is running, as before this first deploy');
    expect(text('recreate')).toContain('the containers from before belonged to no release, so they were removed');
    const byHand = { folder: '/srv/shop', options: [], changed: [] };
    const again = 'web1: rolled back, what ran before from /srv/shop is running again';
    expect(text('recreate', byHand)).toBe(again);
    expect(text('recreate', { ...byHand, changed: ['web'] })).toBe(`${again}, but web may not be the same`);
  });

  it('of a switch that failed tells what is there now, and calls a plan a plan', () => {
    const text = summary(
      reportOf({
        outcome: 'failed',
        release: releaseOf(),
        failures: [failureOf('web1: web is unhealthy')],
        plan: switchOf({
          hosts: [
            changesOn('web1', [{ service: 'web', action: 'recreate', reasons: [{ kind: 'image' }] }], { from: 'r1' }),
          ],
        }),
        steps: [
          { ...step, id: 'begin' },
          { ...step, id: 'up', changes: true },
        ],
      }),
    );
    expect(text.split('\n\n<details>')[0]).toMatchInlineSnapshot(`
      "## ❌ push, deploy failed

      Release \`20260203-040506-c0ffee012345\` · took 61 s

      **What is there now**
      - web1: the containers of 20260203-040506-c0ffee012345 are in place; \`current\` is still r1

      **What failed**

      web1: web is unhealthy

      **Next:** to roll back to r1: \`command: rollback\` with \`to: r1\` in a workflow, \`dist/cli.js rollback --to r1\` in a terminal

      ### \`web1\`: what was planned

      | service | planned | why |
      | --- | --- | --- |
      | web | recreate | image |"
    `);
  });

  it.each([
    ['the reason of a rollback', { plan: switchOf({ intent: intentOf({ reason: '# <b>' }) }) }, '\n\nReason: # &lt;b>'],
    [
      'no previous release that is the current one',
      { release: releaseOf(), previousRelease: releaseOf().id },
      '` · took',
    ],
    ['when a step was stopped', { steps: [{ ...step, outcome: 'failed', stopped: true }] }, '| stopped | 3.0 s |'],
    ['a dollar as no formula', { backup: '$a$' }, '\\$a\\$'],
    [
      'what `status` found',
      { commands: ['status'], status: [hostStatus] },
      'what runs differs from what was deployed\n\nTook 61 s\n\n```text\nweb1: release r1\n  drift:\n    web: is gone\n```',
    ],
    [
      'a cancellation as one',
      { outcome: 'failed', failures: [failureOf('local: cancelled during: build web', { kind: 'cancelled' })] },
      'touched\n\n**Cancelled**\n\nlocal: cancelled during: build web',
    ],
    [
      'problems as a list',
      { outcome: 'failed', failures: [failureOf('2 problems:\n- web1: a\n- web1: b | c', { kind: 'input' })] },
      '**What failed**\n\n- web1: a\n- web1: b \\| c',
    ],
    [
      'why a rollback failed',
      {
        outcome: 'rollback-failed',
        root: '/opt/shop',
        plan: switchOf(),
        failures: [failureOf('web1: x')],
        undone: [
          {
            host: 'web1',
            outcome: 'rollback-failed',
            failure: failureOf('web1: bring r1 back failed with exit code 14\nno such file', { kind: 'command' }),
          },
        ],
      },
      '- web1: the rollback failed: bring r1 back failed with exit code 14 (no such file); containers of both releases may be running',
    ],
  ] satisfies readonly [string, Partial<Report>, string][])('shows %s', (_, report, text) => {
    expect(summary(reportOf(report))).toContain(text);
  });

  it('of inputs that are wrong lists them', () => {
    const problems = new ConfigError(['hosts: is empty', 'strategy: "roling" is not one of recreate, rolling']);
    expect(refusal(problems.message, undefined)).toBe(
      '## ❌ nothing was started\n\n- hosts: is empty\n- strategy: "roling" is not one of recreate, rolling',
    );
  });

  it('shows servers on which the same happens together', () => {
    const change = (action: 'recreate' | 'keep') => [{ service: 'web', action, reasons: [] }] as const;
    const hosts = [
      changesOn('web1', change('recreate')),
      changesOn('web2', change('keep')),
      changesOn('web3', change('recreate')),
    ];
    const headings = summary(reportOf({ plan: switchOf({ hosts }) })).match(/^### .*$/gm);
    expect(headings).toEqual(['### `web1`, `web3`', '### `web2`']);
  });

  it.each([
    ['none', { probes: 9, failed: 0, longestGapSeconds: 0, up: true }, 'no downtime'],
    ['some', { probes: 9, failed: 1, longestGapSeconds: 0.44, up: true }, 'downtime 0.4 s'],
  ])('reports downtime: %s', (_, downtime, text) => {
    expect(summary(reportOf({ downtime }))).toContain(`61 s · ${text}`);
  });

  it('cuts what is too long for a summary', () => {
    const text = summary(reportOf({ outcome: 'failed', failures: [failureOf('x'.repeat(20_000))] }));
    expect(text).toContain(`${'x'.repeat(2000)}\n…\n`);
    expect(text.length).toBeLessThan(5_000);
    const long = failureOf(`web1: failed\n${'y'.repeat(10_000_000)}`);
    const many = summary(reportOf({ outcome: 'failed', failures: Array(500).fill(long) }));
    expect(Buffer.byteLength(many)).toBeLessThan(900_000);
    expect(many.match(/<details>/g)?.length).toBe(many.match(/<\/details>/g)?.length);
  });
});

/** The cells of each table row, as GitHub tells them apart: at every bar that no backslash precedes. */
const rowsOf = (markdown: string): readonly (readonly string[])[] =>
  markdown
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1));

/** What stands in fences, and what does not. */
function fencesOf(markdown: string): { readonly blocks: readonly string[]; readonly outside: readonly string[] } {
  const blocks: string[] = [];
  const outside: string[] = [];
  let open: { readonly fence: string; readonly lines: string[] } | undefined;
  for (const line of markdown.split('\n')) {
    const [, fence = '', rest = ''] = /^(`{3,})(\w*)$/.exec(line) ?? [];
    if (open === undefined && fence !== '') open = { fence, lines: [] };
    else if (open !== undefined && rest === '' && fence.length >= open.fence.length) {
      blocks.push(open.lines.join('\n'));
      open = undefined;
    } else if (open === undefined) outside.push(line);
    else open.lines.push(line);
  }
  expect(open).toBeUndefined();
  return { blocks, outside };
}

describe('what others printed', () => {
  const forged = fc.oneof(
    fc.constantFrom(
      '|',
      '\\',
      '\\|',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '```',
      '````',
      '</details>',
      '<script>',
      '\n| a | b |\n',
      '\n# Title\n',
      '\n---\n',
      '&lt;',
      '<!--',
    ),
    fc.string({ maxLength: 8 }),
  );
  const text = fc.array(forged, { maxLength: 6 }).map((parts) => parts.join(''));

  it('stays in its cell', () => {
    fc.assert(
      fc.property(text, text, (service, reason) => {
        const change = { service, action: 'keep', reasons: [{ kind: 'key', name: reason }] } as const;
        const plan = switchOf({ hosts: [changesOn('web1', [change])] });
        const markdown = summary(reportOf({ plan, steps: [{ ...step, title: reason }] }));
        const rows = rowsOf(markdown);
        expect(rows.map((cells) => cells.length)).toEqual([3, 3, 3, 5, 5, 5]);
        expect(markdown.split(/[\n\r]/).filter((line) => line.startsWith('#'))).toHaveLength(2);
      }),
      { numRuns: 2000 },
    );
  });

  it('stays in its fence', () => {
    fc.assert(
      fc.property(text, text, (message, hint) => {
        const markdown = summary(
          reportOf({ outcome: 'failed', failures: [failureOf(message, { hint })], steps: [step] }),
        );
        const { blocks, outside } = fencesOf(markdown);
        // One line is a paragraph.
        if (message.includes('\n')) expect(blocks[0]).toBe(message);
        expect(outside.filter((line) => line.startsWith('**What to do:** '))).toHaveLength(1);
        expect(outside.filter((line) => line.startsWith('#'))).toHaveLength(1);
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves the headings of hosts alone', () => {
    expect(summary(reportOf({ plan: switchOf({ hosts: [changesOn('web1\n# <b>x', [])] }) }))).toContain(
      '### `web1 # <b>x`\n',
    );
  });
});
