import { expect, it } from 'vitest';
import { refFacts } from '../../src/github/surroundings.ts';

const env = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'acme/shop',
  GITHUB_RUN_ID: '7',
  GITHUB_REF_NAME: 'feature/x',
  GITHUB_ACTOR: 'ada',
  GITHUB_TRIGGERING_ACTOR: 'bob',
};
const event = JSON.stringify({ repository: { default_branch: 'trunk' } });

it('GitHub tells the branch, the repository, the run and who started it', () => {
  expect(refFacts(env, event)).toEqual({
    ref: 'feature/x',
    defaultBranch: 'trunk',
    source: 'https://github.com/acme/shop',
    actor: 'bob',
    run: 'https://github.com/acme/shop/actions/runs/7',
  });
});

it('a pull request goes by the name of its branch', () => {
  expect(refFacts({ ...env, GITHUB_REF_NAME: '12/merge', GITHUB_HEAD_REF: 'fix' }, event).ref).toBe('fix');
});

it.each([
  ['no event', ''],
  ['an event that is no JSON', '{'],
  ['an event without a repository', '{"repository": null}'],
  ['a repository without a default branch', '{"repository": {"default_branch": 7}}'],
])('nothing is made up from %s', (_, text) => {
  expect(refFacts({}, text)).toEqual({
    ref: undefined,
    defaultBranch: undefined,
    source: undefined,
    actor: 'unknown',
    run: undefined,
  });
});

it('who started a run is who triggered the workflow when nobody else is known', () => {
  expect(refFacts({ ...env, GITHUB_TRIGGERING_ACTOR: '' }, event).actor).toBe('ada');
});
