import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptOf, factsOf, releaseOf } from '../../fixtures/builders.ts';
import { factsMarker } from '../../src/facts/facts.ts';
import { readHostState } from '../../src/facts/host-state.ts';
import { readReopened, readResolution } from '../../src/facts/resolution.ts';
import { readStatus } from '../../src/facts/status.ts';
import { noClaims } from '../../src/model/claims.ts';
import { attemptLine } from '../../src/model/history.ts';

type Facts = readonly (readonly [string, ...string[]])[];
const lines = (facts: Facts): string => factsOf(...facts);
const good: Facts = [
  ['user', 'deploy'],
  ['machine', 'x86_64'],
  ['docker', '26.1.5'],
  ['disk-images', '41943040 /var/lib/docker'],
  ['compose', '2.26.1'],
  ['disk-root', '41943040 /opt'],
];
const withoutSudo =
  'add the user to the group docker (`sudo usermod --append --groups docker deploy`), and let docker run without sudo: `command -v docker` shows what runs instead';
const stateWith = (...facts: Facts) => readHostState('web1', lines([...good, ...facts]));
/** The facts of a good server, one of them replaced or left out. */
const stateInstead = (name: string, ...facts: Facts) =>
  readHostState('web1', lines([...good.filter(([other]) => other !== name), ...facts]));
const containerLine = JSON.stringify({
  id: 'a',
  name: '/shop-web-1',
  image: 'x',
  labels: ['web', 'h', 'False'],
  restarts: 0,
  state: { Status: 'running' },
});

describe('a server', () => {
  it('on which nothing was deployed yet has no problems', () => {
    expect(stateWith()).toEqual({
      host: 'web1',
      fatal: false,
      problems: [],
      warnings: [],
      full: [],
      current: undefined,
      releases: [],
      files: [],
      containers: [],
      networkIds: [],
      asks: false,
      kernel: '',
      docker: '26.1.5',
      compose: '2.26.1',
      history: [],
    });
  });

  it('warns of a configuration that Docker cannot read', () => {
    const state = stateWith(['docker-config', '/home/deploy/.docker/config.json: unexpected EOF']);
    expect([state.problems, state.warnings]).toEqual([
      [],
      [
        'web1: Docker cannot read its configuration, and works without it: /home/deploy/.docker/config.json: unexpected EOF. Correct or remove that file; logins to registries in it do not count',
      ],
    ]);
  });

  it('reports what is there', () => {
    const attempt = attemptOf({ reason: 'tab\there' });
    const state = stateWith(
      ['current', 'r2'],
      ['release', 'r1'],
      ['release', 'r2'],
      ['file', '00ff'],
      ['container', containerLine],
      ['container', 'no container'],
      ['attempt', attemptLine(attempt).trim()],
      ['attempt', '{"torn'],
    );
    expect(state).toMatchObject({ current: 'r2', releases: ['r1', 'r2'], files: ['00ff'], history: [attempt] });
    expect(state.containers.map(({ name }) => name)).toEqual(['shop-web-1']);
  });

  it.each<readonly [string, ReturnType<typeof readHostState>, string]>([
    [
      'without programs',
      stateWith(['missing-programs', ' flock tar']),
      'web1: not installed: flock, tar (see docs/server.md)',
    ],
    [
      'whose Docker the user may not use',
      stateInstead('docker', ['docker-error', 'permission denied while trying to connect to the Docker daemon socket']),
      'web1: deploy is not allowed to use Docker: add the user to the group docker (`sudo usermod --append --groups docker deploy`)',
    ],
    ...[
      'sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper sudo: a password is required',
      'We trust you have received the usual lecture from the local System Administrator. sudo: no tty present and no askpass program specified',
      'sudo: sorry, you must have a tty to run sudo',
    ].map(
      (said) =>
        [
          `whose docker is sudo: ${said.slice(0, 40)}`,
          stateInstead('docker', ['docker-error', said], ['compose-missing', 'yes']),
          `web1: docker runs through sudo, which wants a password or a terminal: ${withoutSudo}`,
        ] as const,
    ),
    ...['deploy is not in the sudoers file.', 'Sorry, user deploy is not allowed to execute docker as root'].map(
      (said) =>
        [
          `whose sudo refuses: ${said}`,
          stateInstead('docker', ['docker-error', said]),
          `web1: docker runs through sudo, which does not let deploy run it: ${withoutSudo}`,
        ] as const,
    ),
    [
      'without a /tmp to write to',
      stateWith(['no-tmp', 'yes']),
      'web1: deploy cannot write to /tmp, where logins and temporary files go: `sudo install -d -m 1777 /tmp`',
    ],
    [
      'whose Docker is Podman',
      stateInstead('docker', ['podman', 'yes'], ['docker-error', 'Error: template: version:1:10: …']),
      'web1: the docker command is Podman, which is not supported: install Docker Engine and the Compose plugin',
    ],
    [
      'whose Docker is down',
      stateInstead('docker', ['docker-error', 'ERROR: Cannot connect to the Docker daemon. ']),
      'web1: Docker is not responding: Cannot connect to the Docker daemon.',
    ],
    [
      'whose Docker is said to be elsewhere',
      stateInstead(
        'docker',
        ['docker-set', 'DOCKER_HOST=tcp://old:2375'],
        ['docker-error', 'Cannot connect to the Docker daemon at tcp://old:2375.'],
      ),
      'web1: Docker is not responding: Cannot connect to the Docker daemon at tcp://old:2375. (DOCKER_HOST=tcp://old:2375, set by a login file of deploy such as ~/.bashrc: correct it there)',
    ],
    [
      'without Compose',
      stateInstead('compose', ['compose-missing', 'yes']),
      'web1: Docker Compose is not installed: install the Compose plugin, 2.24.4 or later',
    ],
    [
      'with an old Compose',
      stateInstead('compose', ['compose', '2.24.3']),
      'web1: Docker Compose 2.24.3 is too old: 2.24.4 or later is required',
    ],
    [
      'with Compose 1',
      stateInstead('compose', ['compose', '1.29.2']),
      'web1: Docker Compose 1.29.2 is too old: 2.24.4 or later is required',
    ],
    [
      'on which nothing can be written',
      stateWith(['not-writable', '/opt']),
      "web1: deploy cannot write to /opt: create the application's folder there, owned by this user, or set path",
    ],
    [
      'with a file of somebody else',
      stateWith(['not-owned', 'root /opt/shop/history.jsonl']),
      'web1: deploy may not use /opt/shop/history.jsonl, which belongs to root: `sudo chown -R deploy /opt/shop/history.jsonl`',
    ],
    [
      'whose current release is a copy',
      stateWith(['current-folder', '/opt/shop/current']),
      'web1: /opt/shop/current is a folder, but must be a link to the release that runs: `mv /opt/shop/current /opt/shop/current.old`, then `ln -s releases/<id> /opt/shop/current`',
    ],
    [
      'whose current release was deleted',
      stateInstead(
        'release',
        ['current-lost', '/opt/shop/current -> releases/r3'],
        ['release', 'r1'],
        ['release', 'r2'],
      ),
      'web1: the current release is missing, so a failed deploy could not be rolled back: /opt/shop/current leads to releases/r3, which is not there or has no compose.yml. `ln -sfn releases/<id> /opt/shop/current`, with the last that ran of r1, r2',
    ],
    [
      'whose releases were deleted',
      stateInstead('release', ['current-lost', '/opt/shop/current -> releases/r3']),
      'web1: the current release is missing, so a failed deploy could not be rolled back: /opt/shop/current leads to releases/r3, which is not there or has no compose.yml. `rm /opt/shop/current`, and the next deploy is the first one',
    ],
  ])('%s is unfit', (_, state, problem) => {
    expect(state).toMatchObject({ fatal: true, problems: [problem] });
  });

  it.each(['2.24.4', 'v2.24.4', '2.24.5', '2.26.1-4', '2.30.0', '3.0.0', '5.1.0-desktop.2'])(
    'with Compose %s is fit',
    (version) => {
      expect(stateInstead('compose', ['compose', version]).problems).toEqual([]);
    },
  );

  it.each(['2.24.3', '2.23.9', 'v2.9.0', '1.30.0', '2.24', '2'])('with Compose %s is not', (version) => {
    expect(stateInstead('compose', ['compose', version]).fatal).toBe(true);
  });

  it('with little space left is full, once for each place', () => {
    const [images, root] = [
      ['disk-images', '524288 /var/lib/docker'],
      ['disk-root', '524288 /var/lib/docker'],
    ] as const;
    const full = readHostState('web1', lines([...good.filter(([name]) => !name.startsWith('disk')), images, root]));
    expect(stateWith(['disk-tmp', '16000 /tmp'])).toMatchObject({
      problems: ['web1: only 15 MiB free at /tmp: a deploy needs at least 16 MiB'],
      fatal: true,
    });
    expect(stateWith(['disk-tmp', '17000 /tmp']).problems).toEqual([]);
    expect([full.fatal, stateInstead('disk-root', ['disk-root', '4000 /opt']).fatal]).toEqual([false, true]);
    expect(stateWith(['inodes', '12 /opt/shop']).full).toEqual([
      'web1: only 12 inodes left on the disk of /opt/shop (`df -i /opt/shop`): delete files there',
    ]);
    expect(full).toMatchObject({
      fatal: false,
      problems: [],
      full: ['web1: only 512 MiB free at /var/lib/docker: a deploy needs at least 1 GiB'],
    });
  });

  it('whose space is unknown is not full', () => {
    expect(stateInstead('disk-root', ['disk-root', ' /opt']).full).toEqual([]);
  });

  it('reports all its problems at once', () => {
    expect(
      stateInstead('compose', ['compose-missing', 'yes'], ['not-writable', '/'], ['missing-programs', ' tar']).problems,
    ).toHaveLength(3);
  });

  it('that says nothing is unfit', () => {
    expect(readHostState('web1', '')).toMatchObject({ fatal: true, problems: [] });
  });
});

describe('a resolved release', () => {
  const resolutionOf = (...facts: Facts) => readResolution('web1', lines(facts), '/opt/shop');

  it('reports how Compose will label its services, what changed in each, and what was made', () => {
    expect(
      resolutionOf(
        ['hash', 'web', 'aa'],
        ['hash', 'db', 'bb'],
        ['hash', 'tool', 'cc'],
        ['replicas', 'web', '2'],
        ['replicas', 'tool', '0'],
        ['shares', 'db', 'web'],
        ['shares', 'db', 'tool'],
        ['changed', 'web', 'image'],
        ['changed', 'web', 'environment DEBUG'],
        ['changed', 'db', 'file my.cnf'],
        ['created', 'data'],
        ['completes', 'init'],
      ),
    ).toEqual({
      host: 'web1',
      problems: [],
      hashes: { web: 'aa', db: 'bb' },
      replicas: { web: 2, tool: 0 },
      shares: { db: ['web', 'tool'] },
      completes: ['init'],
      differences: {
        web: [{ kind: 'image' }, { kind: 'environment', name: 'DEBUG' }],
        db: [{ kind: 'file', name: 'my.cnf' }],
      },
      traits: {},
      notes: ['web1: /opt/shop/shared/data does not exist yet: it will be created, empty'],
      claims: noClaims,
    });
  });

  it('reports every variable that is not set, once', () => {
    expect(resolutionOf(['undefined', 'B', 'the address of B']).problems).toEqual([
      'web1: variable B (the address of B) is not set: add it to /opt/shop/shared/.env on the server, or give it a default in the compose file: ${B:-…}',
    ]);
    expect(resolutionOf(['undefined', 'SECRET_KEY'], ['undefined', 'A'], ['undefined', 'SECRET_KEY']).problems).toEqual(
      [
        'web1: variable SECRET_KEY is not set: add it to /opt/shop/shared/.env on the server, or give it a default in the compose file: ${SECRET_KEY:-…}',
        'web1: variable A is not set: add it to /opt/shop/shared/.env on the server, or give it a default in the compose file: ${A:-…}',
      ],
    );
  });

  it('reports every missing file once, with all that need it', () => {
    const facts: Facts = [
      ['missing', '.env', 'file'],
      ['missing', 'certs/key.pem', 'read by web'],
      ['missing', 'certs/key.pem', 'read by proxy'],
      ['missing', '/etc/shop.conf', 'read by web'],
    ];
    expect(resolutionOf(...facts).problems).toEqual([
      'web1: /opt/shop/shared/.env is missing (file): create it on the server, write it with env-files, or commit it to git',
      'web1: /opt/shop/shared/certs/key.pem is missing (read by web, read by proxy): create it on the server, write it with env-files, or commit it to git',
      'web1: /etc/shop.conf is missing (read by web): create it on the server, or change the path in the compose file',
    ]);
  });

  it('has no piece of a value that a dollar in an env file made of it', () => {
    expect(resolutionOf(['dollar', '.env'], ['dollar', '']).problems).toEqual([
      'web1: the env file .env contains a value with $, which Compose reads as a variable: put that value in single quotes',
      'web1: an env file contains a value with $, which Compose reads as a variable: put that value in single quotes',
    ]);
  });

  it('reports what has to be put right on the server', () => {
    const facts: Facts = [
      ['broken', '.env', '3'],
      ['broken', '', ''],
      ['unreadable', 'app.env'],
      ['inside', '/opt/shop/releases/x', 'web'],
      ['odd', 'web'],
    ];
    expect(resolutionOf(...facts).problems).toEqual([
      'web1: line 3 of /opt/shop/shared/.env cannot be read: a value of several lines, or with special characters, must be in single quotes',
      'web1: an env file has a line that Compose cannot read',
      'web1: /opt/shop/shared/app.env is an env file that the deploy user cannot read, and Compose reads it as that user: give it the file, and the folders above it',
      'web1: web mounts /opt/shop/releases/x, where deploys create and remove releases: mount another folder, for example /opt/shop/shared',
      'web1: web uses a path with a tab or a newline in its name: rename it',
    ]);
  });

  it('passes over what it may not look at, and says so once', () => {
    const { problems, notes } = resolutionOf(
      ['unseen', '/var/lib/docker/containers'],
      ['unseen', '/var/lib/docker/containers'],
    );
    expect([problems, notes]).toEqual([
      [],
      [
        'web1: /var/lib/docker/containers cannot be checked, because the deploy user cannot enter its folder: if it is missing, Docker reports it during the switch',
      ],
    ]);
  });

  it('reports a service that nobody pinned', () => {
    expect(resolutionOf(['unpinned', 'debug', 'busybox:1'], ['unpinned', 'own', '']).problems).toEqual(
      [
        ['busybox:1', 'debug'],
        ['what it builds', 'own'],
      ].map(
        ([image, service]) =>
          `web1: there is no digest for ${image} (service ${service}): COMPOSE_PROFILES in /opt/shop/shared/.env probably enables a profile that the runner does not know; remove it there, or list the profile in the input profiles`,
      ),
    );
  });

  it('may have a service called like a property of every object', () => {
    const { differences } = resolutionOf(['changed', 'constructor', 'image'], ['changed', '__proto__', 'image']);
    expect(Object.entries(differences)).toEqual([
      ['constructor', [{ kind: 'image' }]],
      ['__proto__', [{ kind: 'image' }]],
    ]);
  });

  it('is never a reason to throw', () => {
    const name = fc.constantFrom(
      'hash',
      'changed',
      'missing',
      'undefined',
      'created',
      'json',
      'missing-image',
      'replicas',
      'shares',
      'dollar',
      'unpinned',
      'container',
      'attempt',
      'compose',
      'disk-root',
      '__proto__',
    );
    const fact = fc.tuple(name, fc.string(), fc.string()).map((parts) => parts.join('\t'));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fact).map((facts) => `${factsMarker}\n${facts.join('\n')}`),
        ),
        (output) => {
          expect(readResolution('web1', output, '/opt/shop').host).toBe('web1');
          expect(readHostState('web1', output).host).toBe('web1');
          expect(readReopened('web1', output, '/opt/shop').host).toBe('web1');
          expect(readStatus('web1', output, '/opt/shop').host).toBe('web1');
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a release that is brought back', () => {
  it('comes with its JSON and the images that are gone', () => {
    const json = JSON.stringify(releaseOf());
    const facts: Facts = [
      ['json', json],
      ['missing-image', 'a@sha256:1'],
      ['missing-image', 'b@sha256:2'],
      ['hash', 'web', 'aa'],
    ];
    expect(readReopened('web1', lines(facts), '/opt/shop')).toMatchObject({
      json,
      missingImages: ['a@sha256:1', 'b@sha256:2'],
      hashes: { web: 'aa' },
      problems: [],
    });
  });

  it('without JSON has none', () => {
    expect(readReopened('web1', '', '/opt/shop')).toMatchObject({ json: '', missingImages: [] });
  });
});
