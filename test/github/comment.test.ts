import { afterEach, describe, expect, it } from 'vitest';
import { type Comment, type GithubApi, githubApi, type Refuse } from '../../fixtures/github-api.ts';
import { apiOf } from '../../src/github/api.ts';
import { writeComment } from '../../src/github/comment.ts';
import { pullRequestOf } from '../../src/github/pull-request.ts';
import { Secret } from '../../src/model/secret.ts';

const pull = { owner: 'acme', repo: 'shop', number: 7, fork: false };
let github: GithubApi | undefined;
afterEach(async () => await github?.close());

async function written(
  text: string,
  comments: Comment[] = [],
  refuse?: Refuse,
): Promise<{ readonly github: GithubApi; readonly problem: string | undefined; readonly slept: readonly number[] }> {
  await github?.close();
  github = await githubApi({ comments }, refuse);
  const slept: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => void slept.push(milliseconds);
  const api = apiOf(new Secret('token'), { GITHUB_API_URL: github.url });
  const problem = await writeComment(api, pull, 'shop', text, { now: () => 0, sleep });
  expect(github.problems).toEqual([]);
  return { github, problem, slept };
}

describe('the comment on a pull request', () => {
  it('is made once, and updated in place afterwards', async () => {
    const comments: Comment[] = [{ id: 1, body: 'nice' }];
    await written('one', comments);
    await written('two', comments);
    expect(comments.map(({ body }) => body)).toEqual(['nice', '<!-- korrigo-plan shop -->\ntwo']);
  });

  it('is found behind hundreds of others', async () => {
    const others = Array.from({ length: 250 }, (_, id) => ({ id, body: 'nice' }));
    const comments = [...others, { id: 900, body: '<!-- korrigo-plan shop -->\nold' }];
    await written('new', comments);
    expect(comments).toHaveLength(251);
    expect(comments.at(-1)?.body).toBe('<!-- korrigo-plan shop -->\nnew');
  });

  it('leaves that of another project alone', async () => {
    const comments: Comment[] = [{ id: 1, body: '<!-- korrigo-plan blog -->\nof the blog' }];
    await written('of the shop', comments);
    expect(comments).toHaveLength(2);
  });

  it('is never longer than GitHub takes', async () => {
    const { problem } = await written('x'.repeat(100_000));
    expect(problem).toBeUndefined();
  });

  it.each<readonly [string, number, Readonly<Record<string, string>>, readonly number[]]>([
    ['429 with Retry-After', 429, { 'retry-after': '7' }, [7000]],
    ['403 with Retry-After', 403, { 'retry-after': '2' }, [2000]],
    ['502', 502, {}, [1000]],
  ])('is written after a %s, a little later', async (_, status, headers, pauses) => {
    const {
      problem,
      slept,
      github: seen,
    } = await written('one', [], (_request, count) => (count === 1 ? { status, headers } : undefined));
    expect([problem, slept, seen.comments.length]).toEqual([undefined, pauses, 1]);
  });

  it('is given up when GitHub wants to be left alone for long, or does not recover', async () => {
    const long = await written('one', [], () => ({ status: 429, headers: { 'retry-after': '3600' } }));
    expect([long.problem, long.slept]).toEqual([expect.stringContaining('it is in the summary of this run'), []]);
    const down = await written('one', [], () => ({ status: 503 }));
    expect([down.problem, down.slept]).toEqual([expect.stringContaining('it is in the summary'), [1000, 5000]]);
  });

  it('without the permission is given up at once, and the permission is named', async () => {
    const { problem, slept } = await written('one', [], ({ method }) =>
      method === 'POST' ? { status: 403, message: 'Resource not accessible by integration' } : undefined,
    );
    expect(problem).toContain('add `pull-requests: write` to the permissions of this job');
    expect(slept).toEqual([]);
  });
});

describe('the pull request of a run', () => {
  const of = (payload: object) =>
    pullRequestOf({
      payload,
      serverUrl: 'https://github.com',
      repo: { owner: 'acme', repo: 'shop' },
      runId: 1,
      actor: 'ada',
    });
  const from = (name: string) => ({ pull_request: { number: 7, head: { repo: { full_name: name } } } });

  it('is from a fork when its branch is in another repository, or in one that is gone', () => {
    expect(of(from('acme/shop'))).toMatchObject({ number: 7, fork: false });
    expect(of(from('eve/shop'))).toMatchObject({ number: 7, fork: true });
    expect(of({ pull_request: { number: 7, head: { repo: null } } })).toMatchObject({ fork: true });
  });

  it('is none after a push', () => {
    expect(of({})).toBeUndefined();
    expect(pullRequestOf(undefined)).toBeUndefined();
  });
});
