/** Servers that are not what OpenSSH on Debian is by default. */
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive } from '../../fixtures/processes.ts';
import { busybox } from '../../fixtures/shells.ts';
import { type Options, startSshServer, targetOf } from '../../fixtures/ssh-server.ts';
import type { Host } from '../../src/hosts/host.ts';
import { connectSsh } from '../../src/hosts/ssh.ts';
import { Secret } from '../../src/model/secret.ts';

const connected = async (options: Options, connectTimeoutSeconds = 5): Promise<Host> => {
  const server = await startSshServer(options);
  onTestFinished(async () => await server.close());
  const host = await connectSsh(targetOf(server, { connectTimeoutSeconds }));
  onTestFinished(async () => await host.close());
  return host;
};

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'korrigo-shell-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
};

/** A login shell that does this first. `$@` is `-c <command>`. */
const loginShell = (script: string): string => {
  const path = join(folder(), 'shell');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
};

const talkative = "echo 'Welcome!\nrelease\tnot-a-fact'; printf 'no line end'; echo 'locale: cannot set' >&2; ";
const long = `# ${'x'.repeat(10_000)}`;

describe('a login shell that talks', () => {
  it.each([
    ['a short program', 'cat; echo err >&2; exit 3'],
    ['a long one', `cat; echo err >&2; exit 3 ${long}`],
  ])('is not heard before %s', async (_, program) => {
    const host = await connected({ loginShell: loginShell(`${talkative}exec /bin/sh "$@"`) });
    const lines: string[] = [];
    const result = await host.run(
      { argv: ['sh', '-c', program], stdin: 'in\n' },
      { onLine: (line, stream) => lines.push(`${stream} ${line}`) },
    );
    expect(result).toMatchObject({ code: 3, stdout: 'in\n', stderr: 'err\n' });
    expect(lines.sort()).toEqual(['stderr err', 'stdout in']);
  });

  it('may close a stream, and the command runs all the same', async () => {
    const host = await connected({ loginShell: loginShell('exec 2>/dev/null; exec /bin/sh "$@"') });
    expect(await host.run({ argv: ['sh', '-c', 'echo out; exit 3'] })).toMatchObject({ code: 3, stdout: 'out\n' });
  });
});

describe('a server that gives commands no process group of their own, as Dropbear', () => {
  const dropbear = () => connected({ loginShell: loginShell('/bin/sh "$@"; exit $?') });

  it('runs them, and reports how they ended', async () => {
    const host = await dropbear();
    expect(await host.run({ argv: ['sh', '-c', `cat; exit 3 ${long}`], stdin: 'in' })).toMatchObject({
      code: 3,
      stdout: 'in',
    });
  });

  it('ends them with their children', async () => {
    const host = await dropbear();
    const controller = new AbortController();
    let pid = '';
    const result = await host.run(
      { argv: ['sh', '-c', 'sleep 30 & echo $!; wait'] },
      {
        signal: controller.signal,
        onLine: (line) => {
          pid = line;
          controller.abort();
        },
      },
    );
    expect(result).toMatchObject({ code: null });
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });
});

describe('a server whose programs are those of BusyBox', () => {
  const applets = ['sh', 'cat', 'sleep', 'setsid', 'printf', 'kill', 'env'];
  const server = (shell = '/bin/sh "$@"; exit $?') => {
    const bin = folder();
    for (const name of applets) symlinkSync(busybox, join(bin, name));
    return connected({ env: { PATH: bin }, loginShell: loginShell(shell) });
  };

  it('runs short and long programs with their input', async () => {
    const host = await server();
    for (const rest of ['', long])
      expect(
        await host.run({
          argv: ['sh', '-c', `cat; printf '%s|' "$@"; exit 3 ${rest}`, 'sh', "é'\\!\n", ''],
          stdin: 'in',
        }),
      ).toMatchObject({ code: 3, stdout: "iné'\\!\n||" });
  });

  it('ends a command with its children', async () => {
    const host = await server(`exec ${busybox} sh "$@"`);
    const controller = new AbortController();
    let pid = '';
    await host.run(
      { argv: ['sh', '-c', 'sleep 30 & echo $!; wait'] },
      {
        signal: controller.signal,
        onLine: (line) => {
          pid = line;
          controller.abort();
        },
      },
    );
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });
});

describe('a server that lets the user in, and runs something else', () => {
  const shellHint = 'Give the user a shell, on the server: `sudo usermod --shell /bin/sh deploy`.';
  const windowsHint = 'Deploys need Linux with Docker. On Windows, run sshd inside WSL and give its port.';

  it.each<readonly [string, Options & { readonly says?: string }, string, string]>([
    [
      'no shell',
      { says: 'echo "This account is currently not available."; exit 1' },
      'the account has no shell (it said "This account is currently not available.", exit code 1)',
      shellHint,
    ],
    [
      'a shell that refuses in silence',
      { loginShell: '/bin/false' },
      'does not run our commands (it said nothing, exit code 1)',
      'Check the login shell of deploy, ForceCommand in sshd_config, and `command=` in authorized_keys there. A program that is forced there has to end in `exec sh -c "$SSH_ORIGINAL_COMMAND"`, quotes included.',
    ],
    [
      'a restricted shell',
      { says: 'echo "rbash: line 1: exec: restricted" >&2; exit 1' },
      'the login shell is restricted (it said "rbash: line 1: exec: restricted", exit code 1)',
      shellHint,
    ],
    [
      'a command of its own',
      { says: 'echo "backup done"; exit 0' },
      'does not run our commands (it said "backup done", exit code 0)',
      'Check the login shell of deploy, ForceCommand in sshd_config, and `command=` in authorized_keys there. A program that is forced there has to end in `exec sh -c "$SSH_ORIGINAL_COMMAND"`, quotes included.',
    ],
    [
      'file transfers',
      { says: 'echo "This service allows sftp connections only."; exit 1' },
      'allows file transfers only (it said "This service allows sftp connections only.", exit code 1)',
      'Exempt deploy from `ForceCommand internal-sftp` in its sshd_config, or deploy as another user.',
    ],
    [
      'PowerShell',
      {
        says: `printf "exec : The term 'exec' is not recognized as the name of a cmdlet, function,\\r\\nscript file" >&2; exit 1`,
      },
      `runs Windows, not a POSIX shell (it said "exec : The term 'exec' is not recognized as the name of a cmdlet, function, script file", exit code 1)`,
      windowsHint,
    ],
    [
      'Windows, in another language',
      { ident: 'OpenSSH_for_Windows_9.5', says: 'echo "Der Befehl ist falsch"; exit 1' },
      'runs Windows, not a POSIX shell (it said "Der Befehl ist falsch", exit code 1)',
      windowsHint,
    ],
  ])('is recognised: %s', async (_, { says, ...options }, message, hint) => {
    const host = await connected(says === undefined ? options : { ...options, loginShell: loginShell(says) });
    await expect(host.run({ argv: ['true'] })).rejects.toMatchObject({
      message: `web1: the server lets user "deploy" in, but ${message}`,
      hint,
    });
  });

  it('is recognised when it waits for somebody to choose from a menu', async () => {
    const host = await connected({ loginShell: loginShell('echo "1) backup 2) restore"; sleep 30') }, 0.5);
    await expect(host.run({ argv: ['true'] })).rejects.toMatchObject({
      message:
        'web1: the server lets user "deploy" in, but does not run our commands (it said "1) backup 2) restore", and did not end)',
    });
  });

  it.each([
    ['a short command', 'cat'],
    ['a long one', `cat ${long}`],
  ])('reads no input that %s of ours would have read', async (_, program) => {
    const host = await connected({ loginShell: loginShell('sed "s/hidden/found/"') }, 0.5);
    const login = host.run({ argv: ['sh', '-c', program], stdin: new Secret('hidden') });
    await expect(login).rejects.toMatchObject({
      message: expect.stringMatching(/does not run our commands \(it said (?!.*found).*and did not end\)$/),
    });
  });

  it('cannot forge lines of the log', async () => {
    const host = await connected({ loginShell: loginShell("printf 'a\\n::error::forged\\033[2J'; exit 1") });
    await expect(host.run({ argv: ['true'] })).rejects.toMatchObject({
      message: expect.not.stringMatching(/[\n\x1b]/),
    });
  });

  it('is not blamed once a command has run', async () => {
    const host = await connected({ loginShell: loginShell('sleep 0.2; exec /bin/sh "$@"') }, 30);
    expect(await host.run({ argv: ['true'] })).toMatchObject({ code: 0 });
    const slow = await connected({ loginShell: loginShell('exec /bin/sh "$@"') }, 0.5);
    expect(await slow.run({ argv: ['sleep', '1'] })).toMatchObject({ code: 0 });
  });
});
