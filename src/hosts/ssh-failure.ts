import type { Address } from '../model/target.ts';

/** Why there is no connection, for a person who reads it in a log. `passes`: it may be gone at the next attempt. */
export type Failure = {
  readonly message: string;
  readonly hint: string;
  readonly passes: boolean;
  /** The type of a host key that is not trusted, where the fingerprint that is known may be that of another one. */
  readonly shown?: string;
};

/** A failure of the network, by the code that Node gives it. */
export function networkFailure(code: string, { host, port }: Address): Failure {
  const known: Readonly<Record<string, Failure>> = {
    ENOTFOUND: {
      message: `cannot resolve ${host}`,
      hint: host.includes('.')
        ? 'Check the spelling and the DNS record. An IP address works too.'
        : 'Check the spelling and the DNS record. Aliases in ~/.ssh/config are not read here: use the HostName, or an IP address.',
      passes: false,
    },
    EAI_AGAIN: {
      message: `cannot resolve ${host} right now (the DNS server is not answering)`,
      hint: 'Run it again. If it keeps failing, check DNS on this machine, or use an IP address.',
      passes: true,
    },
    ECONNREFUSED: {
      message: `connection refused: nothing is listening on port ${port}`,
      hint: `Check the port, and that sshd is running on the server: \`systemctl status ssh\`.`,
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
    hint: 'Check the address and the port, that the server is up, and that its firewall allows this machine.',
    passes: true,
  };
}

const unreachable = (host: string, code: string): Failure => ({
  message: `no route to ${host} (${code})`,
  hint: 'Check the address and the network. GitHub-hosted runners have no IPv6 and cannot reach private networks.',
  passes: true,
});

/** The connection was made, but the login did not come to an end. `banner`: what the server sent to who logs in. */
export function tooSlow(seconds: number, banner: string): Failure {
  if (/https?:\/\//.test(banner))
    return {
      message: `the login was not done after ${seconds} s; the server says: ${banner.slice(0, 300)}`,
      hint: 'The server waits for a person to confirm: let this machine log in without that (for Tailscale SSH, `accept` instead of `check`).',
      passes: false,
    };
  return {
    message: `connected, but the login did not finish within ${seconds} s`,
    hint: 'The server may be overloaded, or something else may be using this port. See `journalctl -u ssh` on the server.',
    passes: true,
  };
}

/** Closed before the login began. `detail` is what the server or the network said. */
export function closedEarly(detail: string): Failure {
  return {
    message: `the server closed the connection before the login (${detail})`,
    hint: 'Possible reasons: too many connections at once (MaxStartups), a ban (fail2ban), or sshd is still starting. See `journalctl -u ssh` on the server.',
    passes: true,
  };
}

export function notSsh({ port }: Address, said: string): Failure {
  return {
    message: `port ${port} is not an SSH server: it answered ${JSON.stringify(said)}`,
    hint: 'Check the port: SSH usually listens on 22.',
    passes: false,
  };
}

export function protocolFailure(detail: string): Failure {
  return {
    message: `the SSH handshake failed: ${detail}`,
    hint: 'The server may be very old or very strict: compare the algorithms it allows (`sshd -T`) with those of the ssh2 package.',
    passes: false,
  };
}

export function disconnected(reason: string): Failure {
  return {
    message: `the server closed the connection during login: ${reason}`,
    hint: 'Check that the key is in authorized_keys on the server, and see `journalctl -u ssh` there: MaxAuthTries or fail2ban may be strict.',
    passes: false,
  };
}

/** The jump host is reached, but does not reach the host. `administrative`: it is not allowed to. */
export function notForwarded({ host, port }: Address, detail: string, administrative: boolean): Failure {
  return {
    message: `cannot reach ${host} on port ${port} from the jump host (${detail || 'no reason given'})`,
    hint: administrative
      ? 'Set `AllowTcpForwarding yes` in its sshd_config, for this user at least.'
      : 'Check the address as the jump host sees it, and the firewall between the two.',
    passes: !administrative,
  };
}
