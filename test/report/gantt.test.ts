import { describe, expect, it } from 'vitest';
import { failureOf, intentOf, releaseOf, reportOf, switchOf } from '../../fixtures/builders.ts';
import { gantt } from '../../src/report/gantt.ts';
import { compareUrl, liveLines } from '../../src/report/live.ts';

const step = { id: 'x', title: 'x', changes: false, outcome: 'done' } as const;

describe('the chart of a run', () => {
  it('has a section for each host and a bar for each stage', () => {
    const steps = [
      { ...step, stage: 'Pull', host: 'web1', started: 1000, seconds: 2 },
      { ...step, stage: 'Pull', host: 'web1', started: 3000, seconds: 1 },
      { ...step, stage: 'Pull', host: 'web2', started: 1000, seconds: 0 },
      { ...step, stage: 'Check: the # servers;', host: 'web2', started: 4000, seconds: 1 },
      { ...step, stage: 'Pull', host: 'web2', started: 9000, seconds: 1, outcome: 'failed' } as const,
    ];
    expect(gantt(steps)).toMatchInlineSnapshot(`
      "\`\`\`mermaid
      %%{init: {"gantt": {"leftPadding": 65}}}%%
      gantt
        dateFormat x
        axisFormat %M:%S
        section ​web1
        ​Pull :0, 3000
        section ​web2
        ​Pull :0, 1
        ​Check  the   servers :3000, 4000
        ​Pull :crit, 8000, 9000
      \`\`\`"
    `);
  });

  it('is left out where nothing was timed', () => {
    expect(gantt([])).toBeUndefined();
  });
});

const before = { host: 'web1', release: 'r1', commit: 'a'.repeat(40), since: '2026-02-01T10:00:00.000Z' };

describe('what is live', () => {
  it('after a success is the release, since now', () => {
    const plan = switchOf({
      hosts: [{ host: 'web1', root: '/opt/shop', from: 'r1', to: 'r2', changes: [], data: [] }],
    });
    const report = reportOf({ plan, release: releaseOf({ id: 'r2' }), ended: '2026-02-03T04:05:06.000Z' });
    expect(liveLines(report)).toEqual(['web1: `r2` since 2026-02-03 04:05 UTC']);
  });

  it('after a failure before the switch is what was there, and since when', () => {
    const report = reportOf({ outcome: 'failed', failures: [failureOf('x')], before: [before] });
    expect(liveLines(report)).toEqual(['web1: `r1`, as before, since 2026-02-01 10:00 UTC']);
  });

  it('is not said where a switch was left half done: what is there now says it', () => {
    const steps = [{ ...step, stage: 'Recreate', host: 'web1', seconds: 1, changes: true }];
    const report = reportOf({ outcome: 'failed', failures: [failureOf('x')], before: [before], steps });
    expect(liveLines(report)).toEqual([]);
  });
});

describe('the link to what changed', () => {
  const source = 'https://github.com/acme/shop';

  it('leads from the commit that was current to the new one', () => {
    const { commit } = intentOf().release;
    const report = reportOf({ source, before: [before], release: releaseOf() });
    expect(compareUrl(report)).toBe(`${source}/compare/${before.commit}...${commit}`);
  });

  it.each([
    ['without a repository', { before: [before], release: releaseOf() }],
    ['on a first deploy', { source, release: releaseOf() }],
    ['of the same commit', { source, before: [{ ...before, commit: releaseOf().commit }], release: releaseOf() }],
  ] as const)('is not there %s', (_, facts) => {
    expect(compareUrl(reportOf(facts))).toBeUndefined();
  });
});
