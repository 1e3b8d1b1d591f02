import { getOctokit } from '@actions/github';
import type { Secret } from '../model/secret.ts';
import type { Environment } from '../model/surroundings.ts';

export type Api = Pick<ReturnType<typeof getOctokit>, 'rest' | 'paginate'>;

/** The API of the GitHub instance this runs on. */
export const apiOf = (token: Secret, env: Environment): Api =>
  getOctokit(token.reveal(), { baseUrl: env['GITHUB_API_URL'] || 'https://api.github.com' });
