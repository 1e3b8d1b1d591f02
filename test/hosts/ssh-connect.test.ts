import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { ed25519Pair } from '../../fixtures/key-pair.ts';
import { hostKeyPairs, keys, type Options, startSshServer, targetOf, trusted } from '../../fixtures/ssh-server.ts';
import { ConnectError } from '../../src/errors.ts';
import { fingerprint } from '../../src/hosts/host-key.ts';
import { connectSsh, type Retry } from '../../src/hosts/ssh.ts';
import { networkFailure } from '../../src/hosts/ssh-failure.ts';
import { Secret } from '../../src/model/secret.ts';
import type { SshTarget } from '../../src/model/target.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const serve = async (options: Options = {}) => {
  const server = await startSshServer(options);
  cleanUps.push(server.close);
  return server;
};

const connectTo = async (target: SshTarget, onRetry?: (retry: Retry) => void) => {
  const slept: number[] = [];
  const sleep = async (seconds: number) => slept.push(seconds);
  const host = await connectSsh(target, { sleep, ...(onRetry && { onRetry }) });
  cleanUps.push(host.close);
  return { host, slept };
};

/** What the person reads: the message, and the hint below it. */
const failureOf = async (target: SshTarget) => {
  const slept: number[] = [];
  const error = await connectSsh(target, { sleep: async (seconds) => slept.push(seconds) }).catch(
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectError)) throw error;
  for (const { private: secret } of Object.values(keys))
    expect(`${error.message}${error.hint}`).not.toContain(secret.split('\n')[2]);
  return { text: `${error.message}\n${error.hint}`, slept, host: error.host };
};

const blobOf = ({ public: line }: { readonly public: string }) => Buffer.from(line.split(' ')[1] ?? '', 'base64');
const printOf = (pair: { readonly public: string }) => fingerprint(blobOf(pair));
const reply = (text: string | Buffer): Options => ({
  intercept: (socket) => {
    socket.once('data', () => socket.end(text));
    return true;
  },
});

describe('a login', () => {
  it.each(['ed25519', 'ecdsa', 'rsa'] as const)('works with a user key and a host key of the kind %s', async (kind) => {
    const server = await serve({ hostKeys: [kind] });
    const { host } = await connectTo(
      targetOf(server, { key: new Secret(keys[kind].private), hostKeys: trusted(kind) }),
    );
    expect(await host.run({ argv: ['echo', 'hello'] })).toMatchObject({ code: 0, stdout: 'hello\n' });
  });

  it('works with an encrypted key', async () => {
    const server = await serve({ authenticate: (context) => context.accept() });
    const pair = ed25519Pair({ passphrase: 'sesame', cipher: 'aes256-ctr', rounds: 1 });
    const { host } = await connectTo(
      targetOf(server, { key: new Secret(pair.private), passphrase: new Secret('sesame') }),
    );
    expect((await host.run({ argv: ['true'] })).code).toBe(0);
  });

  it.each(['ecdsa', 'rsa'] as const)(
    'asks a server of several host keys for the one that is known: %s',
    async (kind) => {
      const server = await serve({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
      const { host } = await connectTo(targetOf(server, { hostKeys: trusted(kind) }));
      expect((await host.run({ argv: ['true'] })).code).toBe(0);
    },
  );

  it.each<readonly [string, readonly string[]]>([
    ['any host', []],
    ['that host', ['127.0.0.1']],
  ])('finds out which host key a fingerprint for %s is of', async (_, hosts) => {
    const server = await serve({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
    const hostKeys = [{ hosts, revoked: false, fingerprint: printOf(hostKeyPairs.rsa) }];
    const { host, slept } = await connectTo(targetOf(server, { hostKeys }));
    expect((await host.run({ argv: ['true'] })).code).toBe(0);
    expect(slept).toEqual([]);
  });

  it('goes through a jump host, one connection to each', async () => {
    const [web, bastion] = [await serve({ hostKeys: ['rsa'] }), await serve()];
    const jump = { host: '127.0.0.1', port: bastion.port, user: 'ops' };
    const { host } = await connectTo(targetOf(web, { jump, hostKeys: trusted('rsa', 'ed25519') }));
    expect(await host.run({ argv: ['cat'], stdin: 'x'.repeat(3_000_000) })).toMatchObject({ code: 0 });
    expect([web.seen.connections, bastion.seen.connections]).toEqual([1, 1]);
    expect(bastion.seen.commands).toEqual([]);
  });

  it('through a jump host is lost with it', async () => {
    const [web, bastion] = [await serve(), await serve()];
    const jump = { host: '127.0.0.1', port: bastion.port, user: 'ops' };
    const { host } = await connectTo(targetOf(web, { jump }));
    const running = host.run({ argv: ['sh', '-c', 'echo begun; sleep 5'] }, { onLine: () => bastion.reset() });
    expect(await running).toMatchObject({ code: null });
    await expect(host.run({ argv: ['true'] })).rejects.toThrow('web1: the connection dropped (the server closed it)');
  });
});

describe('a login that may work the next time', () => {
  it('is tried again, after longer and longer pauses', async () => {
    const server = await serve({
      intercept: (socket, count) => {
        if (count <= 6) socket.resetAndDestroy();
        return count <= 6;
      },
    });
    const retries: string[] = [];
    const { host, slept } = await connectTo(
      targetOf(server, { attempts: 7 }),
      ({ attempt, attempts, seconds, error }) => retries.push(`${attempt}/${attempts} ${seconds} s ${error.message}`),
    );
    expect((await host.run({ argv: ['true'] })).code).toBe(0);
    expect(slept).toEqual([1, 2, 4, 8, 15, 15]);
    expect(retries[0]).toBe('1/7 1 s web1: the server closed the connection before the login (connection reset)');
  });

  it('is not tried for ever', async () => {
    const { port } = await closedPort();
    expect(await failureOf(targetOf({ port }, { attempts: 3 }))).toEqual({
      host: 'web1',
      slept: [1, 2],
      text: `web1: connection refused: nothing is listening on port ${port} (tried 3 times)
Check the port, and that sshd is running on the server: \`systemctl status ssh\`.`,
    });
  });
});

describe('a login that fails', () => {
  it('for an unknown host key shows the line to paste, and is not tried again', async () => {
    const server = await serve();
    const { text, slept } = await failureOf(targetOf(server, { hostKeys: [], attempts: 3 }));
    const print = printOf(hostKeyPairs.ed25519);
    expect(slept).toEqual([]);
    expect(text).toBe(`web1: the host key of 127.0.0.1 is not in known-hosts: ssh-ed25519 ${print}
On the server itself, run \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\`. If it prints ${print}, add this line to known-hosts: [127.0.0.1]:${server.port} ${hostKeyPairs.ed25519.public}`);
  });

  it('for an unknown host key names the fingerprints that are known', async () => {
    const server = await serve({ hostKeys: ['ecdsa'] });
    const { text } = await failureOf(targetOf(server));
    expect(text).toContain(
      `ecdsa-sha2-nistp256 ${printOf(hostKeyPairs.ecdsa)} (it has ${printOf(hostKeyPairs.ed25519)})`,
    );
    expect(text).toContain('/etc/ssh/ssh_host_ecdsa_key.pub');
  });

  it('for a host key that has changed says what was expected, and is not tried again', async () => {
    const server = await serve();
    const expected = [printOf(keys.ed25519), printOf(keys.other)];
    const hostKeys = expected.map((print) => ({
      hosts: [`[127.0.0.1]:${server.port}`],
      revoked: false,
      fingerprint: print,
    }));
    const { text, slept } = await failureOf(targetOf(server, { hostKeys, attempts: 3 }));
    const print = printOf(hostKeyPairs.ed25519);
    expect(slept).toEqual([]);
    expect(
      text,
    ).toBe(`web1: the host key of 127.0.0.1 has changed: known-hosts expects ${expected.join(' or ')}, the server sent ssh-ed25519 ${print}
Someone may be intercepting the connection. On the server itself, run \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\`. If it prints ${print}, the server was reinstalled: replace the old line with: [127.0.0.1]:${server.port} ${hostKeyPairs.ed25519.public}`);
  });

  it('for a revoked host key', async () => {
    const server = await serve();
    const hostKeys = trusted('ed25519').flatMap((entry) => [entry, { ...entry, revoked: true }]);
    expect(
      (await failureOf(targetOf(server, { hostKeys }))).text,
    ).toBe(`web1: the host key of 127.0.0.1 is revoked in known-hosts: ssh-ed25519 ${printOf(hostKeyPairs.ed25519)}
Create new host keys on the server, or remove the @revoked line if it is a mistake.`);
  });

  it('for a key that the server does not know shows the line to add, and is not tried again', async () => {
    const server = await serve();
    const target = targetOf(server, { key: new Secret(keys.other.private), attempts: 3 });
    expect(await failureOf(target)).toEqual({
      host: 'web1',
      slept: [],
      text: `web1: user "deploy" cannot log in with the key ${printOf(keys.other)}
Check the user, and that ~deploy/.ssh/authorized_keys on 127.0.0.1 contains this line: ${keys.other.public}`,
    });
  });

  it('where only passwords are accepted', async () => {
    const server = await serve({ authenticate: (context) => context.reject(['password', 'keyboard-interactive']) });
    expect(
      (await failureOf(targetOf(server))).text,
    ).toBe(`web1: the server does not accept keys for user "deploy", only password, keyboard-interactive
Set \`PubkeyAuthentication yes\` in its sshd_config; passwords are not supported here.`);
  });

  it('where a second factor is wanted', async () => {
    const server = await serve({ authenticate: (context) => context.reject(['keyboard-interactive'], true) });
    expect(
      (await failureOf(targetOf(server))).text,
    ).toBe(`web1: the server accepts the key for user "deploy", but also asks for keyboard-interactive
A deploy cannot answer a second factor: exempt this user with a \`Match User\` block in sshd_config.`);
  });

  it('because the server has had enough of it, whose words cannot forge lines of the log', async () => {
    const server = await serve(
      reply(`SSH-2.0-x\r\n${disconnect('Too many authentication failures\n::error::forged')}`),
    );
    expect((await failureOf(targetOf(server))).text).toBe(
      `web1: the server closed the connection during login: Too many authentication failures ::error::forged
Check that the key is in authorized_keys on the server, and see \`journalctl -u ssh\` there: MaxAuthTries or fail2ban may be strict.`,
    );
  });

  it('because the server drops it at once', async () => {
    const server = await serve({
      intercept: (socket) => {
        socket.end();
        return true;
      },
    });
    expect(await failureOf(targetOf(server, { attempts: 2 }))).toMatchObject({
      slept: [1],
      text: `web1: the server closed the connection before the login (it said nothing) (tried 2 times)
Possible reasons: too many connections at once (MaxStartups), a ban (fail2ban), or sshd is still starting. See \`journalctl -u ssh\` on the server.`,
    });
  });

  it('because the server is full', async () => {
    const server = await serve(reply('Exceeded MaxStartups\r\n'));
    const { text, slept } = await failureOf(targetOf(server, { attempts: 2 }));
    expect(slept).toEqual([1]);
    expect(text).toContain(
      'web1: the server closed the connection before the login (it said "Exceeded MaxStartups") (tried 2 times)\n',
    );
  });

  it.each([
    ['text', 'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
    ['bytes', Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x16]), '?'],
  ])('because it is not an SSH server: %s', async (_, answer, said) => {
    const server = await serve(reply(answer));
    const { text, slept } = await failureOf(targetOf(server, { attempts: 2 }));
    expect(slept).toEqual([]);
    expect(text).toBe(
      `web1: port ${server.port} is not an SSH server: it answered "${said}"\nCheck the port: SSH usually listens on 22.`,
    );
  });

  it('because the server speaks no common algorithm', async () => {
    const server = await serve({ algorithms: { kex: ['diffie-hellman-group1-sha1'] } });
    expect(
      (await failureOf(targetOf(server))).text,
    ).toBe(`web1: the SSH handshake failed: no matching key exchange algorithm
The server may be very old or very strict: compare the algorithms it allows (\`sshd -T\`) with those of the ssh2 package.`);
  });

  it('because the server accepts the connection and says nothing', async () => {
    const server = await serve({ intercept: () => true });
    const target = targetOf(server, { attempts: 2, connectTimeoutSeconds: 0.05 });
    expect(await failureOf(target)).toMatchObject({
      slept: [1],
      text: `web1: connected, but the login did not finish within 0.05 s (tried 2 times)
The server may be overloaded, or something else may be using this port. See \`journalctl -u ssh\` on the server.`,
    });
  });

  it('because nothing answers', async () => {
    const port = await deafPort();
    const target = targetOf({ port }, { attempts: 2, connectTimeoutSeconds: 0.1 });
    expect(await failureOf(target)).toMatchObject({
      slept: [1],
      text: `web1: no answer from 127.0.0.1 on port ${port} (tried 2 times)
Check the address and the port, that the server is up, and that its firewall allows this machine.`,
    });
  });

  it('because the name does not resolve, and is not tried again', async () => {
    const host = `${'x'.repeat(64)}.example.com`; // no resolver is asked for a label that long
    expect(await failureOf(targetOf({ port: 22 }, { host, attempts: 3 }))).toMatchObject({
      slept: [],
      text: `web1: cannot resolve ${host}
Check the spelling and the DNS record. An IP address works too.`,
    });
  });

  it('because the key cannot be read', async () => {
    await expect(connectSsh(targetOf({ port: 1 }, { key: new Secret('nonsense') }))).rejects.toThrow(
      'web1: the SSH key cannot be read',
    );
  });
});

describe('a failure of the network', () => {
  it.each([
    ['EAI_AGAIN', 'cannot resolve web1 right now (the DNS server is not answering)', true],
    ['ETIMEDOUT', 'no answer from web1 on port 22', true],
    ['EHOSTUNREACH', 'no route to web1 (EHOSTUNREACH)', true],
    ['ENETUNREACH', 'no route to web1 (ENETUNREACH)', true],
    ['ECONNRESET', 'the server closed the connection before the login (connection reset)', true],
    ['EACCES', 'cannot be reached on port 22 (EACCES)', false],
  ])('is told: %s', (code, message, passes) => {
    expect(networkFailure(code, { host: 'web1', port: 22, user: 'deploy' })).toMatchObject({ message, passes });
  });
});

describe('a login through a jump host that fails', () => {
  const through = async (bastion: Options, overrides: Partial<SshTarget> = {}) => {
    const [web, jump] = [await serve({ hostKeys: ['rsa'] }), await serve(bastion)];
    const target = targetOf(web, {
      hostKeys: trusted('rsa', 'ed25519'),
      jump: { host: '127.0.0.1', port: jump.port, user: 'ops' },
    });
    return failureOf({ ...target, ...overrides });
  };

  it('at the jump host says so', async () => {
    expect(
      (await through({}, { key: new Secret(keys.other.private) })).text,
    ).toBe(`web1: jump host 127.0.0.1: user "ops" cannot log in with the key ${printOf(keys.other)}
Check the user, and that ~ops/.ssh/authorized_keys on 127.0.0.1 contains this line: ${keys.other.public}`);
  });

  it('at its host key says so', async () => {
    expect((await through({}, { hostKeys: trusted('rsa') })).text).toMatch(
      /^web1: jump host 127\.0\.0\.1: the host key of 127\.0\.0\.1 is not in known-hosts: ssh-ed25519 SHA256:/,
    );
  });

  it('at the host behind it does not blame the jump host', async () => {
    expect((await through({}, { hostKeys: trusted('ed25519') })).text).toMatch(
      /^web1: the host key of 127\.0\.0\.1 is not in known-hosts: ssh-rsa SHA256:/,
    );
  });

  it('because the jump host does not reach the host', async () => {
    const { port } = await closedPort();
    expect(await through({}, { port, attempts: 2 })).toMatchObject({
      slept: [1],
      text: `web1: jump host 127.0.0.1: cannot reach 127.0.0.1 on port ${port} from the jump host (no reason given) (tried 2 times)
Check the address as the jump host sees it, and the firewall between the two.`,
    });
  });

  it('because the jump host forwards nothing', async () => {
    const server = await serve();
    const { text, slept } = await through({ allowForwarding: false }, { port: server.port, attempts: 2 });
    expect(slept).toEqual([]);
    expect(
      text,
    ).toBe(`web1: jump host 127.0.0.1: cannot reach 127.0.0.1 on port ${server.port} from the jump host (no reason given)
Set \`AllowTcpForwarding yes\` in its sshd_config, for this user at least.`);
  });
});

/** The packet in which a server says why it leaves (RFC 4253, 11.1), before encryption, in ASCII. */
function disconnect(reason: string): string {
  const number = (value: number) => String.fromCharCode(0, 0, value >> 8, value & 255);
  const payload = `\x01${number(2)}${number(reason.length)}${reason}${number(0)}`;
  const padding = '\0'.repeat(4 + ((8 - ((5 + payload.length + 4) % 8)) % 8));
  return `${number(1 + payload.length + padding.length)}${String.fromCharCode(padding.length)}${payload}${padding}`;
}

/** A port where nothing listens. */
async function closedPort(): Promise<{ readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return { port: typeof address === 'object' && address ? address.port : 0 };
}

/** A port that answers nothing: a thread listens, never accepts, and its queue of two is full. */
describe('a login that is cancelled', () => {
  it.each<readonly [string, Options]>([
    ['while the server says nothing', { intercept: () => true }],
    ['in the pause before the next attempt', { intercept: (socket) => socket.destroy().destroyed }],
  ])('%s ends at once', async (_, options) => {
    const server = await serve(options);
    const cancel = new AbortController();
    const attempt = connectSsh(targetOf(server, { attempts: 9 }), { signal: cancel.signal });
    setTimeout(() => cancel.abort(), 100);
    await expect(attempt).rejects.toThrow('cancelled while connecting');
  });

  it('after it succeeded stays open: there may be something to clean up', async () => {
    const cancel = new AbortController();
    const host = await connectSsh(targetOf(await serve()), { signal: cancel.signal });
    cleanUps.push(host.close);
    cancel.abort();
    expect(await host.run({ argv: ['echo', 'still here'] })).toMatchObject({ code: 0, stdout: 'still here\n' });
  });
});

async function deafPort(): Promise<number> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer().listen(0, '127.0.0.1', 1, () => {
       parentPort.postMessage(server.address().port);
       setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000), 5);
     });`,
    { eval: true },
  );
  cleanUps.push(() => worker.terminate());
  const [port]: number[] = await once(worker, 'message');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const fill = () => {
    const socket = connect(port ?? 0, '127.0.0.1').on('error', () => {});
    cleanUps.push(async () => socket.destroy());
    return Promise.race([once(socket, 'connect'), new Promise((resolve) => setTimeout(resolve, 50))]);
  };
  for (let i = 0; i < 4; i++) await fill();
  return port ?? 0;
}
