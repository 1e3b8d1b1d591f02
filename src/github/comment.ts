import type { Api } from './api.ts';
import type { PullRequest } from './pull-request.ts';
import { asked, type Refusal, type Sleeper } from './request.ts';

/** GitHub refuses a longer one. */
const longest = 65_536;

/**
 * Writes the plan to the pull request: one comment for each project, updated in place.
 * @returns why it could not be written: nothing fails because of a comment
 */
export async function writeComment(
  { rest, paginate }: Api,
  { owner, repo, number }: PullRequest,
  project: string,
  markdown: string,
  clock: Sleeper,
): Promise<string | undefined> {
  const marker = `<!-- korrigo-plan ${project} -->`;
  const body = `${marker}\n${markdown}`.slice(0, longest);
  const list = { owner, repo, issue_number: number, per_page: 100 };
  const found = await asked(async () => {
    const comments = await paginate(rest.issues.listComments, list);
    return comments.find((comment) => comment.body?.startsWith(marker) === true)?.id;
  }, clock);
  if ('problem' in found) return problemText(found);
  const id = found.value;
  const written = await asked<unknown>(
    async () =>
      id === undefined
        ? await rest.issues.createComment({ owner, repo, issue_number: number, body })
        : await rest.issues.updateComment({ owner, repo, comment_id: id, body }),
    clock,
  );
  return 'problem' in written ? problemText(written) : undefined;
}

function problemText({ problem, denied }: Refusal): string {
  const start = 'the plan could not be written to the pull request, it is in the summary of this run';
  return denied ? `${start}: add \`pull-requests: write\` to the permissions of this job` : `${start}: ${problem}`;
}
