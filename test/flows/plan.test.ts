import { describe, expect, it } from 'vitest';
import {
  containerLine,
  observed,
  programsOf,
  resolved,
  type Surroundings,
  scene,
  server,
} from '../../fixtures/application.ts';
import { attemptOf, configOf, digest, factsOf, releaseOf } from '../../fixtures/builders.ts';
import { nameOf } from '../../fixtures/fakes.ts';
import type { InputTexts } from '../../src/config/inputs.ts';
import { ConnectError } from '../../src/errors.ts';
import { attemptLine } from '../../src/model/history.ts';
import { closing } from '../../src/report/closing.ts';
import { formatted } from '../../src/report/formatted.ts';
import { summary } from '../../src/report/summary.ts';
import { run } from '../../src/run.ts';

const old = '0123456789abcdef0123456789abcdef01234567';
const before = releaseOf({ id: '20260101-000000-0123456789ab', commit: old });
const history = attemptLine(attemptOf({ release: before.id, commit: old, committedAt: '2026-01-01T00:00:00Z' })).trim();
/** A server on which an older commit runs. */
const running = [
  ['current', before.id],
  ['json', JSON.stringify(before)],
  ['release', before.id],
  ['attempt', history],
  ['container', containerLine({ configHash: 'hash-before' })],
  ['container', containerLine({ service: 'cache' })],
] as const;

const perform = async (texts: InputTexts, surroundings: Surroundings = {}) => {
  const hosts = (surroundings.servers ?? []).map(
    ({ name }) => ({ kind: 'ssh', name, host: name, port: 22, user: 'deploy' }) as const,
  );
  const ports = scene(surroundings);
  const config = { ...configOf({ command: 'plan', ...texts, hosts: 'local' }), hosts };
  return { report: await run(config, ports), ports };
};
const changedInGit =
  (...paths: readonly string[]) =>
  ({ argv }: { readonly argv: readonly string[] }) =>
    argv.includes('diff') ? { stdout: paths.map((path) => `${path}\0`).join('') } : {};

describe('a plan', () => {
  it('says what a deploy would do to each service, and why', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(...running) });
    const { report, ports } = await perform(
      { migrate: 'web: ./migrate' },
      { servers: [web1], runner: { 'git --literal-pathspecs': changedInGit('api/main.py', 'api/a.py', 'b.py') } },
    );
    expect(report.outcome).toBe('succeeded');
    const from = ports.log.lines.findIndex((line) => line.startsWith('stage Plan'));
    expect(
      ports.log.lines
        .slice(from)
        .filter((line) => line !== 'end')
        .join('\n'),
    ).toMatchInlineSnapshot(`
      "stage Plan: commit c0ffee012345
      info web1, currently 20260101-000000-0123456789ab:
      info   web    recreate  will be built: api/main.py, api/a.py and 1 more changed
      info   cache  keep
      info migrate on web1 after the containers are replaced: web: ./migrate
      info short downtime for web: it is stopped before its new container starts"
    `);
    expect(closing(report)[0]).toMatch(/^✓ plan: 1 service recreated, 1 kept, a migration runs/);
  });

  it('asks servers only what changes nothing that runs, without a lease, and takes back what it shipped', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(...running) });
    await perform({}, { servers: [web1] });
    expect(programsOf(web1)).toEqual([
      'korrigo-observe',
      'korrigo-ship',
      'korrigo-resolve',
      'korrigo-claims',
      'korrigo-preview',
      'korrigo-withdraw',
    ]);
    expect(web1.leaseCalls.map(({ name }) => name)).toEqual(['show']);
  });

  it('takes back what it shipped when something is missing as well, and says what a deploy would stop at', async () => {
    const web1 = server('web1', { 'korrigo-resolve': resolved(['undefined', 'DB_PASSWORD']) });
    const { report } = await perform({}, { servers: [web1] });
    expect(report.outcome).toBe('succeeded');
    expect(report.forecast?.problems).toEqual([expect.stringContaining('DB_PASSWORD is not set')]);
    expect(closing(report)[0]).toContain('a deploy would stop: 1 problem');
    expect(programsOf(web1).at(-1)).toBe('korrigo-withdraw');
  });

  it.each<readonly [string, Surroundings['runner'] & object, string]>([
    ['nothing', {}, 'will be built, from the same sources as now'],
    ['one file', { 'git --literal-pathspecs': changedInGit('a.py') }, 'will be built: a.py changed'],
    [
      'a commit that is not in the checkout',
      { 'git --literal-pathspecs': ({ argv }) => (argv.includes('diff') ? { code: 128 } : {}) },
      'will be built (commit 0123456789ab of the current release is not in this checkout; set fetch-depth: 0 on actions/checkout)',
    ],
    [
      'the section in the compose file',
      {
        'git --literal-pathspecs': ({ argv }) =>
          argv.includes('diff') && argv.includes('compose.yml') ? { stdout: 'compose.yml\0' } : {},
        'git show': { stdout: 'services: {web: {build: ./web}}\n' },
      },
      'will be built: build changed',
    ],
  ])('says of a build what git says: %s', async (_, runner, why) => {
    const web1 = server('web1', { 'korrigo-observe': observed(...running) });
    const { report } = await perform({ format: 'json' }, { servers: [web1], runner });
    const json: { readonly hosts: readonly { readonly changes: readonly { readonly why: string }[] }[] } = JSON.parse(
      formatted(report, 'json'),
    );
    expect(json.hosts[0]?.changes.map((change) => change.why)).toEqual([why, '']);
  });

  it('takes third-party images by their digest of now', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(...running) });
    const pinned = `docker.io/library/redis@${digest('9')}`;
    const { report } = await perform(
      {},
      { servers: [web1], runner: { 'korrigo-pin': { stdout: factsOf(['pinned', 'redis:7', pinned]) } } },
    );
    expect(report.forecast?.plan.intent.release.images['cache']).toBe(pinned);
  });

  it('goes on with the images that run when the registry does not answer, and says so', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(...running) });
    const { report } = await perform({}, { servers: [web1], runner: { 'korrigo-pin': { code: 1 } } });
    expect(report.outcome).toBe('succeeded');
    expect(report.forecast?.plan.intent.release.images['cache']).toBe(before.images['cache']);
    expect(report.forecast?.notes).toEqual([
      expect.stringContaining('assuming that third-party images have not changed'),
    ]);
  });

  it('of a commit that is too old is made all the same', async () => {
    const newer = attemptLine(
      attemptOf({ release: before.id, commit: old, committedAt: '2026-09-01T00:00:00Z' }),
    ).trim();
    const rows = running.map((row) => (row[0] === 'attempt' ? (['attempt', newer] as const) : row));
    const web1 = server('web1', { 'korrigo-observe': observed(...rows) });
    const { report } = await perform({}, { servers: [web1] });
    expect(report.forecast?.problems).toEqual([expect.stringContaining('is older than')]);
    expect(report.forecast?.plan.hosts.map(({ host }) => host)).toEqual(['web1']);
  });

  it('shows the servers that answer, and fails for one that does not', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(...running) });
    const web2 = server('web2');
    const connect = async ({ name }: { readonly name: string }) => {
      if (name === 'web1') return web1;
      throw new ConnectError(name, 'connection refused');
    };
    const { report } = await perform({}, { servers: [web1, web2], overrides: { connect } });
    expect(report.outcome).toBe('failed');
    expect(report.failures.map(({ short }) => short)).toEqual(['web2: connection refused']);
    expect(report.forecast?.plan.hosts.map(({ host }) => host)).toEqual(['web1']);
  });
});

describe('the migrations that would run', () => {
  const texts = {
    migrate: 'web: ./migrate',
    'migrate-plan': 'web: ./migrate --plan',
    release: JSON.stringify(releaseOf()),
  };

  it('are listed by the new image where it is on the server', async () => {
    const once = { 'korrigo-one-off': { stdout: 'app.0002_colour\n' } };
    const web1 = server('web1', { 'korrigo-observe': observed(...running), ...once });
    const { report } = await perform(texts, { servers: [web1] });
    expect(report.forecast?.plan.pending).toEqual({
      kind: 'listed',
      host: 'web1',
      text: 'web: ./migrate --plan',
      output: 'app.0002_colour',
    });
  });

  it.each<readonly [string, InputTexts, Parameters<typeof server>[1], string]>([
    ['before the build', { release: '' }, {}, 'the new image of web is not on the server yet'],
    ['before the pull', {}, { 'docker image': { code: 1 } }, 'the new image of web is not on the server yet'],
    [
      'when the command fails',
      {},
      { 'korrigo-one-off': { code: 1 } },
      'web1: list the migrations: web: ./migrate --plan failed with exit code 1',
    ],
  ])('are not known %s, and that is no failure', async (_, more, answers, why) => {
    const web1 = server('web1', { 'korrigo-observe': observed(...running), ...answers });
    const { report } = await perform({ ...texts, ...more }, { servers: [web1] });
    expect(report.outcome).toBe('succeeded');
    expect(report.forecast?.plan.pending).toMatchObject({ kind: 'unknown', why });
  });

  it('are shown in the plan of a deploy as well, which has pulled the image by then', async () => {
    const once = { 'korrigo-one-off': { stdout: 'app.0002_colour\n' } };
    const web1 = server('web1', { 'korrigo-observe': observed(...running), ...once });
    const { report, ports } = await perform({ ...texts, command: 'deploy' }, { servers: [web1] });
    expect(report.outcome).toBe('succeeded');
    expect(ports.log.lines).toContain('info   app.0002_colour');
  });
});

describe('the rehearsal of a deploy', () => {
  it('prints the same plan before the build, and throws what stands in the way', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(...running) });
    const { ports } = await perform({ command: 'build, push, deploy' }, { servers: [web1] });
    const lines = ports.log.lines;
    expect(lines.indexOf('stage Plan before the build')).toBeGreaterThan(0);
    expect(lines.indexOf('stage Plan before the build')).toBeLessThan(lines.indexOf('stage Build'));
    expect(ports.local.ran.map(nameOf)).toContain('korrigo-pin');
  });
});

describe('a plan as Markdown', () => {
  it('has the sum first, and the rest folded', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(...running) });
    const { report } = await perform({ format: 'markdown' }, { servers: [web1] });
    expect(formatted(report, 'markdown')).toBe(`${summary(report)}\n`);
    expect(summary(report)).toMatchInlineSnapshot(`
      "### Plan: 1 service recreated, 1 kept

      What a deploy of \`c0ffee012345\` (\`shop\`) would do. Nothing was changed.

      <details><summary>web1: service by service</summary>

      Now: \`20260101-000000-0123456789ab\`

      | service | action | why |
      | --- | --- | --- |
      | web | recreate | will be built, from the same sources as now |
      | cache | keep |  |

      </details>

      Short downtime for web: it is stopped before its new container starts"
    `);
  });
});

describe('a plan without servers', () => {
  it('says why, and what is known all the same', async () => {
    const { report } = await perform({ format: 'markdown' });
    expect(report.outcome).toBe('succeeded');
    expect(formatted(report, 'markdown')).toContain('comes from a fork, which gets no secrets');
    expect(formatted(report, 'markdown')).toContain('services: web, cache');
  });
});
