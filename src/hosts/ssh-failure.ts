import type { Address } from '../model/target.ts';

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

/** The connection was made, but the login did not come to an end. `banner`: what the server shows to who logs in. */
export function tooSlow(seconds: number, banner: string): Failure {
  if (/https?:\/\//.test(banner))
    return {
      message: `the login was not done after ${seconds} s; the server says: ${banner.slice(0, 300)}`,
      hint: 'It waits for a person, and a deploy is none: let this machine in without (for Tailscale SSH, `accept` instead of `check`).',
      passes: false,
    };
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
    hint: 'Check that the key is in authorized_keys there, and see `journalctl -u ssh`: MaxAuthTries or fail2ban may be strict.',
    passes: false,
  };
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
