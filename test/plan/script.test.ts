import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { shells } from '../../fixtures/shells.ts';
import { scriptStart } from '../../src/commands/program.ts';
import { inspect } from '../../src/commands/server.ts';
import { local } from '../../src/hosts/local.ts';
import type { Command } from '../../src/model/command.ts';
import type { RunStep, Step, WaitStep } from '../../src/model/plan.ts';
import { Secret } from '../../src/model/secret.ts';
import { script } from '../../src/plan/script.ts';

const run = (title: string, command: Command, over: Partial<RunStep> = {}): Step => ({
  kind: 'run',
  id: title,
  title,
  command,
  output: 'live',
  ...over,
});

const image = `shop/web@sha256:${'a'.repeat(64)}`;
const settle = (timeoutSeconds: number, settleSeconds = 0): WaitStep => ({
  kind: 'wait',
  id: 'healthy',
  title: 'every container is healthy',
  probe: inspect('shop'),
  until: { kind: 'services', images: { web: image }, settleSeconds },
  timeoutSeconds,
});

describe('steps as a script', () => {
  it('are lines, behind what they all need', () => {
    const steps = [
      run("it's", { argv: ['docker', 'compose', 'up', '$x'], env: { A: 'b c' } }, { timeoutSeconds: 60 }),
      run('in a folder', { argv: ['ls'], cwd: '/opt/a b' }, { retry: { pauses: [1, 2] } }),
      run('input', { argv: ['cat'], stdin: new Secret(`a'b\nc`) }),
    ];
    const text = script(steps, 'shop');
    expect(text.startsWith(scriptStart)).toBe(true);
    expect(text.slice(scriptStart.length)).toBe(`step 'it'\\''s' 60 '' nothing env 'A=b c' docker compose up '$x'
step 'in a folder' 3600 '1 2' nothing sh -c 'cd -- '\\''/opt/a b'\\'' && ls'
input_3() { printf %s 'a'\\''b
c'; }
step input 3600 '' input_3 cat
`);
  });

  it('leave out what only somebody outside can ask', () => {
    const asked: Step = { ...settle(5), probe: { url: 'https://shop.example/' }, until: { kind: 'answers' } };
    expect(script([asked], 'shop')).toBe(scriptStart);
  });
});

describe.each(shells)('a script with $name', (shell) => {
  function machine(docker: string) {
    const folder = mkdtempSync(join(tmpdir(), 'korrigo-script-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/docker'), `#!/bin/sh\n${docker}\n`);
    chmodSync(join(folder, 'bin/docker'), 0o755);
    const env = { PATH: `${join(folder, 'bin')}:${shell.bin}:${process.env['PATH']}`, HOME: folder };
    return {
      folder,
      perform: async (steps: readonly Step[]) => {
        writeFileSync(join(folder, 'undo.sh'), script(steps, 'shop'));
        return await local({ env }).run({ argv: ['sh', join(folder, 'undo.sh')] });
      },
    };
  }

  it('does its steps in order, with what they read', async () => {
    const { perform, folder } = machine('');
    const bytes = new Uint8Array([0, 255, 10, 13, 39]);
    const { code, stdout, stderr } = await perform([
      run('first', {
        argv: ['sh', '-c', 'printf "%s|" "$@" "$A"; pwd', 'x', `it's "q"`],
        env: { A: '$A' },
        cwd: folder,
      }),
      { kind: 'write', id: 'w', title: 'write', path: join(folder, 'it is written'), content: 'no end' },
      run('bytes', { argv: ['sh', '-c', 'cat >bytes'], cwd: folder, stdin: bytes }),
      run('nothing to read', { argv: ['cat'] }),
    ]);
    expect(stderr).toBe('');
    expect(stdout).toBe(`... first\nit's "q"|$A|${folder}\n... write\n... bytes\n... nothing to read\n`);
    expect(code).toBe(0);
    expect(readFileSync(join(folder, 'it is written'), 'utf8')).toBe('no end');
    expect(new Uint8Array(readFileSync(join(folder, 'bytes')))).toEqual(bytes);
  });

  it('stops at the first that fails, after its tries', async () => {
    const { perform } = machine('');
    const { code, stdout } = await perform([
      run('fails', { argv: ['sh', '-c', 'exit 7'] }, { retry: { pauses: [0, 0] } }),
      run('never', { argv: ['echo', 'no'] }),
    ]);
    expect(code).toBe(1);
    expect(stdout).toBe(
      '... fails\nfails failed with exit code 7, retrying in 0 s\nfails failed with exit code 7, retrying in 0 s\nfails failed with exit code 7\n',
    );
  });

  it('ends a step that takes too long', async () => {
    const { perform } = machine('');
    const { code, stdout } = await perform([run('hangs', { argv: ['sleep', '600'] }, { timeoutSeconds: 1 })]);
    expect([code, stdout]).toEqual([1, '... hangs\nhangs took longer than 1 s\n']);
  });

  /** What `docker inspect` says of each container: service, image, status, exit code, health, since when, id. */
  const containers = (...rows: readonly (readonly string[])[]): string =>
    `case $1 in ps) echo ${rows.map((_, n) => `id${n}`).join(' ')};; inspect) printf '%s\\n' ${rows.map((row) => `'${row.join('\t')}'`).join(' ')};; esac`;
  const web = (...state: readonly string[]): readonly string[] => ['web', image, ...state, 'then', 'id'];

  it.each([
    ['that is healthy', [web('running', '0', 'healthy')]],
    ['that runs without a healthcheck', [web('running', '0', 'none')]],
    ['that completed with 0', [web('exited', '0', 'none')]],
    [
      'beside one of another service, and one that runs once',
      [web('running', '0', 'healthy'), ['old', 'x', 'exited', '1', 'none', 't', 'i'], []],
    ],
  ])('waits until the containers are as planned: one %s', async (_, rows) => {
    const { perform } = machine(containers(...rows));
    expect(await perform([settle(20)])).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['is not there', [['other', 'x', 'running', '0', 'none', 't', 'i']], 'web has no container'],
    [
      'has another image',
      [['web', 'shop/web@sha256:b', 'running', '0', 'healthy', 't', 'i']],
      `web is running shop/web@sha256:b, expected ${image}`,
    ],
    ['is not healthy', [web('running', '0', 'unhealthy')], 'web is unhealthy'],
    ['ended', [web('exited', '3', 'none')], 'web is exited (exit code 3)'],
  ])('says what is wrong when the time is up: one %s', async (_, rows, says) => {
    const { perform } = machine(containers(...rows));
    const { code, stderr, stdout } = await perform([settle(1)]);
    expect([code, stderr]).toEqual([1, `after 1 s: ${says}\n`]);
    expect(stdout).toContain('every container is healthy failed with exit code 1');
  });

  it('does not trust one that is restarted again and again', async () => {
    const { perform } = machine(
      `case $1 in ps) echo id;; inspect) printf 'web\\t${image}\\trunning\\t0\\tnone\\t%s\\tid\\n' "$(cat /proc/uptime)";; esac`,
    );
    expect(await perform([settle(3, 2)])).toMatchObject({
      code: 1,
      stderr: 'after 3 s: some were restarted just now\n',
    });
  });

  it('waits for a Docker that does not answer, and says so in the end', async () => {
    const { perform } = machine('echo "Cannot connect to the Docker daemon" >&2; exit 1');
    expect(await perform([settle(1)])).toMatchObject({
      code: 1,
      stderr: 'after 1 s: docker: Cannot connect to the Docker daemon\n',
    });
  });
});
