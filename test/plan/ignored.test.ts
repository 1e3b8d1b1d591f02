import { describe, expect, it } from 'vitest';
import { changesOn, switchOf } from '../../fixtures/builders.ts';
import { ignoredKeys } from '../../src/plan/ignored.ts';
import { planLines } from '../../src/report/changes.ts';
import { hostsJson } from '../../src/report/forecast.ts';
import { forecastMarkdown } from '../../src/report/plan-markdown.ts';

const ignorable = ['post_start', 'gpus', 'networks.gw_priority', 'unheard_of'].map((key) => ({ of: 'web', key }));

describe('what a Compose reads and does nothing about', () => {
  it.each([
    ['2.26.1-4', ['post_start', 'gpus', 'networks.gw_priority']],
    ['2.29.7', ['post_start', 'gpus', 'networks.gw_priority']],
    ['v2.30.0', ['networks.gw_priority']],
    ['2.34.0', []],
    ['5.0.1', []],
    ['dev', []],
    [undefined, []],
  ])('depends on its version: %s', (compose, keys) => {
    expect(ignoredKeys({ ignorable }, compose).map(({ key }) => key)).toEqual(keys);
  });

  it('is in the plan, wherever that is shown', () => {
    const ignored = ignoredKeys({ ignorable: ignorable.slice(0, 1) }, '2.26.1');
    const plan = switchOf({ hosts: [changesOn('web1', [], { ignored })] });
    const text =
      'Docker Compose 2.26.1 on this server silently ignores post_start of web; 2.30.0 is the first version that supports it: update the Compose plugin there, or remove the key';
    expect(planLines(plan)).toContain(`  ! ${text}`);
    expect(hostsJson(plan)).toMatchObject([{ ignored: [{ of: 'web', key: 'post_start', text }] }]);
    const markdown = forecastMarkdown({ plan, problems: [], notes: [] });
    expect(markdown).toContain('silently ignores post');
  });
});
