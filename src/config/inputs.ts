/** Every input of the action, flag of the command line and row of the README. `action.yml` is held against this table. */
export type Input = {
  readonly description: string;
  readonly default?: string;
  /** Masked in logs; on the command line only taken from a file or the environment, never from the arguments. */
  readonly secret?: true;
};

export const inputs = {
  command: {
    description: 'What to do: any ordered part of `test, build, push, deploy`, or `rollback` or `status` alone.',
    default: 'test, build, push, deploy',
  },
  'working-directory': {
    description: 'Folder of the checkout that the compose files are looked up from.',
    default: '.',
  },
  'compose-file': {
    description:
      'Compose files of production, one a line, later ones override earlier ones. Default: the file that Compose itself would find.',
  },
  profiles: { description: 'Compose profiles to activate, separated by commas.' },
  'project-name': {
    description:
      "Name of the Compose project on the servers. Default: the compose file's `name:`, else the repository's name. Volumes belong to it: do not change it later.",
  },
  variables: {
    description:
      'Variables for the compose files on the runner, where images are built, `NAME=value` a line. They win over the environment. No secrets: use `env:` for those.',
  },
  'test-compose-file': { description: 'Compose files of `test`, one a line.' },
  'test-service': {
    description:
      'Service of the test compose file whose exit code decides; the others may end before it. Default: the first container that stops decides.',
  },
  'test-timeout': {
    description: 'Longest time that the tests may take, such as `90s`, `20m` or `1h`.',
    default: '20m',
  },
  registry: {
    description:
      'Where images are pushed to and pulled from: `ghcr.io/acme`, `registry.example.com`, `docker.io/acme`.',
  },
  'registry-username': { description: 'User of the registry.' },
  'registry-password': {
    description: 'Password or token of the registry. Only ever passed through stdin.',
    secret: true,
  },
  tags: {
    description:
      'Tags of the built images, separated by commas or newlines. Default: `sha-<commit>`, the branch or git tag, and `latest` on the default branch.',
  },
  platforms: {
    description: 'Platforms to build for, such as `linux/amd64, linux/arm64`. Default: what the builder is.',
  },
  'cache-from': { description: 'Build caches to read, one a line, as in `docker buildx bake`: `type=gha`.' },
  'cache-to': { description: 'Build caches to write, one a line: `type=gha,mode=max`.' },
  release: {
    description:
      'The `release` output of an earlier `push`, to deploy in a job of its own. Needs a checkout of the same commit.',
  },
  hosts: {
    description: 'Servers, separated by commas or newlines: `[user@]host[:port]`, or `local` for this machine.',
  },
  'ssh-key': { description: 'Private key of the deploy user (OpenSSH or PEM; also base64-encoded).', secret: true },
  'ssh-passphrase': { description: 'Passphrase of the private key.', secret: true },
  'known-hosts': {
    description:
      'Host keys that are trusted: known_hosts lines (`ssh-keyscan -t ed25519 host`) or fingerprints (`SHA256:…`), one a line. Required: without it anybody could pose as your server.',
  },
  'jump-host': {
    description: 'Bastion to connect through: `[user@]host[:port]`, same key, its host key in `known-hosts` too.',
  },
  'connect-timeout': { description: 'How long one attempt to connect may take.', default: '15s' },
  path: { description: 'Folder of the application on the servers. Default: `/opt/<project>`.' },
  files: {
    description:
      'Untracked files or folders to ship as well, such as a front end that the workflow built, one a line, from the top of the repository.',
  },
  'server-owned': {
    description:
      'Tracked paths that belong to the server all the same: taken from `shared/` there and never shipped, one a line, from the top of the repository.',
  },
  'env-files': {
    description:
      'Files to write under `shared/` on the servers, byte for byte and with mode 0600, one a line: `path=VARIABLE`, where VARIABLE is an environment variable of this step that holds the content.',
  },
  'force-recreate': {
    description:
      'Which containers are recreated even when nothing about them changed: `built` (services with `build:`), `all` (restarts the database too) or `none`.',
    default: 'built',
  },
  backup: {
    description:
      "Command to run once a deploy before anything is changed, in a one-off container of a service: `backup` (its own command), or `db: sh -c 'pg_dump …'`. If it fails, the deploy ends there.",
  },
  'backup-timeout': {
    description: 'Longest time that the backup may take; then its container is removed and the deploy ends.',
    default: '1h',
  },
  migrate: {
    description:
      'Command to run once a deploy in a one-off container of a service: `backend: python manage.py migrate --noinput`.',
  },
  'migrate-when': {
    description: 'Run the migration `before` or `after` the containers are recreated.',
    default: 'after',
  },
  'migrate-timeout': {
    description: 'Longest time that the migration may take; then its container is removed and the deploy fails.',
    default: '10m',
  },
  'health-url': {
    description:
      'URL that must answer with 2xx or 3xx at the end, asked from the runner. Also probed during the switch, to measure downtime.',
  },
  'health-timeout': { description: 'How long the new version may take to become healthy.', default: '3m' },
  'allow-older': {
    description:
      'Let an older commit replace a newer one, and let a commit be deployed that was rolled back from: `true` or `false`.',
    default: 'false',
  },
  to: {
    description: 'Of `rollback`: a release id, a commit, or `previous`, the release that was good before.',
    default: 'previous',
  },
  reason: { description: 'Why, for the history on the servers.' },
  'keep-releases': {
    description: 'How many releases stay on a server to roll back to, with their images; 2 to 100.',
    default: '5',
  },
  format: { description: 'Of `status`: `text` or `json`.', default: 'text' },
} as const satisfies Record<string, Input>;

export type InputName = keyof typeof inputs;

export const inputNames: readonly InputName[] = Object.keys(inputs).filter((name): name is InputName => name in inputs);

/** The environment variable that gives an input to the command-line program. */
export const environmentName = (name: InputName): string => `KORRIGO_${name.toUpperCase().replaceAll('-', '_')}`;

/** The text of every input; an input that was not given is an empty string. */
export type InputTexts = Readonly<Partial<Record<InputName, string>>>;

export function inputOf(name: InputName): Input {
  return inputs[name];
}
