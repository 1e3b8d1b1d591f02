import type { Secret } from './secret.ts';

/** Where to log in. `host` is a name or an IP address, an IPv6 one without brackets. */
export type Address = { readonly host: string; readonly port: number; readonly user: string };

/** A host as the user listed it; `name` is what logs and errors call it. */
export type HostSpec =
  | { readonly kind: 'local'; readonly name: string }
  | ({ readonly kind: 'ssh'; readonly name: string } & Address);

/** One host key that is trusted, or revoked: a whole key (base64), or only its fingerprint. */
export type HostKey = {
  /** Patterns as in known_hosts: `web1`, `[web1]:2222`, `*.example.com`, `!old`, `|1|salt|hash`. None means any host. */
  readonly hosts: readonly string[];
  readonly revoked: boolean;
} & (
  | { readonly type: string; readonly key: string }
  /** `SHA256:` and 43 characters of base64; `type` if the line has it. */
  | { readonly type?: string; readonly fingerprint: string }
);

export type HostKeys = readonly HostKey[];

/** What an authority has signed for a user's key (OpenSSH's PROTOCOL.certkeys). */
export type Certificate = {
  /** `ssh-ed25519-cert-v01@openssh.com` */
  readonly type: string;
  /** The whole certificate, base64. */
  readonly blob: string;
  readonly id: string;
  /** Its principals: on most servers, user names. None: anyone. */
  readonly principals: readonly string[];
  /** The public key of the authority, base64. */
  readonly authority: string;
  /** Seconds since 1970; without an end, forever. */
  readonly validFrom: number;
  readonly validUntil: number | undefined;
};

/** A program whose stdin and stdout are the connection. */
export type ProxyCommand = {
  /** With `%h`, `%p` and `%r` for host, port and user, and `%%`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** Everything that a connection needs. Key, certificate and host keys are also those of the jump host. */
export type SshTarget = Address & {
  readonly name: string;
  /** Undefined if the network itself authenticates the user: SSH's method `none`. */
  readonly key: Secret | undefined;
  readonly passphrase?: Secret | undefined;
  readonly certificate?: Certificate | undefined;
  readonly hostKeys: HostKeys;
  readonly jump?: Address | undefined;
  readonly proxy?: ProxyCommand | undefined;
  /** How long one login may take; through a jump host there are two of them. */
  readonly connectTimeoutSeconds: number;
  readonly attempts: number;
};
