/** Real servers of other kinds: login shells that talk, certificates, Dropbear, BusyBox, and those that run no commands. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { output as programOutput, until } from '../../bed/process.ts';
import { openBed } from '../../fixtures/open-bed.ts';
import { shell } from '../../fixtures/state.ts';
import { knownHostsOf } from '../../src/config/known-hosts.ts';
import { certificateOf } from '../../src/config/ssh-certificate.ts';
import type { Host } from '../../src/hosts/host.ts';
import { connectSsh } from '../../src/hosts/ssh.ts';
import { Secret } from '../../src/model/secret.ts';
import type { HostKeys, SshTarget } from '../../src/model/target.ts';

const { bed } = await openBed();
let server: Server;

beforeAll(async () => {
  server = await bed.server({ docker: false });
  await shell(
    server,
    'apt-get update && apt-get install -y --no-install-recommends zsh fish tcsh busybox dropbear-bin',
  );
});

const hostKeysOf = (lines: string): HostKeys => {
  const read = knownHostsOf(lines);
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return read.value;
};

const targetOf = (overrides: Partial<SshTarget> = {}): SshTarget => ({
  name: 'web1',
  host: server.ip,
  port: 22,
  user: 'deploy',
  key: new Secret(server.privateKey),
  hostKeys: hostKeysOf(server.hostKey),
  connectTimeoutSeconds: 15,
  attempts: 1,
  ...overrides,
});

const connected = async (overrides: Partial<SshTarget> = {}): Promise<Host> => {
  const host = await connectSsh(targetOf(overrides));
  onTestFinished(async () => await host.close());
  return host;
};

/** Lines of sshd_config, as long as a test runs. */
const configured = async (lines: string): Promise<void> => {
  const reload = 'kill -HUP $(pgrep -o -x sshd)';
  const file = '/etc/ssh/sshd_config.d/00-test.conf';
  await server.exec(['sh', '-c', `cat >${file} && ${reload}`], { stdin: `PerSourcePenalties no\n${lines}` });
  onTestFinished(async () => void (await shell(server, `rm ${file} && ${reload}`)));
  await until('sshd', 20_000, async () => (await server.ssh('true')).code !== 255);
};

const long = `: ${'x'.repeat(12_000)}`;

/** What every server has to do, whatever its shells are. */
const behaves = async (host: Host): Promise<void> => {
  for (const rest of ['', long]) {
    const program = `printf '%s\\n' "$@"; cat; echo err >&2; exit 3\n${rest}`;
    const lines: string[] = [];
    const result = await host.run(
      { argv: ['sh', '-c', program, 'sh', "é'\\!$x `id`", '', 'a\nb'], stdin: 'in\n' },
      { onLine: (line, stream) => lines.push(`${stream} ${line}`) },
    );
    expect(result).toMatchObject({ code: 3, stdout: "é'\\!$x `id`\n\na\nb\nin\n", stderr: 'err\n' });
    expect(lines.filter((line) => line.startsWith('stderr'))).toEqual(['stderr err']);
  }
  const big = await host.run({ argv: ['sh', '-c', `wc -c; ${long}`], stdin: 'x'.repeat(3_000_000) });
  expect(big.stdout.trim()).toBe('3000000');
  await endsWithChildren(host);
};

const endsWithChildren = async (host: Host): Promise<void> => {
  const cancel = new AbortController();
  const command = { argv: ['sh', '-c', 'sleep 4242 & echo ready; wait'] };
  const result = await host.run(command, { signal: cancel.signal, onLine: () => cancel.abort() });
  expect(result).toMatchObject({ code: null, stdout: 'ready\n' });
  await until(
    'the end of the child',
    20_000,
    async () => (await server.exec(['pgrep', '-f', 'sleep 4242'])).code === 1,
  );
};

describe('a login shell whose own files talk', () => {
  const both = "echo 'Welcome!'; printf 'release\\tnot-a-fact\\nno line end'";
  const files: Readonly<Record<string, readonly [path: string, text: string]>> = {
    '/bin/bash': ['.bashrc', `${both}; echo oops >&2`],
    '/usr/bin/zsh': ['.zshenv', `${both}; echo oops >&2`],
    '/usr/bin/fish': ['.config/fish/config.fish', `${both}; echo oops >&2`],
    '/usr/bin/tcsh': ['.cshrc', "echo 'Welcome!'; echo 'release not-a-fact'; sh -c 'echo oops >&2'"],
    '/bin/dash': ['.profile', both], // which it does not read here
  };

  it.each(Object.entries(files))('is not heard: %s', async (loginShell, [file, text]) => {
    const path = `/home/deploy/${file}`;
    await shell(server, `usermod --shell ${loginShell} deploy && mkdir -p "$(dirname ${path})"`);
    await server.exec(['sh', '-c', `cat >${path}`], { stdin: `${text}\n` });
    onTestFinished(async () => void (await shell(server, `rm ${path} && usermod --shell /bin/bash deploy`)));
    if (loginShell !== '/bin/dash') expect((await server.ssh('true')).stdout).toContain('Welcome!');
    await behaves(await connected());
  });
});

describe('a server that trusts an authority', () => {
  const folder = (): string => {
    const path = join(bed.folder, `keys-${Math.random()}`);
    mkdirSync(path);
    return path;
  };
  const keygen = async (...args: readonly string[]): Promise<string> =>
    await programOutput(['ssh-keygen', '-q', ...args]);

  /** A key of this kind and its certificate. */
  const signed = async (kind: readonly string[], options: readonly string[]) => {
    const path = folder();
    const [authority, key] = [join(path, 'authority'), join(path, 'key')];
    await keygen('-t', 'ed25519', '-N', '', '-f', authority);
    await keygen('-t', ...kind, '-N', '', '-f', key);
    await keygen('-s', authority, '-I', 'ci', ...options, `${key}.pub`);
    const secret = new Secret(readFileSync(key, 'utf8'));
    const read = certificateOf(readFileSync(`${key}-cert.pub`, 'utf8'), secret, undefined);
    if ('problems' in read) throw new Error(read.problems.join('\n'));
    return { key: secret, certificate: read.value, authority: readFileSync(`${authority}.pub`, 'utf8') };
  };

  it.each([
    ['ed25519', ['ed25519']],
    ['ECDSA, 256 bits', ['ecdsa', '-b', '256']],
    ['ECDSA, 384 bits', ['ecdsa', '-b', '384']],
    ['ECDSA, 521 bits', ['ecdsa', '-b', '521']],
    ['RSA', ['rsa', '-b', '3072']],
  ])('lets a certificate in: %s', async (_, kind) => {
    const { key, certificate, authority } = await signed(kind, ['-n', 'deploy', '-V', '+1h']);
    await server.exec(['sh', '-c', 'cat >/etc/ssh/authorities'], { stdin: authority });
    await configured('TrustedUserCAKeys /etc/ssh/authorities\n');
    // ECDSA signatures have several lengths.
    for (let round = 0; round < 8; round++) {
      const host = await connected({ key, certificate });
      expect(await host.run({ argv: ['echo', 'in'] })).toMatchObject({ code: 0, stdout: 'in\n' });
    }
  });

  it('does not let a certificate in that is for others, or of another authority, and says what to check', async () => {
    const { key, certificate, authority } = await signed(['ed25519'], ['-n', 'ops,root', '-V', '+1h']);
    const refusal = {
      message: 'web1: the server does not accept the certificate "ci" (for ops, root) for user "deploy", nor its key',
      hint: `Check that the file of TrustedUserCAKeys there has this line: ${authority.split(' ').slice(0, 2).join(' ')}; and that deploy is one of the certificate's principals (or of AuthorizedPrincipalsFile).`,
    };
    await expect(connected({ key, certificate })).rejects.toMatchObject(refusal);
    await server.exec(['sh', '-c', 'cat >/etc/ssh/authorities'], { stdin: authority });
    await configured('TrustedUserCAKeys /etc/ssh/authorities\n');
    await expect(connected({ key, certificate })).rejects.toMatchObject(refusal);
  });

  it('is not asked with a certificate that is out of date', async () => {
    const past = await signed(['ed25519'], ['-V', '20200101000000Z:20200102000000Z']);
    await expect(connected(past)).rejects.toMatchObject({
      message: 'web1: the certificate "ci" expired at 2020-01-02T00:00:00Z',
    });
    const future = await signed(['ed25519'], ['-V', '20990101000000Z:20990102000000Z']);
    await expect(connected(future)).rejects.toMatchObject({
      message: 'web1: the certificate "ci" is not valid before 2099-01-01T00:00:00Z',
    });
  });
});

describe('a server that lets in without proof', () => {
  it('is logged in to', async () => {
    await shell(server, 'passwd --delete deploy');
    onTestFinished(async () => void (await shell(server, 'passwd --lock deploy')));
    await configured('PasswordAuthentication yes\nPermitEmptyPasswords yes\nUsePAM no\n');
    const host = await connected({ key: undefined });
    expect(await host.run({ argv: ['id', '-un'] })).toMatchObject({ code: 0, stdout: 'deploy\n' });
  });

  it('has to', async () => {
    await expect(connected({ key: undefined })).rejects.toMatchObject({
      message: 'web1: the server does not let user "deploy" in without proof; it wants publickey',
    });
  });
});

describe('a program that is the connection', () => {
  const programs = async (): Promise<string> => await programOutput(['ps', '-eo', 'args']);

  it('is what OpenSSH takes, too, and ends with it', async () => {
    const known = join(bed.folder, server.name, 'known_hosts');
    const through = ['-F', '/dev/null', '-i', server.privateKeyFile, '-o', `UserKnownHostsFile=${known}`];
    const argv = ['ssh', ...through, `%r@${server.ip}`, '-W', '%h:%p', '-o', 'User=deploy'];
    const host = await connectSsh(targetOf({ proxy: { argv, env: { PATH: process.env['PATH'] ?? '' } } }));
    expect(await programs()).toContain(`-W ${server.ip}:22`);
    await behaves(host);
    await host.close();
    await until('the end of ssh', 20_000, async () => !(await programs()).includes(`-W ${server.ip}:22`));
  });
});

describe('a server that runs no commands of ours', () => {
  it.each([
    ['no shell', '/usr/sbin/nologin', 'the account has no shell (it said "This account is currently not available."'],
    ['a shell that does nothing', '/bin/false', 'does not run our commands (it said nothing, exit code 1)'],
    ['a restricted shell', '/bin/rbash', 'the login shell is restricted (it said '],
  ])('is recognised: %s', async (_, loginShell, message) => {
    await shell(server, `echo ${loginShell} >>/etc/shells; usermod --shell ${loginShell} deploy`);
    onTestFinished(async () => void (await shell(server, 'usermod --shell /bin/bash deploy')));
    const host = await connected();
    await expect(host.run({ argv: ['true'] })).rejects.toThrow(
      `web1: the server lets user "deploy" in, but ${message}`,
    );
  });

  it.each([
    [
      'file transfers',
      'internal-sftp',
      'allows file transfers only (it said "This service allows sftp connections only.',
    ],
    [
      'a program that splits ours at blanks',
      'exec $SSH_ORIGINAL_COMMAND',
      'a forced command takes our commands apart (it said "',
    ],
    [
      'a recorder of sessions',
      'script -qfec "$SSH_ORIGINAL_COMMAND" /dev/null',
      'something between, such as a recorder of sessions, changes what our commands say (it said "korrigo-pid ',
    ],
    ['a command', 'echo backup done', 'does not run our commands (it said "backup done", exit code 0)'],
  ])('is recognised: ForceCommand for %s', async (_, command, message) => {
    await configured(`Match User deploy\n  ForceCommand ${command}\n`);
    const host = await connected();
    await expect(host.run({ argv: ['true'] })).rejects.toThrow(
      `web1: the server lets user "deploy" in, but ${message}`,
    );
  });
});

describe('a server that lets commands through one by one', () => {
  it('runs them: ForceCommand that passes them on', async () => {
    await configured(`Match User deploy\n  ForceCommand echo Welcome; exec sh -c "$SSH_ORIGINAL_COMMAND"\n`);
    await behaves(await connected());
  });

  it('runs them: MaxSessions 1', async () => {
    await configured('MaxSessions 1\nMaxStartups 1\n');
    const host = await connected();
    const codes = Array.from({ length: 40 }, async () => (await host.run({ argv: ['true'] })).code);
    expect(await Promise.all(codes)).toEqual(Array(40).fill(0));
  });
});

describe('Dropbear', () => {
  let hostKeys: HostKeys;
  beforeAll(async () => {
    const key = await shell(
      server,
      'mkdir -p /etc/dropbear && dropbearkey -t ed25519 -f /etc/dropbear/key >/dev/null 2>&1; dropbearkey -y -f /etc/dropbear/key | grep ^ssh-',
    );
    hostKeys = hostKeysOf(key.split(' ').slice(0, 2).join(' '));
    await shell(server, 'dropbear -E -s -p 2222 -r /etc/dropbear/key </dev/null >/var/log/dropbear.log 2>&1');
  });

  it('runs short and long programs, and ends them', async () => {
    await behaves(await connected({ port: 2222, hostKeys }));
  });

  it('runs them with a login shell and programs of BusyBox', async () => {
    // Its sessions have /usr/local/bin nowhere: BusyBox takes the place of what there is.
    await shell(
      server,
      `mkdir -p /opt/busybox && busybox --install -s /opt/busybox &&
        printf '#!/bin/sh\\nPATH=/opt/busybox:$PATH exec /opt/busybox/sh "$@"\\n' >/opt/busybox-shell &&
        chmod 755 /opt/busybox-shell && usermod --shell /opt/busybox-shell deploy && echo /opt/busybox-shell >>/etc/shells`,
    );
    onTestFinished(async () => void (await shell(server, 'usermod --shell /bin/bash deploy')));
    for (const port of [22, 2222]) {
      const host = await connected({ port, hostKeys: port === 22 ? hostKeysOf(server.hostKey) : hostKeys });
      expect((await host.run({ argv: ['sh', '-c', 'command -v sleep'] })).stdout).toBe('/opt/busybox/sleep\n');
      await behaves(host);
    }
  });
});
