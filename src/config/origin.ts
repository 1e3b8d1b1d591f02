import { environmentName, type InputName, inputOf } from './inputs.ts';

/** Where the inputs come from: a step of a workflow, or a terminal. */
export type Origin = 'github' | 'terminal';

/** What to do about something that is empty, in the words of that place. */
type Remedies = {
  readonly input: (name: InputName) => string;
  /** An environment variable that an input refers to. */
  readonly variable: string;
  readonly release: string;
};

/** What to check when a secret or a variable is empty. */
export const checkSettings =
  'check that it exists in Settings → Secrets and variables → Actions, or in the environment that this job uses';

export const remedies: Readonly<Record<Origin, Remedies>> = {
  github: {
    input: (name) => `On GitHub it usually comes from the ${usualSource(name)}: ${checkSettings}`,
    variable: `set it with \`env:\` on this step. If it comes from a secret: ${checkSettings}`,
    release:
      '`deploy` without `push` needs the `release` output of the job that pushed. GitHub drops an output that contains a secret, so keep the names of registry, project and images in variables',
  },
  terminal: {
    input: (name) => `Set it with ${flagOf(name)}, or in ${environmentName(name)}`,
    variable: 'export it in this shell',
    release:
      '`deploy` without `push` needs the release that `build push` printed as its last line: --release @file, or KORRIGO_RELEASE',
  },
};

const usualSource = (name: InputName): string =>
  `${inputOf(name).secret ? 'secret' : 'variable'} ${name.toUpperCase().replaceAll('-', '_')}`;

const flagOf = (name: InputName): string => `--${name}${inputOf(name).secret ? ' @file' : ''}`;
