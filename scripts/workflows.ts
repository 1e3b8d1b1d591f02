/** Generates the reusable workflows from the input table: `npm run docs`. They differ only in what they pass on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Document, isMap, isScalar, Scalar, type YAMLMap } from 'yaml';
import { type InputName, inputOf } from '../src/config/inputs.ts';
import { type OutputName, outputs } from '../src/report/outputs.ts';

const top = new URL('..', import.meta.url);

/** The version that ci.yml uses, with its comment: Dependabot updates all of them together. */
const [, checkout = '', checkoutVersion = ''] =
  /(actions\/checkout@\S+) # (.*)/.exec(readFileSync(new URL('.github/workflows/ci.yml', top), 'utf8')) ?? [];

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
  'keep-releases',
];
const rollbacks: readonly InputName[] = [
  'to',
  'reason',
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

type Value = string | number | boolean | Scalar | Mapping | readonly Value[];
type Mapping = { readonly [key: string]: Value };

function inputsOf(names: readonly InputName[], ownNames: readonly OwnName[]): Mapping {
  const passed = [...new Set(names)].map((name): [string, Mapping] => {
    const { description } = inputOf(name);
    const variable = fromVariables[name];
    const text = variable === undefined ? description : `${description} Default: the variable ${variable}.`;
    return [name, { description: text, type: 'string', default: '' }];
  });
  const added = ownNames.map((name): [string, Mapping] => {
    const [description, value] = own[name];
    return name === 'timeout-minutes'
      ? [name, { description, type: 'number', default: Number(value) }]
      : [name, { description, type: 'string', default: value }];
  });
  return Object.fromEntries([...passed, ...added]);
}

const secretsOf = (rows: readonly (readonly [string, string])[]): Mapping =>
  Object.fromEntries(rows.map(([name, description]) => [name, { description, required: false }]));

function step(ref: string, name: string, command: string, names: readonly InputName[], more: Mapping = {}): Mapping {
  const passed = Object.fromEntries(names.map((input) => [input, passedValue(input)]));
  return { name, id: 'korrigo', uses: `korrigo/deploy-action@${ref}`, with: { command, ...passed, ...more } };
}

function passedValue(input: InputName): string {
  const variable = fromVariables[input];
  if (input === 'registry-username')
    return "${{ inputs.registry && (inputs.registry-username || vars.REGISTRY_USERNAME || (startsWith(inputs.registry, 'ghcr.io/') && github.actor)) || '' }}";
  return variable === undefined ? `\${{ inputs.${input} }}` : `\${{ inputs.${input} || vars.${variable} }}`;
}

const password = {
  'registry-password':
    "${{ inputs.registry && (secrets.REGISTRY_PASSWORD || (startsWith(inputs.registry, 'ghcr.io/') && github.token)) || '' }}",
};
const ssh = { 'ssh-key': '${{ secrets.SSH_KEY }}', 'ssh-passphrase': '${{ secrets.SSH_PASSPHRASE }}' };
const envFiles = Object.fromEntries(envSecrets.map(([name]) => [name, `\${{ secrets.${name} }}`]));

/** A value with a comment after it. */
function remarked(value: string, comment: string): Scalar {
  const scalar = new Scalar(value);
  scalar.comment = ` ${comment}`;
  return scalar;
}

/** What stands between the name of a job and its permissions; the steps come last. */
const job = (
  name: string,
  before: Mapping,
  permissions: Mapping,
  outputs: Mapping,
  steps: readonly Mapping[],
): Mapping => ({
  name,
  ...before,
  'runs-on': '${{ inputs.runs-on }}',
  'timeout-minutes': '${{ inputs.timeout-minutes }}',
  permissions,
  ...outputs,
  steps,
});

const checkOut: Mapping = {
  name: 'Check out',
  uses: remarked(checkout, checkoutVersion),
  with: { 'persist-credentials': false },
};

/** One deploy or rollback at a time per environment. `queue: max` keeps every run that waits instead of only the last. */
const inEnvironment: Mapping = {
  environment: { name: '${{ inputs.environment }}', url: '${{ steps.korrigo.outputs.url }}' },
  concurrency: { group: 'korrigo-${{ inputs.environment }}', 'cancel-in-progress': false, queue: 'max' },
};

/** Also after a job that was skipped, and only after one that did not fail. */
const unlessFailed = '${{ !cancelled() && !failure() }}';

/** The outputs of a deploy or a rollback. */
const ends: readonly OutputName[] = ['outcome', 'url', 'release-id', 'previous-release', 'downtime'];

/** Outputs of a workflow: the job that sets them, and their names. */
const callOutputs = (rows: readonly (readonly [from: string, names: readonly OutputName[]])[]): Mapping =>
  Object.fromEntries(
    rows.flatMap(([from, names]) =>
      names.map((name) => [name, { description: outputs[name], value: `\${{ jobs.${from}.outputs.${name} }}` }]),
    ),
  );

const jobOutputs = (names: readonly OutputName[]): Mapping => ({
  outputs: Object.fromEntries(names.map((name) => [name, `\${{ steps.korrigo.outputs.${name} }}`])),
});

const reads: Mapping = { contents: 'read' };
const pushes = (): Mapping => ({
  ...reads,
  packages: remarked('write', 'to push to ghcr.io with the token of the workflow'),
});
const common: readonly OwnName[] = ['runs-on', 'timeout-minutes'];

const testJob = (ref: string, before: Mapping = {}): Mapping =>
  job('Test', before, reads, {}, [checkOut, step(ref, 'Run the test compose file', 'test', tests)]);

const buildJob = (ref: string, before: Mapping = {}): Mapping =>
  job('Build and push', before, pushes(), jobOutputs(['release']), [
    checkOut,
    step(ref, 'Build and push the images', 'build, push', builds, password),
  ]);

const deployJob = (ref: string): Mapping =>
  job(
    'Deploy',
    { needs: 'build', if: unlessFailed, ...inEnvironment },
    { contents: 'read', packages: 'read' },
    jobOutputs(ends),
    [
      checkOut,
      {
        ...step(ref, 'Deploy to the servers', 'deploy', deploys, {
          release: '${{ needs.build.outputs.release }}',
          ...password,
          ...ssh,
        }),
        env: envFiles,
      },
    ],
  );

const rollbackJob = (ref: string): Mapping =>
  job('Roll back', inEnvironment, { packages: 'read' }, jobOutputs(ends), [
    step(ref, 'Roll back to an earlier release', 'rollback', rollbacks, { ...password, ...ssh }),
  ]);

/** @param ref of the action: `v1`, or the exact version in a release. @returns file name → content. */
export function workflows(ref: string): Readonly<Record<string, string>> {
  return {
    'test.yml': written('Test', { inputs: inputsOf(tests, common) }, { test: testJob(ref) }),
    'build.yml': written(
      'Build',
      {
        inputs: inputsOf(builds, common),
        secrets: secretsOf([registrySecret]),
        outputs: callOutputs([['build', ['release']]]),
      },
      { build: buildJob(ref) },
    ),
    'deploy.yml': written(
      'Deploy',
      {
        inputs: inputsOf([...tests, ...builds, ...deploys], ['environment', ...common]),
        secrets: secretsOf([registrySecret, ...sshSecrets, ...envSecrets]),
        outputs: callOutputs([
          ['build', ['release']],
          ['deploy', ends],
        ]),
      },
      {
        test: testJob(ref, { if: "inputs.test-compose-file != ''" }),
        build: buildJob(ref, { needs: 'test', if: unlessFailed }),
        deploy: deployJob(ref),
      },
    ),
    'rollback.yml': written(
      'Rollback',
      {
        inputs: inputsOf(rollbacks, ['environment', ...common]),
        secrets: secretsOf([registrySecret, ...sshSecrets]),
        outputs: callOutputs([['rollback', ends]]),
      },
      { rollback: rollbackJob(ref) },
    ),
  };
}

/** The YAML of a workflow that others call, with an empty line before each of its parts. */
function written(name: string, call: Mapping, jobs: Mapping): string {
  const document = new Document(
    { name, on: { workflow_call: call }, permissions: {}, jobs },
    { aliasDuplicateObjects: false },
  );
  document.commentBefore = ' Generated by `npm run docs` from the input table. Do not edit.';
  const { contents } = document;
  if (!isMap(contents)) throw new Error('a workflow is a mapping');
  spaceOut(contents);
  const all = contents.get('jobs');
  if (isMap(all)) spaceOut(all);
  const text = document.toString({ lineWidth: 0, singleQuote: true });
  // The library puts an empty line after the comment that a document begins with.
  return text.replace('\n\nname: ', '\nname: ');
}

function spaceOut({ items }: YAMLMap): void {
  for (const { key } of items.slice(1)) if (isScalar(key)) key.spaceBefore = true;
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
