/** What is sent ahead while the tests still run. Nothing that moves: no tag that anybody uses, and nothing that runs. */
import { bake } from '../commands/bake.ts';
import { discard, upload } from '../commands/server.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { Target } from '../model/switch.ts';
import type { BuildFacts } from './build.ts';

export type Upload = Pick<BuildFacts, 'file' | 'metadata' | 'allow' | 'env'> & {
  /** That pushes by digest; undefined where the builder cannot. */
  readonly definition: string | undefined;
  /** Where it cannot: a tag that nothing else uses, and what is sent under it, by target. */
  readonly tag: string;
  readonly images: Readonly<Record<string, string>>;
};

/** Sends what was built to the registry, and tells by which digests. One try: the push sends what is missing. */
export function uploadPlan({ definition, file, metadata, allow, env, tag, images }: Upload): Plan {
  const title = `send ${Object.keys(images).join(', ')} ahead`;
  const byDigest = (content: string): readonly Step[] => {
    const command = bake({ file, metadata, allow, push: false });
    return [
      { kind: 'write', id: 'upload-definition', title: 'write the build definition', path: file, content },
      { kind: 'run', id: 'upload', title, command: { ...command, env: { ...command.env, ...env } }, output: 'quiet' },
      { kind: 'run', id: 'metadata', title: 'read the digests', command: { argv: ['cat', metadata] }, output: 'facts' },
    ];
  };
  const byTag: Step = { kind: 'run', id: 'upload', title, command: upload(tag, images, env), output: 'facts' };
  const steps = definition === undefined ? [byTag] : byDigest(definition);
  return { stages: [{ name: 'Send the images ahead', tasks: [{ host: 'local', steps }] }] };
}

export type Early = {
  /** That of the release: it keeps the images from a prune. */
  readonly tag: string;
  readonly built: readonly string[];
  readonly others: readonly string[];
};

/** Takes back what a pull ahead of the tests brought. */
export function discardPlan(targets: readonly Target[], { tag, built, others }: Early): Plan {
  const names = others.map((image) => image.replace(/@.*$/, ''));
  const command = discard(tag, [...new Set([...built, ...names])]);
  const tasks = targets.map(({ host }) => ({
    host,
    steps: [{ kind: 'run', id: 'discard', title: 'remove what was pulled ahead', command, output: 'quiet' } as const],
  }));
  return { stages: [{ name: 'Clean up', tasks }] };
}
