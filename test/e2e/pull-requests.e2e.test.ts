/** plan.yml and its caller, run by act on pull requests, and what reaches GitHub of it. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import type { Refuse } from '../../fixtures/github-api.ts';
import { deployer, type Outcome } from '../../fixtures/korrigo.ts';
import { succeeded } from '../../fixtures/open-bed.ts';
import { example, openWorkflows, said } from '../../fixtures/open-workflows.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { stateOf } from '../../fixtures/state.ts';
import { actionRef } from '../../scripts/workflows.ts';

let refuse: Refuse = () => undefined;
const { bed, act, github, repository, files, settings } = await openWorkflows(actionRef(), (...request) =>
  refuse(...request),
);

describe('a pull request in a repository with plan.yml', () => {
  let server: Server;
  let shop: Repository;

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    shop.commit(files('one', { '.github/workflows/plan.yml': example('plan.yml') }));
    succeeded(await deployer(shop.folder, bed, server)(['build', 'push', 'deploy']));
  });

  const opened = async (from: string, given = settings(server)): Promise<Outcome> => {
    github.requests.length = 0;
    const head = { ref: 'a-change', repo: { full_name: from } };
    const payload = { pull_request: { number: 7, head, base: { ref: 'main' } } };
    return await act.run(shop, { name: 'pull_request', workflow: 'plan.yml', ...given, payload });
  };
  const list = 'GET /repos/acme/shop/issues/7/comments?per_page=100';

  it('shows in one comment what a deploy would do, and shows it anew after the next push', async () => {
    const before = await stateOf(server);
    shop.commit({ 'www/index.html': 'two\n' });
    succeeded(await opened('acme/shop'));
    expect(github.requests).toEqual([list, 'POST /repos/acme/shop/issues/7/comments']);
    const [comment] = github.comments;
    expect(comment?.body).toMatch(/^<!-- korrigo-plan shop -->\n### Plan: 1 service recreated, 1 kept\n/);
    expect(comment?.body).toContain('\n| web | recreate | will be built: www/index.html changed |\n');

    shop.commit({ 'site.conf': 'colour = green\n' });
    const { all } = succeeded(await opened('acme/shop'));
    expect(github.requests).toEqual([list, 'PATCH /repos/acme/shop/issues/comments/1000']);
    expect(github.comments).toEqual([comment]);
    expect(comment?.body).toContain('will be built: site.conf and www/index.html changed |\n');
    expect(all).not.toContain('::warning');
    expect(await stateOf(server)).toEqual(before);
  });

  it('has the plan in the summary, and a warning that names the permission, where the token may not comment', async () => {
    refuse = ({ method }) =>
      method === 'GET' ? undefined : { status: 403, message: 'Resource not accessible by integration' };
    const { all } = succeeded(await opened('acme/shop'));
    expect(all).toContain(
      '::the plan could not be written to the pull request, it is in the summary of this run: add `pull-requests: write` to the permissions of this job',
    );
    expect(all).toContain('Summary - ### Plan: 1 service recreated, 1 kept\n');
    expect(github.comments).toHaveLength(1);
  });

  it('stays green while GitHub is busy and then down: it comes back when GitHub says, and three times in all', async () => {
    refuse = ({ method }, count) => {
      if (method === 'GET') return count === 1 ? { status: 429, headers: { 'retry-after': '1' } } : undefined;
      return { status: 502, message: 'Server Error' };
    };
    const { all } = succeeded(await opened('acme/shop'));
    const update = 'PATCH /repos/acme/shop/issues/comments/1000';
    expect(github.requests).toEqual([list, list, update, update, update]);
    expect(all).toContain('::the plan could not be written to the pull request, it is in the summary of this run: ');
    expect(all).toContain('Summary - ### Plan: 1 service recreated, 1 kept\n');
  });

  it('of a fork, which has no secrets, is told so, and shown what the application consists of', async () => {
    refuse = () => undefined;
    const { secrets } = settings(server);
    const none = { variables: {}, secrets: { GITHUB_TOKEN: secrets['GITHUB_TOKEN'] ?? '' } };
    const { all } = succeeded(await opened('eve/shop', none));
    expect(github.requests).toEqual([]);
    expect(said(all)).toContain('this pull request comes from a fork, which gets no secrets');
    expect(all).toContain('built from this repository: web');
    expect(all).not.toMatch(/::(?:error|warning)/);
  });
});
