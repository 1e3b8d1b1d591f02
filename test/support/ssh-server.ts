import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer, type Socket } from 'node:net';
import ssh2, { type Algorithms, type AuthContext, type Connection, type Session } from 'ssh2';
import { Secret } from '../../src/model/secret.ts';
import type { HostKeys, SshTarget } from '../../src/model/target.ts';

type KeyPair = { readonly private: string; readonly public: string };

export const keys = {
  ed25519: ssh2.utils.generateKeyPairSync('ed25519'),
  ecdsa: ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }),
  rsa: ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }),
  other: ssh2.utils.generateKeyPairSync('ed25519'),
} as const satisfies Record<string, KeyPair>;

export const hostKeyPairs = {
  ed25519: ssh2.utils.generateKeyPairSync('ed25519'),
  ecdsa: ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }),
  rsa: ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }),
} as const satisfies Record<string, KeyPair>;

export type Options = {
  readonly hostKeys?: readonly (keyof typeof hostKeyPairs)[];
  readonly loginShell?: string;
  /** What the server calls itself. */
  readonly ident?: string;
  /** Added to the environment of commands. */
  readonly env?: Readonly<Record<string, string>>;
  /** Decides about every login; by default any key of `keys` but `other` is let in. */
  readonly authenticate?: (context: AuthContext) => void;
  /** Sessions that a connection may have open, like MaxSessions of sshd. */
  readonly maxSessions?: number;
  readonly allowForwarding?: boolean;
  readonly algorithms?: Algorithms;
  /** Does something to a TCP connection before SSH begins; true when it is to go no further. */
  readonly intercept?: (socket: Socket, count: number) => boolean;
};

export type SshServer = Awaited<ReturnType<typeof startSshServer>>;

/** An SSH server in this process whose commands run in a real shell, as sshd does it: `$SHELL -c <command>`. */
export async function startSshServer(options: Options = {}) {
  const { hostKeys = ['ed25519'], algorithms, intercept = () => false } = options;
  const sockets = new Set<Socket>();
  const children = new Set<ChildProcess>();
  const seen = { connections: 0, commands: [] as string[], mostSessions: 0 };
  const config = {
    hostKeys: hostKeys.map((type) => hostKeyPairs[type].private),
    ...(options.ident && { ident: options.ident }),
    ...(algorithms && { algorithms }),
  };
  const server = new ssh2.Server(config, (client) => serve(client, options, children, seen));
  const listener = createServer((socket) => {
    sockets.add(socket.setNoDelay());
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    if (!intercept(socket, ++seen.connections)) server.injectSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const each = (act: (socket: Socket) => void) => () => [...sockets].forEach(act);
  return {
    port,
    seen,
    /** Resets all TCP connections. */
    reset: each((socket) => socket.resetAndDestroy()),
    /** Closes all TCP connections. */
    end: each((socket) => socket.end()),
    /** Stops reading from them, like a network that swallows everything. */
    freeze: each((socket) => socket.pause().removeAllListeners('data')),
    close: () => {
      for (const child of children) if (child.pid !== undefined) stop(child.pid, 'SIGKILL');
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}

/** How a client reaches and trusts the server. */
export function targetOf({ port }: { readonly port: number }, overrides: Partial<SshTarget> = {}): SshTarget {
  return {
    name: 'web1',
    host: '127.0.0.1',
    port,
    user: 'deploy',
    key: new Secret(keys.ed25519.private),
    hostKeys: trusted('ed25519'),
    connectTimeoutSeconds: 5,
    attempts: 1,
    ...overrides,
  };
}

export function trusted(...types: readonly (keyof typeof hostKeyPairs)[]): HostKeys {
  return types.map((name) => {
    const [type = '', key = ''] = hostKeyPairs[name].public.split(' ');
    return { hosts: ['*'], revoked: false, type, key };
  });
}

type Seen = { connections: number; commands: string[]; mostSessions: number };

function serve(client: Connection, options: Options, children: Set<ChildProcess>, seen: Seen): void {
  let sessions = 0;
  client.on('error', () => {});
  client.on('authentication', options.authenticate ?? knownKeysOnly);
  client.on('session', (accept, reject) => {
    if (sessions >= (options.maxSessions ?? 10)) return reject();
    seen.mostSessions = Math.max(seen.mostSessions, ++sessions);
    const session = accept();
    session.on('close', () => sessions--);
    execute(session, options, children, seen);
  });
  if (options.allowForwarding === false) return; // without a listener ssh2 refuses as sshd does: prohibited
  client.on('tcpip', (accept, reject, { destIP, destPort }) => {
    const socket = connect(destPort, destIP, () => {
      const channel = accept();
      channel.on('close', () => socket.destroy());
      socket.pipe(channel).pipe(socket);
    });
    socket.on('error', () => reject());
  });
}

function knownKeysOnly(context: AuthContext): void {
  if (isKnown(context)) context.accept();
  else context.reject(['publickey']);
}

function isKnown(context: AuthContext): boolean {
  if (context.method !== 'publickey') return false;
  const { signature, blob, hashAlgo } = context;
  return [keys.ed25519, keys.ecdsa, keys.rsa].some((pair) => {
    const key = ssh2.utils.parseKey(pair.public);
    if (key instanceof Error || !key.getPublicSSH().equals(context.key.data)) return false;
    return signature === undefined || blob === undefined || key.verify(blob, signature, hashAlgo);
  });
}

function execute(
  session: Session,
  { loginShell = '/bin/sh', env = {} }: Options,
  children: Set<ChildProcess>,
  seen: Seen,
): void {
  session.on('exec', (accept, _reject, { command }) => {
    seen.commands.push(command);
    const channel = accept();
    const child = spawn(loginShell, ['-c', command], { detached: true, env: { ...process.env, ...env } });
    children.add(child);
    channel.pipe(child.stdin);
    child.stdin.on('error', () => {});
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on('close', (code, signal) => {
      children.delete(child);
      if (code === null) channel.exit(signal ?? 'KILL');
      else channel.exit(code);
      channel.end();
    });
  });
}

function stop(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // it has ended by itself
  }
}
