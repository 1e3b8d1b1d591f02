import { type Bake, bake } from '../commands/bake.ts';
import { pin, tag } from '../commands/images.ts';
import type { Command } from '../model/command.ts';
import type { Plan, Retry, Step } from '../model/plan.ts';

/** What bake is given: its definition, and what it is for. */
export type BuildFacts = Omit<Bake, 'push'> & {
  readonly definition: string;
  readonly services: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** Pauses between tries against a registry, in seconds. */
export const registryRetry: Retry = { pauses: [2, 5, 15] };

const nothing = 'Fix the build, then push again. Nothing was deployed.';
const attesting =
  '`attest` needs a builder that can, which docker/setup-buildx-action sets up, and Docker Hub for the scanner that makes the SBOM (docs/recipes.md).';

/** A build that fails for any other reason would fail again. */
const buildRetry: Retry = { pauses: [1, 3], after: 'builder' };

export function buildPlan(facts: BuildFacts): Plan {
  const { definition, file, services, attests, env } = facts;
  const title = `build ${services.join(', ')}`;
  return {
    stages: [
      {
        name: 'Build',
        tasks: [
          {
            host: 'local',
            steps: [
              writing(file, definition),
              {
                kind: 'run',
                id: 'build',
                title,
                command: withEnv(bake({ ...facts, push: false }), env),
                output: 'live',
                retry: buildRetry,
                hint: attests.length === 0 ? nothing : `${nothing} ${attesting}`,
              },
            ],
          },
        ],
      },
    ],
  };
}

export type PushFacts = BuildFacts & {
  /** Third-party images whose digests to look up. */
  readonly thirdParty: readonly string[];
};

/** Pushes every built image with all its tags, and looks up the digests of all images. */
export function pushPlan(facts: PushFacts): Plan {
  const { definition, file, metadata, services, env, thirdParty } = facts;
  const push: readonly Step[] = [
    writing(file, definition),
    {
      kind: 'run',
      id: 'push',
      title: `push ${services.join(', ')}`,
      command: withEnv(bake({ ...facts, push: true }), env),
      output: 'live',
      retry: registryRetry,
      hint: 'Check that the registry is up and that this user may push to it. Some registries (ECR) want each repository created first. Nothing was deployed.',
    },
    { kind: 'run', id: 'metadata', title: 'read the digests', command: { argv: ['cat', metadata] }, output: 'facts' },
  ];
  const pins: readonly Step[] =
    thirdParty.length === 0
      ? []
      : [
          {
            kind: 'run',
            id: 'pins',
            title: 'look up the digests of third-party images',
            command: pin(thirdParty, env),
            output: 'facts',
            retry: registryRetry,
            hint: 'Check that every image in the compose file exists and that this user may read it.',
          },
        ];
  const tasks = [services.length > 0 ? push : [], pins].filter((steps) => steps.length > 0);
  return {
    stages: tasks.length === 0 ? [] : [{ name: 'Push', tasks: tasks.map((steps) => ({ host: 'local', steps })) }],
  };
}

/**
 * Tags images that the registry already has. One try: bake can do it too.
 * @param tags `name:tag` → `name@digest`
 */
export function tagPlan(tags: Readonly<Record<string, string>>, { services, env }: BuildFacts): Plan {
  const title = `push the tags of ${services.join(', ')}`;
  const step: Step = { kind: 'run', id: 'push', title, command: tag(tags, env), output: 'quiet' };
  return { stages: [{ name: 'Push', tasks: [{ host: 'local', steps: [step] }] }] };
}

/** Looks up the current digests of third-party images. One try: a plan can do without them. */
export function lookUpPlan(images: readonly string[], env: Readonly<Record<string, string>>): Plan {
  if (images.length === 0) return { stages: [] };
  const step: Step = {
    kind: 'run',
    id: 'pins',
    title: 'look up the digests of third-party images',
    command: pin(images, env),
    output: 'facts',
  };
  return { stages: [{ name: 'Look up images', tasks: [{ host: 'local', steps: [step] }] }] };
}

function writing(path: string, content: string): Step {
  return { kind: 'write', id: 'definition', title: 'write the build definition', path, content };
}

function withEnv(command: Command, env: Command['env']): Command {
  return { ...command, env: { ...command.env, ...env } };
}
