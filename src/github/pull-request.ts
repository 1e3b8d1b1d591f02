import { isRecord } from '../model/release.ts';
import type { Context } from './surroundings.ts';

/** The pull request that started the workflow. */
export type PullRequest = {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  /** Its branch is in another repository: GitHub gives it no secrets, and a read-only token. */
  readonly fork: boolean;
};

export function pullRequestOf(context: Context | undefined): PullRequest | undefined {
  const event: unknown = context?.payload.pull_request;
  if (context === undefined || !isRecord(event)) return undefined;
  const number = event['number'];
  if (typeof number !== 'number') return undefined;
  const { owner, repo } = context.repo;
  const head =
    isRecord(event['head']) && isRecord(event['head']['repo']) ? event['head']['repo']['full_name'] : undefined;
  return { owner, repo, number, fork: head !== `${owner}/${repo}` };
}
