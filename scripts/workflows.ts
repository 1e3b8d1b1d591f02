/** Generates the reusable workflows from the input table: `npm run docs`. They differ only in what they pass on. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { InputName } from '../src/config/inputs.ts';
import { type OutputName, outputs } from '../src/report/outputs.ts';
import {
  envSecrets,
  inputsOf,
  type OwnName,
  passedValue,
  registrySecret,
  secretsOf,
  sshSecrets,
  workflowInputs,
} from './workflow-inputs.ts';
import { type Mapping, remarked, written } from './yaml.ts';

const top = new URL('..', import.meta.url);

/** The version that ci.yml uses, with its comment: Dependabot updates all of them together. */
const [, checkout = '', checkoutVersion = ''] =
  /(actions\/checkout@\S+) # (.*)/.exec(readFileSync(new URL('.github/workflows/ci.yml', top), 'utf8')) ?? [];

const [tests, builds, deploys, plans, rollbacks] = [
  inputsOf('test'),
  inputsOf('build'),
  // The job that builds here attests nothing.
  inputsOf('deploy').filter((name) => name !== 'verify-attestation'),
  inputsOf('plan').filter((name) => name !== 'format'),
  inputsOf('rollback'),
];

function step(ref: string, name: string, command: string, names: readonly InputName[], more: Mapping = {}): Mapping {
  const passed = Object.fromEntries(names.map((input) => [input, passedValue(input)]));
  return { name, id: 'korrigo', uses: `korrigo/deploy-action@${ref}`, with: { command, ...passed, ...more } };
}

const password = {
  'registry-password':
    "${{ inputs.registry && (secrets.REGISTRY_PASSWORD || (startsWith(inputs.registry, 'ghcr.io/') && github.token)) || '' }}",
};
const ssh = { 'ssh-key': '${{ secrets.SSH_KEY }}', 'ssh-passphrase': '${{ secrets.SSH_PASSPHRASE }}' };
const envFiles = Object.fromEntries(envSecrets.map(([name]) => [name, `\${{ secrets.${name} }}`]));

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

/** One deployment of each: GitHub's own, or the action's. */
const token = { 'github-token': '${{ github.token }}' };
const deployments = (): Mapping => ({ deployments: remarked('write', 'for `deployment`') });

/** One deploy or rollback at a time per environment. `queue: max` keeps every run that waits instead of only the last. */
const inEnvironment: Mapping = {
  environment: {
    name: '${{ inputs.environment }}',
    url: '${{ steps.korrigo.outputs.url }}',
    deployment: "${{ inputs.deployment != 'true' }}",
  },
  concurrency: { group: 'korrigo-${{ inputs.environment }}', 'cancel-in-progress': false, queue: 'max' },
};

/** Also after a job that was skipped, and only after one that did not fail. */
const unlessFailed = '${{ !cancelled() && !failure() }}';

/** The outputs of a deploy or a rollback. */
const ends: readonly OutputName[] = [
  ...(['outcome', 'url', 'release-id', 'previous-release', 'downtime'] as const),
  ...(['title', 'summary', 'compare-url'] as const),
];

const plannedOutputs: readonly OutputName[] = ['title', 'changes'];

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

const reads: Mapping = { contents: remarked('read', 'to check out') };
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
    { ...reads, packages: remarked('read', 'to pull from ghcr.io'), ...deployments() },
    jobOutputs(ends),
    [
      checkOut,
      {
        ...step(ref, 'Deploy to the servers', 'deploy', deploys, {
          release: '${{ needs.build.outputs.release }}',
          ...token,
          ...password,
          ...ssh,
        }),
        env: envFiles,
      },
    ],
  );

/** It reads the environment without a deployment of it, and waits for nobody. */
const planJob = (ref: string): Mapping =>
  job(
    'Plan',
    { environment: { name: '${{ inputs.environment }}', deployment: false } },
    {
      ...reads,
      packages: remarked('read', 'to look up images of ghcr.io'),
      'pull-requests': remarked('write', 'to write the plan to the pull request'),
    },
    jobOutputs(plannedOutputs),
    [
      { ...checkOut, with: { 'persist-credentials': false, 'fetch-depth': 0 } },
      {
        ...step(ref, 'Show what a deploy would do', 'plan', plans, {
          ...token,
          ...password,
          ...ssh,
        }),
        env: envFiles,
      },
    ],
  );

const rollbackJob = (ref: string): Mapping =>
  job(
    'Roll back',
    inEnvironment,
    { packages: remarked('read', 'to pull from ghcr.io'), ...deployments() },
    jobOutputs(ends),
    [step(ref, 'Roll back to an earlier release', 'rollback', rollbacks, { ...token, ...password, ...ssh })],
  );

/** @param ref of the action: `v1`, or the exact version in a release. @returns file name → content. */
export function workflows(ref: string): Readonly<Record<string, string>> {
  return {
    'test.yml': written('Test', { inputs: workflowInputs(tests, common) }, { test: testJob(ref) }),
    'build.yml': written(
      'Build',
      {
        inputs: workflowInputs(builds, common),
        secrets: secretsOf([registrySecret]),
        outputs: callOutputs([['build', ['release']]]),
      },
      { build: buildJob(ref) },
    ),
    'deploy.yml': written(
      'Deploy',
      {
        inputs: workflowInputs([...tests, ...builds, ...deploys], ['environment', ...common]),
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
    'plan.yml': written(
      'Plan',
      {
        inputs: workflowInputs(plans, ['environment', ...common]),
        secrets: secretsOf([registrySecret, ...sshSecrets, ...envSecrets]),
        outputs: callOutputs([['plan', plannedOutputs]]),
      },
      { plan: planJob(ref) },
    ),
    'rollback.yml': written(
      'Rollback',
      {
        inputs: workflowInputs(rollbacks, ['environment', ...common]),
        secrets: secretsOf([registrySecret, ...sshSecrets]),
        outputs: callOutputs([['rollback', ends]]),
      },
      { rollback: rollbackJob(ref) },
    ),
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
