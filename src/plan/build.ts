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
};

/** Pushes every built image with all its tags, and learns the digest of all images. */
export function pushPlan({ definition, file, metadata, services, allow, env, thirdParty }: PushFacts): Plan {
  const push: readonly Step[] = [
    writing(file, definition),
    {
      kind: 'run',
      id: 'push',
      title: `push ${services.join(', ')}`,
      command: withEnv(bake({ file, metadata, allow, push: true }), env),
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
 * Gives its tags to what the registry has already. One try: bake can do it, too.
 * @param tags `name:tag` → `name@digest`
 */
export function tagPlan(tags: Readonly<Record<string, string>>, { services, env }: BuildFacts): Plan {
  const title = `push the tags of ${services.join(', ')}`;
  const step: Step = { kind: 'run', id: 'push', title, command: tag(tags, env), output: 'quiet' };
  return { stages: [{ name: 'Push', tasks: [{ host: 'local', steps: [step] }] }] };
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
