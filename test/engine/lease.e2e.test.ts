/** The lease on a real server: connections that are cut, a server that allows one session, full disks, lost power. */
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { collectedLog } from '../../fixtures/fakes.ts';
import { arm, confirm, terms, undoOf } from '../../fixtures/lease.ts';
import { openBed } from '../../fixtures/open-bed.ts';
import { output, shell } from '../../fixtures/state.ts';
import { leaveLease } from '../../src/commands/lease.ts';
import { knownHostsOf } from '../../src/config/known-hosts.ts';
import { type Held, heldOn } from '../../src/engine/held.ts';
import { heal, take, takeAll } from '../../src/engine/lease.ts';
import { type Link, linkTo } from '../../src/engine/link.ts';
import { connectSsh } from '../../src/hosts/ssh.ts';
import { Secret } from '../../src/model/secret.ts';
import type { HostKeys, SshTarget } from '../../src/model/target.ts';
import { nonce, systemClock } from '../../src/ports.ts';

const { bed } = await openBed();
const root = '/opt/shop';
const within = 60_000;

const hostKeysOf = (lines: string): HostKeys => {
  const read = knownHostsOf(lines);
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return read.value;
};

type Scene = { readonly held: Held; readonly link: Link; readonly lines: string[]; readonly token: string };

/** Takes the lease of the application over a real connection. */
async function hold(server: Server, graceSeconds: number, port = 22): Promise<Scene> {
  const target: SshTarget = {
    name: 'web1',
    host: server.ip,
    port,
    user: 'deploy',
    key: new Secret(server.privateKey),
    hostKeys: hostKeysOf(server.hostKey.replace(/^\S+/, port === 22 ? server.ip : `[${server.ip}]:${port}`)),
    connectTimeoutSeconds: 5,
    attempts: 1,
  };
  const log = collectedLog();
  const reconnect = async () => await connectSsh(target);
  const link = linkTo(await reconnect(), 2 * graceSeconds, { log, clock: systemClock, reconnect });
  const key = { root, token: nonce() };
  const ports = { log, clock: systemClock, signal: new AbortController().signal };
  await takeAll(
    [
      {
        name: 'web1',
        take: async (seconds) => await take('web1', link.call, key, { ...terms, graceSeconds }, seconds),
        leave: async () => await link.call(leaveLease(key, 10)),
        heal: async () => await heal('web1', link.call, root, ports),
      },
    ],
    120,
    ports,
  );
  const held = heldOn(link, key, graceSeconds);
  onTestFinished(async () => {
    await held.leave(30).catch(() => {});
    await link.close().catch(() => {});
  });
  return { held, link, lines: log.lines, token: key.token };
}

/** Prints numbered lines to both streams for so many seconds, and notes each time that it runs. */
const counting = (seconds: number) => ({
  argv: [
    'sh',
    '-c',
    'echo x >>"$HOME/ran"; n=0; while [ "$n" -lt "$1" ]; do n=$((n + 1)); echo "ligne $n é"; echo "error $n" >&2; sleep 1; done; exit 7',
    'counting',
    String(seconds),
  ],
});

const countedTo = (seconds: number) => {
  const numbers = Array.from({ length: seconds }, (_, n) => n + 1);
  return {
    code: 7,
    stdout: numbers.map((n) => `ligne ${n} é\n`).join(''),
    stderr: numbers.map((n) => `error ${n}\n`).join(''),
  };
};

const pause = async (seconds: number): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));

describe('on a server', () => {
  let server: Server;
  beforeAll(async () => {
    server = await bed.server({ docker: false });
    await shell(server, 'apt-get update && apt-get install -y --no-install-recommends dropbear-bin');
  });

  const ran = async (): Promise<string> => {
    const text = await shell(server, 'cat /home/deploy/ran; rm -f /home/deploy/ran');
    return text;
  };
  /** The processes of sshd that serve the user, but not the one that listens. */
  const cut = async (): Promise<void> =>
    void (await shell(server, 'pkill -KILL -u deploy -x sshd-session || pkill -KILL -u deploy -x sshd'));

  it('a command goes on when its connection is cut again and again, and appears complete and only once', async () => {
    const { held, lines } = await hold(server, 30);
    const told: string[] = [];
    const running = held.detached.run(counting(25), { onLine: (line) => told.push(line) });
    for (let n = 0; n < 3; n++) {
      await pause(5);
      await cut();
    }
    expect(await running).toMatchObject(countedTo(25));
    expect(told).toHaveLength(50);
    expect(new Set(told).size).toBe(50);
    expect(await ran()).toBe('x\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^info web1: connection dropped, back after \d+ s$/);
    expect(await held.leave(30)).toBe('released');
  });

  it('a command goes on when the network is gone for 20 s, without an end to its connections', async () => {
    const { held, lines } = await hold(server, 40);
    const running = held.detached.run(counting(35));
    await pause(5);
    await server.unplug();
    await pause(20);
    await server.plug();
    expect(await running).toMatchObject(countedTo(35));
    expect(await ran()).toBe('x\n');
    expect(lines.length).toBeLessThanOrEqual(1);
    expect(await held.leave(30)).toBe('released');
  });

  it('rolls back by itself when the network stays away, and says so when it is back', async () => {
    const { held } = await hold(server, 10);
    await arm(held, undoOf('echo undone; sleep 1'));
    const running = held.detached.run(counting(600)).catch((error: unknown) => error);
    await pause(3);
    await server.unplug();
    await until('the end of the lease', within, async () =>
      (await shell(server, 'ls /opt/shop/lease/outcomes')).includes('rolled-back'),
    );
    await server.plug();
    expect(await running).toMatchObject({
      outcome: 'rolled-back',
      message: expect.stringContaining('so the server rolled back by itself'),
    });
    expect(await shell(server, 'cat /opt/shop/lease/undo.log')).toContain('undone');
    expect(await shell(server, 'tail -n 1 /opt/shop/history.jsonl')).toContain('"rolled-back"');
    expect((await shell(server, 'ps -u deploy -o args= | grep -c counting || true')).trim()).toBe('0');
    await ran();
  });

  it('keeps the lease of a runner that does other things', async () => {
    const { held } = await hold(server, 4);
    await pause(12);
    await held.stage('still here');
    expect(await held.leave(30)).toBe('released');
  });

  it('that allows one session does all of it', async () => {
    await server.exec(['sh', '-c', 'cat >/etc/ssh/sshd_config.d/00-test.conf && kill -HUP $(pgrep -o -x sshd)'], {
      stdin: 'MaxSessions 1\n',
    });
    onTestFinished(
      async () => void (await shell(server, 'rm /etc/ssh/sshd_config.d/00-test.conf; kill -HUP $(pgrep -o -x sshd)')),
    );
    await pause(1);
    const { held } = await hold(server, 12);
    const [one, two, other] = await Promise.all([
      held.detached.run(counting(8)),
      held.detached.run({ argv: ['sh', '-c', 'sleep 2; echo two'] }),
      held.direct.run({ argv: ['echo', 'direct'] }),
    ]);
    expect(one).toMatchObject(countedTo(8));
    expect([two.stdout, other.stdout]).toEqual(['two\n', 'direct\n']);
    await ran();
    const late = await held.detached.run(counting(60), { signal: AbortSignal.timeout(3000) });
    expect(late).toMatchObject({ code: null, timedOut: true });
    expect(late.stdout).toContain('ligne 1 é\n');
    await ran();
    expect(await held.leave(30)).toBe('released');
  });

  it('with Dropbear does all of it, input and cut connections as well', async () => {
    await shell(
      server,
      'dropbearconvert openssh dropbear /etc/ssh/ssh_host_ed25519_key /root/dropbear_key 2>/dev/null; dropbear -r /root/dropbear_key -p 2222',
    );
    onTestFinished(async () => void (await server.exec(['pkill', '-x', 'dropbear'])));
    const { held } = await hold(server, 30, 2222);
    const input = 'x'.repeat(2_000_000);
    expect(await held.detached.run({ argv: ['sh', '-c', 'wc -c'], stdin: input })).toMatchObject({
      stdout: '2000000\n',
    });
    const running = held.detached.run(counting(15));
    await pause(4);
    await shell(server, 'pkill -KILL -u deploy -x dropbear || pkill -KILL -f "dropbear.*2222" -n');
    expect(await running).toMatchObject(countedTo(15));
    expect(await ran()).toBe('x\n');
    expect(await held.leave(30)).toBe('released');
  });

  it('whose keeper is killed goes on with another one', async () => {
    const { held } = await hold(server, 20);
    await arm(held, undoOf('echo undone'));
    const running = held.detached.run(counting(12));
    await pause(3);
    await shell(server, 'kill -KILL "$(cut -d " " -f 1 /opt/shop/lease/keeper)"');
    expect(await running).toMatchObject(countedTo(12));
    await ran();
    await confirm(held, '{"n":1}\n');
    expect(await held.leave(30)).toBe('confirmed');
  });
});

describe('on a server whose disk is full', () => {
  let server: Server;
  beforeAll(async () => {
    server = await bed.server({ docker: false, optDiskMb: 64 });
  });
  const fill = async (): Promise<void> =>
    void (await shell(server, 'dd if=/dev/zero of=/opt/full bs=1k 2>/dev/null; df /opt | grep -q 100%'));
  const empty = async (): Promise<void> => void (await shell(server, 'rm -f /opt/full'));

  it('the lease is kept, what cannot start says why, and the undo works all the same', async () => {
    const { held, token } = await hold(server, 8);
    await arm(
      held,
      undoOf('head -c 8000000 /dev/zero >/opt/shop/needs && echo undone >>/home/deploy/undone; echo said'),
    );
    await fill();
    onTestFinished(empty);
    await pause(12);
    await held.stage('still here');
    const refused = await held.detached.run({ argv: ['sh', '-c', 'echo x'], stdin: 'y'.repeat(100_000) });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/No space left on device|is the disk full/);
    await expect(arm(held, undoOf('x'.repeat(100_000)))).rejects.toThrow(/arm the undo failed/);
    expect(await held.leave(60)).toBe('rolled-back');
    expect(await output(server, 'cat', '/home/deploy/undone')).toBe('undone\n');
    expect(await shell(server, 'ls /opt/shop/lease/outcomes')).toContain(`${token}.rolled-back`);
  });

  it('a confirmation counts, and a new lease is not given', async () => {
    await empty();
    const { held } = await hold(server, 30);
    await arm(held, undoOf('echo undone >>/home/deploy/undone-again'));
    await fill();
    onTestFinished(empty);
    await confirm(held, '{"n":1}\n');
    expect(await held.leave(60)).toBe('confirmed');
    expect(await shell(server, 'cat /opt/shop/history.jsonl')).toContain('{"n":1}\n');
    expect((await server.exec(['test', '-e', '/home/deploy/undone-again'])).code).toBe(1);
    await fill();
    await expect(hold(server, 30)).rejects.toThrow(
      /take the lease failed with exit code \d+\n.*No space left on device/,
    );
    await empty();
    const again = await hold(server, 30);
    expect(await again.held.leave(30)).toBe('released');
  });
});

describe('on a server that loses power', () => {
  it('the next one finishes what was started', async () => {
    const server = await bed.server({ docker: false });
    const { held, link } = await hold(server, 60);
    await arm(held, undoOf('echo undone'));
    void held.detached.run(counting(600)).catch(() => {});
    await pause(2);
    // The runner is gone as well: one that comes back would go on with its lease.
    await link.close();
    await server.kill();
    await server.start();
    // Its files are as they were when the power went.
    const second = await hold(server, 60);
    expect(second.lines.filter((line) => line.startsWith('output'))).toEqual([
      expect.stringMatching(/^output web1 \| --- 20/),
      'output web1 | undone',
    ]);
    expect(await shell(server, 'tail -n 1 /opt/shop/history.jsonl')).toContain('"rolled-back"');
    expect(await second.held.leave(30)).toBe('released');
  });
});
