import { environmentName, type InputName, inputOf } from './inputs.ts';

/** Where the inputs come from: a step of a workflow, or a terminal. */
export type Origin = 'github' | 'terminal';

/** What to do if a value is empty, in the words of that origin. */
type Remedies = {
  readonly input: (name: InputName) => string;
  /** An environment variable that an input refers to. */
  readonly variable: string;
  /** What is wrong if `release` is needed but empty. */
  readonly release: string;
};

/** What to check when a secret or a variable is empty. */
export const checkSettings =
  'check that it exists in Settings → Secrets and variables → Actions, or in the environment that this job uses';

export const remedies: Readonly<Record<Origin, Remedies>> = {
  github: {
    input: (name) =>
      inputOf(name).secret
        ? `On GitHub it usually comes from the secret ${settingName(name)}: ${checkSettings}`
        : `On GitHub it usually comes from the variable ${settingName(name)}: ${checkSettings}`,
    variable: `set it with \`env:\` on this step. If it comes from a secret: ${checkSettings}`,
    release:
      'is not set; `deploy` without `push` needs the `release` output of the job that pushed. GitHub drops an output that contains a secret, so keep the names of registry, project and images in variables',
  },
  terminal: {
    input: (name) => `Set it with ${flagOf(name)}, or in ${environmentName(name)}`,
    variable: 'export it in this shell',
    release:
      'is not set; `deploy` without `push` needs the release that `build push` printed as its last line: --release @file, or KORRIGO_RELEASE',
  },
};

const settingName = (name: InputName): string => name.toUpperCase().replaceAll('-', '_');

const flagOf = (name: InputName): string => `--${name}${inputOf(name).secret ? ' @file' : ''}`;
