import { isRecord, parseJson } from '../model/release.ts';
import type { Environment, RefFacts } from '../model/surroundings.ts';

/** What GitHub tells of the commit. @param event the JSON of the event that started the workflow. */
export function refFacts(env: Environment, event: string): RefFacts {
  const payload = parseJson(event);
  const repository = isRecord(payload) && isRecord(payload['repository']) ? payload['repository'] : {};
  const { default_branch: defaultBranch } = repository;
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name, GITHUB_RUN_ID: run } = env;
  // A pull request's ref is `12/merge`: its head branch is what a person knows it by.
  const ref = env['GITHUB_HEAD_REF'] || env['GITHUB_REF_NAME'] || undefined;
  return {
    ref,
    defaultBranch: typeof defaultBranch === 'string' ? defaultBranch : undefined,
    source: server && name ? `${server}/${name}` : undefined,
    actor: env['GITHUB_TRIGGERING_ACTOR'] || env['GITHUB_ACTOR'] || 'unknown',
    run: server && name && run ? `${server}/${name}/actions/runs/${run}` : undefined,
  };
}
