/** What is sent ahead while the tests are still running. It moves no tag in use and touches no running container. */
import { bake } from '../commands/bake.ts';
import { discard, upload } from '../commands/images.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { Target } from '../model/switch.ts';
import type { BuildFacts } from './build.ts';

export type Upload = Pick<BuildFacts, 'file' | 'metadata' | 'allow' | 'entitlements' | 'attests' | 'env'> & {
  /** A definition that pushes by digest; undefined if the builder cannot. */
  readonly definition: string | undefined;
  /** If it cannot: a tag that nothing else uses, and the images to send under it, by target. */
  readonly tag: string;
  readonly images: Readonly<Record<string, string>>;
};

/** Pushes the built images to the registry, and reports the digests. One try: the push sends what is missing. */
export function uploadPlan({
  definition,
  file,
  metadata,
  allow,
  entitlements,
  attests,
  env,
  tag,
  images,
}: Upload): Plan {
  const title = `send ${Object.keys(images).join(', ')} ahead`;
  const byDigest = (content: string): readonly Step[] => {
    const command = bake({ file, metadata, allow, entitlements, attests, push: false });
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
  /** The release's tag: it keeps the images from a prune. */
  readonly tag: string;
  readonly built: readonly string[];
  readonly others: readonly string[];
};

/** Removes what was pulled ahead of the tests. */
export function discardPlan(targets: readonly Target[], { tag, built, others }: Early): Plan {
  const names = others.map((image) => image.replace(/@.*$/, ''));
  const command = discard(tag, [...new Set([...built, ...names])]);
  const tasks = targets.map(({ host }) => ({
    host,
    steps: [{ kind: 'run', id: 'discard', title: 'remove what was pulled ahead', command, output: 'quiet' } as const],
  }));
  return { stages: [{ name: 'Clean up', tasks }] };
}
