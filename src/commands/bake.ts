import type { Command } from '../model/command.ts';
import { program } from './program.ts';

export type Bake = {
  readonly file: string;
  readonly metadata: string;
  readonly allow: readonly string[];
  readonly push: boolean;
};

/** Builds every target of the file in parallel; with `push` the digests land in the metadata file. */
export function bake({ file, metadata, allow, push }: Bake): Command {
  const files = ['--file', file, '--progress', 'plain', '--metadata-file', metadata];
  // An attestation of when it was built would give the same image another digest each time.
  const env = { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' };
  return program('bake', [allow.join(' '), ...files, ...(push ? ['--push'] : [])], { env });
}
