import type { Command } from '../model/command.ts';

export type Bake = {
  readonly file: string;
  readonly metadata: string;
  readonly push: boolean;
};

/** Builds every target of the file in parallel; with `push` the digests land in the metadata file. */
export function bake({ file, metadata, push }: Bake): Command {
  return {
    // An attestation of when it was built would give the same image another digest each time.
    env: { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' },
    argv: [
      'docker',
      'buildx',
      'bake',
      '--file',
      file,
      '--progress',
      'plain',
      '--metadata-file',
      metadata,
      ...(push ? ['--push'] : []),
    ],
  };
}
