import type { Release } from '../model/release.ts';
import type { Secret } from '../model/secret.ts';
import type { Address, Certificate, HostKeys, HostSpec } from '../model/target.ts';

/** What `command` may contain: the first four in this order, any of them left out, or one of the others on its own. */
const pipeline = ['test', 'build', 'push', 'deploy'] as const;
export const standalone = ['plan', 'rollback', 'status'] as const;
export const commandNames = [...pipeline, ...standalone] as const;
export type CommandName = (typeof commandNames)[number];

export const forceRecreate = ['built', 'all', 'none'] as const;
export const formats = ['text', 'json', 'markdown'] as const;
export const onFailure = ['rollback', 'keep'] as const;
export const strategyNames = ['recreate', 'rolling'] as const;
/** Changes that no deploy makes unasked: each is a word of the input `accept`. */
export const consents = ['new-volume', 'dropped-volume', 'changed-volume', 'shared-volume', 'other-source'] as const;
export type Consent = (typeof consents)[number];
export const migrateWhen = ['before', 'after'] as const;

export type Registry = {
  /** `host[:port][/path]` */
  readonly name: string;
  readonly login: { readonly username: string; readonly password: Secret } | undefined;
};

export const sshAuth = ['key', 'none'] as const;

export type Ssh = {
  /** Undefined: the network itself authenticates the user. */
  readonly key: Secret | undefined;
  readonly passphrase: Secret | undefined;
  readonly certificate: Certificate | undefined;
  readonly hostKeys: HostKeys;
  readonly jump: Address | undefined;
  /** The words of a program whose stdin and stdout are the connection. */
  readonly proxyCommand: readonly string[] | undefined;
  readonly connectTimeoutSeconds: number;
};

/** A command in a one-off container. An empty argv means the service's own command. */
export type OneOff = {
  readonly service: string;
  readonly argv: readonly string[];
  readonly timeoutSeconds: number;
};

export type Migration = OneOff & { readonly when: (typeof migrateWhen)[number] };

/** The inputs as checked values. Paths are relative to `directory`, which is relative to where the program runs. */
export type Config = {
  readonly commands: readonly CommandName[];
  readonly directory: string;
  readonly composeFiles: readonly string[];
  readonly profiles: readonly string[];
  readonly project: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly test: {
    readonly files: readonly string[];
    readonly service: string | undefined;
    readonly timeoutSeconds: number;
  };
  readonly registry: Registry | undefined;
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  /** Images are pushed with what BuildKit attests of them. */
  readonly attest: boolean;
  /** `owner/repo`: its workflows must have attested what is deployed. */
  readonly verifyAttestation: string | undefined;
  readonly release: Release | undefined;
  readonly hosts: readonly HostSpec[];
  readonly ssh: Ssh | undefined;
  readonly path: string | undefined;
  readonly files: readonly string[];
  readonly serverOwned: readonly string[];
  readonly envFiles: readonly { readonly path: string; readonly content: Secret }[];
  readonly strategy: (typeof strategyNames)[number];
  /** Default: how long an old container keeps running next to a healthy new one. */
  readonly drainSeconds: number;
  readonly forceRecreate: (typeof forceRecreate)[number];
  readonly backup: OneOff | undefined;
  readonly migrate: Migration | undefined;
  /** Lists the migrations that `migrate` would run. */
  readonly migratePlan: OneOff | undefined;
  readonly sequential: boolean;
  readonly allowOlder: boolean;
  /** What to do when a switch fails. */
  readonly onFailure: (typeof onFailure)[number];
  /** How long to wait for another deploy to the same servers. */
  readonly lockTimeoutSeconds: number;
  /** Without a sign of life from the runner for this long, a server rolls back by itself. */
  readonly graceSeconds: number;
  /** Of `status`: finish what an interrupted deploy left open. */
  readonly heal: boolean;
  readonly accept: readonly Consent[];
  /** For `rollback`: a release id, a commit or `previous`. */
  readonly to: string;
  readonly reason: string | undefined;
  readonly keepReleases: number;
  /** On GitHub: the plan is written as a comment to the pull request. */
  readonly comment: boolean;
  /** On GitHub: shown as a deployment to this environment. */
  readonly deployment: { readonly environment: string } | undefined;
  readonly githubToken: Secret | undefined;
  readonly format: (typeof formats)[number];
  readonly health: {
    readonly url: string | undefined;
    /** Asked by the servers themselves. */
    readonly probe: string | undefined;
    readonly maxDowntimeSeconds: number | undefined;
    readonly timeoutSeconds: number;
    /** More, for services that others wait for until they have completed. */
    readonly initTimeoutSeconds: number;
  };
};
