import { describe, expect, it } from 'vitest';
import { attemptOf, containerOf, factsOf, releaseOf } from '../../fixtures/builders.ts';
import { readStatus } from '../../src/facts/status.ts';
import { attemptLine } from '../../src/model/history.ts';

type Facts = readonly (readonly [string, ...string[]])[];
const lines = (facts: Facts): string => factsOf(...facts);
const good: Facts = [
  ['user', 'deploy'],
  ['docker', '26.1.5'],
  ['compose', '2.26.1'],
  ['disk-root', '41943040 /opt'],
];

describe('the status of a server', () => {
  const release = releaseOf();
  const web = containerOf();
  const container = (overrides: Readonly<Record<string, unknown>> = {}): string =>
    JSON.stringify({
      id: web.id,
      name: `/${web.name}`,
      image: web.image,
      labels: ['web', 'aa', 'False'],
      restarts: 0,
      state: { Status: 'running', StartedAt: web.startedAt },
      ...overrides,
    });
  const statusWith = (...facts: Facts) =>
    readStatus(
      'web1',
      lines([
        ...good,
        ['current', release.id],
        ['release', release.id],
        ['json', JSON.stringify(release)],
        ['hash', 'web', 'aa'],
        ...facts,
      ]),
      '/opt/shop',
    );

  it('names the files of the server that have changed since, and is silent where none has', () => {
    expect(statusWith(['changed-since', '.env'], ['changed-since', 'secrets/key.txt'])).toMatchObject({
      changedSince: ['.env', 'secrets/key.txt'],
    });
    expect(statusWith()).not.toHaveProperty('changedSince');
  });

  const told = (...attempts: readonly ReturnType<typeof attemptOf>[]) =>
    attempts.map((attempt) => ['attempt', attemptLine(attempt).trim()] as const);

  it('reports the releases, the containers, and that nothing drifted', () => {
    const at = (hour: number): string => `2026-02-03T0${hour}:00:00.000Z`;
    const old = attemptOf({ release: 'r1', time: at(1) });
    const now = attemptOf({ time: at(2) });
    const failed = attemptOf({ release: 'r9', outcome: 'failed', time: at(3) });
    const refused = attemptOf({ release: 'r8', outcome: 'failed', switched: false, time: at(4) });
    const status = statusWith(
      ['release', 'r1'],
      ['release', 'r9'],
      ['release', 'a folder without a line'],
      ...told(old, now, failed, refused),
      ['container', container()],
    );
    expect(status).toEqual({
      host: 'web1',
      root: '/opt/shop',
      problems: [],
      current: release.id,
      releases: [
        { ...failed, current: false },
        { ...now, current: true },
        { ...old, current: false },
      ],
      lastAttempt: refused,
      lastSwitch: failed,
      containers: [
        {
          service: 'web',
          name: 'shop-web-1',
          image: web.image,
          status: 'running',
          health: 'none',
          startedAt: web.startedAt,
        },
      ],
      drift: [],
    });
  });

  it('reports that an attempt has no end, and that a release was good of which the success was not written', () => {
    const began = attemptOf({ release: 'r1', outcome: 'started', previous: 'r0' });
    const next = attemptOf({ previous: 'r1' });
    expect(statusWith(['release', 'r1'], ...told(began))).toMatchObject({
      releases: [{ release: 'r1', outcome: 'started' }],
      lastSwitch: began,
    });
    expect(statusWith(['release', 'r1'], ...told(began, next)).releases.map(({ outcome }) => outcome)).toEqual([
      'succeeded',
      'succeeded',
    ]);
  });

  it('reports what is known of a server whose Docker is not responding', () => {
    const facts: Facts = [['current', release.id], ['release', release.id], ...told(attemptOf())];
    expect(
      readStatus('web1', lines([...facts, ['docker-error', 'it is down'], ['hash', 'web', 'aa']]), '/'),
    ).toMatchObject({ current: release.id, problems: ['web1: Docker is not responding: it is down'], drift: [] });
  });

  it('reports how a container drifted', () => {
    expect(statusWith(['container', container({ image: 'nginx:latest' })]).drift).toEqual([
      `web: shop-web-1 is running nginx:latest, expected ${web.image}`,
    ]);
  });

  it('of a server on which nothing was deployed has no drift', () => {
    expect(readStatus('web1', lines(good), '/opt/shop')).toMatchObject({
      current: undefined,
      releases: [],
      lastAttempt: undefined,
      drift: [],
    });
  });
});
