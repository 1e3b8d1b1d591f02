import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { type Deployer, deployer } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { type Application, commitOf, filesOf, firstApplication } from './applications.ts';
import { containersOn, happened } from './happened.ts';

/** `KORRIGO_PAIRS=200` for a long run. `KORRIGO_PAIRS_SEED=1 KORRIGO_PAIRS_FROM=57 KORRIGO_PAIRS=1` repeats one of them. */
const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const [pairs, seed, first] = [
  number('KORRIGO_PAIRS', 6),
  number('KORRIGO_PAIRS_SEED', 1),
  number('KORRIGO_PAIRS_FROM', 1),
];

const { bed, repository } = await openBed();
const images = { small: bed.image('busybox'), other: bed.image('redis') };
let server: Server;
let app: Repository;
let korrigo: Deployer;

beforeAll(async () => {
  server = await bed.server();
  app = repository('pairs');
  korrigo = deployer(app.folder, bed, server);
  await server.ssh('mkdir -p /opt/pairs/shared/secret && echo one >/opt/pairs/shared/secret/token');
});
afterAll(async () => {
  await server.ssh('cd /opt/pairs/current && docker compose down --timeout 1 --volumes');
});

/** The commits of a history: each is a pair with the one before it. */
function history(): readonly Application[] {
  const [start] = fc.sample(firstApplication(images), { numRuns: 1, seed });
  const commits = fc.sample(commitOf(images), { numRuns: first + pairs - 1, seed });
  const apps = start === undefined ? [] : [start];
  for (const commit of commits) apps.push(...apps.slice(-1).map(commit));
  return apps.slice(first - 1);
}

/** What the server's own files are, and what somebody does there. */
async function onServer({ token, byHand }: Application): Promise<void> {
  const { verb, service } = byHand ?? { verb: 'stop', service: '-' };
  const found = `docker ps --quiet --filter label=com.docker.compose.service=${service}`;
  const act = verb === 'rm' ? 'docker rm --force' : 'docker stop --time 0';
  await server.ssh(`cd /opt/pairs/shared/secret && echo ${token} >new && mv new token && ${found} | xargs -r ${act}`);
}

type Json = {
  readonly problems: readonly string[];
  readonly hosts: readonly {
    readonly changes: readonly { readonly service: string; readonly action: string; readonly why: string }[];
  }[];
};

const consents = 'new-volume,dropped-volume,changed-volume,shared-volume,other-source';
const call = (application: Application, commands: readonly string[], more: Record<string, string> = {}) => {
  // A profile that no service has is refused.
  const has = (profile: string): boolean =>
    Object.values(application.services).some(({ profiles = [] }) => [profiles].flat().includes(profile));
  const profiles = application.profiles.filter(has).join(',');
  return korrigo(
    commands,
    {
      accept: consents,
      'env-files': '.env=DOTENV',
      'force-recreate': 'none',
      ...(profiles === '' ? {} : { profiles }),
      ...more,
    },
    { DOTENV: `COLOUR=${application.colour}\n` },
  );
};

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

describe('a plan and then a deploy of the same checkout', () => {
  it('touch the same services in the same way', async () => {
    const [start, ...commits] = history();
    if (start === undefined) throw new Error('no history');
    app.commit(filesOf('pairs', start, images));
    succeeded(await call(start, ['push', 'deploy']));
    const differences: unknown[] = [];
    const actions: string[] = [];
    let refused = 0;
    for (const [index, commit] of commits.entries()) {
      const pair = first + index;
      app.commit(filesOf('pairs', commit, images));
      await onServer(commit);
      const before = await containersOn(server);
      const forecast = await call(commit, ['plan'], { format: 'json' });
      const { problems = [forecast.all], hosts = [] }: Partial<Json> =
        forecast.code === 0 ? JSON.parse(forecast.stdout) : {};
      expect(await containersOn(server), `a plan changes nothing (pair ${pair})`).toEqual(before);
      const stops = problems.length > 0;
      const changes = stops ? [] : (hosts[0]?.changes ?? []);
      const planned = Object.fromEntries(
        changes.flatMap(({ service, action }) => (action === 'keep' ? [] : [[service, action]])),
      );
      const deploy = await call(commit, ['push', 'deploy']);
      const touched = happened(before, await containersOn(server));
      actions.push(...Object.values(touched));
      if (stops) refused++;
      if (stops) tell(`pair ${pair}: ${problems.join('\n')}`);
      if (isDeepStrictEqual(planned, touched) && stops === (deploy.code !== 0)) continue;
      differences.push({ pair, planned, touched, problems, code: deploy.code });
      tell(`pair ${pair} of seed ${seed}: ${JSON.stringify({ planned, touched, problems })}\n${deploy.all}`);
    }
    const counts = Object.entries(Object.groupBy(actions, (action) => action)).map(
      ([action, all = []]) => `${all.length} ${action}`,
    );
    tell(
      `${commits.length} pairs of seed ${seed}: ${counts.join(', ')}; ${refused} refused, ${differences.length} differ`,
    );
    expect(differences).toEqual([]);
    // Most have to be such that there is something to compare.
    expect(refused).toBeLessThan(commits.length / 2);
    expect(actions.length).toBeGreaterThan(commits.length / 2);
  }, 86_400_000);
});
