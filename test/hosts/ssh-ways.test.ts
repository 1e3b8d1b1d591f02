/** Other ways to a server, and into it: a program that is the connection, and no proof of who comes. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive } from '../../fixtures/processes.ts';
import { type Options, startSshServer, targetOf } from '../../fixtures/ssh-server.ts';
import { connectSsh } from '../../src/hosts/ssh.ts';
import type { SshTarget } from '../../src/model/target.ts';

const serve = async (options: Options = {}) => {
  const server = await startSshServer(options);
  onTestFinished(async () => await server.close());
  return server;
};

const connected = async (target: SshTarget) => {
  const host = await connectSsh(target, { sleep: async () => {} });
  onTestFinished(async () => await host.close());
  return host;
};

const env = { PATH: process.env['PATH'] ?? '' };
/** Connects its stdin and stdout to a port of this machine. */
const pipe = [
  process.execPath,
  '--eval',
  `const socket = require('node:net').connect(Number(process.argv[2]), process.argv[1]);
   process.stdin.pipe(socket).pipe(process.stdout);
   socket.on('error', (error) => { console.error(error.code); process.exit(1); });`,
];
const through = (...argv: readonly string[]) => ({ proxy: { argv, env } });

describe('a program that is the connection', () => {
  it('carries all of it, and is told where to', async () => {
    const server = await serve();
    const target = targetOf(server, { ...through(...pipe, '%h', '%p') });
    const host = await connected(target);
    const stdin = 'x'.repeat(3_000_000);
    expect(await host.run({ argv: ['wc', '-c'], stdin })).toMatchObject({ code: 0 });
    expect((await host.run({ argv: ['cat'], stdin })).stdout).toBe(stdin);
  });

  it('gets host, port and user as single words', async () => {
    const target = targetOf(
      { port: 22 },
      through('sh', '-c', 'echo "$*|$#" >&2; exit 3', 'sh', '%h', '%r@%h:%p', '100%%'),
    );
    await expect(connected({ ...target, host: 'web 1' })).rejects.toMatchObject({
      message: 'web1: proxy-command ended with exit code 3 before the server answered: web 1 deploy@web 1:22 100%|3',
      hint: 'Run the program by hand where this runs: the greeting of the server (SSH-2.0-…) has to appear.',
    });
  });

  it('ends with the connection, also when that is lost', async () => {
    const server = await serve();
    const telling = ['sh', '-c', 'echo $$ >&2; echo $$ >"$0"; exec "$@"'];
    for (const drop of ['close', 'reset'] as const) {
      const file = `/tmp/korrigo-proxy-${process.pid}-${drop}`;
      const host = await connected(targetOf(server, through(...telling, file, ...pipe, '%h', '%p')));
      const pid = (await host.run({ argv: ['sh', '-c', 'cat "$1"; rm "$1"', 'sh', file] })).stdout.trim();
      expect(isAlive(pid)).toBe(true);
      if (drop === 'close') await host.close();
      else server.reset();
      await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
    }
  });

  it('is tried again when it fails', async () => {
    const server = await serve();
    const flaky = 'if [ -e "$0" ]; then rm "$0"; exec "$@"; fi; : >"$0"; echo "tunnel not ready" >&2; exit 1';
    const file = `/tmp/korrigo-flaky-${process.pid}`;
    const target = targetOf(server, { ...through('sh', '-c', flaky, file, ...pipe, '%h', '%p'), attempts: 2 });
    const retries: string[] = [];
    const host = await connectSsh(target, {
      sleep: async () => {},
      onRetry: ({ error }) => retries.push(error.message),
    });
    onTestFinished(async () => await host.close());
    expect(retries).toEqual([
      'web1: proxy-command ended with exit code 1 before the server answered: tunnel not ready',
    ]);
    expect(await host.run({ argv: ['true'] })).toMatchObject({ code: 0 });
  });

  it('that is not there is named', async () => {
    await expect(connected(targetOf({ port: 22 }, through('cloudflared', 'access')))).rejects.toMatchObject({
      message: 'web1: proxy-command: cloudflared: command not found',
      hint: 'Install the program in an earlier step of this job, or write its whole path.',
    });
  });

  it('that says nothing is named, with what it says on stderr', async () => {
    const silent = through('sh', '-c', 'echo "open https://example.com/login" >&2; exec sleep 30');
    await expect(connected(targetOf({ port: 22 }, { ...silent, connectTimeoutSeconds: 0.5 }))).rejects.toMatchObject({
      message:
        'web1: proxy-command: connected, but the login did not finish within 0.5 s: open https://example.com/login',
    });
  });

  it('is not blamed for a host key that is not known', async () => {
    const server = await serve();
    await expect(connected(targetOf(server, { ...through(...pipe, '%h', '%p'), hostKeys: [] }))).rejects.toMatchObject({
      message: expect.stringMatching(/^web1: the host key of 127\.0\.0\.1 is not in known-hosts/),
    });
  });

  it('sees only the environment that it is given', async () => {
    process.env['KORRIGO_SSH_KEY'] = 'hidden';
    onTestFinished(() => void delete process.env['KORRIGO_SSH_KEY']);
    const target = targetOf({ port: 22 }, through('sh', '-c', 'echo "<$KORRIGO_SSH_KEY>" >&2; exit 1'));
    await expect(connected(target)).rejects.toMatchObject({ message: expect.stringMatching(/: <>$/) });
  });
});

describe('a login without proof', () => {
  it('is let in where the network says who comes', async () => {
    const server = await serve({
      authenticate: (context) => (context.method === 'none' ? context.accept() : context.reject()),
    });
    const host = await connected(targetOf(server, { key: undefined }));
    expect(await host.run({ argv: ['true'] })).toMatchObject({ code: 0 });
  });

  it('says what the server wants elsewhere', async () => {
    const server = await serve();
    await expect(connected(targetOf(server, { key: undefined }))).rejects.toMatchObject({
      message: 'web1: the server does not let user "deploy" in without proof; it wants publickey',
      hint: expect.stringMatching(/^ssh-auth: none is for Tailscale SSH/),
    });
  });

  it('shows the address that a person would have to visit', async () => {
    const banner =
      '# Tailscale SSH requires an additional check.\n# To authenticate, visit: https://login.tailscale.com/a/1\n';
    const server = await serve({ banner, authenticate: () => {} });
    const target = targetOf(server, { key: undefined, connectTimeoutSeconds: 3, attempts: 3 });
    await expect(connected(target)).rejects.toMatchObject({
      message:
        'web1: the login was not done after 3 s; the server says: # Tailscale SSH requires an additional check. # To authenticate, visit: https://login.tailscale.com/a/1',
      hint: 'The server waits for a person to confirm: let this machine log in without that (for Tailscale SSH, `accept` instead of `check`).',
    });
  });
});
