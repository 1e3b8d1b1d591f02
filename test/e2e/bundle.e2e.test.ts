/** dist/index.js as GitHub's runner starts it: copied to a folder of its own, on Node 24, with nothing else around. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { type GithubApi, githubApi } from '../../fixtures/github-api.ts';
import { dist, type Outcome, reach, runProcess, type Texts } from '../../fixtures/korrigo.ts';
import { openBed } from '../../fixtures/open-bed.ts';
import { type Inputs, readLog, type Step, startStep } from '../../fixtures/runner.ts';
import { impatient, shopFiles } from '../../fixtures/shop.ts';
import { output, page, stateOf } from '../../fixtures/state.ts';
import { htmlOf } from '../../scripts/pictures/github.ts';
import { outputs as outputTable } from '../../src/report/outputs.ts';

const { bed, repository } = await openBed();
const shop = repository();
let server: Server;
let bundle: string;
const steps: Step[] = [];

beforeAll(async () => {
  server = await bed.server();
  bundle = join(bed.folder, 'action/dist');
  cpSync(dist, bundle, { recursive: true });
  shop.commit({
    ...shopFiles(bed, 'one', { web: '    env_file: web.env\n' }),
    'compose.test.yml': `services:
  tests:
    image: ${bed.engine.images.busybox}
    command: ["sh", "-c", ${JSON.stringify(forgery)}]
`,
  });
});
afterAll(async () => {
  for (const { remove } of steps) remove();
});

/** What a container may print to pose as the action. */
const forgery =
  "printf '::set-output name=release::forged\\n::error::forged\\n  ::add-mask::shop\\n##[error]forged\\n\\r::warning::forged\\n::stop-commands::x\\n'";
const envFile = `TOKEN='multi-part $ecret'\nab=1\nNAME=märchen\n`;

async function run(inputs: Inputs, env: Texts = {}): Promise<[Outcome, Step]> {
  const step = start(inputs, env);
  return [await step.done, step];
}

function start(inputs: Inputs, env: Texts = {}): Step {
  const { inputs: reached } = reach(bed, server);
  const step = startStep(
    shop.folder,
    {
      hosts: server.ip,
      'known-hosts': server.hostKey,
      registry: reached['registry'] ?? '',
      'registry-username': bed.registry.username,
      'registry-password': bed.registry.password,
      'ssh-key': server.privateKey,
      'env-files': 'web.env=WEB_ENV',
      ...inputs,
    },
    { ...bed.engine.env, WEB_ENV: envFile, ...env },
    bundle,
  );
  steps.push(step);
  return step;
}

describe('the whole way: test, build, push, deploy', () => {
  let outcome: Outcome;
  let step: Step;

  beforeAll(async () => {
    [outcome, step] = await run({
      'test-compose-file': 'compose.test.yml',
      'health-url': `http://${server.ip}:8080/`,
      migrate: `web: sh -c "${forgery.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
    });
  });

  it('succeeds, and the application answers', async () => {
    expect(outcome.code, outcome.all).toBe(0);
    expect(outcome.stderr).toBe('');
    expect(await page(server)).toBe('one');
    expect(await output(server, 'docker', 'exec', 'shop-web-1', 'sh', '-c', 'echo "$TOKEN $NAME"')).toBe(
      'multi-part $ecret märchen\n',
    );
  });

  it('writes every output, and none that GitHub would drop for a masked part', async () => {
    const outputs = step.outputs();
    const commit = (await stateOf(server)).current.slice(-12);
    expect(Object.keys(outputs).toSorted()).toEqual(Object.keys(outputTable).toSorted());
    expect(outputs).toMatchObject({ outcome: 'succeeded', 'previous-release': '', url: `http://${server.ip}:8080` });
    expect(outputs['release-id']).toMatch(new RegExp(`^\\d{8}-\\d{6}-${commit}$`));
    const release = JSON.parse(outputs['release'] ?? '');
    expect(release).toMatchObject({ id: outputs['release-id'], project: 'shop', built: ['web'] });
    expect(JSON.parse(outputs['images'] ?? '')).toEqual(release.images);
    expect(Number(outputs['duration'])).toBeGreaterThan(0);
    for (const mask of masks()) for (const value of Object.values(outputs)) expect(value).not.toContain(mask);
  });

  it('writes a summary that tells it without the log', () => {
    const summary = step.summary();
    const id = step.outputs()['release-id'];
    expect(summary).toContain('## ✅ test, build, push, deploy succeeded\n');
    expect(summary).toContain(`Release \`${id}\``);
    expect(summary).toContain(`### \`${server.ip}\`\n`);
    expect(summary).toContain('| web | create | no container yet |');
    expect(summary).toMatch(/\| cache \| `\S+\/busybox@sha256:[0-9a-f]{64}` \|/);
    expect(summary).toMatch(/\| Test \| local \| run the tests in .* \| done \| \d+\.\d s \|/);
  });

  it('masks every line of every secret that has four characters or more', () => {
    const lines = [server.privateKey, bed.registry.password, envFile].flatMap((text) => text.split('\n'));
    for (const line of lines.filter((text) => text.length >= 4)) expect(masks()).toContain(line);
    expect(masks()).not.toContain('1');
    for (const mask of masks()) expect(mask.trim().length).toBeGreaterThanOrEqual(4);
  });

  it('shows no secret, not even masked by the runner alone', () => {
    const text = readLog(outcome.all).shown.join('\n');
    for (const mask of masks()) expect(text).not.toContain(mask);
    for (const mask of masks()) expect(step.summary()).not.toContain(mask);
  });

  it('lets no container forge a command: what they print is shown, and not obeyed', () => {
    const { commands, shown } = readLog(outcome.stdout);
    expect([...new Set(commands.map(({ name }) => name))].toSorted()).toEqual(['add-mask', 'endgroup', 'group']);
    const forged = (line: string): number => shown.filter((text) => text.includes(line)).length;
    expect(forged('::set-output name=release::forged')).toBeGreaterThanOrEqual(2);
    expect(forged('::error::forged')).toBeGreaterThanOrEqual(2);
    expect(forged('::add-mask::shop')).toBeGreaterThanOrEqual(2);
    expect(forged('##[error]forged')).toBeGreaterThanOrEqual(2);
  });

  it('folds each stage into a group that ends', () => {
    const { commands } = readLog(outcome.stdout);
    const groups = commands.flatMap(({ name, value }) =>
      name === 'group' ? [value.replace(/^Plan: .*/, 'Plan')] : [],
    );
    const ahead = ['Ship and resolve ahead', 'Pull'];
    const expected = ['Test', 'Build', ...ahead, 'Push', 'Plan', 'Recreate', 'Migrate', 'Verify'];
    expect(groups.filter((name) => expected.includes(name))).toEqual(expected);
    expect(commands.filter(({ name }) => name === 'endgroup')).toHaveLength(groups.length);
  });

  it('leaves nothing for later steps, nothing in its temporary folder, and nothing for post to do', async () => {
    expect(step.exported()).toBe('');
    const post = await step.post();
    expect([post.code, post.all]).toEqual([0, '']);
    const left = await runProcess(['find', step.temporary, '-mindepth', '1'], '/', { PATH: process.env['PATH'] ?? '' });
    expect(left.stdout).toBe('');
  });

  const masks = (): readonly string[] =>
    readLog(outcome.stdout).commands.flatMap(({ name, value }) => (name === 'add-mask' ? [value] : []));
});

describe('the second job', () => {
  it('deploys the release that the first one put out', async () => {
    shop.commit({ 'www/index.html': 'two\n' });
    const [pushed, first] = await run({ command: 'build, push' });
    expect(pushed.code, pushed.all).toBe(0);
    expect(await page(server)).toBe('one');
    const before = await stateOf(server);
    const [deployed, second] = await run({ command: 'deploy', release: first.outputs()['release'] ?? '' });
    expect(deployed.code, deployed.all).toBe(0);
    expect(await page(server)).toBe('two');
    expect(second.outputs()['previous-release']).toBe(before.current);
  });
});

describe('a failure', () => {
  it('exits with 1, one annotation, the outcome and a summary that says what to do', async () => {
    const [outcome, step] = await run({
      'test-compose-file': 'compose.test.yml',
      migrate: "web: sh -c 'echo ::error::no such column; exit 4'",
    });
    expect(outcome.code).toBe(1);
    const errors = readLog(outcome.stdout).commands.filter(({ name }) => name === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.properties).toBe('title=Korrigo Deploy');
    expect(errors[0]?.value).toContain(
      `${server.ip}: migrate: web: sh -c 'echo ::error::no such column; exit 4' failed with exit code 4\n`,
    );
    expect(errors[0]?.value).toContain(
      '→ Migrations are not rolled back. Check the database, fix the migration, and deploy again.',
    );
    expect(errors[0]?.value).toContain(`${server.ip}: rolled back, `);
    expect(step.outputs()).toMatchObject({ outcome: 'rolled-back' });
    expect(step.summary()).toContain('## ↩️ test, build, push, deploy failed and was rolled back\n');
    expect(step.summary()).toContain(
      '**What to do:** Migrations are not rolled back. Check the database, fix the migration, and deploy again.',
    );
  });

  it('of the inputs exits with 1 and one annotation that lists all of them', async () => {
    const [outcome] = await run({ 'ssh-key': '', hosts: 'a b', 'force-recreate': 'some', 'test-timeout': 'soon' });
    expect(outcome.code).toBe(1);
    const errors = readLog(outcome.stdout).commands.filter(({ name }) => name === 'error');
    expect(errors).toHaveLength(1);
    for (const name of ['test-compose-file', 'hosts', 'force-recreate', 'test-timeout'])
      expect(errors[0]?.value).toContain(`- ${name}: `);
  });
});

describe('a run that is killed', () => {
  it('leaves no login on this machine once post has run', async () => {
    const step = start({ command: 'push' });
    await step.says('::group::Build');
    step.kill('SIGKILL');
    await step.done;
    const login = ['grep', '-rl', '"auth":', step.temporary];
    const path = { PATH: process.env['PATH'] ?? '' };
    expect((await runProcess(login, '/', path)).stdout).toMatch(/docker\/config\.json\n$/);
    const post = await step.post();
    expect(post.code, post.all).toBe(0);
    expect((await runProcess(['find', step.temporary, '-mindepth', '1'], '/', path)).stdout).toBe('');
  });
});

describe('a deploy that GitHub cancels', () => {
  it('ends in seconds, and post says what became of the server', async () => {
    const before = await stateOf(server);
    const step = start({ command: 'push, deploy', migrate: "web: sh -c 'echo begins; sleep 1000'" });
    await step.says('| begins');
    step.kill('SIGINT');
    const outcome = await step.done;
    expect(outcome.code, outcome.all).toBe(1);
    expect(step.outputs()).toMatchObject({ outcome: 'failed' });
    const post = await step.post();
    expect(post.code, post.all).toBe(0);
    expect(post.stdout).toContain(`${server.ip}: rolled back to what ran before`);
    const after = await stateOf(server);
    expect([after.current, after.left]).toEqual([before.current, []]);
  });
});

describe('a deployment on the page of the environment', () => {
  let github: GithubApi;
  beforeAll(async () => {
    github = await githubApi();
  });
  afterAll(async () => await github.close());

  const shown: Inputs = { command: 'push, deploy', deployment: 'true', environment: 'shop', 'github-token': 'token' };
  const begun = async (): Promise<Step> => {
    const migrate = "web: sh -c 'echo begins; sleep 1000'";
    const step = start({ ...shown, migrate }, { GITHUB_API_URL: github.url });
    await step.says('| begins');
    return step;
  };
  const states = () => github.deployments.map(({ statuses }) => statuses.map(({ state }) => state));

  it('that is cancelled is ended by post, which waits for the server', async () => {
    const step = await begun();
    step.kill('SIGINT');
    await step.done;
    expect(states()).toEqual([['queued', 'in_progress']]);
    const post = await step.post();
    expect([post.code, github.problems], post.all).toEqual([0, []]);
    expect(states()).toEqual([['queued', 'in_progress', 'failure']]);
    expect(github.deployments[0]?.statuses.at(-1)).toMatchObject({
      description: 'The run was interrupted, and was rolled back.',
      log_url: 'https://github.com/acme/shop/actions/runs/42',
    });
  });

  it('whose runner is gone, with post, is ended by the next one', async () => {
    const before = await stateOf(server);
    const step = await begun();
    step.kill('SIGKILL');
    await step.done;
    const [outcome] = await run(shown, { GITHUB_API_URL: github.url });
    expect(outcome.code, outcome.all).toBe(0);
    expect([states().slice(1), github.problems]).toEqual([
      [
        ['queued', 'in_progress', 'failure'],
        ['queued', 'in_progress', 'success'],
      ],
      [],
    ]);
    expect(github.deployments[2]?.payload).toMatchObject({ project: 'shop', previous: before.current });
  });

  it('that GitHub does not take fails no deploy: a warning says which permission is missing', async () => {
    const closed = await githubApi({}, () => ({ status: 403, message: 'Resource not accessible by integration' }));
    const [outcome] = await run(shown, { GITHUB_API_URL: closed.url });
    await closed.close();
    expect(outcome.code, outcome.all).toBe(0);
    const warnings = readLog(outcome.stdout).commands.filter(({ name }) => name === 'warning');
    expect(warnings.map(({ value }) => value)).toEqual([
      "GitHub's environment page does not show how this deployment went: add `deployments: write` to the permissions of this job",
    ]);
  });
});

describe('a pull request from a fork', () => {
  it('has no secrets: it is told so, and shown what it consists of', async () => {
    const github = await githubApi();
    const event = join(bed.folder, 'fork.json');
    const repo = { full_name: 'eve/shop' };
    writeFileSync(event, JSON.stringify({ repository: {}, pull_request: { number: 7, head: { repo } } }));
    const none = { 'ssh-key': '', 'registry-password': '', 'registry-username': '' };
    const [outcome, step] = await run(
      { command: 'plan', comment: 'true', 'github-token': 'token', ...none },
      { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: event, GITHUB_API_URL: github.url, WEB_ENV: '' },
    );
    await github.close();
    expect(outcome.code, outcome.all).toBe(0);
    expect(github.requests).toEqual([]);
    expect(step.summary()).toContain('this pull request comes from a fork, which gets no secrets');
    expect(step.summary()).toContain('built from this repository: web');
    expect(step.summary()).toContain('cache runs ');
    expect(outcome.all).not.toMatch(/::(?:error|warning)/);
  });
});

describe('what a container prints', () => {
  /** What would be seen, or obeyed, if any of it were read as more than text. */
  const hostile = [
    '::set-output name=release::forged',
    '::add-mask::shop',
    '::stop-commands::x',
    '::error::forged',
    '</details></summary></code></pre><img src=x onerror=alert(1)><h1>forged</h1>',
    '![](https://evil.example.com/pixel.png) [click](https://evil.example.com) @octocat #1',
    '```',
    '~~~',
    '| a | b |',
  ];
  const prints = [
    ...hostile.map((line) => `echo '${line}'`),
    'echo FORGED=1 >>"${GITHUB_ENV:-/dev/null}"',
    'echo "FORGED=1" >>/github/env',
    'head -c 10000000 /dev/zero | tr "\\0" x',
    'echo',
    'echo at the end',
  ].join('; ');
  let outcome: Outcome;
  let step: Step;

  beforeAll(async () => {
    const command = `ARG BASE\nFROM \${BASE}\nCOPY prints.sh /\nCMD ["sh", "/prints.sh"]\n`;
    const files = impatient(shopFiles(bed, 'hostile', { web: '    env_file: web.env\n' }));
    shop.commit({ ...files, Dockerfile: command, 'prints.sh': `${prints}\nsleep 1000\n` });
    const github = await githubApi();
    [outcome, step] = await run(
      { command: 'push, deploy', deployment: 'true', 'github-token': 'token' },
      { GITHUB_API_URL: github.url },
    );
    await github.close();
    expect(github.problems).toEqual([]);
  });

  it('obeys nobody in the log, and exports nothing', () => {
    expect(outcome.code, outcome.all.slice(-5000)).toBe(1);
    const { commands, shown } = readLog(outcome.stdout);
    const names = new Set(commands.map(({ name }) => name));
    expect([...names].toSorted()).toEqual(['add-mask', 'endgroup', 'error', 'group']);
    expect(commands.filter(({ value }) => value === 'shop')).toEqual([]);
    expect(commands.filter(({ name }) => name === 'error')).toHaveLength(1);
    expect(step.exported()).toBe('');
    expect(step.outputs()).toMatchObject({ outcome: 'rolled-back' });
    expect(shown.join('\n')).toContain('at the end');
  });

  it('stays text in the summary, which stays small', () => {
    const summary = step.summary();
    expect(Buffer.byteLength(summary)).toBeLessThan(1_000_000);
    expect(summary).toContain('at the end');
    const html = htmlOf(summary);
    const outside = html.replaceAll(/<code\b[^>]*>.*?<\/code>/gs, '');
    for (const text of ['<img', '<h1', 'evil.example.com', '@octocat', 'forged']) expect(outside).not.toContain(text);
    // What is folded ends where it should: the last of it stands beside the others.
    expect(html.trimEnd()).toMatch(/<details><summary>Steps<\/summary>\n<table>.*<\/table>\n<\/details>$/s);
  });

  it('does not drown the log', () => {
    expect(Buffer.byteLength(outcome.all)).toBeLessThan(1_000_000);
  });
});

describe('without GitHub', () => {
  it('the command line deploys with no other variable than PATH and the secrets', async () => {
    const { inputs, env } = reach(bed, server);
    const flags = Object.entries({ ...inputs, 'env-files': 'web.env=WEB_ENV' }).flatMap(([name, value]) => [
      `--${name}`,
      value,
    ]);
    shop.commit(shopFiles(bed, 'three', { web: '    env_file: web.env\n' }));
    const argv = [
      join(import.meta.dirname, '../../node_modules/.bin/node'),
      join(bundle, 'cli.js'),
      'push',
      'deploy',
      ...flags,
    ];
    const outcome = await runProcess(argv, shop.folder, { PATH: process.env['PATH'] ?? '', ...env, WEB_ENV: envFile });
    expect(outcome.code, outcome.all).toBe(0);
    expect(await page(server)).toBe('three');
  });
});
