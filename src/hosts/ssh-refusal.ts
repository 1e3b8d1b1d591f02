import type { ParsedKey } from 'ssh2';
import type { Address, Certificate } from '../model/target.ts';
import { fingerprint, keyType, knownHostsLine, type Verdict } from './host-key.ts';
import type { Failure } from './ssh-failure.ts';

export function noKeys({ user }: Address, methods: readonly string[]): Failure {
  return {
    message: `the server does not accept keys for user "${user}", only ${methods.join(', ') || 'nothing'}`,
    hint: 'Set `PubkeyAuthentication yes` in its sshd_config; passwords are not supported here.',
    passes: false,
  };
}

export function keyRefused({ user, host }: Address, key: ParsedKey): Failure {
  const blob = key.getPublicSSH();
  return {
    message: `user "${user}" cannot log in with the key ${fingerprint(blob)}`,
    hint: `Check the user, and that ~${user}/.ssh/authorized_keys on ${host} contains this line: ${key.type} ${blob.toString('base64')}`,
    passes: false,
  };
}

export function certificateRefused({ user }: Address, { id, principals, authority }: Certificate): Failure {
  const signer = Buffer.from(authority, 'base64');
  const whom = principals.length === 0 ? 'any user' : principals.join(', ');
  return {
    message: `the server does not accept the certificate "${id}" (for ${whom}) for user "${user}", nor its key`,
    hint: `Check that the file of TrustedUserCAKeys there has this line: ${keyType(signer)} ${authority}; and that ${user} is one of the certificate's principals (or of AuthorizedPrincipalsFile).`,
    passes: false,
  };
}

/** With `ssh-auth: none`. */
export function proofWanted({ user }: Address, methods: readonly string[]): Failure {
  return {
    message: `the server does not let user "${user}" in without proof; it wants ${methods.join(', ') || 'something else'}`,
    hint: 'ssh-auth: none is for Tailscale SSH and the like; check that it is on there, and that its policy lets this machine in as this user. Otherwise set ssh-key, and leave ssh-auth out.',
    passes: false,
  };
}

export function secondFactor({ user }: Address, methods: readonly string[]): Failure {
  return {
    message: `the server accepts the key for user "${user}", but also asks for ${methods.join(', ')}`,
    hint: 'A deploy cannot answer a second factor: exempt this user with a `Match User` block in sshd_config.',
    passes: false,
  };
}

/** The server could not prove who it is. */
export function hostKeyRejected(verdict: Verdict, { host, port }: Address, key: Uint8Array): Failure {
  const got = `${keyType(key)} ${fingerprint(key)}`;
  const compare = `On the server itself, run \`ssh-keygen -lf ${keyFile(key)}\`. If it prints ${fingerprint(key)},`;
  const line = knownHostsLine(host, port, key);
  const listed = 'fingerprints' in verdict ? verdict.fingerprints.join(' or ') : '';
  if (verdict.kind === 'changed') {
    return {
      message: `the host key of ${host} has changed: known-hosts expects ${listed}, the server sent ${got}`,
      hint: `Someone may be intercepting the connection. ${compare} the server was reinstalled: replace the old line with: ${line}`,
      passes: false,
    };
  }
  if (verdict.kind === 'revoked') {
    return {
      message: `the host key of ${host} is revoked in known-hosts: ${got}`,
      hint: 'Create new host keys on the server, or remove the @revoked line if it is a mistake.',
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
