/** One table for the action's inputs, the command line's flags and the README. `npm run docs` generates the rest. */
export type Input = {
  readonly description: string;
  readonly default?: string;
  /** Masked in logs. The command line accepts it from a file or the environment only, never as an argument. */
  readonly secret?: true;
};

export const inputs = {
  command: {
    description:
      'What to do. Either `test`, `build`, `push`, `deploy` in this order, with any of them left out, or `plan`, `rollback` or `status` on its own.',
    default: 'test, build, push, deploy',
  },
  'working-directory': {
    description: 'Folder that `compose-file` and `test-compose-file` are relative to.',
    default: '.',
  },
  'compose-file': {
    description:
      'Production compose files, one per line; later files override earlier ones. Default: `compose.yaml`, `compose.yml`, `docker-compose.yaml` or `docker-compose.yml`, whichever exists.',
  },
  profiles: { description: 'Compose profiles to enable.' },
  'project-name': {
    description:
      "Name of the Compose project on the servers. Default: `COMPOSE_PROJECT_NAME` or `name:` in the compose file, else the repository's name and the folder of the compose file in it. Do not change it later: volumes belong to it.",
  },
  variables: {
    description:
      'Variables for `image:` and `build:` in the compose files, `NAME=value`, one per line. They override the environment of the step. Not for secrets: use `env:` for those.',
  },
  sequential: {
    description:
      '`true` runs the server checks, the tests and the build one after another instead of in parallel. A machine with one CPU always does.',
    default: 'false',
  },
  'test-compose-file': { description: 'Compose files for `test`, one per line.' },
  'test-service': {
    description:
      'Service whose exit code is the result of the tests; other services may exit before it. Default: the first container that exits.',
  },
  'test-timeout': {
    description: 'Time limit for the tests, for example `90s`, `20m` or `1h`.',
    default: '20m',
  },
  registry: {
    description:
      'Where to push and pull images, for example `ghcr.io/acme`, `registry.example.com` or `docker.io/acme`.',
  },
  'registry-username': { description: 'User name for the registry.' },
  'registry-password': {
    description: 'Password or token for the registry. It is only ever passed through stdin.',
    secret: true,
  },
  tags: {
    description:
      'Tags for the images that are built. Default: `sha-<commit>`, the branch or git tag, and `latest` on the default branch.',
  },
  platforms: {
    description:
      'Platforms to build for, for example `linux/amd64, linux/arm64`. Default: the platform of the builder.',
  },
  'cache-from': {
    description:
      'Build caches to read, one per line, as for `docker buildx bake`. Default: the GitHub Actions cache, if the builder supports it.',
  },
  'cache-to': { description: 'Build caches to write, one per line: `type=gha,mode=max`.' },
  attest: {
    description:
      '`true` attaches BuildKit attestations to the images: how they were built (`--provenance`) and what is in them (`--sbom`). Needs a builder that supports this: `docker/setup-buildx-action`.',
    default: 'false',
  },
  'verify-attestation': {
    description:
      'Repository (`owner/repo`) whose workflows must have attested the built images: `deploy` refuses an image without a valid GitHub attestation. Uses `gh` and `github-token`.',
  },
  release: {
    description:
      'The `release` output of an earlier `push`, to deploy in a separate job. Check out the same commit there.',
  },
  hosts: {
    description: 'Servers: `[user@]host[:port]`, or `local` for the machine this runs on. Default user: `deploy`.',
  },
  'ssh-key': { description: 'Private key to log in with (OpenSSH, PEM or PKCS#8, also base64-encoded).', secret: true },
  'ssh-passphrase': { description: 'Passphrase of the private key.', secret: true },
  'ssh-certificate': {
    description:
      'OpenSSH certificate for `ssh-key`, if the servers trust a certificate authority (`TrustedUserCAKeys`): the content of the file ending in `-cert.pub`.',
  },
  'ssh-auth': {
    description: 'How to log in: `key`, or `none` if the network itself authenticates the user, as Tailscale SSH does.',
    default: 'key',
  },
  'known-hosts': {
    description:
      'Host keys to trust, one per line: known_hosts lines (`www.example.com ssh-ed25519 AAAA…`) or fingerprints (`SHA256:…`). Required: without them anyone could impersonate your server.',
  },
  'jump-host': {
    description:
      'Bastion to connect through: `[user@]host[:port]`. It uses the same key, and its host key must be in `known-hosts` too.',
  },
  'proxy-command': {
    description:
      'Program whose stdin and stdout are the connection, for example `cloudflared access ssh --hostname %h`. `%h`, `%p` and `%r` stand for host, port and user. It runs without a shell.',
  },
  'connect-timeout': { description: 'Time limit for one attempt to connect.', default: '15s' },
  path: { description: "The application's folder on the servers. Default: `/opt/<project>`." },
  files: {
    description:
      'Files or folders to ship although git does not track them, for example a front end built by the workflow. One per line, relative to the top of the repository.',
  },
  'server-owned': {
    description:
      'Paths that git tracks but the server owns: not shipped, taken from `shared/` on the server instead. One per line, relative to the top of the repository.',
  },
  'env-files': {
    description:
      'Files to write to `shared/` on the servers, byte for byte, with mode 0600. One per line: `path=VARIABLE`, where VARIABLE is an environment variable of this step that contains the file.',
  },
  strategy: {
    description:
      '`recreate` replaces containers in place. `rolling` starts the new containers of a service beside the old ones and stops the old ones once the new ones are healthy, so that no request fails: see [zero downtime](docs/zero-downtime.md).',
    default: 'recreate',
  },
  drain: {
    description:
      'With `rolling`, how long the old containers of a service keep running beside healthy new ones, so that proxies find the new ones. The label `korrigo.drain` sets it for one service.',
    default: '3s',
  },
  'force-recreate': {
    description:
      'Services to recreate even if nothing about them changed: `built` (those with `build:`), `all` (restarts the database too) or `none`. Default: `built`, and `none` with `strategy: rolling`.',
  },
  backup: {
    description:
      "Runs once per deploy, before anything is changed, in a one-off container of a service: `backup` (the service's own command) or `db: sh -c 'pg_dump …'`. If it fails, the deploy stops there.",
  },
  'backup-timeout': {
    description: 'Time limit for the backup. After that its container is removed and the deploy stops.',
    default: '1h',
  },
  migrate: {
    description:
      'Runs once per deploy, in a one-off container of a service: `backend: python manage.py migrate --noinput`.',
  },
  'migrate-when': {
    description:
      'Whether the migration runs `before` or `after` containers are replaced. Default: `after`, and `before` with `strategy: rolling`, where old code still runs afterwards.',
  },
  'migrate-timeout': {
    description: 'Time limit for the migration. After that its container is removed and the deploy fails.',
    default: '10m',
  },
  'migrate-plan': {
    description:
      'Lists the migrations that would run, for `plan` and for the log of a deploy: `backend: python manage.py migrate --plan`. It must not change anything. It needs the new image on the server, so it does not run before a build.',
  },
  'health-url': {
    description:
      'URL that must answer with 2xx or 3xx at the end of a deploy. It is requested from the runner, also during the switch to measure downtime.',
  },
  probe: {
    description:
      'URL that each server requests by itself about ten times a second during the switch: `http://127.0.0.1:8080/health`. The report says how many of these requests failed, when and for how long. It needs curl or wget on the server.',
  },
  'max-downtime': {
    description:
      'Longest outage that a deploy may cause, measured by `probe`, or by `health-url` without `probe`: `2s`, or `0s` to allow no failed request at all. A deploy that exceeds it fails and is rolled back.',
  },
  'health-timeout': { description: 'Time limit for the new version to become healthy.', default: '3m' },
  'init-timeout': {
    description:
      'Time limit for services that others wait for until they have completed (`condition: service_completed_successfully`), on top of `health-timeout`.',
    default: '10m',
  },
  'allow-older': {
    description: '`true` allows deploying a commit that is older than the current one, or that was rolled back.',
    default: 'false',
  },
  'on-failure': {
    description:
      'What to do when the switch fails: `rollback` (to the previous release, on every server) or `keep` (leave everything as it is, for you to inspect).',
    default: 'rollback',
  },
  'lock-timeout': {
    description: 'How long to wait for another deploy or rollback to the same servers.',
    default: '15m',
  },
  grace: {
    description:
      'If a server hears nothing from this run for this long during the switch, it rolls back by itself. At least 20s.',
    default: '60s',
  },
  heal: {
    description: 'For `status`: `true` finishes the rollback of an interrupted deploy.',
    default: 'false',
  },
  accept: {
    description:
      'Dangerous changes to allow in this one deploy, as named in the error that refused it: `new-volume`, `dropped-volume`, `changed-volume`, `shared-volume`, `other-source`.',
  },
  to: {
    description:
      'For `rollback`: a release id, a commit, or `previous` for the last good release before the current one.',
    default: 'previous',
  },
  reason: { description: 'Why you roll back; recorded in the history on the servers.' },
  'keep-releases': {
    description: 'How many releases to keep on each server to roll back to, with their images: 2 to 100.',
    default: '5',
  },
  comment: {
    description:
      'For `plan` on a pull request: `true` writes the plan as a comment and keeps it up to date. Needs `github-token`, and `pull-requests: write` in the permissions of the job.',
    default: 'false',
  },
  deployment: {
    description:
      'For `deploy` and `rollback`: `true` shows it as a deployment on the page of the GitHub environment. Needs `github-token`, `deployments: write` in the permissions of the job, and `deployment: false` in its `environment`, or there would be two.',
    default: 'false',
  },
  environment: {
    description: 'GitHub environment that `deployment` is shown on: the one that the job uses.',
    default: 'production',
  },
  'github-token': {
    description: 'Token of the workflow (`github.token`), for `comment` and `deployment`.',
    secret: true,
  },
  format: { description: 'For `plan` and `status`: `text` or `json`; for `plan` also `markdown`.', default: 'text' },
} as const satisfies Record<string, Input>;

export type InputName = keyof typeof inputs;

export const inputNames: readonly InputName[] = Object.keys(inputs).filter((name): name is InputName => name in inputs);

/** The environment variable that sets an input on the command line. */
export const environmentName = (name: InputName): string => `KORRIGO_${name.toUpperCase().replaceAll('-', '_')}`;

/** The text of every input; empty if it was not given. */
export type InputTexts = Readonly<Partial<Record<InputName, string>>>;

export function inputOf(name: InputName): Input {
  return inputs[name];
}
