import type { Address } from '../model/target.ts';
import { fingerprint, keyType, knownHostsLine, type Verdict } from './host-key.ts';

/** Why there is no connection, for a person who reads it in a log. `passes`: it may be gone at the next attempt. */
export type Failure = { readonly message: string; readonly hint: string; readonly passes: boolean };

/** A failure of the network, by the code that Node gives it. */
export function networkFailure(code: string, { host, port }: Address): Failure {
  const known: Readonly<Record<string, Failure>> = {
    ENOTFOUND: {
      message: `the name ${host} does not resolve`,
      hint: 'Check its spelling, and that it is a public DNS name; an IP address works too.',
      passes: false,
    },
    EAI_AGAIN: {
      message: `the name ${host} does not resolve at the moment (the DNS server does not answer)`,
      hint: 'Run it again; if it stays like this, check the DNS of this machine or give an IP address.',
      passes: true,
    },
    ECONNREFUSED: {
      message: `nothing listens on port ${port} (connection refused)`,
      hint: `Check the port, and on the server that sshd runs: \`systemctl status ssh\`.`,
      passes: true,
    },
    ETIMEDOUT: noAnswer({ host, port }),
    EHOSTUNREACH: unreachable(host, code),
    ENETUNREACH: unreachable(host, code),
    ECONNRESET: closedEarly('connection reset'),
  };
  return (
    known[code] ?? {
      message: `cannot be reached on port ${port} (${code})`,
      hint: 'Check the address, the network and the firewalls in between.',
      passes: false,
    }
  );
}

export function noAnswer({ host, port }: Pick<Address, 'host' | 'port'>): Failure {
  return {
    message: `no answer from ${host} on port ${port}`,
    hint: 'Check the address and the port, that the server is up, and that its firewall lets this machine in.',
    passes: true,
  };
}

const unreachable = (host: string, code: string): Failure => ({
  message: `no route to ${host} (${code})`,
  hint: 'Check the address and the network; runners of GitHub have no IPv6 and reach no private network.',
  passes: true,
});

/** The connection was made, but the login did not come to an end. */
export function tooSlow(seconds: number): Failure {
  return {
    message: `the server accepted the connection, but the login was not done after ${seconds} s`,
    hint: 'The server may be overloaded, or another service may have this port; see `journalctl -u ssh` there.',
    passes: true,
  };
}

/** Closed before the login began. `detail` is what the server or the network said. */
export function closedEarly(detail: string): Failure {
  return {
    message: `the server closed the connection before the login (${detail})`,
    hint: 'Perhaps too many connections at once (MaxStartups), a ban (fail2ban), or it is still starting; see `journalctl -u ssh` there.',
    passes: true,
  };
}

export function notSsh({ port }: Address, said: string): Failure {
  return {
    message: `port ${port} is not an SSH server; it says ${JSON.stringify(said)}`,
    hint: 'Check the port: SSH usually listens on 22.',
    passes: false,
  };
}

export function protocolFailure(detail: string): Failure {
  return {
    message: `the SSH handshake failed: ${detail}`,
    hint: 'The server may be very old or very strict; compare its algorithms (`sshd -T`) with those of the ssh2 package.',
    passes: false,
  };
}

export function disconnected(reason: string): Failure {
  return {
    message: `the server ended the login: ${reason}`,
    hint: 'See `journalctl -u ssh` there; MaxAuthTries, AllowUsers or fail2ban may be too strict.',
    passes: false,
  };
}

/** `publicKey` is the public line of the key that was offered, `methods` what the server would accept instead. */
export function keyRefused(
  { user, host }: Address,
  publicKey: string,
  print: string,
  methods: readonly string[],
): Failure {
  if (!methods.includes('publickey')) {
    return {
      message: `the server accepts no keys for user "${user}", only ${methods.join(', ') || 'nothing'}`,
      hint: 'Set `PubkeyAuthentication yes` in its sshd_config; passwords are not supported here.',
      passes: false,
    };
  }
  return {
    message: `the server does not accept the key ${print} for user "${user}"`,
    hint: `Check the user, and that ~${user}/.ssh/authorized_keys on ${host} has this line: ${publicKey}`,
    passes: false,
  };
}

export function moreWanted({ user }: Address, methods: readonly string[]): Failure {
  return {
    message: `the server accepts the key for user "${user}", but also wants ${methods.join(', ')}`,
    hint: 'A deploy cannot type a second factor; exempt this user with a `Match User` block in its sshd_config.',
    passes: false,
  };
}

/** The server could not prove who it is. */
export function notTrusted(verdict: Verdict, { host, port }: Address, key: Uint8Array): Failure {
  const got = `${keyType(key)} ${fingerprint(key)}`;
  const compare = `On the server itself run \`ssh-keygen -lf ${keyFile(key)}\`; if it prints ${fingerprint(key)},`;
  const line = knownHostsLine(host, port, key);
  const listed = 'fingerprints' in verdict ? verdict.fingerprints.join(' or ') : '';
  if (verdict.kind === 'changed') {
    return {
      message: `the host key of ${host} has changed: known-hosts expects ${listed}, the server shows ${got}`,
      hint: `Somebody may be in between. ${compare} the server was set up anew: put this line in place of the old one: ${line}`,
      passes: false,
    };
  }
  if (verdict.kind === 'revoked') {
    return {
      message: `the host key of ${host} is revoked in known-hosts: ${got}`,
      hint: 'Make new host keys on the server, or drop the @revoked line if it is a mistake.',
      passes: false,
    };
  }
  return {
    message: `the host key of ${host} is not in known-hosts: ${got}${listed === '' ? '' : ` (it has ${listed})`}`,
    hint: `${compare} add this line to known-hosts: ${line}`,
    passes: false,
  };
}

function keyFile(key: Uint8Array): string {
  const name = /^(?:ssh-|)(ed25519|rsa|ecdsa)/.exec(keyType(key))?.[1] ?? '*';
  return `/etc/ssh/ssh_host_${name}_key.pub`;
}

/** The jump host is reached, but does not reach the host. `administrative`: it is not allowed to. */
export function notForwarded({ host, port }: Address, detail: string, administrative: boolean): Failure {
  return {
    message: `cannot reach ${host} on port ${port} from there (${detail || 'no reason given'})`,
    hint: administrative
      ? 'Set `AllowTcpForwarding yes` in its sshd_config, for this user at least.'
      : 'Check the address as the jump host sees it, and the firewall between the two.',
    passes: !administrative,
  };
}
