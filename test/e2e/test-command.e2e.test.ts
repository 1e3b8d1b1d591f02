import { describe, expect, it } from 'vitest';
import { failureOf, korrigo, type Outcome, type Texts } from '../../fixtures/korrigo.ts';
import { openBed } from '../../fixtures/open-bed.ts';
import { type Step, startStep } from '../../fixtures/runner.ts';
import { webDockerfile } from '../../fixtures/shop.ts';

const { bed, repository } = await openBed();
const app = repository('tested');

/** Tests that ask `web`, which is built, and keep data in a volume; their own script is `tests`. */
function testFile(tests: string, more = ''): Readonly<Record<string, string>> {
  return {
    Dockerfile: webDockerfile,
    'www/index.html': 'tested\n',
    'compose.test.yml': `services:
  web:
    build:
      context: .
      args:
        BASE: ${bed.engine.images.busybox}
    volumes: ["data:/data"]
    stop_grace_period: 1s
    init: true
${more}  tests:
    image: ${bed.engine.images.busybox}
    command: ["sh", "-c", ${JSON.stringify(tests)}]
    stop_grace_period: 1s
    init: true
volumes:
  data: {}
`,
  };
}

const test = async (files: Readonly<Record<string, string>>, inputs: Texts = {}): Promise<Outcome> => {
  app.commit(files);
  return await korrigo(app.folder, ['test'], { 'test-compose-file': 'compose.test.yml', ...inputs }, bed.engine.env);
};

const projectOf = ({ all }: Outcome): string => /test-[0-9a-f]{12}/.exec(all)?.[0] ?? '';

/** Everything on this machine that belongs to the test project of a run. */
async function leftOf(outcome: Outcome): Promise<readonly string[]> {
  const project = projectOf(outcome);
  expect(project, outcome.all).not.toBe('');
  const label = ['--filter', `label=com.docker.compose.project=${project}`];
  const { docker } = bed.engine;
  const found = await Promise.all([
    docker('ps', '--all', '--format', 'container {{.Names}}', ...label),
    docker('network', 'ls', '--format', 'network {{.Name}}', ...label),
    docker('volume', 'ls', '--format', 'volume {{.Name}}', ...label),
    docker('images', '--format', 'image {{.Repository}}', '--filter', `reference=${project}*`),
  ]);
  return found.flatMap((lines) => lines.split('\n')).filter((line) => line !== '');
}

describe('tests', () => {
  const asks = 'until wget -qO- http://web/; do sleep 0.2; done';

  it.each([{}, { 'test-service': 'tests' }])('run once, whatever their restart policy: %j', async (inputs) => {
    const files = testFile('echo the tests run; exit 0', '    restart: always\n');
    const text = (files['compose.test.yml'] ?? '').replace(
      '  tests:\n',
      '  tests:\n    restart: unless-stopped\n    deploy: {restart_policy: {condition: any, max_attempts: 3}}\n',
    );
    const outcome = await test({ ...files, 'compose.test.yml': text }, { 'test-timeout': '2m', ...inputs });
    expect(outcome.code, outcome.all).toBe(0);
    expect(outcome.all.match(/ \| the tests run$/gm)).toHaveLength(1);
    expect(await leftOf(outcome)).toEqual([]);
  });

  it('that pass: exit 0, their output is shown, and nothing is left', async () => {
    const outcome = await test(testFile(`${asks}; echo all is well`));
    expect(outcome.code, outcome.all).toBe(0);
    expect(outcome.all).toMatch(/tests-1 +\| all is well/);
    expect(await leftOf(outcome)).toEqual([]);
  });

  it('that fail: exit 1, the log of what failed is shown, and nothing is left', async () => {
    const outcome = await test(testFile(`${asks}; echo 1 of 2 failed >&2; exit 5`));
    expect(outcome.code).toBe(1);
    expect(outcome.all).toMatch(/tests-1 +\| 1 of 2 failed/);
    expect(failureOf(outcome)).toMatch(
      /^local: run the tests in compose\.test\.yml failed with exit code 5\n→ Fix the tests, then push again. Nothing was deployed.$/,
    );
    expect(await leftOf(outcome)).toEqual([]);
  });

  describe('with a service that only prepares something', () => {
    const seeds = (line: string): string => `  seeds:
    image: ${bed.engine.images.busybox}
    command: ["sh", "-c", "${line}"]
`;
    const after = (files: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
      ...files,
      'compose.test.yml': (files['compose.test.yml'] ?? '').replace(
        '  tests:\n',
        '  tests:\n    depends_on:\n      seeds: { condition: service_completed_successfully }\n',
      ),
    });

    it.each([
      ['passes', 0],
      ['fails', 7],
    ])('the tests of a named service run all the same, and decide: %s', async (_, code) => {
      const files = after(testFile(`${asks}; sleep 1; echo tested; exit ${code}`, seeds('echo seeded')));
      const outcome = await test(files, { 'test-service': 'tests' });
      expect(outcome.code, outcome.all).toBe(code === 0 ? 0 : 1);
      expect(outcome.all).toMatch(/seeds-1 +\| seeded[\s\S]*tests-1 +\| tested/);
      if (code !== 0) expect(failureOf(outcome)).toContain(`failed with exit code ${code}\n`);
      expect(await leftOf(outcome)).toEqual([]);
    });

    it('that fails: the tests do not run, which is a failure', async () => {
      const files = after(testFile('echo tested', seeds('echo no seeds; exit 3')));
      const outcome = await test(files, { 'test-service': 'tests' });
      expect(outcome.code, outcome.all).toBe(1);
      expect(outcome.all).not.toMatch(/tests-1 +\| tested/);
      expect(outcome.all).toContain('tests never started\n');
      expect(await leftOf(outcome)).toEqual([]);
    });

    it('and no named service: it is a failure, and says what to set', async () => {
      const outcome = await test(after(testFile('echo tested', seeds('echo seeded'))));
      expect(outcome.code, outcome.all).toBe(1);
      expect(outcome.all).toContain(
        'a service depends on another one completing, so the first container to exit cannot decide: set test-service\n',
      );
    });
  });

  it('that take too long: are ended, and nothing is left', async () => {
    const outcome = await test(testFile('echo waiting; sleep 1000'), { 'test-timeout': '4s' });
    expect(outcome.code).toBe(1);
    expect(failureOf(outcome)).toMatch(/^local: run the tests in \S+ timed out and was stopped\n/);
    expect(await leftOf(outcome)).toEqual([]);
  });

  it('whose image does not build: exit 1, and nothing is left', async () => {
    const outcome = await test({
      ...testFile('true'),
      Dockerfile: `ARG BASE\nFROM \${BASE}\nRUN echo will not compile && exit 9\n`,
    });
    expect(outcome.code).toBe(1);
    expect(outcome.all).toMatch(/did not complete successfully: exit code: 9\n/);
    expect(projectOf(outcome), 'nothing was created').toBe('');
  });

  it('whose compose file is not there: says so', async () => {
    const outcome = await test(testFile('true'), { 'test-compose-file': 'absent.yml' });
    expect(outcome.code).toBe(1);
    expect(failureOf(outcome)).toBe(`test-compose-file: absent.yml does not exist in ${app.folder}`);
  });
});

describe('a cancelled run', () => {
  const start = (): Step => {
    app.commit(testFile('echo waiting; sleep 1000'));
    return startStep(app.folder, { command: 'test', 'test-compose-file': 'compose.test.yml' }, bed.engine.env);
  };

  it('that is interrupted by SIGINT ends, and leaves nothing for post to do', async () => {
    const step = start();
    await step.says('| waiting');
    step.kill('SIGINT');
    const outcome = await step.done;
    expect(outcome.code).toBe(1);
    expect(outcome.all).toContain('cancelled during: run the tests in');
    expect(await leftOf(outcome)).toEqual([]);
    expect((await step.post()).stdout).toBe('');
    step.remove();
  });

  it('that is killed outright is cleaned up by post', async () => {
    const step = start();
    await step.says('| waiting');
    step.kill('SIGKILL');
    const outcome = await step.done;
    expect(outcome.code).toBe(null);
    expect(await leftOf(outcome)).not.toEqual([]);
    const post = await step.post();
    expect(post.code, post.all).toBe(0);
    expect(await leftOf(outcome)).toEqual([]);
    step.remove();
  });
});
