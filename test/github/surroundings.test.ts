import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { output } from '../../bed/process.ts';
import { type Context, refFacts } from '../../src/github/surroundings.ts';

const env = {
  GITHUB_REPOSITORY: 'acme/shop',
  GITHUB_REF_NAME: 'feature/x',
  GITHUB_ACTOR: 'ada',
  GITHUB_TRIGGERING_ACTOR: 'bob',
};
const context: Context = {
  serverUrl: 'https://github.com',
  repo: { owner: 'acme', repo: 'shop' },
  runId: 7,
  actor: 'ada',
  payload: { repository: { name: 'shop', owner: { login: 'acme' }, default_branch: 'trunk' } },
};
const facts = {
  ref: 'feature/x',
  defaultBranch: 'trunk',
  source: 'https://github.com/acme/shop',
  actor: 'bob',
  run: 'https://github.com/acme/shop/actions/runs/7',
};
const nothing = { ref: undefined, defaultBranch: undefined, source: undefined, actor: 'unknown', run: undefined };

it('GitHub tells the branch, the repository, the run and who started it', () => {
  expect(refFacts(context, env)).toEqual(facts);
});

it('a pull request goes by the name of its branch', () => {
  expect(refFacts(context, { ...env, GITHUB_REF_NAME: '12/merge', GITHUB_HEAD_REF: 'fix' }).ref).toBe('fix');
});

it.each<readonly [string, unknown]>([
  ['no event', {}],
  ['an event that is a number', 7],
  ['an event that is null', null],
  ['an event without a repository', { repository: null }],
  ['a repository without a default branch', { repository: { default_branch: 7 } }],
])('no default branch is made up from %s', (_, payload) => {
  expect(refFacts({ ...context, payload: payload as Context['payload'] }, env)).toEqual({
    ...facts,
    defaultBranch: undefined,
  });
});

it('nothing is made up where GitHub tells nothing', () => {
  expect(refFacts(undefined, {})).toEqual(nothing);
});

it('who started a run is who triggered the workflow when nobody else is known', () => {
  expect(refFacts(context, { ...env, GITHUB_TRIGGERING_ACTOR: '' }).actor).toBe('ada');
});

/** In a process of its own: the package reads the environment when it is loaded, once. */
const factsOf = async (variables: Readonly<Record<string, string>>, event: string): Promise<unknown> => {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-event-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'event.json'), event);
  const module = JSON.stringify(join(import.meta.dirname, '../../src/github/surroundings.ts'));
  const script = `import { githubContext, refFacts } from ${module};
    console.log(JSON.stringify(refFacts(await githubContext(), process.env)));`;
  const path = join(folder, 'event.json');
  // Without what these tests themselves may run on.
  const outside = Object.keys(process.env).filter((name) => name.startsWith('GITHUB_'));
  const given = {
    ...Object.fromEntries(outside.map((name) => [name, undefined])),
    ...variables,
    GITHUB_EVENT_PATH: path,
  };
  return JSON.parse(await output([process.execPath, '--input-type=module', '--eval', script], { env: given }));
};

it('the context of @actions/github tells all of it', async () => {
  const variables = { ...env, GITHUB_SERVER_URL: 'https://github.com', GITHUB_RUN_ID: '7' };
  expect(await factsOf(variables, JSON.stringify(context.payload))).toEqual(facts);
});

it('an event that is no JSON is no event', async () => {
  expect(await factsOf(env, '{')).toEqual({ ref: 'feature/x', actor: 'bob' });
});

it('outside of GitHub the context tells nothing', async () => {
  expect(await factsOf({}, '{}')).toEqual({ actor: 'unknown' });
});
