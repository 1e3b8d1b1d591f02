import { createHash } from 'node:crypto';
import type { Milestone } from '../model/milestone.ts';
import { isRecord, parseJson } from '../model/release.ts';
import type { DeploymentEnd } from '../report/deployment.ts';
import type { Api } from './api.ts';
import { asked, type Refusal, type Sleeper } from './request.ts';

export type Repository = { readonly owner: string; readonly repo: string };
export type State = DeploymentEnd['state'] | 'queued' | 'in_progress';

/** What every status of a deployment shows: the URLs of the application and of this run. */
export type Shown = { readonly url?: string | undefined; readonly log?: string | undefined };

/** An open deployment: whoever comes later can end it with this. */
export type OpenDeployment = Shown & { readonly id: number; readonly end?: DeploymentEnd };

export type Outside = {
  readonly api: Api;
  readonly clock: Sleeper;
  /** Hides secrets. */
  readonly clean: (text: string) => string;
};

type Problem = { readonly problem: string };
type Prepares = Extract<Milestone, { kind: 'prepares' }>;
type Payload = Readonly<Record<string, unknown>>;
type Found = { readonly id: number; readonly payload: Payload };

/** An earlier deployment of the same project to some of the same servers. */
export type Earlier = {
  readonly id: number;
  /** The newest. */
  readonly state: string;
  readonly release: string;
  readonly servers: readonly string[];
};

/** Creates one, or finds the one whose creation succeeded although its answer was lost. */
export async function createDeployment(
  { api, clock, clean }: Outside,
  repository: Repository,
  environment: string,
  { intent, hosts, previous }: Prepares,
): Promise<{ readonly id: number; readonly earlier: readonly Found[] } | Problem> {
  const { release, command, token, reason } = intent;
  const servers = hosts.map(serverName);
  const images = Object.entries(release.images).map(([service, image]) => [service, clean(image)]);
  const payload = {
    by: 'korrigo/deploy-action',
    attempt: token,
    command,
    project: release.project,
    release: release.id,
    previous: previous ?? null,
    images: Object.fromEntries(images),
    servers,
  };
  const made = await asked(async () => {
    const { data } = await api.rest.repos.listDeployments({ ...repository, environment, per_page: 100 });
    const found = data
      .map((one): Found => ({ id: one.id, payload: payloadOf(one.payload) }))
      .filter(({ payload: theirs }) => {
        return theirs['project'] === release.project && serversOf(theirs).some((server) => servers.includes(server));
      });
    const ours = found.find((other) => other.payload['attempt'] === token);
    if (ours !== undefined) return { id: ours.id, earlier: found.filter((other) => other !== ours) };
    const created = await api.rest.repos.createDeployment({
      ...repository,
      ref: release.commit,
      task: command,
      environment,
      description: clean(reason ?? `release ${release.id}`),
      payload,
      // Neither a merge nor this run's own status may block it.
      auto_merge: false,
      required_contexts: [],
    });
    if (!('id' in created.data)) throw new Error('GitHub answered without a deployment');
    return { id: created.data.id, earlier: found };
  }, clock);
  return 'problem' in made ? { problem: problemText(made) } : made.value;
}

/** Only the newest can be open or active: every deploy ends the earlier ones. */
const most = 10;

export async function earlierDeployments(
  { api, clock }: Outside,
  repository: Repository,
  found: readonly Found[],
): Promise<{ readonly earlier: readonly Earlier[] } | Problem> {
  const earlier: Earlier[] = [];
  for (const { id, payload } of found.slice(0, most)) {
    const read = await asked(
      async () => await api.rest.repos.listDeploymentStatuses({ ...repository, deployment_id: id, per_page: 1 }),
      clock,
    );
    if ('problem' in read) return { problem: problemText(read) };
    const state = read.value.data[0]?.state ?? 'queued';
    earlier.push({ id, state, release: String(payload['release']), servers: serversOf(payload) });
  }
  return { earlier };
}

/** GitHub's limit. */
const longest = 140;

/** @returns why it could not be written */
export async function writeStatus(
  { api, clock, clean }: Outside,
  repository: Repository,
  { id, url, log }: OpenDeployment,
  { state, description }: { readonly state: State; readonly description: string },
): Promise<string | undefined> {
  const line = clean(description).replaceAll(/\s+/g, ' ');
  const status = {
    ...repository,
    deployment_id: id,
    state,
    description: line.length > longest ? `${line.slice(0, longest - 1)}…` : line,
    ...(url === undefined ? {} : { environment_url: url }),
    ...(log === undefined ? {} : { log_url: log }),
    // GitHub would also end those of other servers and other applications in this environment.
    auto_inactive: false,
  };
  const written = await asked(async () => await api.rest.repos.createDeploymentStatus(status), clock);
  return 'problem' in written ? problemText(written) : undefined;
}

/** Distinguishes servers without revealing anything about them: deployments of a public repository are public. */
export const serverName = (host: string): string => createHash('sha256').update(host).digest('hex').slice(0, 12);

function payloadOf(payload: unknown): Payload {
  const value = typeof payload === 'string' ? parseJson(payload) : payload;
  return isRecord(value) && value['by'] === 'korrigo/deploy-action' ? value : {};
}

function serversOf({ servers }: { readonly servers?: unknown }): readonly string[] {
  return Array.isArray(servers) ? servers.map(String) : [];
}

function problemText({ problem, denied }: Refusal): string {
  const start = "GitHub's environment page does not show how this deployment went";
  return denied ? `${start}: add \`deployments: write\` to the permissions of this job` : `${start}: ${problem}`;
}

/** From what was saved for `post`. */
export function readOpenDeployment(text: string): OpenDeployment | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || typeof value['id'] !== 'number') return undefined;
  const { id, url, log, end } = value;
  const shown = { ...(typeof url === 'string' ? { url } : {}), ...(typeof log === 'string' ? { log } : {}) };
  return { id, ...shown, ...(isEnd(end) ? { end } : {}) };
}

const isEnd = (value: unknown): value is DeploymentEnd =>
  isRecord(value) && typeof value['state'] === 'string' && typeof value['description'] === 'string';
