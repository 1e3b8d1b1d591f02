import { DeployError } from '../errors.ts';
import { readRefusedImages } from '../facts/attested.ts';
import type { Release } from '../model/release.ts';
import { attestationPlan } from '../plan/attestation.ts';
import { loginEnv } from './build.ts';
import { perform, type Session, throwProblems } from './session.ts';

/** Throws unless GitHub says of every image that was built that a workflow of that repository made it. */
export async function checkAttestations(session: Session, { built, images }: Release): Promise<void> {
  const { config, ports } = session;
  const repository = config.verifyAttestation;
  if (repository === undefined) return;
  const own = [...new Set(built.flatMap((service) => images[service] ?? []))];
  const plan = attestationPlan({ repository, images: own, token: config.githubToken }, loginEnv(session));
  const refused = readRefusedImages((await perform(session, plan)).output('local', 'attested'));
  if (refused === undefined)
    throw new DeployError(`verify-attestation: needs GitHub's program gh, which is not on this machine`, {
      kind: 'input',
      hint: "GitHub's own runners have it. On a runner of your own install version 2.49 or later from https://cli.github.com. Nothing was deployed.",
    });
  throwProblems(
    refused.map(([image, why]) => `${image} has no valid attestation of ${repository}${why === '' ? '' : `: ${why}`}`),
    'Attest each image with actions/attest in the job that pushes it (docs/recipes.md), or remove verify-attestation. Nothing was deployed.',
  );
  for (const image of own) ports.log.info(`✓ attested by ${repository}: ${image}`);
}
