import { DeployError } from '../errors.ts';
import { readAsked, type Unasked } from '../facts/attested.ts';
import type { Release } from '../model/release.ts';
import { attestationPlan } from '../plan/attestation.ts';
import { loginEnv } from './build.ts';
import { perform, type Session, throwProblems } from './session.ts';

/** Throws unless GitHub confirms, for every built image, that a workflow of that repository built it. */
export async function checkAttestations(session: Session, { built, images }: Release): Promise<void> {
  const { config, ports } = session;
  const repository = config.verifyAttestation;
  if (repository === undefined) return;
  const own = [...new Set(built.flatMap((service) => images[service] ?? []))];
  const plan = attestationPlan({ repository, images: own, token: config.githubToken }, loginEnv(session));
  const asked = readAsked((await perform(session, plan)).output('local', 'attested'));
  if ('unasked' in asked) {
    const { says, hint } = unasked[asked.unasked];
    throw new DeployError(`verify-attestation: ${says}`, { kind: 'input', hint: `${hint} Nothing was deployed.` });
  }
  throwProblems(
    asked.refused.map(
      ([image, why]) => `gh found no valid attestation from ${repository} for ${image}${why === '' ? '' : `: ${why}`}`,
    ),
    `Attest each image in the job that pushes it, in a workflow in ${repository} itself, and give this job github-token and \`attestations: read\` (docs/recipes.md); or remove verify-attestation. Nothing was deployed.`,
  );
  for (const image of own) ports.log.info(`✓ attested by ${repository}: ${image}`);
}

const install =
  'GitHub-hosted runners have it. On a self-hosted runner, install the current version from https://cli.github.com.';

const unasked: Readonly<Record<Unasked, { readonly says: string; readonly hint: string }>> = {
  missing: { says: 'needs the GitHub CLI (gh), which is not installed on this machine', hint: install },
  old: { says: 'needs the GitHub CLI (gh) 2.49 or later, but this machine has an older version', hint: install },
  login: {
    says: 'the GitHub CLI (gh) on this machine is not logged in',
    hint: 'Set github-token (in a workflow: ${{ github.token }}), or run `gh auth login`.',
  },
};
