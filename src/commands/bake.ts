import type { Command } from '../model/command.ts';
import { program } from './program.ts';

export type Bake = {
  /** The definition; a file name that ends in .yml. */
  readonly file: string;
  readonly metadata: string;
  /** Permissions that the definition needs and bake would otherwise ask a person for. */
  readonly allow: readonly string[];
  /** What build steps may request: `<target>.entitlements=<name>`. */
  readonly entitlements: readonly string[];
  /** What BuildKit is to attest: `<target>.attest=<what>`. */
  readonly attests: readonly string[];
  readonly push: boolean;
};

/** Builds every target of the file in parallel; with `push` the digests land in the metadata file. */
export function bake({ file, metadata, allow, entitlements, attests, push }: Bake): Command {
  const files = ['--file', file, '--progress', 'plain', '--metadata-file', metadata];
  const sets = attests.flatMap((one) => ['--set', one]);
  // The default attestation contains the build time, which would give the same image a new digest every time.
  const env = { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' };
  return program('bake', [allow.join(' '), entitlements.join(' '), ...files, ...sets, ...(push ? ['--push'] : [])], {
    env,
  });
}
