import type { Environment } from '../model/surroundings.ts';
import type { BuildTarget } from './targets.ts';

/** Build caches of one target, as bake takes them. */
export type Caches = { readonly from: readonly string[]; readonly to: readonly string[] };

export type CacheFacts = {
  readonly env: Environment;
  /** The builder's driver. */
  readonly driver: string;
  readonly project: string;
  readonly ref: string | undefined;
  readonly defaultBranch: string | undefined;
};

/** Whether GitHub's cache can be reached from here: its variables are there in steps of actions. */
export const hasGithubCache = (env: Environment): boolean =>
  Boolean(env['ACTIONS_RUNTIME_TOKEN'] && (env['ACTIONS_RESULTS_URL'] || env['ACTIONS_CACHE_URL']));

/**
 * The default caches of a build: GitHub's, with a scope for each image and branch, since what one writes there takes
 * the place of what was there. A branch without one starts from that of the default branch. The engine's own builder can write
 * none. A cache that cannot be written fails nothing.
 */
export function defaultCaches({ name }: BuildTarget, facts: CacheFacts): Caches {
  const { env, driver, project, ref, defaultBranch } = facts;
  if (!hasGithubCache(env) || driver === 'docker') return { from: [], to: [] };
  const scope = (branch: string): string => [project, name, branch.replaceAll(/[^\w.-]+/g, '-')].join('-');
  const own = ref ?? defaultBranch ?? 'commit';
  const branches = [...new Set([own, defaultBranch ?? own])];
  return {
    from: branches.map((branch) => `type=gha,scope=${scope(branch)}`),
    to: [`type=gha,mode=max,ignore-error=true,scope=${scope(own)}`],
  };
}
