import type { Config } from '../config/config.ts';
import { ConfigError, DeployError } from '../errors.ts';
import type { Release } from '../model/release.ts';
import type { Checkout } from './checkout.ts';

export function checkRelease({ commit, project }: Checkout, release: Release): void {
  if (release.commit !== commit) {
    throw new DeployError(
      `release: it was built from commit ${release.commit.slice(0, 12)}, but commit ${commit.slice(0, 12)} is checked out`,
      { kind: 'input', hint: 'Check out that commit: with actions/checkout, `ref: <commit>`.' },
    );
  }
  if (release.project !== project) {
    throw new DeployError(
      `release: it belongs to project ${release.project}, but this checkout is project ${project}`,
      {
        kind: 'input',
        hint: 'Set project-name to the same value in both jobs.',
      },
    );
  }
}

export function checkServices({ model, sources, composeFiles }: Checkout, config: Config): void {
  const problems = (['backup', 'migrate', 'migratePlan'] as const).flatMap((name) => {
    const service = config[name]?.service;
    if (service === undefined || model.services.includes(service)) return [];
    const input = name === 'migratePlan' ? 'migrate-plan' : name;
    if (sources.services.includes(service))
      return [
        `${input}: service "${service}" is in a profile that is not active, so its image is not part of the release; list its profile in profiles`,
      ];
    return [`${input}: no service "${service}" in ${composeFiles.join(', ')} (found: ${model.services.join(', ')})`];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}
