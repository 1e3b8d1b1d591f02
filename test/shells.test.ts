/** The shells, run from their sources as programs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../bed/process.ts';
import { githubApi } from '../fixtures/github-api.ts';
import { commandNames } from '../src/config/config.ts';
import { silent } from '../src/log/log.ts';
import { withPorts } from '../src/shell.ts';

const top = join(import.meta.dirname, '..');
const korrigo = async (...args: readonly string[]) =>
  await run([process.execPath, join(top, 'src/cli.ts'), ...args], { env: { KORRIGO_COMMAND: '' } });

describe('the command-line program', () => {
  it('names a file that cannot be read, with everything else that is wrong', async () => {
    const { code, stderr } = await korrigo('status', '--ssh-key', '@/no/such/key', '--registry-password', 'hunter2');
    expect(code).toBe(1);
    expect(stderr).toBe(
      '2 problems:\n- --registry-password: is secret and does not belong in arguments; write --registry-password @file, or set KORRIGO_REGISTRY_PASSWORD\n- ssh-key: the file /no/such/key does not exist\n',
    );
  });
});

describe('the command-line program, asked for help', () => {
  it('says its version, and that of Node', async () => {
    const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
    expect(await korrigo('--version')).toMatchObject({
      code: 0,
      stdout: `korrigo ${version}, Node ${process.versions.node}\n`,
    });
  });

  it.each([[['--help']], [['-h']], [['help']], [[]]])('by %j lists the commands', async (args) => {
    const { code, stdout } = await korrigo(...args);
    expect(code).toBe(0);
    for (const name of commandNames) expect(stdout).toMatch(new RegExp(`^  ${name} +\\w`, 'm'));
  });

  it.each([
    [['rollback', '--help'], 'to', 'migrate'],
    [['help', 'deploy'], 'migrate', 'to'],
    [['build', 'push', '-h'], 'tags', 'hosts'],
  ])('by %j lists the inputs of these commands, and no others', async (args, own, foreign) => {
    const { stdout } = await korrigo(...args);
    expect(stdout).toContain(`\n  --${own} value`);
    expect(stdout).not.toContain(`\n  --${foreign} `);
  });

  it('names what is missing by its flag and its variable, and no secrets of GitHub', async () => {
    const { code, stderr } = await korrigo('rollback');
    expect(code).toBe(1);
    expect(stderr).toContain('- ssh-key: is empty. Set it with --ssh-key @file, or in KORRIGO_SSH_KEY\n');
    expect(stderr).not.toMatch(/GitHub|Settings/);
  });

  it('says which command was meant', async () => {
    expect(await korrigo('depoly')).toMatchObject({
      code: 1,
      stderr: 'command: unknown command "depoly"; did you mean deploy?\n',
    });
  });
});

describe('the action', () => {
  it('warns of an input that it does not have, and names the one that was meant', async () => {
    const env = { INPUT_COMMAND: 'status', INPUT_HOSTSS: 'www.example.com', GITHUB_OUTPUT: '' };
    const { stdout } = await run([process.execPath, join(top, 'src/main.ts')], { env });
    expect(stdout).toContain(
      '::warning title=Korrigo Deploy::hostss: is not an input of this action and has no effect; did you mean hosts?\n',
    );
    expect(stdout).toMatch(/::error title=Korrigo Deploy::3 problems:%0A- hosts: is empty;/);
  });

  it('lists what is wrong with its inputs in the summary, and has a title for a notification', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'korrigo-test-'));
    const [summary, output] = [join(folder, 'summary'), join(folder, 'output')];
    for (const file of [summary, output]) writeFileSync(file, '');
    const env = { INPUT_COMMAND: 'status', GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: output };
    await run([process.execPath, join(top, 'src/main.ts')], { env });
    expect(readFileSync(summary, 'utf8')).toMatch(/^## ❌ nothing was started\n\n- hosts: is empty; .*\n- /);
    expect(readFileSync(output, 'utf8')).toMatch(/title<<(\S+)\n❌ nothing was started\n\1\nsummary<</);
    rmSync(folder, { recursive: true });
  });
});

describe('post', () => {
  /** With what the main program left in its state, against a GitHub that has one deployment. */
  const after = async (deployment: string) => {
    const statuses = [{ state: 'in_progress' }];
    const left = { id: 500, ref: 'main', task: 'deploy', environment: 'production', payload: {}, statuses };
    const github = await githubApi({ deployments: [left] });
    const inputs = {
      INPUT_COMMAND: 'rollback',
      INPUT_HOSTS: 'local',
      'INPUT_PROJECT-NAME': 'shop',
      INPUT_DEPLOYMENT: 'true',
      'INPUT_GITHUB-TOKEN': 'token',
    };
    const env = { GITHUB_API_URL: github.url, GITHUB_REPOSITORY: 'acme/shop', STATE_deployment: deployment, ...inputs };
    const { code, stdout, stderr } = await run([process.execPath, join(top, 'src/post.ts')], { env });
    await github.close();
    expect([code, stderr, github.problems], stdout).toEqual([0, '', []]);
    return { stdout, states: statuses.map(({ state }) => state), requests: github.requests.length };
  };

  it('ends a deployment that the main program could not end', async () => {
    expect((await after('{"id":500}')).states).toEqual(['in_progress', 'failure']);
    const end = { state: 'success', description: 'deploy succeeded' };
    expect((await after(JSON.stringify({ id: 500, end }))).states).toEqual(['in_progress', 'success']);
  });

  it('asks GitHub for nothing where nothing is left', async () => {
    expect(await after('null')).toEqual({ stdout: '', states: ['in_progress'], requests: 0 });
  });
});

describe('other programs on this machine', () => {
  it('see the environment without the inputs, and what a user calls KORRIGO_', async () => {
    const env = {
      'INPUT_SSH-KEY': 'a',
      INPUT_ANYTHING: 'b',
      STATE_cleanUps: 'c',
      KORRIGO_SSH_KEY: 'd',
      KORRIGO_TAG: 'e',
      WEB_ENV: 'f',
      PATH: 'g',
    };
    const surroundings = {
      env,
      cwd: '/',
      temporary: tmpdir(),
      log: silent,
      signal: new AbortController().signal,
      ref: { ref: undefined, defaultBranch: undefined, source: undefined, actor: 'ada', run: undefined },
      hidden: ['WEB_ENV'],
      variables: { COLOUR: 'blue' },
      remember: () => {},
      rememberLeases: () => {},
      announce: () => {},
    };
    expect(await withPorts(surroundings, async (ports) => ports.env)).toEqual({
      KORRIGO_TAG: 'e',
      PATH: 'g',
      COLOUR: 'blue',
    });
  });
});
