import type { context } from '@actions/github';
import { isRecord } from '../model/release.ts';
import type { Environment, RefFacts } from '../model/surroundings.ts';

export type Context = Pick<typeof context, 'payload' | 'serverUrl' | 'repo' | 'runId' | 'actor'>;

/**
 * The context of @actions/github. The package brings a client for the API with it: it is loaded here, by those who are on
 * GitHub. Undefined when the event that started the workflow is no JSON: the package cannot be loaded then.
 */
export async function githubContext(): Promise<Context | undefined> {
  try {
    const github = await import(/* webpackMode: "eager" */ '@actions/github');
    return github.context;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What GitHub tells of the commit. Some of it stands in the environment only. */
export function refFacts(context: Context | undefined, env: Environment): RefFacts {
  const { repository } = isRecord(context?.payload) ? context.payload : {};
  const defaultBranch: unknown = isRecord(repository) ? repository['default_branch'] : undefined;
  const source = sourceOf(context, env);
  return {
    // A pull request's ref is `12/merge`: its head branch is what a person knows it by.
    ref: env['GITHUB_HEAD_REF'] || env['GITHUB_REF_NAME'] || undefined,
    defaultBranch: typeof defaultBranch === 'string' ? defaultBranch : undefined,
    source,
    actor: env['GITHUB_TRIGGERING_ACTOR'] || context?.actor || 'unknown',
    run: source && context?.runId ? `${source}/actions/runs/${context.runId}` : undefined,
  };
}

/** Without the variable, the context takes the repository from the event or throws. */
function sourceOf(context: Context | undefined, env: Environment): string | undefined {
  if (context === undefined || !env['GITHUB_REPOSITORY']) return undefined;
  return `${context.serverUrl}/${context.repo.owner}/${context.repo.repo}`;
}
