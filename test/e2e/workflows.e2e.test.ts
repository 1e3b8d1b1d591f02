import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import type { Outcome, Texts } from '../../fixtures/korrigo.ts';
import { succeeded } from '../../fixtures/open-bed.ts';
import { example, jobsOf, lastLines, openWorkflows, said, testFile } from '../../fixtures/open-workflows.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { impatient } from '../../fixtures/shop.ts';
import { output, page, shell, stateOf } from '../../fixtures/state.ts';
import { actionRef } from '../../scripts/workflows.ts';
import { parseRelease } from '../../src/model/release.ts';

const { bed, act, github, repository, files, settings } = await openWorkflows(actionRef());

/** What the page of the environment shows: each deployment, by the states that it went through. */
const deployments = (): readonly string[] =>
  github.deployments.map(({ task, statuses }) => [`${task}:`, ...statuses.map(({ state }) => state)].join(' '));

const push = async (shop: Repository, server: Server, workflow = 'deploy.yml'): Promise<Outcome> =>
  await act.run(shop, { name: 'push', workflow, ...settings(server) });

/** The attempts, each by how it ended. */
const history = async (server: Server): Promise<readonly Texts[]> =>
  (await output(server, 'cat', '/opt/shop/history.jsonl'))
    .trim()
    .split('\n')
    .map((line): Texts => JSON.parse(line))
    .filter(({ outcome }) => outcome !== 'started');

describe('a repository with deploy.yml and rollback.yml', () => {
  let server: Server;
  let shop: Repository;

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    shop.commit(
      files('one', {
        '.github/workflows/deploy.yml': example('deploy.yml'),
        '.github/workflows/rollback.yml': example('rollback.yml'),
      }),
    );
  });

  const rollback = async (inputs: Texts): Promise<Outcome> =>
    await act.run(shop, { name: 'workflow_dispatch', workflow: 'rollback.yml', ...settings(server), inputs });

  it('has a push to main tested, built, pushed and deployed to a healthy server', async () => {
    const { all } = succeeded(await push(shop, server));
    expect(jobsOf(all)).toEqual(['Test', 'Build and push', 'Deploy']);
    expect(await page(server)).toBe('one');
    expect(all).toContain("migrate: web: sh -c 'date >>/data/migrated'");
    expect(await history(server)).toMatchObject([{ command: 'deploy', outcome: 'succeeded', actor: 'octocat' }]);
    expect(deployments()).toEqual(['deploy: queued in_progress success']);
    expect(github.deployments[0]).toMatchObject({
      ref: shop.git('rev-parse', 'HEAD'),
      environment: 'production',
      payload: { project: 'shop', release: (await stateOf(server)).current, previous: null },
    });
    expect(github.deployments[0]?.statuses.at(-1)).toMatchObject({
      environment_url: `http://${server.ip}:8080`,
      log_url: expect.stringMatching(/^https:\/\/github\.com\/acme\/shop\/actions\/runs\/\d+$/),
    });
  });

  it('has the next push live as well', async () => {
    shop.commit({ 'www/index.html': 'two\n' });
    const { all } = succeeded(await push(shop, server));
    expect(await page(server)).toBe('two');
    expect(all).toMatch(/(?:no downtime|downtime: \d)/);
    const [, { run } = {}] = await history(server);
    expect(run).toMatch(/^https:\/\/github\.com\/acme\/shop\/actions\/runs\/\d+$/);
    expect(deployments()).toEqual([
      'deploy: queued in_progress success inactive',
      'deploy: queued in_progress success',
    ]);
  });

  it('brings the version before back at a click, without building or testing anything', async () => {
    const { all } = succeeded(await rollback({ to: 'previous', reason: 'the front page says two' }));
    expect(jobsOf(all)).toEqual(['Roll back']);
    expect(await page(server)).toBe('one');
    expect((await history(server)).at(-1)).toMatchObject({
      command: 'rollback',
      outcome: 'succeeded',
      actor: 'octocat',
      reason: 'the front page says two',
    });
    expect(deployments().slice(1)).toEqual([
      'deploy: queued in_progress success inactive',
      'rollback: queued in_progress success',
    ]);
  });

  it('does not deploy the commit that was rolled back from when somebody re-runs its workflow', async () => {
    const outcome = await push(shop, server);
    expect(outcome.code).not.toBe(0);
    expect(lastLines(outcome)).toContain('by octocat: the front page says two');
    expect(deployments().slice(2)).toEqual(['rollback: queued in_progress success', 'deploy: queued failure']);
    expect(await page(server)).toBe('one');
  });

  it('ends red at a test that fails, with the reason at the end of the log, and leaves the server alone', async () => {
    const before = await stateOf(server);
    shop.commit({
      'compose.test.yml': testFile(
        bed,
        'for n in $$(seq 30); do echo test $$n is fine; done; echo expected 3, got 4; exit 3',
      ),
    });
    const outcome = await push(shop, server);
    expect(outcome.code).not.toBe(0);
    expect(jobsOf(outcome.all)).toEqual(['Test']);
    const end = lastLines(outcome);
    expect(end).toContain('expected 3, got 4');
    expect(end).toContain('Fix the tests, then push again. Nothing was deployed.');
    expect(end).toMatch(
      /✗ test failed after .*: local: run the tests in .*compose\.test\.yml failed with exit code 3$/m,
    );
    expect(await stateOf(server)).toEqual(before);
  });

  it('ends red at a version that never becomes healthy, with the reason at the end of the log', async () => {
    const lines = 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do echo step $n; done';
    shop.commit(
      impatient(
        files('three', {
          Dockerfile: `ARG BASE\nFROM \${BASE}\nCMD ["sh", "-c", "${lines}; echo cannot read settings; sleep 1000"]\n`,
        }),
      ),
    );
    const outcome = await push(shop, server);
    expect(outcome.code).not.toBe(0);
    expect(jobsOf(outcome.all)).toEqual(['Test', 'Build and push', 'Deploy']);
    const end = lastLines(outcome);
    expect(end).toContain('  cannot read settings\n');
    expect(end).toContain('→ The rollback replaced that container, so nothing more can be read from it. ');
    expect(end).toMatch(
      new RegExp(`✗ deploy failed and was rolled back after .*: ${server.ip}: web is unhealthy$`, 'm'),
    );
  });

  it('runs what ran before that version by itself, and another one at a click, by the commit', async () => {
    expect(await page(server)).toBe('one');
    const [, two] = await history(server);
    succeeded(await rollback({ to: (two?.['commit'] ?? '').slice(0, 10), reason: 'two was better' }));
    expect(await page(server)).toBe('two');
  });

  it('deploys a newer commit after all of that as if nothing had been', async () => {
    shop.commit(files('four'));
    succeeded(await push(shop, server));
    expect(await page(server)).toBe('four');
  });

  it('rolls back when a run is cancelled in the middle: its clean-up waits for the server, and ends the deployment', async () => {
    const before = await stateOf(server);
    const slow = `migrate: "web: sh -c 'echo it begins; sleep 1000'"`;
    shop.commit(files('five', { '.github/workflows/deploy.yml': example('deploy.yml').replace(/migrate: .*/, slow) }));
    const run = act.start(shop, { name: 'push', workflow: 'deploy.yml', ...settings(server) });
    await run.says('| it begins');
    // act kills the step, without a signal before, and then runs its clean-up.
    run.kill('SIGINT');
    const outcome = await run.done;
    expect(outcome.code).not.toBe(0);
    expect(said(outcome.all)).toContain(`${server.ip}: rolled back to what ran before`);
    expect(deployments().at(-1)).toBe('deploy: queued in_progress failure');
    expect(github.deployments.at(-1)?.statuses.at(-1)).toMatchObject({
      description: 'The run was interrupted, and was rolled back.',
    });
    const after = await stateOf(server);
    expect([after.current, after.left]).toEqual([before.current, []]);
    expect(await page(server)).toBe('four');
  });
});

describe('a repository with one-job.yml', () => {
  it('goes through the whole pipeline in one job', async () => {
    const server = await bed.server();
    const shop = repository();
    shop.commit(files('one', { '.github/workflows/deploy.yml': example('one-job.yml') }));
    const { all } = succeeded(await push(shop, server));
    expect(jobsOf(all)).toEqual(['Deploy']);
    expect(said(all)).toMatch(/✓ test, build, push, deploy succeeded in .*: release \d{8}-/);
    expect(await page(server)).toBe('one');
    await server.remove();
  });
});

describe('a repository with staging-production.yml', () => {
  let shop: Repository;

  beforeAll(() => {
    shop = repository();
    shop.commit(files('one', { '.github/workflows/deploy.yml': example('staging-production.yml') }));
  });

  it('gives production the images that staging has, by digest, without another build', async () => {
    // act knows no environments: both are this server.
    const server = await bed.server();
    const { all } = succeeded(await push(shop, server));
    expect(jobsOf(all)).toEqual(['Test', 'Build and push', 'Staging', 'Approval', 'Production']);
    expect(await page(server)).toBe('one');
    const releases = (
      await shell(server, 'cd /opt/shop/releases && for id in *; do tr -d "\\n" <$id/release.json; echo; done')
    )
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(releases).toHaveLength(2);
    expect(releases[1]).toEqual({ ...releases[0], id: releases[1].id });
    await server.remove();
  });

  it('deploys nowhere when the tests fail', async () => {
    const server = await bed.server();
    shop.commit({ 'compose.test.yml': testFile(bed, 'exit 1') });
    const outcome = await push(shop, server);
    expect(outcome.code).not.toBe(0);
    expect(jobsOf(outcome.all)).toEqual(['Test']);
    expect((await server.ssh('ls /opt/shop')).stderr).toContain('No such file');
    await server.remove();
  });
});

describe('the reusable workflows on their own', () => {
  const caller = (workflow: string, inputs: Texts, more = ''): string => `on: push
jobs:
  called:
    uses: korrigo/deploy-action/.github/workflows/${workflow}@v1
    with:
${Object.entries(inputs)
  .map(([name, value]) => `      ${name}: ${value}\n`)
  .join('')}    secrets: inherit
${more}`;

  const call = async (shop: Repository): Promise<Outcome> =>
    await act.run(shop, {
      name: 'push',
      workflow: 'call.yml',
      variables: { REGISTRY_USERNAME: bed.registry.username },
      secrets: { REGISTRY_PASSWORD: bed.registry.password },
    });

  it('test.yml runs the tests, and the exit code of the service that is named decides', async () => {
    const shop = repository();
    const inputs = { 'test-compose-file': 'compose.test.yml', 'test-service': 'tests', 'test-timeout': '1m' };
    shop.commit(files('one', { '.github/workflows/call.yml': caller('test.yml', inputs) }));
    expect(said(succeeded(await call(shop)).all)).toContain('✓ test succeeded');
    shop.commit({ 'compose.test.yml': testFile(bed, 'echo three is not four; exit 1') });
    const outcome = await call(shop);
    expect(outcome.code).not.toBe(0);
    expect(lastLines(outcome)).toContain('three is not four');
  });

  it('build.yml pushes the images and hands on a release that can be pulled', async () => {
    const shop = repository();
    const more = `  after:
    needs: called
    runs-on: ubuntu-latest
    steps:
      - env:
          RELEASE: \${{ needs.called.outputs.release }}
        run: echo "the release is $RELEASE"
`;
    const inputs = { registry: bed.registry.address, tags: 'nightly' };
    const commit = shop.commit(files('one', { '.github/workflows/call.yml': caller('build.yml', inputs, more) }));
    const { all } = succeeded(await call(shop));
    const [, text = ''] = /\| the release is (.*)$/m.exec(all) ?? [];
    const parsed = parseRelease(text);
    expect(parsed).toMatchObject({ release: { commit, project: 'shop', built: ['web'] } });
    const server = await bed.server();
    const { username, password, address } = bed.registry;
    await server.ssh(`docker login -u ${username} --password-stdin ${address}`, { stdin: password });
    const image = 'release' in parsed ? parsed.release.images['web'] : undefined;
    expect(await server.ssh(`docker pull -q ${image}`)).toMatchObject({ code: 0, stdout: `${image}\n` });
    expect((await server.ssh(`docker pull -q ${address}/shop-web:nightly`)).code).toBe(0);
    expect((await server.ssh(`docker image inspect -f '{{.RepoDigests}}' ${address}/shop-web:nightly`)).stdout).toBe(
      `[${image}]\n`,
    );
    await server.remove();
  });
});
