import { describe, expect, it } from 'vitest';
import { isAlive, limitAtFirstLine } from '../../fixtures/processes.ts';
import { local } from '../../src/hosts/local.ts';
import { groupLeaderOn } from '../../src/hosts/program.ts';
import { Secret } from '../../src/model/secret.ts';

const host = local({ env: { PATH: process.env['PATH'], GIVEN: 'outer' }, graceSeconds: 0.2 });
const sh = (script: string) => ({ argv: ['/bin/sh', '-c', script] });

describe('this machine', () => {
  it('runs a program and reports how it ended', async () => {
    const result = await host.run(sh('echo out; echo err >&2; exit 3'));
    expect(result).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n', seconds: expect.any(Number), timedOut: false });
  });

  it('runs it without a shell', async () => {
    expect((await host.run({ argv: ['printf', '%s', '$HOME; `id`'] })).stdout).toBe('$HOME; `id`');
  });

  it('runs it in its folder, with its environment added to the one of the host', async () => {
    const command = { ...sh('pwd; echo "$GIVEN $OWN $HOME"'), cwd: '/', env: { OWN: 'inner' } };
    expect((await host.run(command)).stdout).toBe('/\nouter inner \n');
  });

  it('gives it all of its input', async () => {
    const stdin = 'x'.repeat(3_000_000);
    expect((await host.run({ argv: ['wc', '-c'], stdin })).stdout.trim()).toBe('3000000');
    expect((await host.run({ argv: ['cat'], stdin: new Secret('hidden') })).stdout).toBe('hidden');
    expect((await host.run({ argv: ['cat'], stdin: new Uint8Array([104, 105]) })).stdout).toBe('hi');
  });

  it('closes the input when there is none', async () => {
    expect((await host.run({ argv: ['cat'] })).code).toBe(0);
  });

  it('does not mind a program that ignores its input', async () => {
    expect((await host.run({ argv: ['true'], stdin: 'x'.repeat(3_000_000) })).code).toBe(0);
  });

  it('reports lines as they come', async () => {
    const lines: string[] = [];
    await host.run(sh('echo one; sleep 0.05; echo two >&2; sleep 0.05; printf three'), {
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    });
    expect(lines).toEqual(['stdout one', 'stderr two', 'stdout three']);
  });

  it.each([
    ['a program that does not exist', { argv: ['no-such-program'] }, 127, 'no-such-program: command not found\n'],
    [
      'a folder that does not exist',
      { argv: ['true'], cwd: '/no/such/folder' },
      127,
      '/no/such/folder: no such directory\n',
    ],
    ['a file as folder', { argv: ['true'], cwd: '/etc/passwd' }, 127, '/etc/passwd: no such directory\n'],
    ['a file that is no program', { argv: ['/etc/passwd'] }, 126, '/etc/passwd: permission denied\n'],
    ['an argument that is too long', { argv: ['true', 'x'.repeat(200_000)] }, 126, 'true: argument list too long\n'],
    [
      'too many arguments',
      { argv: ['true', ...Array<string>(30).fill('x'.repeat(100_000))] },
      126,
      'true: argument list too long\n',
    ],
  ])('reports %s as a shell would', async (_, command, code, stderr) => {
    expect(await host.run(command)).toMatchObject({ code, stdout: '', stderr, timedOut: false });
  });

  it('takes arguments up to that length', async () => {
    const most = { argv: ['sh', '-c', 'echo $#', 'sh', ...Array<string>(19).fill('x'.repeat(100_000))] };
    expect(await host.run(most)).toMatchObject({ code: 0, stdout: '19\n' });
  });

  it('finds a program in the PATH that it gives it, and below its folder', async () => {
    expect(await host.run({ argv: ['true'], env: { PATH: '/no/such/folder' } })).toMatchObject({ code: 127 });
    expect(await host.run({ argv: ['bin/sh', '-c', 'pwd'], cwd: '/' })).toMatchObject({ code: 0, stdout: '/\n' });
  });

  it('takes a NUL byte for the bug that it is', async () => {
    await expect(host.run({ argv: ['echo', 'a\0b'] })).rejects.toThrow('null bytes');
  });

  it('says null for a program that was killed', async () => {
    expect(await host.run(sh('kill -KILL $$'))).toMatchObject({ code: null, timedOut: false });
  });

  it('ends a program with its children when it is aborted', async () => {
    const patient = local({ env: process.env, graceSeconds: 30 });
    const controller = new AbortController();
    let pid = '';
    const result = await patient.run(sh('sleep 30 & echo $!; wait'), {
      signal: controller.signal,
      onLine: (line) => {
        pid = line;
        controller.abort();
      },
    });
    expect(result).toMatchObject({ code: null, timedOut: false });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('ends a program with its children on macOS too, which has no setsid', async () => {
    const mac = local({ env: process.env, graceSeconds: 30, groupLeader: groupLeaderOn('darwin') });
    expect(await mac.run({ argv: ['sh', '-c', 'echo "$1"; exit 3', 'sh', 'a b'] })).toMatchObject({
      code: 3,
      stdout: 'a b\n',
    });
    const controller = new AbortController();
    let pid = '';
    const result = await mac.run(sh('sleep 30 & echo $!; wait'), {
      signal: controller.signal,
      onLine: (line) => {
        pid = line;
        controller.abort();
      },
    });
    expect(result).toMatchObject({ code: null });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('waits for what a child of the program still says', async () => {
    expect(await host.run(sh('(sleep 0.3; echo late) & echo soon'))).toMatchObject({ code: 0, stdout: 'soon\nlate\n' });
  });

  it('lets a program end in its own way, but calls it aborted', async () => {
    const command = sh('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.01; done');
    const controller = new AbortController();
    const result = await host.run(command, { signal: controller.signal, onLine: () => controller.abort() });
    expect(result).toMatchObject({ code: null, stdout: 'ready\nbye\n', timedOut: false });
  });

  it('kills a program that will not end, and says when it was a timeout', async () => {
    const command = sh('trap "" TERM; echo $$; while :; do sleep 0.05; done');
    const result = await host.run(command, limitAtFirstLine());
    expect(result).toMatchObject({ code: null, timedOut: true });
    expect(isAlive(result.stdout.trim())).toBe(false);
  });

  it('kills a child that outlives its program', async () => {
    const child = `sh -c 'trap "" TERM; echo $$; exec sleep 30 >/dev/null 2>&1'`;
    const result = await host.run(sh(`${child} & wait`), limitAtFirstLine());
    await expect.poll(() => isAlive(result.stdout.trim())).toBe(false);
  });

  it('does not wait for a grandchild that left the group', async () => {
    const command = sh('setsid sh -c "trap \\"\\" TERM; echo \\$\\$; exec sleep 1000" & wait');
    const controller = new AbortController();
    const result = await host.run(command, { signal: controller.signal, onLine: () => controller.abort() });
    expect(result).toMatchObject({ code: null });
    process.kill(Number(result.stdout), 'SIGKILL');
  });

  it('starts nothing that is aborted already', async () => {
    expect(await host.run(sh('echo ran'), { signal: AbortSignal.abort() })).toMatchObject({ code: null, stdout: '' });
  });
});
