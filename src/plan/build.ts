import { bake } from '../commands/bake.ts';
import { pin, tag } from '../commands/server.ts';
import type { Command } from '../model/command.ts';
import type { Plan, Retry, Step } from '../model/plan.ts';

export type BuildFacts = {
  /** The bake definition and where to put it; a file name that ends in .yml. */
  readonly definition: string;
  readonly file: string;
  readonly metadata: string;
  readonly services: readonly string[];
  /** What the definition asks of bake, and bake would ask a person for. */
  readonly allow: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** Pauses between tries against a registry, in seconds. */
export const registryRetry: Retry = { pauses: [2, 5, 15] };

export function buildPlan({ definition, file, metadata, services, allow, env }: BuildFacts): Plan {
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
                command: withEnv(bake({ file, metadata, allow, push: false }), env),
                output: 'live',
                hint: 'Nothing was pushed or deployed.',
              },
            ],
          },
        ],
      },
    ],
  };
}

export type PushFacts = BuildFacts & {
  /** Images of other people, to be looked up. */
  readonly thirdParty: readonly string[];
  /** `name:tag` → `name@digest`, where the registry has all images already; undefined: bake sends them. */
  readonly tags: Readonly<Record<string, string>> | undefined;
};

/** Pushes every built image with all its tags, and learns the digest of all images. */
export function pushPlan(facts: PushFacts): Plan {
  const { definition, file, metadata, services, allow, env, thirdParty, tags } = facts;
  const pushing: Pick<Extract<Step, { kind: 'run' }>, 'kind' | 'id' | 'title' | 'retry' | 'hint'> = {
    kind: 'run',
    id: 'push',
    title: `push ${services.join(', ')}`,
    retry: registryRetry,
    hint: 'Check that the registry is up and that this user may push to it. Some registries (ECR) want each repository created first. Nothing was deployed.',
  };
  const push: readonly Step[] =
    tags === undefined
      ? [
          writing(file, definition),
          { ...pushing, command: withEnv(bake({ file, metadata, allow, push: true }), env), output: 'live' },
          {
            kind: 'run',
            id: 'metadata',
            title: 'read the digests',
            command: { argv: ['cat', metadata] },
            output: 'facts',
          },
        ]
      : [{ ...pushing, command: tag(tags, env), output: 'quiet' }];
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
  return { stages: [{ name: 'Push', tasks: tasks.map((steps) => ({ host: 'local', steps })) }] };
}

/** Learns the digests that third-party images have now. One try: a plan can do without. */
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
