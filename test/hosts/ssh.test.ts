import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, limitAtFirstLine } from '../../fixtures/processes.ts';
import { type Options, type SshServer, startSshServer, targetOf } from '../../fixtures/ssh-server.ts';
import { ConnectError } from '../../src/errors.ts';
import type { Host } from '../../src/hosts/host.ts';
import { connectSsh } from '../../src/hosts/ssh.ts';
import { remote } from '../../src/hosts/ssh-shell.ts';
import { Secret } from '../../src/model/secret.ts';

const sh = (script: string) => ({ argv: ['/bin/sh', '-c', script] });

describe('a host at the other end of SSH', () => {
  let server: SshServer;
  let host: Host;
  beforeAll(async () => {
    server = await startSshServer();
    host = await connectSsh(targetOf(server), { graceSeconds: 0.2 });
  });
  afterAll(async () => {
    await host.close();
    await server.close();
  });

  it('runs a command and reports how it ended', async () => {
    const result = await host.run(sh('echo out; echo err >&2; exit 3'));
    expect(result).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n', seconds: expect.any(Number), timedOut: false });
  });

  it('reports the exit code of however short a command', async () => {
    const results = await Promise.all(Array.from({ length: 50 }, (_, code) => host.run({ argv: ['exit', `${code}`] })));
    expect(results.map(({ code }) => code)).toEqual(Array.from({ length: 50 }, (_, code) => code));
  });

  it('gives it all of its input and then closes it', async () => {
    const stdin = 'x'.repeat(5_000_000);
    expect((await host.run({ argv: ['wc', '-c'], stdin })).stdout.trim()).toBe('5000000');
    expect((await host.run({ argv: ['cat'], stdin: new Secret('hidden') })).stdout).toBe('hidden');
    expect((await host.run({ argv: ['cat'] })).code).toBe(0);
  });

  it('does not mind a command that ignores its input', async () => {
    expect((await host.run({ argv: ['true'], stdin: 'x'.repeat(5_000_000) })).code).toBe(0);
  });

  it('never puts the input into the command line', async () => {
    await host.run({ argv: ['cat'], stdin: new Secret('hidden') });
    expect(server.seen.commands.at(-1)).toBe(remote('cat').command);
  });

  it('reports lines as they come, in whole characters', async () => {
    const lines: string[] = [];
    await host.run(sh(`printf 'one\\n\\303'; sleep 0.05; printf '\\251\\n'; echo two >&2; sleep 0.05; printf three`), {
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    });
    expect(lines).toEqual(['stdout one', 'stdout é', 'stderr two', 'stdout three']);
  });

  it('gives no terminal', async () => {
    expect((await host.run({ argv: ['tty'] })).stdout).toBe('not a tty\n');
  });

  it('brings a lot of output, stdout and stderr at a time', async () => {
    const result = await host.run(
      sh('head -c 1500000 /dev/zero | tr "\\0" a; head -c 1500000 /dev/zero | tr "\\0" b >&2'),
    );
    expect([result.stdout.length, result.stderr.length]).toEqual([1_500_000, 1_500_000]);
  });

  it('says null for a command that was killed', async () => {
    expect(await host.run({ argv: ['eval', 'kill -KILL $$'] })).toMatchObject({ code: null, timedOut: false });
  });

  it('ends a command with its children when it is aborted', async () => {
    const controller = new AbortController();
    const result = await host.run(sh('(trap "echo child >&2" TERM; echo ready; sleep 5 & wait); wait'), {
      signal: controller.signal,
      onLine: () => controller.abort(),
    });
    expect(result).toMatchObject({ code: null, stdout: 'ready\n', timedOut: false });
    expect(result.stderr).toContain('child');
  });

  it('gives up a command that will not end, and says when it was a timeout', async () => {
    const result = await host.run(sh('trap "" TERM; echo $$; while :; do sleep 0.02; done'), limitAtFirstLine());
    expect(result).toMatchObject({ code: null, timedOut: true });
    await expect.poll(() => isAlive(result.stdout.trim()), { timeout: 10_000 }).toBe(false);
  });

  it('starts nothing that is aborted already', async () => {
    const before = server.seen.commands.length;
    expect(await host.run(sh('echo ran'), { signal: AbortSignal.abort() })).toMatchObject({ code: null, stdout: '' });
    expect(server.seen.commands).toHaveLength(before);
  });
});

describe('the connection to a host', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  const connected = async (options: Options = {}, keepaliveSeconds = 5) => {
    const server = await startSshServer(options);
    cleanUps.push(server.close);
    const host = await connectSsh(targetOf(server), { keepaliveSeconds });
    cleanUps.push(host.close);
    return { server, host };
  };

  it('is one for all commands, with at most eight sessions at a time', async () => {
    const { server, host } = await connected();
    const results = await Promise.all(Array.from({ length: 30 }, (_, i) => host.run(sh(`sleep 0.02; echo ${i}`))));
    expect(results.map(({ stdout }) => stdout.trim())).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`));
    expect(server.seen).toMatchObject({ connections: 1, mostSessions: 8 });
  });

  it.each([
    ['is reset', 'reset', 'read ECONNRESET', 5],
    ['is closed', 'end', 'the server closed it', 5],
    ['falls silent', 'freeze', 'the server stopped responding', 0.02],
  ] as const)(
    'that %s ends the running command with null, and every later one with an error',
    async (_, drop, reason, keepaliveSeconds) => {
      const { server, host } = await connected({}, keepaliveSeconds);
      const running = host.run(sh('echo begun; sleep 5; echo ended'), { onLine: () => server[drop]() });
      expect(await running).toMatchObject({ code: null, stdout: 'begun\n', timedOut: false });
      const later = await host.run({ argv: ['true'] }).catch((error: unknown) => error);
      expect(later).toBeInstanceOf(ConnectError);
      expect(later).toMatchObject({
        host: 'web1',
        message: `web1: the connection dropped (${reason})`,
        hint: 'Run it again. A command that was running on the server may have been interrupted.',
      });
    },
  );

  it('that is lost lets no command wait for its turn', async () => {
    const { server, host } = await connected();
    const commands = Array.from({ length: 12 }, () => host.run(sh('sleep 5')));
    setTimeout(server.reset, 100);
    const outcomes = await Promise.allSettled(commands);
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(8).fill('fulfilled'), ...Array(4).fill('rejected')]);
  });

  it('that is closed leaves no socket behind, even if nothing answers any more', async () => {
    const { server, host } = await connected();
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = sockets();
    server.freeze();
    await host.close();
    await expect.poll(sockets).toBe(before - 1);
  });

  it('that is closed runs nothing any more, and may be closed twice', async () => {
    const { host } = await connected();
    const running = host.run(sh('sleep 5'));
    await host.close();
    await host.close();
    expect(await running).toMatchObject({ code: null });
    await expect(host.run({ argv: ['true'] })).rejects.toThrow('web1: the connection dropped (it was closed here)');
  });

  it('takes as few sessions as the server allows', async () => {
    const { server, host } = await connected({ maxSessions: 2 });
    const results = await Promise.all(Array.from({ length: 12 }, () => host.run({ argv: ['true'] })));
    expect(results.every(({ code }) => code === 0)).toBe(true);
    expect(server.seen.mostSessions).toBe(2);
  });

  it('says so when the server runs no commands', async () => {
    const { host } = await connected({ maxSessions: 0 });
    await expect(host.run({ argv: ['true'] })).rejects.toMatchObject({
      message: 'web1: the server does not let user "deploy" run commands',
      hint: 'Check MaxSessions and ForceCommand in its sshd_config, and `command=` in authorized_keys.',
    });
  });
});
