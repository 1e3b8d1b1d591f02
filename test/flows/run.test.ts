import { describe, expect, it } from 'vitest';
import {
  containerLine,
  files,
  inspected,
  observed,
  programsOf,
  pushed,
  resolved,
  type Scene,
  type Surroundings,
  scene,
  server,
} from '../../fixtures/application.ts';
import { attemptOf, commit, configOf, described, digest, factsOf, releaseOf } from '../../fixtures/builders.ts';
import { type Answer, type FakeHost, fakeHost, nameOf } from '../../fixtures/fakes.ts';
import { jobAnswer, jobOf, leaseCallOf } from '../../fixtures/leased.ts';
import { sourceFolder } from '../../src/commands/paths.ts';
import { readRawFile } from '../../src/compose/raw.ts';
import type { InputTexts } from '../../src/config/inputs.ts';
import { ConnectError } from '../../src/errors.ts';
import type { Command } from '../../src/model/command.ts';
import { attemptLine, readAttempt, readHistory } from '../../src/model/history.ts';
import { parseRelease } from '../../src/model/release.ts';
import { annotations } from '../../src/report/annotations.ts';
import { closing } from '../../src/report/closing.ts';
import { run } from '../../src/run.ts';

/** Hosts without the keys that a real connection needs: connect is a port. */
const configFor = (texts: InputTexts, servers: readonly FakeHost[]) => {
  const hosts = servers.map(({ name }) => ({ kind: 'ssh', name, host: name, port: 22, user: 'deploy' }) as const);
  return { ...configOf({ ...texts, hosts: 'local' }), ...(servers.length > 0 ? { hosts } : {}) };
};
const runAs = async (...args: Parameters<typeof run>) => described(await run(...args));
const perform = async (texts: InputTexts, surroundings: Surroundings = {}) => {
  const ports = scene(surroundings);
  const report = await runAs(configFor(texts, surroundings.servers ?? []), ports);
  return { report, ports };
};
const deployed = { command: 'deploy', release: JSON.stringify(pushed()) };
const stdinOf = (host: FakeHost, name: string): string =>
  String(host.ran.findLast((command) => nameOf(command) === name)?.stdin ?? '');
/** The last line that a host was told about how it ended. */
const endOf = (host: FakeHost) => readAttempt(host.leaseCalls.findLast(({ name }) => name === 'confirm')?.stdin ?? '');
const line = (ports: Scene, start: string): string | undefined =>
  ports.log.lines.find((text) => text.startsWith(start));

describe('a build', () => {
  it('says what it cannot read before it begins', async () => {
    const { Dockerfile: _, ...others } = files;
    const { report, ports } = await perform({ command: 'build' }, { files: others });
    expect(report.failure?.message).toContain(
      'compose-file: the build of web reads its Dockerfile from Dockerfile, which does not exist here',
    );
    expect(programsOf(ports.local)).not.toContain('korrigo-bake');
  });

  it('names what git does not know and .dockerignore does not keep out, once', async () => {
    const untracked = { stdout: 'notes.txt\0node_modules/\0' };
    const { ports } = await perform(
      { command: 'build, push' },
      { files: { ...files, '.dockerignore': 'node_modules\n' }, runner: { 'git --literal-pathspecs': untracked } },
    );
    expect(ports.log.lines.filter((text) => text.includes('notes.txt'))).toEqual([
      'warn not in git, but in the build context: notes.txt. Add what the image does not need to .dockerignore',
    ]);
  });

  it('names what Git LFS has not fetched and a build would find', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n';
    const { ports } = await perform(
      { command: 'build, push' },
      {
        files: { ...files, '.dockerignore': 'docs\n', 'model.bin': pointer, 'docs/film': pointer, 'there.bin': '\0' },
        runner: { 'git ls-files': { stdout: 'model.bin\0docs/film\0there.bin\0' } },
      },
    );
    expect(ports.log.lines.filter((text) => text.includes('LFS'))).toEqual([
      'warn Git LFS pointers in the build context, not the files themselves: model.bin. Set `lfs: true` on actions/checkout, or add what the image does not need to .dockerignore',
    ]);
  });
});

describe('attestations', () => {
  const texts = { ...deployed, 'verify-attestation': 'acme/shop', 'github-token': 'token' };
  const told = async (...rows: readonly (readonly string[])[]) => {
    const www = server('www.example.com');
    const runner = { 'korrigo-attested': { stdout: factsOf(...rows) } };
    return { ...(await perform(texts, { servers: [www], runner })), www };
  };
  const web = releaseOf().images['web'] ?? '';

  it('are asked for before anything reaches a server, for what was built alone', async () => {
    const { report, ports } = await told(['attested', web]);
    expect(report.outcome).toBe('succeeded');
    const asked = ports.local.ran.find((command) => nameOf(command) === 'korrigo-attested');
    expect(asked?.argv.slice(-2)).toEqual(['acme/shop', web]);
    expect(asked?.stdin).toMatchObject({});
    expect(ports.log.lines).toContainEqual(expect.stringContaining(`✓ attested by acme/shop: ${web}`));
  });

  it('that are missing end the deploy, and say how to get one', async () => {
    const { report, www } = await told(['refused', web, 'HTTP 404: Not Found']);
    expect(report.failure?.message).toBe(
      `gh found no valid attestation from acme/shop for ${web}: HTTP 404: Not Found`,
    );
    expect(report.failure?.hint).toContain(
      'Attest each image in the job that pushes it, in a workflow in acme/shop itself',
    );
    expect(www.ran).toEqual([]);
  });

  it.each([
    ['missing', 'needs the GitHub CLI (gh), which is not installed on this machine', 'install the current version'],
    [
      'old',
      'needs the GitHub CLI (gh) 2.49 or later, but this machine has an older version',
      'install the current version',
    ],
    ['login', 'the GitHub CLI (gh) on this machine is not logged in', 'Set github-token'],
  ])('cannot be asked for: gh %s', async (fact, says, hint) => {
    const { report, www } = await told(['gh', fact]);
    expect(report.failure?.message).toBe(`verify-attestation: ${says}`);
    expect(report.failure?.hint).toContain(hint);
    expect(www.ran).toEqual([]);
  });
});

describe('the milestones of a deploy', () => {
  it('are that the servers are ours, and that containers are about to change', async () => {
    const milestones: string[] = [];
    const www = server('www.example.com');
    const announce = ({ kind }: { readonly kind: string }): void =>
      void milestones.push(`${kind} after ${www.ran.length > 0}`);
    const { report } = await perform(deployed, { servers: [www], overrides: { announce } });
    expect([report.outcome, milestones]).toEqual(['succeeded', ['prepares after true', 'switches after true']]);
  });

  it('are none where the lease is not to be had', async () => {
    const milestones: string[] = [];
    const announce = ({ kind }: { readonly kind: string }): void => void milestones.push(kind);
    const www = server('www.example.com', { 'korrigo-observe': { code: 1, stderr: 'no' } }, ({ name }) =>
      name === 'take' ? { code: 1, stderr: 'no' } : undefined,
    );
    await perform(deployed, { servers: [www], overrides: { announce } });
    expect(milestones).toEqual([]);
  });
});

describe('a test', () => {
  const texts = { command: 'test', 'test-compose-file': 'compose.test.yml' };

  it('runs in a project of its own and is removed', async () => {
    const { report, ports } = await perform(texts);
    expect(report.outcome).toBe('succeeded');
    expect(programsOf(ports.local).slice(-1)).toEqual(['compose down']);
    expect(ports.local.ran.every(({ argv }) => argv.join(' ').includes('--project-name test-001'))).toBe(true);
  });

  it('has its clean-up remembered before it begins', async () => {
    const { ports } = await perform(texts);
    expect(ports.remembered.map(({ argv }) => argv.join(' '))).toEqual([
      expect.stringContaining('--project-name test-001'),
    ]);
    expect(ports.remembered[0]?.argv).toContain('down');
  });

  it('that fails stops the run, after it is removed', async () => {
    const surroundings = { runner: { 'korrigo-test': { code: 1 } } };
    const { report, ports } = await perform({ ...texts, command: 'test, build' }, surroundings);
    expect(report).toMatchObject({
      outcome: 'failed',
      failure: { hint: expect.stringContaining('Nothing was deployed') },
    });
    expect(programsOf(ports.local)).toContain('compose down');
    expect(programsOf(ports.local)).not.toContain('korrigo-bake');
  });

  it('needs its compose file', async () => {
    const { report, ports } = await perform({ ...texts, 'test-compose-file': 'nothing.yml' });
    expect(report.failure?.message).toBe('test-compose-file: nothing.yml does not exist in /src');
    expect(ports.local.ran).toEqual([]);
  });
});

describe('reading the checkout', () => {
  const message = async (surroundings: Surroundings, texts: InputTexts = {}) =>
    (await perform({ command: 'build', ...texts }, surroundings)).report.failure?.message;

  it.each<readonly [string, Surroundings, string]>([
    [
      'no repository',
      { runner: { 'korrigo-git': { code: 128, stderr: 'fatal: not a git repository\n' } } },
      '/src is not a git checkout: fatal: not a git repository',
    ],
    [
      'a repository without a commit',
      {
        runner: {
          'korrigo-git': {
            code: 128,
            stdout: '/src\n',
            stderr: "fatal: your current branch 'main' does not have any commits yet\n",
          },
        },
      },
      '/src: the git repository has no commit yet',
    ],
    [
      'a checkout of another user, as in a job that runs in a container',
      {
        runner: {
          'korrigo-git': {
            code: 128,
            stderr:
              "fatal: detected dubious ownership in repository at '/src'\nTo add an exception for this directory, call:\n\n\tgit config --global --add safe.directory /src\n",
          },
        },
      },
      '/src belongs to another user, so git does not read it',
    ],
    [
      'env files that the servers would not know of',
      { overrides: { env: { COMPOSE_ENV_FILES: 'a.env,b.env' } } },
      'COMPOSE_ENV_FILES: is set to "a.env,b.env", which is not supported: remove it, and put the values in .env beside the compose file, or in shared/.env on the server',
    ],
    [
      'a folder that is not there',
      { runner: { 'korrigo-git': { code: 127, stderr: '/src: no such directory' } } },
      'working-directory: /src does not exist',
    ],
    [
      'no compose file',
      { files: {} },
      'compose-file: is not set, and the checkout has none of compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml',
    ],
    [
      'a compose file that includes one that is not there',
      { files: { 'compose.yml': 'include: [a.yml, b.yml]' } },
      '2 problems:\n- compose-file: a.yml (included by compose.yml) does not exist in the checkout\n- compose-file: b.yml (included by compose.yml) does not exist in the checkout',
    ],
    [
      'a compose file that Compose refuses',
      {
        runner: {
          'docker compose': { code: 15, stderr: 'a warning\nservices.web Additional property x is not allowed\n' },
        },
      },
      'this machine: read compose.yml failed with exit code 15\na warning\nservices.web Additional property x is not allowed',
    ],
    [
      'an image whose variable is required',
      {
        files: {
          'compose.yml':
            'services: {web: {image: "x:${TAG:?}", build: {args: {B: "${B?}"}}, environment: ["A=${A:?}"]}}',
        },
        runner: {
          'docker compose': ({ env = {} }) => {
            const missing = ['A', 'TAG', 'B'].find((name) => env[name] === undefined);
            return missing === undefined
              ? { stdout: '{}' }
              : { code: 1, stderr: `required variable ${missing} is missing a value: \n` };
          },
        },
      },
      '2 problems:\n- compose-file: variable TAG, used in image or build, is not set; set it with `env:` on this step, or give it a default: ${TAG:-…}\n- compose-file: variable B, used in image or build, is not set; set it with `env:` on this step, or give it a default: ${B:-…}',
    ],
    [
      'an image whose variable is blank',
      {
        files: { 'compose.yml': 'services: {web: {image: "x:$TAG", environment: ["A=$A"]}}' },
        runner: {
          'docker compose': {
            stdout: '{}',
            stderr:
              'level=warning msg="The \\"TAG\\" variable is not set. Defaulting to a blank string."\nlevel=warning msg="The \\"A\\" variable is not set."',
          },
        },
      },
      'compose-file: variable TAG, used in image or build, is not set; set it with `env:` on this step, or give it a default: ${TAG:-…}',
    ],
  ])('fails with a reason: %s', async (_, surroundings, expected) => {
    expect(await message(surroundings)).toBe(expected);
  });

  it.each(['services.web additional properties "provider" not allowed', 'unsupported env_file format "raw"'])(
    'says that Compose may be too old: %s',
    async (stderr) => {
      const { report } = await perform({ command: 'build' }, { runner: { 'docker compose': { code: 15, stderr } } });
      expect(report.failure?.hint).toBe(
        'It is misspelled, or Compose on this machine is too old to know it: see `docker compose version`. Nothing was deployed.',
      );
    },
  );

  it.each([
    ['yaml: line 3: found a tab', 'yaml: line 3: found a tab', { file: 'compose.yml', line: 3 }],
    ['validating /src/compose.yml: x', 'validating compose.yml: x', { file: 'compose.yml', line: undefined }],
  ])('says where in the compose file Compose found a mistake: %s', async (stderr, shown, place) => {
    const { report } = await perform({ command: 'build' }, { runner: { 'docker compose': { code: 15, stderr } } });
    expect(report.failures[0]).toMatchObject({
      message: `this machine: read compose.yml failed with exit code 15\n${shown}`,
      file: place.file,
    });
    expect(report.failures[0]?.line).toBe(place.line);
    expect(annotations(report)[0]).toMatchObject(place.line === undefined ? { file: 'compose.yml' } : place);
  });

  it('refuses compose files outside the repository', async () => {
    expect(await message({}, { 'compose-file': '../x.yml\ncompose.yml' })).toBe(
      'compose-file: "../x.yml" is outside the repository',
    );
  });

  it('warns of files that differ from the commit', async () => {
    const { ports } = await perform(
      { command: 'build' },
      { runner: { 'git status': { stdout: ' M site.conf\nM  a b.txt\n' } } },
    );
    expect(line(ports, 'warn')).toBe(
      `warn uncommitted changes are deployed as commit ${commit.slice(0, 12)}: site.conf, a b.txt`,
    );
  });

  it('gives Compose the commit, and the folder of the compose file', async () => {
    const { ports } = await perform({ command: 'build' });
    const config = ports.local.ran.find(({ argv }) => argv.includes('config'));
    expect(config?.env).toMatchObject({ RELEASE_COMMIT: commit, PWD: '/src' });
  });

  const clone = (origin: string) => ({
    'korrigo-git': { stdout: `/src\n${commit}\n2026-02-03T04:00:00Z\nmain\nA change\nAda\n${origin}\n` },
  });
  const unnamed = 'services: {web: {image: "x:1"}}\n';
  it.each<readonly [string, Surroundings, InputTexts, string | undefined]>([
    [
      'where it was cloned from',
      { files: { 'compose.yml': unnamed }, runner: clone('git@x.example:acme/wiki.git') },
      {},
      'wiki',
    ],
    [
      'where it was cloned from and the folder of the compose file',
      { files: { 'apps/blog/compose.yml': unnamed }, runner: clone('https://x.example/acme/mono') },
      { 'working-directory': 'apps/blog' },
      'mono-apps-blog',
    ],
    ['its own folder, where nothing else is known', { files: { 'compose.yml': unnamed } }, {}, 'src'],
    ['nothing of ours, where the file says it', { files: { 'compose.yml': `name: shop\n${unnamed}` } }, {}, undefined],
    [
      'its variable, where Compose would take that',
      { files: { 'compose.yml': `name: other\n${unnamed}` }, overrides: { env: { COMPOSE_PROJECT_NAME: 'shop' } } },
      {},
      'shop',
    ],
    [
      'its variable in .env',
      { files: { 'compose.yml': unnamed, '.env': 'A=1\nCOMPOSE_PROJECT_NAME=shop\n' } },
      {},
      'shop',
    ],
    [
      'its own folder, where .env leaves that empty',
      { files: { 'compose.yml': unnamed, '.env': 'COMPOSE_PROJECT_NAME=\n# COMPOSE_PROJECT_NAME=x\n' } },
      {},
      'src',
    ],
    ['the input', { files: { 'compose.yml': unnamed } }, { 'project-name': 'own' }, 'own'],
  ])('names the project after %s', async (_, surroundings, texts, expected) => {
    const { ports } = await perform({ command: 'build', ...texts }, surroundings);
    const { argv = [] } = ports.local.ran.find((command) => command.argv.includes('config')) ?? {};
    const at = argv.indexOf('--project-name');
    expect(at < 0 ? undefined : argv[at + 1]).toBe(expected);
  });

  it('happens once a run', async () => {
    const { ports } = await perform({ command: 'build, push' });
    expect(programsOf(ports.local).filter((name) => name === 'korrigo-git')).toHaveLength(1);
  });
});

describe('a push', () => {
  it('ends in a release with every image by digest', async () => {
    const { report, ports } = await perform({ command: 'push' });
    expect(report).toMatchObject({ outcome: 'succeeded', release: pushed() });
    expect(ports.log.lines).toContain(`info web: registry.example.com/shop-web@${digest('1')}`);
  });

  it('logs in once, with a configuration that every command of it sees', async () => {
    const seen = new Set<string>();
    const surroundings = scene();
    const exists = async (path: string) => seen.has(path) || (await surroundings.files.exists(path));
    const { report, ports } = await perform(
      { command: 'build, push', 'registry-username': 'ci', 'registry-password': 'hunter2' },
      {
        overrides: { files: { ...surroundings.files, exists } },
        runner: {
          'korrigo-login': ({ argv }) => {
            seen.add(argv[4] ?? '');
            return {};
          },
        },
      },
    );
    expect(report.outcome).toBe('succeeded');
    expect(programsOf(ports.local).filter((name) => name === 'korrigo-login')).toHaveLength(1);
    const bakes = ports.local.ran.filter((command) => ['korrigo-bake', 'korrigo-pin'].includes(nameOf(command)));
    expect(bakes.map(({ env }) => env?.['DOCKER_CONFIG'])).toEqual(Array(bakes.length).fill('/scratch/docker'));
    expect(JSON.stringify(ports.local.ran)).not.toContain('hunter2');
  });

  it('says what to check when the login fails', async () => {
    const { report } = await perform(
      { command: 'push', 'registry-username': 'ci', 'registry-password': 'wrong' },
      { runner: { 'korrigo-login': { code: 1, errors: ['unauthorized'] } } },
    );
    expect(report.failure).toEqual({
      message: 'local: log in to registry.example.com as ci failed with exit code 1\nunauthorized',
      hint: expect.stringContaining('registry-password'),
    });
  });

  it('needs to be told the digests', async () => {
    const { report } = await perform(
      { command: 'push' },
      { runner: { 'cat /scratch/metadata.json': { stdout: '{}' } } },
    );
    expect(report.failure?.message).toBe('docker buildx bake did not report the digest of web');
  });

  it('builds before it talks to the registry, and does not try a failed build again', async () => {
    const fails = ({ argv }: { readonly argv: readonly string[] }) => (argv.includes('--push') ? {} : { code: 1 });
    const { report, ports } = await perform({ command: 'push' }, { runner: { 'korrigo-bake': fails } });
    expect(report.outcome).toBe('failed');
    expect(programsOf(ports.local).filter((name) => name === 'korrigo-bake')).toHaveLength(1);
  });
});

describe('a deploy', () => {
  it('goes from one release to the next, and changes nothing that runs before it knows that it can', async () => {
    const web1 = server('web1');
    const { report, ports } = await perform(deployed, { servers: [web1] });
    expect(report.failure).toBeUndefined();
    expect(programsOf(web1)).toEqual([
      'korrigo-observe',
      'korrigo-ship',
      'korrigo-resolve',
      'korrigo-claims',
      'korrigo-pull',
      'korrigo-record',
      'korrigo-tidy',
      'compose up',
      'korrigo-inspect',
      'korrigo-current',
      'korrigo-prune',
    ]);
    expect(web1.leaseCalls.map(({ name }) => name)).toEqual(['take', 'arm', 'confirm', 'leave']);
    expect(report).toMatchObject({
      outcome: 'succeeded',
      release: pushed(),
      hosts: {
        web1: [
          { service: 'web', action: 'create' },
          { service: 'cache', action: 'create' },
        ],
      },
    });
    expect(ports.log.lines.join('\n')).toContain(
      'stage Plan: release 20260203-040506-c0ffee012345\ninfo web1, first release:\ninfo   web    create    no container yet',
    );
    expect(web1.isClosed()).toBe(true);
  });

  it('ships what is tracked and mounted, the compose files, and what resolves them', async () => {
    const web1 = server('web1');
    await perform(deployed, { servers: [web1] });
    const archive = web1.ran.find((command) => nameOf(command) === 'korrigo-ship')?.stdin;
    const names = archive instanceof Uint8Array ? Buffer.from(archive).toString('latin1') : '';
    for (const path of [
      `release/${sourceFolder}/compose.yml`,
      'release/pins.yml',
      'release/release.env',
      'release/release.json',
      'release/paths.tab',
      '/site.conf',
    ])
      expect(names).toContain(path);
    expect(names).not.toContain('compose.test.yml');
  });

  it('shows those who wait what is being done, where that takes a while', async () => {
    const slow = async (): Promise<Answer> => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return {};
    };
    const web1 = server('web1', { 'korrigo-tidy': slow });
    expect((await perform(deployed, { servers: [web1] })).report.outcome).toBe('succeeded');
    const told = web1.leaseCalls.filter(({ name }) => name === 'stage');
    expect(told.map(({ args }) => args.at(-1))).toEqual(['Recreate']);
  });

  it('goes to several hosts, stage by stage', async () => {
    const order: string[] = [];
    const hosts = ['web1', 'web2'].map((name) => {
      const host = server(name);
      return {
        ...host,
        run: async (...args: Parameters<FakeHost['run']>) => {
          const call = leaseCallOf(args[0]);
          order.push(nameOf(call?.name === 'start' ? jobOf(call) : args[0]));
          return await host.run(...args);
        },
      };
    });
    const { report } = await perform(deployed, { servers: hosts });
    expect(report.outcome).toBe('succeeded');
    expect(order.lastIndexOf('korrigo-pull')).toBeLessThan(order.indexOf('docker compose'));
    expect(order.lastIndexOf('docker compose')).toBeLessThan(order.indexOf('korrigo-inspect'));
    expect(order.lastIndexOf('korrigo-inspect')).toBeLessThan(order.indexOf('korrigo-current'));
  });

  it('gives a release that is there already a new id', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(['release', pushed().id]) });
    const ports = scene({ servers: [web1] });
    ports.clock.advance(60_000);
    const report = await runAs(configFor(deployed, [web1]), ports);
    expect(report.release?.id).toBe('20260203-040606-c0ffee012345');
  });

  it('asks the URL from here, measures downtime, and reports where the application is', async () => {
    const web1 = server('web1');
    const { report, ports } = await perform(
      { ...deployed, 'health-url': 'https://shop.example.com/health' },
      { servers: [web1] },
    );
    expect(report).toMatchObject({ outcome: 'succeeded', url: 'https://shop.example.com', downtime: { failed: 0 } });
    expect(ports.log.lines.join('\n')).toContain('info no downtime: health-url answered all ');
  });

  it('logs every host in with a folder of its own, and out again', async () => {
    const [web1, web2] = [server('web1'), server('web2')];
    const login = { 'registry-username': 'ci', 'registry-password': 'hunter2' };
    const { report } = await perform({ ...deployed, ...login }, { servers: [web1, web2] });
    expect(report.outcome).toBe('succeeded');
    const folders = [web1, web2].map(
      (host) => host.ran.find((command) => nameOf(command) === 'korrigo-login')?.argv[4],
    );
    expect(new Set(folders).size).toBe(2);
    for (const [n, host] of [web1, web2].entries()) {
      expect(host.ran.find((command) => nameOf(command) === 'korrigo-pull')?.env).toEqual({
        DOCKER_CONFIG: folders[n],
      });
      expect(host.ran.map(({ argv }) => argv.join(' '))).toContain(`rm -rf -- ${folders[n]}`);
    }
  });

  it('writes what happened into the history', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(['current', 'r1']) });
    await perform({ ...deployed, reason: 'hotfix' }, { servers: [web1] });
    expect(endOf(web1)).toMatchObject({
      command: 'deploy',
      release: pushed().id,
      commit,
      outcome: 'succeeded',
      switched: true,
      previous: 'r1',
      actor: 'ada',
      reason: 'hotfix',
    });
  });

  it('writes that it begins before it touches what runs, on every host', async () => {
    const hosts = [server('web1', { 'korrigo-observe': observed(['current', 'r1']) }), server('web2')];
    await perform({ ...deployed, 'allow-older': 'true' }, { servers: hosts });
    for (const host of hosts) {
      const begin = stdinOf(host, 'korrigo-record');
      const end = host.leaseCalls.find(({ name }) => name === 'confirm')?.stdin ?? '';
      expect(readAttempt(begin)).toMatchObject({ outcome: 'started', switched: true, allowOlder: true });
      expect(readHistory([begin], 'r1')).toMatchObject([{ outcome: 'started', release: pushed().id }]);
      expect(readHistory([begin, end], undefined)).toMatchObject([{ outcome: 'succeeded' }]);
      expect(programsOf(host).indexOf('korrigo-record')).toBeLessThan(programsOf(host).indexOf('compose up'));
    }
  });

  it('warns once of what the rehearsal and the deploy both find on a server', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(['docker-config', '/x/config.json: unexpected EOF']) });
    const { ports } = await perform({ command: 'build, push, deploy' }, { servers: [web1] });
    expect(programsOf(web1).filter((name) => name === 'korrigo-observe').length).toBeGreaterThan(1);
    expect(ports.log.lines.filter((text) => text.includes('/x/config.json'))).toHaveLength(1);
  });
});

describe('a deploy that cannot begin', () => {
  const untouched = (host: FakeHost): void => {
    expect(
      programsOf(host).filter((name) =>
        ['compose up', 'korrigo-one-off', 'korrigo-current', 'korrigo-pull'].includes(name),
      ),
    ).toEqual([]);
  };

  it('reports the problems of all hosts at once, and leaves nothing behind', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed(['not-writable', '/opt'], ['disk-root', '1024 /opt']) });
    const web2 = server('web2', {
      'korrigo-resolve': resolved(['undefined', 'SECRET_KEY'], ['missing', '.env', 'read by web']),
    });
    const { report } = await perform(deployed, { servers: [web1, web2] });
    expect(report.failure?.message.split('\n')).toEqual([
      '4 problems:',
      expect.stringMatching(/^- web1: deploy cannot write to \/opt/),
      expect.stringMatching(/^- web1: only 1 MiB free/),
      expect.stringMatching(/^- web2: variable SECRET_KEY is not set/),
      expect.stringMatching(/^- web2: \/opt\/shop\/shared\/\.env is missing/),
    ]);
    expect(report.failure?.hint).toBe('Fix this and deploy again. No running container was touched.');
    for (const host of [web1, web2]) untouched(host);
    expect(web2.ran.map(({ argv }) => argv.join(' '))).toContain(`rm -rf -- /opt/shop/releases/${pushed().id}`);
    expect(programsOf(web1)).not.toContain('korrigo-ship');
    expect(endOf(web2)).toMatchObject({ outcome: 'failed', switched: false });
  });

  it('says that a disk is full, and nothing of data that it could not ask for', async () => {
    const mounts = [{ Type: 'volume', Name: 'shop_data', Destination: '/data', RW: true }];
    const container = JSON.stringify({ ...JSON.parse(containerLine()), mounts });
    const web1 = server('web1', {
      'korrigo-observe': observed(['current', 'r1'], ['container', container]),
      'korrigo-ship': { code: 2 },
      'korrigo-disk': { stdout: factsOf(['disk', '12', '', '/opt/shop'], ['disk', '40000000', '', '/tmp']) },
    });
    const { report } = await perform(deployed, { servers: [web1] });
    expect(report.failure?.message).toBe(
      'web1: upload the release (11 kB) failed with exit code 2: the disk is full (0 MiB free at /opt/shop)',
    );
    untouched(web1);
  });

  it('does not take one server under two names for two', async () => {
    const names = ['web1', '10.0.0.7', 'web2'];
    const servers = names.map((name) =>
      server(name, { 'korrigo-observe': observed(['place', name === 'web2' ? 'boot 1:3' : 'boot 1:2']) }),
    );
    const { report } = await perform(deployed, { servers });
    expect(report.failure?.message).toBe('10.0.0.7: is the same server as web1; list it once in hosts');
  });

  it('reports a host that cannot be reached beside the problems of the others', async () => {
    const web1 = server('web1', { 'korrigo-resolve': resolved(['undefined', 'A']) });
    const ports = scene({ servers: [web1] });
    const lost = { ...server('web2') };
    const connect: typeof ports.connect = async (spec, config) => {
      if (spec.name === 'web2') throw new ConnectError('web2', 'does not answer');
      return await ports.connect(spec, config);
    };
    const report = await runAs(configFor(deployed, [web1, lost]), { ...ports, connect });
    expect(report.failure?.message).toContain('- web2: does not answer\n- web1: variable A is not set');
    untouched(web1);
  });

  it('is told of an unreachable host before minutes of tests and builds', async () => {
    const ports = scene();
    const connect: typeof ports.connect = async () => {
      throw new ConnectError('web1', 'does not answer', { hint: 'is it up?' });
    };
    const report = await runAs(configFor({ command: 'push, deploy' }, [server('web1')]), { ...ports, connect });
    expect(report.failure).toEqual({ message: 'web1: does not answer', hint: 'is it up?' });
    expect(programsOf(ports.local).filter((name) => /test|buildx/.test(name))).toEqual([]);
  });

  it('is told of servers that cannot take it before minutes of tests and builds, of all of them at once', async () => {
    const full = server('web1', { 'korrigo-observe': observed(['disk-root', '1024 /opt']) });
    const newer = attemptOf({ commit: 'f'.repeat(40), committedAt: '2027-01-01T00:00:00Z' });
    const ahead = server('web2', { 'korrigo-observe': observed(['attempt', attemptLine(newer).trim()]) });
    const texts = { command: 'test, push, deploy', 'test-compose-file': 'compose.test.yml', migrate: 'web: migrate' };
    const { report, ports } = await perform(texts, { servers: [full, ahead] });
    expect(report.failure?.message).toMatch(
      /^2 problems:\n- web2: commit \w+ .* is older than .*\n- web1: only 1 MiB free/,
    );
    expect(programsOf(ports.local).filter((name) => /test|buildx/.test(name))).toEqual([]);
    const blind = server('web1', {
      'korrigo-resolve': resolved(['undefined', 'SECRET_KEY'], ['missing', '.env', 'read by web']),
    });
    const early = await perform(texts, { servers: [blind] });
    expect(early.report.failure?.message).toMatch(
      /^2 problems:\n- web1: variable SECRET_KEY is not set.*\n- web1: .* is missing/,
    );
    expect(programsOf(early.ports.local).filter((name) => /test|buildx/.test(name))).toEqual([]);
    expect(programsOf(blind).at(-1)).toBe('rm -rf');
    const lost = await perform({ ...texts, migrate: 'api: migrate' }, { servers: [server('web1')] });
    expect(lost.report.failure?.message).toBe('migrate: no service "api" in compose.yml (found: web, cache)');
    expect(programsOf(lost.ports.local).filter((name) => /test|buildx/.test(name))).toEqual([]);
  });

  it('connects again where the connection did not outlast the build, and reports when that fails', async () => {
    const web1 = server('web1', { true: { code: null } });
    const ports = scene({ servers: [web1] });
    let connections = 0;
    const connect: typeof ports.connect = async (spec, config) => {
      if (++connections === 2) throw new ConnectError('web1', 'went away');
      return await ports.connect(spec, config);
    };
    const report = await runAs(configFor({ command: 'push, deploy' }, [web1]), { ...ports, connect });
    expect(connections).toBe(2);
    expect(report.failure?.message).toBe('web1: went away');
    expect(programsOf(web1)).toEqual([
      'korrigo-observe',
      'korrigo-ship',
      'korrigo-resolve',
      'korrigo-claims',
      'rm -rf',
      'true',
    ]);
    expect((await perform({ command: 'push, deploy' }, { servers: [server('web1')] })).report.outcome).toBe(
      'succeeded',
    );
  });

  it('because of a bug says so, and holds no connection open', async () => {
    await expect(run(configFor(deployed, [server('web9')]), scene())).rejects.toThrow('nobody thought of web9');
    const web1 = fakeHost('web1', () => {
      throw new TypeError('x is not a function');
    });
    await expect(run(configFor(deployed, [web1]), scene({ servers: [web1] }))).rejects.toThrow('x is not a function');
    expect(web1.isClosed()).toBe(true);
  });

  it.each<readonly [string, InputTexts, string]>([
    [
      'a release of another commit',
      { release: JSON.stringify(pushed({ commit: 'd'.repeat(40), id: `20260203-040506-${'d'.repeat(12)}` })) },
      'release: it was built from commit dddddddddddd, but commit c0ffee012345 is checked out',
    ],
    [
      'a release of another project',
      { release: JSON.stringify(pushed({ project: 'other' })) },
      'release: it belongs to project other, but this checkout is project shop',
    ],
    [
      'a migration of no service',
      { migrate: 'api: migrate' },
      'migrate: no service "api" in compose.yml (found: web, cache)',
    ],
    ['a backup of no service', { backup: 'dump' }, 'backup: no service "dump" in compose.yml (found: web, cache)'],
    [
      'a shipped file that was not built',
      { files: 'dist' },
      'files: "dist" does not exist in the checkout; does an earlier step build it?',
    ],
  ])('is told of %s', async (_, texts, message) => {
    const web1 = server('web1');
    const { report } = await perform({ ...deployed, ...texts }, { servers: [web1] });
    expect(report.failure?.message).toBe(message);
    untouched(web1);
  });

  it('is told of a migration in a service whose profile is off', async () => {
    const compose = `${files['compose.yml']}  tool: {image: busybox, profiles: [tools]}\n`;
    const { report } = await perform(
      { ...deployed, migrate: 'tool: migrate' },
      { servers: [server('web1')], files: { ...files, 'compose.yml': compose } },
    );
    expect(report.failure?.message).toBe(
      'migrate: service "tool" is in a profile that is not active, so its image is not part of the release; list its profile in profiles',
    );
  });

  it('does not replace another application of its name, unless that is meant', async () => {
    const other = releaseOf({ source: { repository: 'github.com/acme/other', files: ['compose.yml'] } });
    const web1 = server('web1', {
      'korrigo-observe': observed(['current', 'r1'], ['json', JSON.stringify(other)]),
    });
    const origin = {
      'korrigo-git': {
        stdout: `/src\n${commit}\n2026-02-03T04:00:00Z\nmain\nA change\nAda\ngit@github.com:acme/shop.git\n`,
      },
    };
    const { report } = await perform(deployed, { servers: [web1], runner: origin });
    expect(report.failure?.message).toContain(
      'project shop was last deployed from github.com/acme/other: compose.yml, but this is',
    );
    expect(programsOf(web1)).not.toContain('korrigo-ship');
    const meant = await perform({ ...deployed, accept: 'other-source' }, { servers: [web1], runner: origin });
    expect(meant.report.outcome).toBe('succeeded');
  });

  it('does not replace a newer commit, unless that is meant', async () => {
    const newer = attemptOf({ commit: 'd'.repeat(40), committedAt: '2026-02-03T04:00:01Z' });
    const web1 = server('web1', { 'korrigo-observe': observed(['attempt', attemptLine(newer).trim()]) });
    const { report } = await perform(deployed, { servers: [web1] });
    expect(report.failure).toEqual({
      message:
        'web1: commit c0ffee012345 (2026-02-03T04:00:00Z) is older than dddddddddddd (2026-02-03T04:00:01Z), which was deployed here on 2026-02-03',
      hint: 'Push a newer commit, or set allow-older to true if you mean it. Nothing was changed.',
    });
    untouched(web1);
    expect(programsOf(web1)).not.toContain('korrigo-ship');
    expect((await perform({ ...deployed, 'allow-older': 'true' }, { servers: [server('web1')] })).report.outcome).toBe(
      'succeeded',
    );
  });

  it('does not bring a commit back that was rolled back from', async () => {
    const history = [
      attemptOf({ release: 'r1', commit: 'b'.repeat(40), committedAt: '2026-02-02T00:00:00Z' }),
      attemptOf({ release: 'r2' }),
      attemptOf({ release: 'r1', commit: 'b'.repeat(40), command: 'rollback', reason: 'too slow', actor: 'bob' }),
    ];
    const web1 = server('web1', {
      'korrigo-observe': observed(
        ['current', 'r1'],
        ...history.map((attempt) => ['attempt', attemptLine(attempt).trim()]),
      ),
    });
    const { report } = await perform(deployed, { servers: [web1] });
    expect(report.failure?.message).toBe(
      'web1: commit c0ffee012345 was rolled back on 2026-02-03 04:06 by bob: too slow',
    );
    untouched(web1);
  });

  it('stops when a server cannot run the images', async () => {
    const wrong = factsOf(['wrong-architecture', `registry.example.com/shop-web@${digest('1')}`, 'amd64', 'arm64']);
    const web1 = server('web1', { 'korrigo-pull': { stdout: wrong } });
    const { report } = await perform(deployed, { servers: [web1] });
    expect(report.failure).toEqual({
      message: `web1: registry.example.com/shop-web@${digest('1')} is built for amd64, but the server is arm64`,
      hint: 'Build for the server, with the input platforms. No running container was touched.',
    });
    expect(programsOf(web1)).not.toContain('compose up');
  });

  it('stops when a host cannot record the start of the switch', async () => {
    const full = ({ stdin }: Command) =>
      String(stdin).includes('"started"') ? { code: 1, errors: ['No space left on device'] } : {};
    const [web1, web2] = [server('web1'), server('web2', { 'korrigo-record': full })];
    const { report } = await perform(deployed, { servers: [web1, web2] });
    expect(report.failure).toEqual({
      message:
        'web2: record the start of the switch failed with exit code 1: the disk is full\nNo space left on device',
      hint: 'Free space on web2 (`df -h` and `docker system df` show what is there), then deploy again. No running container was touched.',
    });
    for (const host of [web1, web2]) expect(programsOf(host)).not.toContain('compose up');
    expect(endOf(web1)).toMatchObject({ outcome: 'failed', switched: false });
  });

  it('says that its end is not in the history', async () => {
    const web1 = server('web1', {}, ({ name }) =>
      name === 'confirm' ? { stdout: `korrigo-facts 1\nunrecorded\tyes\nlease\tconfirmed\n` } : undefined,
    );
    const { ports } = await perform(deployed, { servers: [web1] });
    expect(line(ports, 'warn web1: the outcome could')).toMatch(/could not be written to \/opt\/shop\/history\.jsonl/);
  });

  it('stops when an image does not come, on any host', async () => {
    const [web1, web2] = [
      server('web1'),
      server('web2', { 'korrigo-pull': { code: 1, errors: ['manifest unknown'] } }),
    ];
    const { report, ports } = await perform(deployed, { servers: [web1, web2] });
    expect(report.failure?.message).toBe('web2: pull 2 images failed with exit code 1\nmanifest unknown');
    expect(ports.clock.slept).toEqual([2000, 5000, 15_000]);
    for (const host of [web1, web2]) expect(programsOf(host)).not.toContain('compose up');
  });
});

describe('a deploy whose servers ask a URL meanwhile', () => {
  /** A server that booted 1000 s ago, by its own clock, and what its requests found: kind, from, to, count and answer. */
  const asking = (name: string, ...rows: readonly (readonly string[])[]) =>
    server(
      name,
      { 'cat /proc/uptime': { stdout: '1000.00 1.00\n' }, 'korrigo-observe': observed(['asks', 'curl']) },
      ({ name: call }) =>
        call === 'more'
          ? {
              stdout: jobAnswer(
                { code: 0, stdout: '', stderr: '', seconds: 0, timedOut: false },
                factsOf(...rows.map((row) => ['row', ...row])),
                '',
              ),
            }
          : undefined,
    );
  const texts = { ...deployed, probe: 'http://127.0.0.1/' };
  const quiet = ['good', '100000', '100900', '90', '200'];
  const down = ['bad', '100910', '101090', '12', '502'];
  const back = ['good', '101100', '101900', '80', '200'];

  it('reports how many of the requests failed, when, and during which step', async () => {
    const servers = [asking('web1', quiet), asking('web2', quiet, down, back)];
    const { report, ports } = await perform(texts, { servers });
    expect(report.outcome).toBe('succeeded');
    expect(ports.log.lines.filter((text) => /request/.test(text))).toEqual([
      'info web1: 0 of 90 requests failed during the switch',
      'info web2: 12 of 182 requests failed during the switch',
      'info   04:05:15.1 UTC, 1.9 s, 12 requests (HTTP 502), during "set current to 20260203-040506-c0ffee012345"',
    ]);
    expect(servers.map((host) => host.leaseCalls.map(({ name }) => name).filter((name) => name === 'stop'))).toEqual([
      ['stop'],
      ['stop'],
    ]);
  });

  it('is rolled back when that took longer than max-downtime', async () => {
    const web1 = asking('web1', quiet, down, back);
    const { report } = await perform({ ...texts, 'max-downtime': '1s' }, { servers: [web1] });
    expect(report).toMatchObject({
      outcome: 'rolled-back',
      failure: { message: 'web1: the probe URL did not answer for 1.9 s, and max-downtime is 1 s' },
    });
    expect(endOf(web1)).toMatchObject({ outcome: 'rolled-back', switched: true });
  });

  it.each<readonly [string, string, readonly (readonly string[])[]]>([
    ['it took no longer', '2s', [quiet, down, back]],
    ['not one request failed, and none may', '0s', [quiet]],
    ['the URL did not answer before', '0s', [down, back]],
  ])('succeeds when %s', async (_, most, rows) => {
    const { report } = await perform({ ...texts, 'max-downtime': most }, { servers: [asking('web1', ...rows)] });
    expect(report.outcome).toBe('succeeded');
  });

  it('goes by the servers alone, not by what the way from here to there costs', async () => {
    let asked = 0;
    const ask = async () => (++asked === 2 ? 'does not answer: timed out' : 200);
    const urls = { ...texts, 'health-url': 'https://shop.example.com/', 'max-downtime': '0s' };
    const surroundings = { servers: [asking('web1', quiet)], overrides: { ask } };
    expect((await perform(urls, surroundings)).report.outcome).toBe('succeeded');
    asked = 0;
    const without = { ...urls, probe: '' };
    const { report } = await perform(without, { ...surroundings, servers: [asking('web1', quiet)] });
    expect(report.failure?.message).toMatch(/^health-url did not answer for \d\.\d s, and max-downtime is 0 s$/);
  });

  it('does not begin where a server has no program for it', async () => {
    const web1 = server('web1');
    const { report } = await perform(texts, { servers: [web1] });
    expect(report.failure?.message).toBe(
      'web1: probe needs curl or wget, and neither is installed: install one, or leave probe empty',
    );
    expect(programsOf(web1)).not.toContain('compose up');
  });
});

describe('a deploy that fails halfway', () => {
  it('reports which container is the reason, and records that it touched what runs', async () => {
    const unhealthy = containerLine({ health: 'unhealthy', healthOutput: 'no database' });
    const web1 = server('web1', {
      'korrigo-inspect': inspected(unhealthy, containerLine({ service: 'cache' })),
      'docker logs': { stdout: 'Traceback\n' },
    });
    const { report } = await perform(deployed, { servers: [web1] });
    expect(report).toMatchObject({
      outcome: 'rolled-back',
      failure: {
        message:
          'web1: web is unhealthy\nlast healthcheck output: no database\nlast log lines of shop-web-1:\n  Traceback',
      },
      release: { id: pushed().id },
    });
    expect(report.undone).toEqual([{ host: 'web1', outcome: 'rolled-back' }]);
    expect(endOf(web1)).toMatchObject({ outcome: 'rolled-back', switched: true });
  });

  it('does not migrate when the containers do not come up, nor go on when a migration fails', async () => {
    const texts = { ...deployed, migrate: 'web: migrate' };
    const broken = server('web1', { 'docker compose': { code: 1 } });
    await perform(texts, { servers: [broken] });
    expect(programsOf(broken)).not.toContain('korrigo-one-off');
    const stuck = server('web1', { 'korrigo-one-off': { code: 1, lines: ['no such column'] } });
    const { report } = await perform(texts, { servers: [stuck] });
    expect(report.failure).toMatchObject({
      message: 'web1: migrate: web: migrate failed with exit code 1\nno such column',
    });
    expect(stuck.ran.map(({ argv }) => argv.slice(3).join(' '))).not.toContain(
      `korrigo-current /opt/shop ${pushed().id}`,
    );
  });

  it('backs up before anything is changed, reports it, and stops when that fails', async () => {
    const texts = { ...deployed, backup: 'cache', migrate: 'web: migrate' };
    const old = observed(['current', 'r1'], ['container', containerLine({})]);
    const web1 = server('web1', { 'korrigo-observe': old, 'korrigo-one-off': { stdout: 'dumping\nset 7 is whole\n' } });
    const { report, ports } = await perform(texts, { servers: [web1] });
    expect(programsOf(web1).filter((name) => /one-off|up/.test(name))).toEqual([
      'korrigo-one-off',
      'compose up',
      'korrigo-one-off',
    ]);
    expect(report.backup).toBe('web1: set 7 is whole');
    expect(line(ports, 'info back up on web1')).toBe('info back up on web1 before anything is changed: cache');

    const broken = server('web1', { 'korrigo-observe': old, 'korrigo-one-off': { code: 1, lines: ['no space left'] } });
    const failed = await perform(texts, { servers: [broken] });
    expect(failed.report.failure).toEqual({
      message: 'web1: back up: cache failed with exit code 1\nno space left',
      hint: 'Fix the backup, or leave `backup` out of this one deploy. No running container was touched.',
    });
    expect(programsOf(broken)).not.toContain('compose up');
    expect(endOf(broken)).toMatchObject({ outcome: 'failed', switched: false });
  });

  it('backs up nothing where there is nothing yet, and says so', async () => {
    const web1 = server('web1');
    const { ports } = await perform({ ...deployed, backup: 'cache' }, { servers: [web1] });
    expect(programsOf(web1)).not.toContain('korrigo-one-off');
    expect(line(ports, 'info no backup')).toBe('info no backup: web1 has no release and no containers yet');
  });

  it('does not recreate anything when a migration before it fails', async () => {
    const web1 = server('web1', { 'korrigo-one-off': { code: 1 } });
    await perform({ ...deployed, migrate: 'web: migrate', 'migrate-when': 'before' }, { servers: [web1] });
    expect(programsOf(web1)).not.toContain('compose up');
  });

  it('measures the downtime that it causes', async () => {
    let asked = 0;
    const web1 = server('web1');
    const ask = async () => (++asked === 1 ? 200 : 503);
    const { report, ports } = await perform(
      { ...deployed, 'health-url': 'https://shop.example.com/' },
      { servers: [web1], overrides: { ask } },
    );
    expect(report).toMatchObject({ outcome: 'rolled-back', downtime: { up: false } });
    expect(report.failure?.message).toBe('local: https://shop.example.com/ answers 503 (gave up after 180 s)');
    expect(line(ports, 'info still down: health-url has not answered for')).toBeDefined();
  });

  it('is cancelled without a migration or a recreation that had not begun', async () => {
    const cancel = new AbortController();
    const web1 = server('web1', {
      'korrigo-pull': () => {
        cancel.abort();
        return { code: null };
      },
    });
    const { report } = await perform(deployed, { servers: [web1], overrides: { signal: cancel.signal } });
    expect(report.failure?.message).toBe('web1: cancelled during: pull 2 images');
    expect(programsOf(web1)).not.toContain('compose up');
    expect(endOf(web1)).toMatchObject({ outcome: 'failed', switched: false });
  });
});

describe('a switch that fails', () => {
  const was = releaseOf({ id: 'r1' });
  const before = observed(['current', 'r1'], ['json', JSON.stringify(was)], ['container', containerLine()]);
  const texts = { ...deployed, migrate: 'web: migrate' };
  const ups = (host: FakeHost): readonly string[] =>
    host.ran
      .filter(({ argv }) => argv.includes('up') && !argv.includes('--dry-run'))
      .map(({ argv }) => argv.join(' ').replace(/^.*releases\/([^/]*)\/.*$/, '$1'));

  it('is undone on every host, one that is stuck not stopping the others, which then tries by itself', async () => {
    const failing = { 'korrigo-observe': before, 'korrigo-one-off': { code: 1, lines: ['no such column'] } };
    const stuck = ({ argv }: Command) =>
      argv.join(' ').includes('releases/r1/') ? { code: 1, errors: ['no engine'] } : {};
    const web1 = server('web1', failing);
    const web2 = server('web2', { ...failing, 'docker compose': stuck }, ({ name }) =>
      name === 'leave' ? { stdout: 'korrigo-facts 1\nlost\trollback-failed\n' } : undefined,
    );
    const { report, ports } = await perform(texts, { servers: [web1, web2] });
    expect(ups(web1)).toEqual([pushed().id, 'r1']);
    expect(report.outcome).toBe('rollback-failed');
    expect(report.failure?.message).toContain('no such column');
    expect(report.undone).toMatchObject([
      { host: 'web1', outcome: 'rolled-back' },
      { host: 'web2', outcome: 'rollback-failed', failure: { kind: 'command', host: 'web2' } },
    ]);
    expect(endOf(web1)).toMatchObject({ outcome: 'rolled-back', previous: 'r1' });
    expect(web2.leaseCalls.some(({ name }) => name === 'confirm')).toBe(false);
    expect(ports.log.lines.join('\n')).toContain('stage Roll back');
    expect(closing(report).join('\n')).toContain('web1: rolled back, r1 is running again');
    expect(closing(report).join('\n')).toContain('web2: the rollback failed');
    expect(closing(report).join('\n')).toContain('web1: the migration was started and is not undone');
  });

  it('says what frees a port that Docker keeps from a container that is gone', async () => {
    const refused = 'Bind for 0.0.0.0:8080 failed: port is already allocated';
    const stuck = ({ argv }: Command) =>
      argv.join(' ').includes('releases/r1/') ? { code: 1, errors: [refused] } : {};
    const web1 = server(
      'web1',
      { 'korrigo-observe': before, 'korrigo-one-off': { code: 1 }, 'docker compose': stuck },
      ({ name }) => (name === 'leave' ? { stdout: 'korrigo-facts 1\nlost\trollback-failed\n' } : undefined),
    );
    const { report } = await perform(texts, { servers: [web1] });
    expect(closing(report).join('\n')).toMatch(
      /→ Docker on web1 refuses a port\. .*`sudo systemctl restart docker`.*`heal: true`/,
    );
  });

  it('stays as it is where that is asked for', async () => {
    const web1 = server('web1', { 'korrigo-observe': before, 'korrigo-one-off': { code: 1 } });
    const { report } = await perform({ ...texts, 'on-failure': 'keep' }, { servers: [web1] });
    expect(ups(web1)).toEqual([pushed().id]);
    expect(report).toMatchObject({ outcome: 'failed', after: [{ host: 'web1', containers: 'new', current: 'r1' }] });
    expect(web1.leaseCalls.map(({ name }) => name)).not.toContain('arm');
    expect(endOf(web1)).toMatchObject({ outcome: 'failed', switched: true });
  });

  it('because it is cancelled leaves the way back to the servers, at once', async () => {
    const cancel = new AbortController();
    const once = () => {
      cancel.abort();
      return { code: null };
    };
    const web1 = server('web1', { 'korrigo-observe': before, 'korrigo-one-off': once }, ({ name }) =>
      name === 'leave' ? { stdout: 'korrigo-facts 1\nlost\tunfinished\n' } : undefined,
    );
    const remembered: string[] = [];
    const rememberLeases = (leases: readonly { readonly host: string }[]) =>
      void remembered.push(leases.map(({ host }) => host).join());
    const { report } = await perform(texts, { servers: [web1], overrides: { signal: cancel.signal, rememberLeases } });
    expect(report.failures[0]?.kind).toBe('cancelled');
    expect(report.undone).toEqual([{ host: 'web1', outcome: 'unfinished' }]);
    expect(ups(web1)).toEqual([pushed().id]);
    expect(web1.leaseCalls.at(-1)).toMatchObject({ name: 'leave', args: ['/opt/shop', expect.any(String), '0'] });
    expect(web1.leaseCalls.map(({ name }) => name)).not.toContain('confirm');
    // Whoever cleans up afterwards waits for the outcome.
    expect(remembered).toEqual(['web1', 'web1']);
    expect(closing(report).join('\n')).toContain('web1: is rolling back to r1 by itself');
  });

  const stuckHere = ({ argv }: Command): Answer =>
    argv.join(' ').includes('releases/r1/') ? { code: 1, errors: ['no engine'] } : {};
  const ending = (...rows: readonly (readonly string[])[]) => ({ stdout: factsOf(['token', 'a1'], ...rows) });

  it('that only the server itself can bring back is followed to its true end', async () => {
    const answers = [ending(['lease', 'ending']), ending(['lease', 'over'], ['outcome', 'rolled-back'])];
    const web1 = server(
      'web1',
      { 'korrigo-observe': before, 'korrigo-one-off': { code: 1 }, 'docker compose': stuckHere },
      ({ name }) =>
        name === 'leave' ? { stdout: factsOf(['lost', 'unfinished']) } : name === 'heal' ? answers.shift() : undefined,
    );
    const { report, ports } = await perform(texts, { servers: [web1] });
    expect(report.outcome).toBe('rolled-back');
    expect(report.undone).toMatchObject([{ host: 'web1', outcome: 'rolled-back' }]);
    expect(web1.leaseCalls.filter(({ name }) => name === 'heal')).toHaveLength(2);
    expect(ports.log.lines).toContainEqual(
      expect.stringMatching(/^warn web1: (?!web1).*failed with exit code 1; now the server tries it by itself$/),
    );
    // Its lease is over: nothing is pruned there any more.
    expect(programsOf(web1)).not.toContain('korrigo-prune');
  });

  it('that is cancelled while the server brings it back is left to whoever comes after this run', async () => {
    const cancel = new AbortController();
    const web1 = server(
      'web1',
      { 'korrigo-observe': before, 'korrigo-one-off': { code: 1 }, 'docker compose': stuckHere },
      ({ name }) => {
        if (name === 'heal') cancel.abort();
        return name === 'leave' ? { stdout: factsOf(['lost', 'unfinished']) } : undefined;
      },
    );
    const remembered: string[] = [];
    const rememberLeases = (leases: readonly { readonly host: string; readonly end?: string }[]) =>
      void remembered.push(leases.map(({ host, end }) => `${host} ${end}`).join());
    const { report } = await perform(texts, { servers: [web1], overrides: { signal: cancel.signal, rememberLeases } });
    expect(report.undone).toMatchObject([{ host: 'web1', outcome: 'unfinished' }]);
    expect(remembered.at(-1)).toBe('web1 undefined');
  });

  it('and stays as it is where that is asked for is recorded as failed, after a cancel as well', async () => {
    const cancel = new AbortController();
    const once = () => {
      cancel.abort();
      return { code: null };
    };
    const web1 = server('web1', { 'korrigo-observe': before, 'korrigo-one-off': once });
    const remembered: string[] = [];
    const rememberLeases = (leases: readonly { readonly host: string; readonly end?: string }[]) =>
      void remembered.push(leases.map(({ host, end }) => `${host} ${end}`).join());
    await perform(
      { ...texts, 'on-failure': 'keep' },
      { servers: [web1], overrides: { signal: cancel.signal, rememberLeases } },
    );
    expect(endOf(web1)).toMatchObject({ outcome: 'failed', switched: true });
    expect(remembered.at(-1)).toBe('web1 failed');
  });

  it('after it succeeded, because nobody can confirm it, is undone as well', async () => {
    const web1 = server('web1', { 'korrigo-observe': before }, ({ name, stdin }) =>
      name === 'confirm' && stdin.includes('"succeeded"') ? { code: 1, stderr: 'no space left' } : undefined,
    );
    const { report } = await perform(texts, { servers: [web1] });
    expect(report.outcome).toBe('rolled-back');
    expect(ups(web1)).toEqual([pushed().id, 'r1']);
  });
});

describe('whose turn it is', () => {
  const busy = [
    'lease\tbusy',
    'actor\tbob',
    'command\tdeploy',
    'release\tr9',
    'since\t2026-02-03T04:00:00Z',
    'stage\tRecreate',
  ];

  it('is waited for, saying who is at it, and not for ever', async () => {
    const web1 = server('web1', {}, ({ name }) =>
      name === 'take' ? { stdout: ['korrigo-facts 1', ...busy, ''].join('\n') } : undefined,
    );
    const { report, ports } = await perform({ ...deployed, 'lock-timeout': '40s' }, { servers: [web1] });
    expect(report.outcome).toBe('failed');
    expect(report.failure?.message).toContain("bob's deploy of r9");
    expect(ports.log.lines.filter((text) => text.includes("waiting for bob's deploy of r9"))).toHaveLength(3);
    expect(programsOf(web1)).toEqual([]);
  });
});

describe('a cancellation', () => {
  const commands: readonly (readonly [string, InputTexts, readonly string[]])[] = [
    [
      'a deploy',
      deployed,
      [
        'korrigo-observe',
        'korrigo-ship',
        'korrigo-resolve',
        'korrigo-pull',
        'korrigo-record',
        'docker compose',
        'korrigo-inspect',
        'korrigo-current',
      ],
    ],
    [
      'a rollback',
      { command: 'rollback', 'project-name': 'shop' },
      ['korrigo-observe', 'korrigo-reopen', 'korrigo-record', 'docker compose', 'korrigo-inspect', 'korrigo-current'],
    ],
    ['a status', { command: 'status', 'project-name': 'shop' }, ['korrigo-status']],
  ];
  const rows = commands.flatMap(([name, texts, programs]) =>
    programs.map((program) => [name, program, texts] as const),
  );

  it.each(rows)('of %s during %s says so, and nothing else', async (_, program, texts) => {
    const cancel = new AbortController();
    const old = releaseOf({ id: '20260202-040506-badc0ffee012' });
    const history = [attemptOf({ release: old.id }), attemptOf({ release: 'r2' })];
    const there = observed(
      ['current', 'r2'],
      ['release', old.id],
      ['release', 'r2'],
      ...(texts.command === 'rollback' ? history.map((attempt) => ['attempt', attemptLine(attempt).trim()]) : []),
    );
    const usual: Record<string, ReturnType<typeof observed>> = {
      'korrigo-observe': there,
      'korrigo-reopen': resolved(['json', JSON.stringify(old)]),
    };
    const web1 = server('web1', {
      ...usual,
      [program]: () => {
        cancel.abort();
        return { code: null };
      },
    });
    const { report } = await perform(texts, { servers: [web1], overrides: { signal: cancel.signal } });
    expect(report.failures[0]).toMatchObject({ kind: 'cancelled' });
    expect(report.failure?.message).toContain('cancelled');
    expect(report.failure?.message).not.toContain('nothing was ever deployed');
    expect(report.outcome).not.toBe('succeeded');
    expect(closing(report).at(-1)).toMatch(/^✗ (deploy|rollback|status) (cancelled|failed) after/);
  });
});

describe('a rollback', () => {
  const old = releaseOf({ id: '20260202-040506-badc0ffee012', commit: `badc0ffee012${'0'.repeat(28)}` });
  const current = pushed();
  const history = [attemptOf({ release: old.id, commit: old.commit }), attemptOf({ release: current.id })];
  const there = observed(
    ['current', current.id],
    ['release', old.id],
    ['release', current.id],
    ...history.map((attempt) => ['attempt', attemptLine(attempt).trim()]),
  );
  const reopened = (...more: readonly (readonly string[])[]) => resolved(['json', JSON.stringify(old)], ...more);
  const answers = {
    'korrigo-observe': there,
    'korrigo-reopen': reopened(),
    'korrigo-inspect': inspected(
      containerLine({ image: old.images['web'] ?? '' }),
      containerLine({ service: 'cache' }),
    ),
  };
  const texts = { command: 'rollback', 'project-name': 'shop' };

  it('brings the previous release back, without a registry, a build or a migration', async () => {
    const web1 = server('web1', answers);
    const { report, ports } = await perform(
      { ...texts, migrate: 'web: migrate', reason: 'too slow' },
      { servers: [web1] },
    );
    expect(report).toMatchObject({ outcome: 'succeeded', release: { id: old.id }, previousRelease: current.id });
    expect(programsOf(web1)).toEqual([
      'korrigo-observe',
      'korrigo-reopen',
      'korrigo-claims',
      'korrigo-record',
      'korrigo-tidy',
      'compose up',
      'korrigo-inspect',
      'korrigo-current',
    ]);
    expect(web1.ran.at(-1)?.argv.slice(-2)).toEqual(['/opt/shop', old.id]);
    expect(endOf(web1)).toMatchObject({
      command: 'rollback',
      release: old.id,
      outcome: 'succeeded',
      reason: 'too slow',
    });
    expect(ports.local.ran).toEqual([]);
  });

  it('does not hide what the application has written to a tracked file, unless that is accepted', async () => {
    const [now, then] = ['/opt/shop/files/b/state.json', '/opt/shop/files/a/state.json'];
    const mount = (source: string): readonly string[] => ['web', 'bind', source, '/state.json', 'rw'];
    const claims = { stdout: factsOf(['mount', ...mount(then)], ['current-mount', ...mount(now)], ['written', now]) };
    const web1 = server('web1', { ...answers, 'korrigo-claims': claims });
    const { report } = await perform(texts, { servers: [web1] });
    expect(report.failure).toMatchObject({
      message: `web1: web has written to the file at /state.json, and this release ships another version; ${now} keeps what was written: first copy whatever is still needed; to roll back anyway, set accept to new-volume`,
      hint: 'Nothing was changed.',
    });
    const accepted = server('web1', { ...answers, 'korrigo-claims': claims });
    const meant = await perform({ ...texts, accept: 'new-volume' }, { servers: [accepted] });
    expect(meant.report.outcome).toBe('succeeded');
  });

  it('pulls what the server no longer has', async () => {
    const web1 = server('web1', { ...answers, 'korrigo-reopen': reopened(['missing-image', old.images['web'] ?? '']) });
    const { report } = await perform(texts, { servers: [web1] });
    expect(report.outcome).toBe('succeeded');
    expect(programsOf(web1)).toContain('korrigo-pull');
  });

  it('is refused when the release is not kept, with those that are', async () => {
    const web1 = server('web1', answers);
    const { report } = await perform({ ...texts, to: 'abcdef0' }, { servers: [web1] });
    expect(report.failure?.message).toContain('rollback: abcdef0 was never deployed here\navailable releases:');
    expect(programsOf(web1)).toEqual(['korrigo-observe']);
  });

  it('is refused where nothing was ever deployed', async () => {
    const web1 = server('web1', { 'korrigo-observe': observed() });
    const { report } = await perform({ ...texts, 'project-name': 'shopp' }, { servers: [web1] });
    expect(report.failure).toEqual({
      message: 'rollback: nothing has been deployed to /opt/shopp on web1: check project-name or path',
      hint: 'Nothing was changed.',
    });
  });

  it('is refused when the server lost a file that the release needs', async () => {
    const web1 = server('web1', {
      ...answers,
      'korrigo-reopen': reopened(['missing', '.env', 'used by this release']),
    });
    const { report } = await perform(texts, { servers: [web1] });
    expect(report.failure).toMatchObject({
      message: expect.stringContaining('/opt/shop/shared/.env is missing'),
      hint: 'Nothing was changed.',
    });
    expect(programsOf(web1)).not.toContain('compose up');
  });

  it('is refused when the hosts disagree about what the release is', async () => {
    const other = JSON.stringify({ ...old, images: { ...old.images, web: `x@${digest('9')}` } });
    const [web1, web2] = [
      server('web1', answers),
      server('web2', { ...answers, 'korrigo-reopen': resolved(['json', other]) }),
    ];
    const { report } = await perform(texts, { servers: [web1, web2] });
    expect(report.failure?.message).toBe(`release ${old.id} is not the same on all hosts`);
  });

  it('reads the project from a checkout when nobody names it', async () => {
    const web1 = server('web1', answers);
    expect((await perform({ command: 'rollback' }, { servers: [web1] })).report.outcome).toBe('succeeded');
    const { report } = await perform(
      { command: 'rollback' },
      { servers: [server('web1', answers)], runner: { 'korrigo-git': { code: 128 } } },
    );
    expect(report.failure?.message).toBe(
      'project-name: is not set, and there is no checkout to read it from; set it to the name of the Compose project',
    );
  });
});

describe('a status', () => {
  const texts = { command: 'status', 'project-name': 'shop' };
  const release = pushed();

  it('reports what is on every server and changes nothing', async () => {
    const answer = observed(
      ['current', release.id],
      ['release', release.id],
      ['attempt', attemptLine(attemptOf()).trim()],
      ['container', containerLine()],
      ['hash', 'web', 'hash-of-web'],
      ['json', JSON.stringify(release)],
    );
    const web1 = server('web1', { 'korrigo-status': answer });
    const { report } = await perform(texts, { servers: [web1] });
    expect(report).toMatchObject({
      outcome: 'succeeded',
      status: [{ host: 'web1', current: release.id, drift: [], containers: [{ name: 'shop-web-1' }] }],
    });
    expect(programsOf(web1)).toEqual(['korrigo-status']);
  });

  it('reports the servers that answer, and why the others do not', async () => {
    const answer = (current: string) => observed(['current', current], ['release', current]);
    const web1 = server('web1', { 'korrigo-status': answer('r1') });
    const web3 = server('web3', { 'korrigo-status': { code: 1, errors: ['no such program'] } });
    const web4 = server('web4', { 'korrigo-status': answer('r2') });
    const ports = scene({ servers: [web1, web3, web4] });
    const connect: typeof ports.connect = async (spec, config) => {
      if (spec.name === 'web2') throw new ConnectError('web2', 'does not answer', { hint: 'is it up?' });
      return await ports.connect(spec, config);
    };
    const report = await runAs(configFor(texts, [web1, server('web2'), web3, web4]), { ...ports, connect });
    expect(report).toMatchObject({
      outcome: 'failed',
      failure: {
        message: 'web2: does not answer\nweb3: check the server failed with exit code 1\nno such program',
        hint: 'is it up?',
      },
      status: [
        { host: 'web1', current: 'r1', problems: [], drift: [] },
        { host: 'web2', problems: ['web2: does not answer'] },
        { host: 'web3', problems: [expect.stringContaining('no such program')] },
        { host: 'web4', drift: ['current is r2, but on web1 it is r1'] },
      ],
    });
  });

  it('of a server that is unfit says why', async () => {
    const web1 = server('web1', { 'korrigo-status': observed(['missing-programs', ' tar']) });
    const { report } = await perform(texts, { servers: [web1] });
    expect(report.failure).toEqual({
      message: expect.stringContaining('web1: not installed: tar'),
      hint: 'See docs/server.md.',
    });
  });
});

describe('the scene of these tests', () => {
  it('is such as the real programs would make it', () => {
    expect(readRawFile(files['compose.yml']).services).toEqual(['web', 'cache']);
    expect(parseRelease(JSON.stringify(pushed()))).toEqual({ release: pushed() });
  });
});
