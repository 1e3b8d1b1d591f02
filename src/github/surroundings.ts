import type { context } from '@actions/github';
import { isRecord } from '../model/release.ts';
import type { Environment, RefFacts } from '../model/surroundings.ts';

export type Context = Pick<typeof context, 'payload' | 'serverUrl' | 'repo' | 'runId' | 'actor'>;

/**
 * The context of @actions/github. The package includes an API client: it is only loaded here, by runs that are on
 * GitHub. Undefined if the event that started the workflow is not JSON: then the package cannot be loaded.
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

/** What GitHub says about the commit. Some of it is only in the environment. */
export function refFacts(context: Context | undefined, env: Environment): RefFacts {
  const { repository } = isRecord(context?.payload) ? context.payload : {};
  const defaultBranch: unknown = isRecord(repository) ? repository['default_branch'] : undefined;
  const source = sourceOf(context, env);
  return {
    // A pull request's ref is `12/merge`: people know it by its head branch.
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
