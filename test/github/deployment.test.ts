import { afterEach, describe, expect, it } from 'vitest';
import { digest, failureOf, intentOf, releaseOf, reportOf } from '../../fixtures/builders.ts';
import { type Before, type Deployment, type GithubApi, githubApi, type Refuse } from '../../fixtures/github-api.ts';
import { apiOf } from '../../src/github/api.ts';
import { deploymentOf } from '../../src/github/deployment.ts';
import {
  type OpenDeployment,
  readOpenDeployment,
  serverName,
  writeStatus,
} from '../../src/github/deployment-requests.ts';
import type { Milestone } from '../../src/model/milestone.ts';
import { Secret } from '../../src/model/secret.ts';
import { type DeploymentEnd, deploymentEnd, interruptedEnd } from '../../src/report/deployment.ts';

const repository = { owner: 'acme', repo: 'shop' };
const shown = { url: 'https://shop.example.com', log: 'https://github.com/acme/shop/actions/runs/42' };
const success: DeploymentEnd = { state: 'success', description: '✅ deploy succeeded' };
const prepares: Milestone = {
  kind: 'prepares',
  intent: intentOf({ token: 'a1' }),
  hosts: ['www.example.com'],
  previous: 'the-one-before',
};

let github: GithubApi | undefined;
afterEach(async () => await github?.close());

type Way = {
  readonly milestones?: readonly Milestone[];
  readonly end?: DeploymentEnd | undefined;
  readonly before?: Before;
};

async function gone(way: Way = {}, refuse?: Refuse) {
  await github?.close();
  github = await githubApi(way.before, refuse);
  const saved: (OpenDeployment | undefined)[] = [];
  const slept: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => void slept.push(milliseconds);
  const outside = {
    api: apiOf(new Secret('token'), { GITHUB_API_URL: github.url }),
    clock: { now: () => 1_000_000, sleep },
    clean: (text: string) => text.replaceAll('hunter2', '***'),
  };
  const save = (open: OpenDeployment | undefined): void => void saved.push(open);
  const deployment = deploymentOf(repository, 'production', shown, { ...outside, save });
  for (const milestone of way.milestones ?? [prepares, { kind: 'switches' }]) deployment.announce(milestone);
  const problem = await deployment.end('end' in way ? way.end : success);
  expect(github.problems).toEqual([]);
  return { github, outside, problem, saved, slept };
}

/** One that an earlier run has left. */
const earlier = (id: number, state: string, payload: object = {}): Deployment => ({
  id,
  ref: 'c0ffee',
  task: 'deploy',
  environment: 'production',
  payload: {
    by: 'korrigo/deploy-action',
    attempt: `of-${id}`,
    project: 'shop',
    release: `release-${id}`,
    servers: [serverName('www.example.com')],
    ...payload,
  },
  statuses: [{ state }],
});
const statesOf = ({ deployments }: GithubApi): Readonly<Record<number, readonly string[]>> =>
  Object.fromEntries(deployments.map(({ id, statuses }) => [id, statuses.map(({ state }) => state)]));

describe('a deployment on the page of the environment', () => {
  it('is queued, in progress and a success, of the commit that is deployed', async () => {
    const { github: seen, problem, saved } = await gone();
    expect(problem).toBeUndefined();
    expect(seen.deployments).toMatchObject([
      { ref: releaseOf().commit, task: 'deploy', environment: 'production', description: `release ${releaseOf().id}` },
    ]);
    expect(seen.deployments[0]?.statuses).toMatchObject([
      { state: 'queued', log_url: shown.log, environment_url: shown.url },
      { state: 'in_progress' },
      { state: 'success', description: '✅ deploy succeeded', log_url: shown.log, environment_url: shown.url },
    ]);
    expect(saved.at(-1)).toBeUndefined();
  });

  it('says which release it brings, with its images, and which one was there before', async () => {
    const release = releaseOf({ images: { web: `hunter2.example.com/web@${digest('1')}` } });
    const intent = intentOf({ release, command: 'rollback', reason: 'the front page is empty' });
    const { github: seen } = await gone({ milestones: [{ ...prepares, intent }] });
    const [made] = seen.deployments;
    expect(made).toMatchObject({ task: 'rollback', ref: release.commit, description: 'the front page is empty' });
    expect(made?.payload).toMatchObject({
      release: release.id,
      previous: 'the-one-before',
      images: { web: `***.example.com/web@${digest('1')}` },
    });
    expect(JSON.stringify(made)).not.toContain('www.example.com');
  });

  it('is none where nothing was announced: a run that only waited, or stopped before', async () => {
    const { github: seen, problem } = await gone({ milestones: [] });
    expect([seen.requests, problem]).toEqual([[], undefined]);
  });

  it('is not made twice when the answer to the first request is lost', async () => {
    let lost = 0;
    const { github: seen, slept } = await gone({}, ({ method, path }) =>
      method === 'POST' && path.endsWith('/deployments') && lost++ === 0 ? { status: 502, afterAll: true } : undefined,
    );
    expect([seen.deployments.length, slept]).toEqual([1, [1000]]);
    expect(statesOf(seen)).toEqual({ 500: ['queued', 'in_progress', 'success'] });
  });

  it('ends those before it that are active, and no others', async () => {
    const deployments = [
      earlier(1, 'success', { servers: [serverName('other.example.com')] }),
      earlier(2, 'success', { project: 'blog' }),
      earlier(3, 'failure'),
      earlier(4, 'success'),
      { ...earlier(5, 'success'), payload: '{}' },
      { ...earlier(6, 'success'), environment: 'staging' },
      earlier(7, 'success', { servers: ['www.example.com', 'other.example.com'].map(serverName) }),
    ];
    const { github: seen } = await gone({ before: { deployments } });
    const inactive = Object.entries(statesOf(seen)).filter(([, states]) => states.at(-1) === 'inactive');
    expect(inactive.map(([id]) => id)).toEqual(['4']);
  });

  it('leaves the active one active when it fails', async () => {
    const end: DeploymentEnd = { state: 'failure', description: 'deploy failed and was rolled back' };
    const { github: seen } = await gone({ end, before: { deployments: [earlier(4, 'success')] } });
    expect(statesOf(seen)).toEqual({ 4: ['success'], 501: ['queued', 'in_progress', 'failure'] });
  });

  it('says how those ended whose run died: the servers know which release is there', async () => {
    const deployments = [
      earlier(1, 'in_progress', { release: 'the-one-before' }),
      earlier(2, 'in_progress'),
      { ...earlier(3, ''), statuses: [] },
      earlier(4, 'in_progress', { servers: [serverName('other.example.com')] }),
    ];
    const { github: seen } = await gone({ before: { deployments } });
    expect(statesOf(seen)).toMatchObject({
      1: ['in_progress', 'success', 'inactive'],
      2: ['in_progress', 'failure'],
      3: ['failure'],
      4: ['in_progress'],
    });
  });

  it('cuts what is too long for GitHub', async () => {
    const { github: seen } = await gone({ end: { state: 'failure', description: `x\n${'y'.repeat(500)}` } });
    expect(seen.deployments[0]?.statuses.at(-1)?.description).toMatch(/^x y{137}…$/);
  });
});

describe('a GitHub that refuses', () => {
  const created: Refuse = ({ method }) =>
    method === 'POST' ? { status: 403, message: 'Resource not accessible by integration' } : undefined;

  it('without the permission is asked once, and the permission is named', async () => {
    const { problem, github: seen, slept } = await gone({}, created);
    expect(problem).toContain('add `deployments: write` to the permissions of this job');
    expect([seen.requests.length, slept]).toEqual([2, []]);
  });

  it.each<readonly [string, number, Readonly<Record<string, string>>, number]>([
    ['429 with Retry-After', 429, { 'retry-after': '7' }, 7000],
    ['403 of the limit per hour', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1030' }, 30_000],
    ['429 that says nothing else', 429, {}, 60_000],
    ['500', 500, {}, 1000],
  ])('with a %s is asked again, a little later', async (_, status, headers, pause) => {
    const {
      problem,
      slept,
      github: seen,
    } = await gone({}, (_request, count) => (count === 3 ? { status, headers } : undefined));
    expect([problem, slept]).toEqual([undefined, [pause]]);
    expect(statesOf(seen)).toEqual({ 500: ['queued', 'in_progress', 'success'] });
  });

  it('and wants to be left alone for an hour is: that is no missing permission', async () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4600' };
    const { problem, slept } = await gone({}, () => ({ status: 403, headers, message: 'API rate limit exceeded' }));
    expect(slept).toEqual([]);
    expect(problem).toMatch(/does not show how this deployment went: API rate limit exceeded/);
  });

  it('at the end leaves the end to `post`, which writes it', async () => {
    const {
      saved,
      outside,
      problem,
      github: seen,
    } = await gone({}, ({ path }, count) =>
      path.endsWith('/statuses') && count >= 5 && count < 8 ? { status: 503 } : undefined,
    );
    expect(problem).toContain('does not show how this deployment went');
    const open = readOpenDeployment(JSON.stringify(saved.at(-1)));
    expect(open).toEqual({ ...shown, id: 500, end: success });
    if (open?.end !== undefined) expect(await writeStatus(outside, repository, open, open.end)).toBeUndefined();
    expect(statesOf(seen)).toEqual({ 500: ['queued', 'in_progress', 'success'] });
  });
});

describe('the end of a deployment', () => {
  const changed = {
    stage: 'Recreate',
    host: 'a',
    id: 'up',
    title: 'up',
    changes: true,
    outcome: 'done',
    seconds: 1,
  } as const;
  const cancelled = failureOf('cancelled during: pull', { kind: 'cancelled' });
  const unhealthy = failureOf('www.example.com: web is unhealthy');

  it.each<readonly [string, Parameters<typeof reportOf>[0], DeploymentEnd['state'] | undefined]>([
    ['a success', {}, 'success'],
    ['a refusal', { outcome: 'failed', failures: [unhealthy] }, 'failure'],
    ['a rollback', { outcome: 'rolled-back', failures: [unhealthy], steps: [changed] }, 'failure'],
    ['a cancel before anything was changed', { outcome: 'failed', failures: [cancelled] }, 'inactive'],
    ['a cancel that left something changed', { outcome: 'failed', failures: [cancelled], steps: [changed] }, 'failure'],
    [
      'a cancel that the servers are still rolling back',
      { outcome: 'failed', failures: [cancelled], steps: [changed], undone: [{ host: 'a', outcome: 'unfinished' }] },
      undefined,
    ],
  ])('of %s', (_, overrides, state) => {
    expect(deploymentEnd(reportOf(overrides))?.state).toBe(state);
  });

  it('names what failed', () => {
    const { description } = deploymentEnd(reportOf({ outcome: 'rolled-back', failures: [unhealthy] })) ?? {};
    expect(description).toContain('failed and was rolled back: www.example.com: web is unhealthy');
  });

  it.each([
    ['stayed on all servers', ['succeeded', 'released'], 'success'],
    ['was never begun', ['released', 'released'], 'inactive'],
    ['was rolled back', ['rolled-back', 'released'], 'failure'],
    ['is not known on one server', ['succeeded', 'unfinished'], 'failure'],
    ['was kept though it failed', ['failed', 'failed'], 'failure'],
    ['is known nowhere', [], 'failure'],
  ] as const)('of a run that was killed, where the release %s', (_, outcomes, state) => {
    expect(interruptedEnd(outcomes).state).toBe(state);
  });
});

describe("GitHub's description", () => {
  it('knows a request that GitHub would refuse', async () => {
    github = await githubApi();
    const api = apiOf(new Secret('token'), { GITHUB_API_URL: github.url });
    const ask = async (url: string, body: object): Promise<void> => {
      const path = '/repos/acme/shop/deployments';
      await fetch(`${github?.url}${path}${url}`, {
        method: 'POST',
        headers: { authorization: 'token x' },
        body: JSON.stringify(body),
      });
    };
    await ask('', { reff: 'main', required_contexts: 'none' });
    await ask('/500/statuses', { state: 'done' });
    await ask('/500/statuses?page=1', { state: 'success' });
    await api.rest.repos.get(repository).catch(() => {});
    expect(github.problems).toEqual([
      'repos/create-deployment: body has no ref',
      'repos/create-deployment: body has reff, which GitHub does not know',
      'repos/create-deployment: body.required_contexts is no array: "none"',
      'repos/create-deployment-status: body.state is "done"',
      'repos/create-deployment-status: no parameter page',
      'nothing answers repos/get',
    ]);
  });
});
