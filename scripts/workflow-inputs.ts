/** What the reusable workflows take from their caller, from the table of inputs. */
import type { CommandName } from '../src/config/config.ts';
import { type InputName, inputNames, inputOf } from '../src/config/inputs.ts';
import { usedBy } from '../src/config/uses.ts';
import type { Mapping } from './yaml.ts';

/** The inputs of a command that a caller passes on: secrets have names of their own, a release comes from another job, and each job does one thing. */
export const inputsOf = (command: CommandName): readonly InputName[] =>
  inputNames.filter(
    (name) => usedBy[name].includes(command) && !inputOf(name).secret && name !== 'release' && name !== 'sequential',
  );

/** Secrets of a workflow: its name there, the input of the action, and what it is. */
export const registrySecret = [
  'REGISTRY_PASSWORD',
  'Password or token for the registry. Default for ghcr.io: the token of the workflow.',
] as const;
export const sshSecrets = [
  ['SSH_KEY', 'Private key to log in to the servers.'],
  ['SSH_PASSPHRASE', 'Passphrase of the private key, if it has one.'],
] as const;
export const envSecrets = [
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

export type OwnName = keyof typeof own;

export function workflowInputs(names: readonly InputName[], ownNames: readonly OwnName[]): Mapping {
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

export const secretsOf = (rows: readonly (readonly [string, string])[]): Mapping =>
  Object.fromEntries(rows.map(([name, description]) => [name, { description, required: false }]));

/** What a step passes on for an input of its workflow. */
export function passedValue(input: InputName): string {
  const variable = fromVariables[input];
  if (input === 'registry-username')
    return "${{ inputs.registry && (inputs.registry-username || vars.REGISTRY_USERNAME || (startsWith(inputs.registry, 'ghcr.io/') && github.actor)) || '' }}";
  return variable === undefined ? `\${{ inputs.${input} }}` : `\${{ inputs.${input} || vars.${variable} }}`;
}
