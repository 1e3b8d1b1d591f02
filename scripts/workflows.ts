/** Generates the reusable workflows from the input table: `npm run docs`. They differ only in what they pass on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type InputName, inputOf } from '../src/config/inputs.ts';
import { type OutputName, outputs } from '../src/report/outputs.ts';

const top = new URL('..', import.meta.url);

/** The version that ci.yml uses: Dependabot updates all of them together. */
const [checkout = ''] =
  /actions\/checkout@.*/.exec(readFileSync(new URL('.github/workflows/ci.yml', top), 'utf8')) ?? [];

const tests: readonly InputName[] = ['working-directory', 'test-compose-file', 'test-service', 'test-timeout'];
const builds: readonly InputName[] = [
  'working-directory',
  'compose-file',
  'profiles',
  'project-name',
  'variables',
  'registry',
  'registry-username',
  'tags',
  'platforms',
  'cache-from',
  'cache-to',
];
const servers: readonly InputName[] = ['hosts', 'known-hosts', 'jump-host', 'connect-timeout', 'path'];
const deploys: readonly InputName[] = [
  'working-directory',
  'compose-file',
  'profiles',
  'project-name',
  'variables',
  'registry',
  'registry-username',
  ...servers,
  'files',
  'server-owned',
  'env-files',
  'force-recreate',
  'backup',
  'backup-timeout',
  'migrate',
  'migrate-when',
  'migrate-timeout',
  'health-url',
  'health-timeout',
  'allow-older',
  'accept',
  'keep-releases',
];
const rollbacks: readonly InputName[] = [
  'to',
  'reason',
  'accept',
  'project-name',
  'registry',
  'registry-username',
  ...servers,
  'force-recreate',
  'health-url',
  'health-timeout',
];

/** Secrets of a workflow: its name there, the input of the action, and what it is. */
const registrySecret = [
  'REGISTRY_PASSWORD',
  'Password or token for the registry. Default for ghcr.io: the token of the workflow.',
] as const;
const sshSecrets = [
  ['SSH_KEY', 'Private key to log in to the servers.'],
  ['SSH_PASSPHRASE', 'Passphrase of the private key, if it has one.'],
] as const;
const envSecrets = [
  ['ENV_FILE', 'Content of a file to write on the servers: `path=ENV_FILE` in env-files.'],
  ['ENV_FILE_2', 'Content of a second file: `path=ENV_FILE_2`.'],
] as const;

/** Inputs that fall back to a variable of the environment or the repository. */
const fromVariables: Partial<Record<InputName, string>> = {
  hosts: 'HOSTS',
  'known-hosts': 'KNOWN_HOSTS',
  'health-url': 'HEALTH_URL',
};

const own = {
  environment: ['GitHub environment to deploy to: its variables, secrets and protection rules apply.', 'production'],
  'runs-on': ['Label of the runner.', 'ubuntu-latest'],
  'timeout-minutes': ['Time limit for each job, in minutes.', '60'],
} as const;

type OwnName = keyof typeof own;

function inputsOf(names: readonly InputName[], ownNames: readonly OwnName[]): string {
  const rows = [...new Set(names)].map((name) => {
    const description = inputOf(name).description;
    const variable = fromVariables[name];
    return row(name, variable === undefined ? description : `${description} Default: the variable ${variable}.`, '');
  });
  return [...rows, ...ownNames.map((name) => row(name, own[name][0], own[name][1]))].join('');
}

function row(name: string, description: string, value: string): string {
  const type = name === 'timeout-minutes' ? 'number' : 'string';
  const shown = type === 'number' ? value : quoted(value);
  return `      ${name}:\n        description: ${quoted(description)}\n        type: ${type}\n        default: ${shown}\n`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const secretsOf = (rows: readonly (readonly [string, string])[]): string =>
  `    secrets:\n${rows.map(([name, description]) => `      ${name}:\n        description: ${quoted(description)}\n        required: false\n`).join('')}`;

function step(
  ref: string,
  title: string,
  command: string,
  names: readonly InputName[],
  more: Readonly<Record<string, string>> = {},
): string {
  const passed = names.map((name): [string, string] => {
    const variable = fromVariables[name];
    if (name === 'registry-username')
      return [
        name,
        "${{ inputs.registry && (inputs.registry-username || vars.REGISTRY_USERNAME || (startsWith(inputs.registry, 'ghcr.io/') && github.actor)) || '' }}",
      ];
    return [name, variable === undefined ? `\${{ inputs.${name} }}` : `\${{ inputs.${name} || vars.${variable} }}`];
  });
  const rows = [['command', command], ...passed, ...Object.entries(more)].map(
    ([name, value]) => `          ${name}: ${value}\n`,
  );
  return `      - name: ${title}\n        id: korrigo\n        uses: korrigo/deploy-action@${ref}\n        with:\n${rows.join('')}`;
}

const password = {
  'registry-password':
    "${{ inputs.registry && (secrets.REGISTRY_PASSWORD || (startsWith(inputs.registry, 'ghcr.io/') && github.token)) || '' }}",
};
const ssh = { 'ssh-key': '${{ secrets.SSH_KEY }}', 'ssh-passphrase': '${{ secrets.SSH_PASSPHRASE }}' };
const envFiles = `        env:\n${envSecrets.map(([name]) => `          ${name}: \${{ secrets.${name} }}\n`).join('')}`;

const head = (name: string, inputs: string, secrets: string, outputs = ''): string =>
  `# Generated by \`npm run docs\` from the input table. Do not edit.\nname: ${name}\n\non:\n  workflow_call:\n    inputs:\n${inputs}${secrets}${outputs}\npermissions: {}\n\njobs:\n`;

const job = (id: string, name: string, permissions: readonly string[], more = ''): string =>
  `  ${id}:\n    name: ${name}\n${more}    runs-on: \${{ inputs.runs-on }}\n    timeout-minutes: \${{ inputs.timeout-minutes }}\n    permissions:\n${permissions.map((permission) => `      ${permission}\n`).join('')}`;

const checkedOut = `    steps:\n      - name: Check out\n        uses: ${checkout}\n        with:\n          persist-credentials: false\n`;

/** One deploy or rollback at a time per environment. `queue: max` keeps every run that waits instead of only the last. */
const inEnvironment = `    environment:\n      name: \${{ inputs.environment }}\n      url: \${{ steps.korrigo.outputs.url }}\n    concurrency:\n      group: korrigo-\${{ inputs.environment }}\n      cancel-in-progress: false\n      queue: max\n`;

/** The outputs of a deploy or a rollback. */
const ends: readonly OutputName[] = ['outcome', 'url', 'release-id', 'previous-release', 'downtime'];

/** Outputs of a workflow: the job that sets them, and their names. */
const callOutputs = (rows: readonly (readonly [job: string, names: readonly OutputName[]])[]): string =>
  `    outputs:\n${rows
    .flatMap(([from, names]) => names.map((name) => [from, name] as const))
    .map(
      ([from, name]) =>
        `      ${name}:\n        description: ${quoted(outputs[name])}\n        value: \${{ jobs.${from}.outputs.${name} }}\n`,
    )
    .join('')}`;

const jobOutputs = (names: readonly OutputName[]): string =>
  `    outputs:\n${names.map((name) => `      ${name}: \${{ steps.korrigo.outputs.${name} }}\n`).join('')}`;

const packages = ['contents: read', 'packages: write # to push to ghcr.io with the token of the workflow'];

/** @param ref of the action: `v1`, or the exact version in a release. @returns file name → content. */
export function workflows(ref: string): Readonly<Record<string, string>> {
  const common: readonly OwnName[] = ['runs-on', 'timeout-minutes'];
  return {
    'test.yml':
      head('Test', inputsOf(tests, common), '') +
      job('test', 'Test', ['contents: read']) +
      checkedOut +
      step(ref, 'Run the test compose file', 'test', tests),
    'build.yml':
      head('Build', inputsOf(builds, common), secretsOf([registrySecret]), callOutputs([['build', ['release']]])) +
      job('build', 'Build and push', packages) +
      jobOutputs(['release']) +
      checkedOut +
      step(ref, 'Build and push the images', 'build, push', builds, password),
    'deploy.yml':
      head(
        'Deploy',
        inputsOf([...tests, ...builds, ...deploys], ['environment', ...common]),
        secretsOf([registrySecret, ...sshSecrets, ...envSecrets]),
        callOutputs([
          ['build', ['release']],
          ['deploy', ends],
        ]),
      ) +
      job('test', 'Test', ['contents: read'], `    if: inputs.test-compose-file != ''\n`) +
      checkedOut +
      step(ref, 'Run the test compose file', 'test', tests) +
      '\n' +
      job('build', 'Build and push', packages, `    needs: test\n    if: \${{ !cancelled() && !failure() }}\n`) +
      jobOutputs(['release']) +
      checkedOut +
      step(ref, 'Build and push the images', 'build, push', builds, password) +
      '\n' +
      job(
        'deploy',
        'Deploy',
        ['contents: read', 'packages: read'],
        `    needs: build\n    if: \${{ !cancelled() && !failure() }}\n${inEnvironment}`,
      ) +
      jobOutputs(ends) +
      checkedOut +
      step(ref, 'Deploy to the servers', 'deploy', deploys, {
        release: '${{ needs.build.outputs.release }}',
        ...password,
        ...ssh,
      }) +
      envFiles,
    'rollback.yml':
      head(
        'Rollback',
        inputsOf(rollbacks, ['environment', ...common]),
        secretsOf([registrySecret, ...sshSecrets]),
        callOutputs([['rollback', ends]]),
      ) +
      job('rollback', 'Roll back', ['packages: read'], inEnvironment) +
      jobOutputs(ends) +
      '    steps:\n' +
      step(ref, 'Roll back to an earlier release', 'rollback', rollbacks, { ...password, ...ssh }),
  };
}

/** The ref that is committed: `v1`, but for a release commit its own exact version. */
export function actionRef(): string {
  const settings: { readonly config: { readonly ref: string } } = JSON.parse(
    readFileSync(new URL('package.json', top), 'utf8'),
  );
  return settings.config.ref;
}

export function writeWorkflows(): void {
  for (const [name, text] of Object.entries(workflows(actionRef())))
    writeFileSync(new URL(`.github/workflows/${name}`, top), text);
}
