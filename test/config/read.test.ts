import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configOf, problemsOf, releaseOf } from '../../fixtures/builders.ts';
import { ed25519Pair } from '../../fixtures/key-pair.ts';
import { commandNames } from '../../src/config/config.ts';
import { type InputTexts, inputNames, inputOf } from '../../src/config/inputs.ts';
import { checkSettings } from '../../src/config/origin.ts';
import { readConfig } from '../../src/config/read.ts';
import { ConfigError } from '../../src/errors.ts';
import { Secret } from '../../src/model/secret.ts';

const key = ed25519Pair();
const remote: InputTexts = { hosts: 'web1', 'ssh-key': key.private, 'known-hosts': key.public };
const release = JSON.stringify(releaseOf());

describe('the configuration', () => {
  it('needs no key where the network says who comes, and takes a program as the connection', () => {
    const { ssh } = configOf({
      hosts: 'web1',
      'known-hosts': key.public,
      'ssh-auth': 'none',
      'proxy-command': 'nc %h %p',
    });
    expect(ssh).toMatchObject({ key: undefined, certificate: undefined, proxyCommand: ['nc', '%h', '%p'] });
  });

  it('is all defaults when only the required inputs are set', () => {
    expect(configOf()).toMatchInlineSnapshot(`
      {
        "accept": [],
        "allowOlder": false,
        "attest": false,
        "backup": undefined,
        "cacheFrom": [],
        "cacheTo": [],
        "commands": [
          "push",
          "deploy",
        ],
        "comment": false,
        "composeFiles": [],
        "deployment": undefined,
        "directory": ".",
        "drainSeconds": 3,
        "envFiles": [],
        "files": [],
        "forceRecreate": "built",
        "format": "text",
        "githubToken": undefined,
        "graceSeconds": 60,
        "heal": false,
        "health": {
          "initTimeoutSeconds": 600,
          "maxDowntimeSeconds": undefined,
          "probe": undefined,
          "timeoutSeconds": 180,
          "url": undefined,
        },
        "hosts": [
          {
            "kind": "local",
            "name": "local",
          },
        ],
        "keepReleases": 5,
        "lockTimeoutSeconds": 900,
        "migrate": undefined,
        "migratePlan": undefined,
        "onFailure": "rollback",
        "path": undefined,
        "platforms": [],
        "profiles": [],
        "project": undefined,
        "reason": undefined,
        "registry": {
          "login": undefined,
          "name": "registry.example.com",
        },
        "release": undefined,
        "sequential": false,
        "serverOwned": [],
        "ssh": undefined,
        "strategy": "recreate",
        "tags": [],
        "test": {
          "files": [],
          "service": undefined,
          "timeoutSeconds": 1200,
        },
        "to": "previous",
        "variables": {},
        "verifyAttestation": undefined,
      }
    `);
  });

  it.each([
    ['a deploy', { command: 'deploy', release: JSON.stringify(releaseOf()) }, { environment: 'staging' }],
    ['a rollback', { command: 'rollback' }, { environment: 'staging' }],
    ['a plan, which is none', { command: 'plan' }, undefined],
  ])('shows %s as a deployment to the environment of the job', (_, texts, deployment) => {
    const asked = { deployment: 'true', environment: 'staging', 'github-token': 'token' };
    expect(configOf({ ...texts, ...asked }).deployment).toEqual(deployment);
  });

  it('needs a token for a deployment', () => {
    expect(problemsOf({ deployment: 'true' })).toEqual([
      'github-token: is empty, but deployment is true; set it to the token of the workflow, github.token',
    ]);
  });

  it('contains every input that is set', () => {
    const config = configOf(
      {
        command: 'test,build,push,deploy',
        'working-directory': 'app',
        'compose-file': 'compose.yml\n../compose.prod.yml\n',
        profiles: 'web, jobs',
        'project-name': 'shop',
        'test-compose-file': 'compose.test.yml',
        'test-service': 'tests',
        'test-timeout': '90s',
        'registry-username': 'ci',
        'registry-password': 'hunter2',
        tags: 'v1, edge\nnightly',
        platforms: 'linux/amd64, linux/arm64',
        'cache-from': 'type=gha',
        'cache-to': 'type=gha,mode=max',
        hosts: 'web1, root@web2:2222',
        'ssh-key': key.private,
        'known-hosts': key.public,
        'jump-host': 'ops@bastion',
        'connect-timeout': '5s',
        path: '/srv/shop/',
        files: 'dist\n./static/',
        'server-owned': 'nginx/site.conf',
        'env-files': '.env = PRODUCTION_ENV\nsecrets/a=b.txt=TOKEN',
        'force-recreate': 'all',
        migrate: 'web: python manage.py migrate',
        'migrate-when': 'before',
        'migrate-timeout': '1h',
        'health-url': 'https://shop.example.com/health',
        'health-timeout': '30s',
        'allow-older': 'true',
        reason: 'hotfix',
        'keep-releases': '3',
      },
      { PRODUCTION_ENV: 'A=1\n', TOKEN: 't' },
    );
    expect(config).toMatchObject({
      commands: ['test', 'build', 'push', 'deploy'],
      directory: 'app',
      composeFiles: ['compose.yml', '../compose.prod.yml'],
      profiles: ['web', 'jobs'],
      project: 'shop',
      test: { files: ['compose.test.yml'], service: 'tests', timeoutSeconds: 90 },
      registry: { name: 'registry.example.com', login: { username: 'ci' } },
      tags: ['v1', 'edge', 'nightly'],
      platforms: ['linux/amd64', 'linux/arm64'],
      cacheFrom: ['type=gha'],
      cacheTo: ['type=gha,mode=max'],
      hosts: [
        { kind: 'ssh', name: 'web1', host: 'web1', port: 22, user: 'deploy' },
        { kind: 'ssh', name: 'web2:2222', host: 'web2', port: 2222, user: 'root' },
      ],
      ssh: { jump: { host: 'bastion', port: 22, user: 'ops' }, connectTimeoutSeconds: 5, passphrase: undefined },
      path: '/srv/shop',
      files: ['dist', 'static'],
      serverOwned: ['nginx/site.conf'],
      forceRecreate: 'all',
      migrate: { service: 'web', argv: ['python', 'manage.py', 'migrate'], when: 'before', timeoutSeconds: 3600 },
      health: { url: 'https://shop.example.com/health', timeoutSeconds: 30 },
      allowOlder: true,
      reason: 'hotfix',
      keepReleases: 3,
    });
    expect(config.registry?.login?.password.reveal()).toBe('hunter2');
    expect(config.ssh?.key?.reveal()).toBe(key.private);
    expect(config.envFiles.map(({ path, content }) => [path, content.reveal()])).toEqual([
      ['.env', 'A=1\n'],
      ['secrets/a=b.txt', 't'],
    ]);
  });

  it('treats a blank input as one that is not set', () => {
    expect(configOf({ 'test-timeout': ' ', path: '\n', 'force-recreate': '  ' })).toEqual(configOf());
  });

  it('of a deploy in a separate job has the release of the job that pushed', () => {
    expect(configOf({ command: 'deploy', release }).release).toEqual(releaseOf());
  });

  it.each(['rollback', 'status'])('of %s needs hosts and nothing else', (command) => {
    const config = readConfig({ command, ...remote }, {});
    expect(config).toMatchObject({ commands: [command], to: 'previous', format: 'text', hosts: [{ name: 'web1' }] });
    expect(config.ssh?.hostKeys).toHaveLength(1);
  });

  it('takes the values of variables literally', () => {
    expect(configOf({ variables: 'TAG=v1=x\n\n EMPTY=\nA_1=$(id) # no comment\n' }).variables).toEqual({
      TAG: 'v1=x',
      EMPTY: '',
      A_1: '$(id) # no comment',
    });
  });

  it('needs no host and no key if nothing is deployed', () => {
    const config = readConfig({ command: 'build', hosts: '-x', 'ssh-key': 'none' }, {});
    expect(config).toMatchObject({ commands: ['build'], hosts: [], ssh: undefined });
  });

  it('needs no key to deploy to this machine', () => {
    expect(configOf({ hosts: 'local', 'ssh-key': 'none' }).ssh).toBeUndefined();
  });
});

describe('a problem with', () => {
  const rows: readonly (readonly [string, InputTexts, string])[] = [
    [
      'a command that does not exist',
      { command: 'push, deplyo' },
      'command: unknown command "deplyo"; did you mean deploy?',
    ],
    [
      'a command like none',
      { command: 'push, release' },
      'command: unknown command "release"; use test, build, push, deploy, plan, rollback, status',
    ],
    [
      'no command',
      { command: ',' },
      'command: "," contains no command; use test, build, push, deploy, plan, rollback, status',
    ],
    [
      'the order of commands',
      { command: 'deploy, push' },
      'command: "deploy, push" is in the wrong order; use push, deploy',
    ],
    [
      'a command given twice',
      { command: 'push, push, deploy' },
      'command: "push, push, deploy" is in the wrong order; use push, deploy',
    ],
    [
      'a rollback among others',
      { command: 'rollback, push' },
      'command: "rollback, push" combines commands that must stand alone: use plan, rollback or status on its own',
    ],
    [
      'no compose file of the tests',
      { command: 'test' },
      'test-compose-file: is not set; set it, or remove `test` from command',
    ],
    [
      'no registry',
      { command: 'push', registry: '' },
      'registry: is not set; set it to where images are pushed, for example ghcr.io/acme',
    ],
    [
      'a registry that is a URL',
      { registry: 'https://ghcr.io' },
      'registry: "https://ghcr.io" is a URL; use only host[:port][/path], for example ghcr.io/acme',
    ],
    [
      'a user without a password',
      { 'registry-username': 'ci' },
      `registry-password: is empty, but registry-username is set. On GitHub it usually comes from the secret REGISTRY_PASSWORD: ${checkSettings}`,
    ],
    [
      'a password without a user',
      { 'registry-password': 'hunter2' },
      'registry-username: is empty, but registry-password is set; set both',
    ],
    [
      'a login without a registry',
      { command: 'build', registry: '', 'registry-username': 'ci', 'registry-password': 'hunter2' },
      'registry: is empty, but registry-username or registry-password is set; set it too, for example to ghcr.io/acme',
    ],
    [
      'a release beside a push',
      { release },
      'release: is set, but this run pushes its own release; remove `push` from command, or leave release empty',
    ],
    [
      'a release that is no JSON',
      { command: 'deploy', release: 'v1' },
      'release: is not JSON; pass on the `release` output of a `push` unchanged',
    ],
    ['a variable', { variables: 'A=1\nB' }, 'variables: "B" is not in the form NAME=value'],
    ['a variable that has no name', { variables: '=x' }, 'variables: "=x" is not in the form NAME=value'],
    [
      'a platform',
      { platforms: 'linux/amd64, linux/arm/v7, linux/amd46' },
      'platforms: "linux/amd46" is not a platform; use linux/ and one of amd64, arm64, arm, 386, ppc64le, riscv64, s390x, for example linux/arm/v7',
    ],
    [
      'a tag',
      { tags: 'v1, a/b' },
      'tags: "a/b" is not a valid tag; use at most 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`',
    ],
    [
      'the project name',
      { 'project-name': 'My Shop' },
      'project-name: "My Shop" is not a valid project name; use up to 63 lower-case letters, digits, `-` and `_`, starting with a letter or digit',
    ],
    [
      'a timeout',
      { 'test-timeout': '2 days' },
      'test-timeout: "2 days" is not a duration; use 90s, 20m or 1h (at most 24h)',
    ],
    [
      'the time of a migration',
      { 'migrate-timeout': '0' },
      'migrate-timeout: "0" is not a duration; use 90s, 20m or 1h (at most 24h)',
    ],
    [
      'the time to get healthy',
      { 'health-timeout': 'x' },
      'health-timeout: "x" is not a duration; use 90s, 20m or 1h (at most 24h)',
    ],
    [
      'the time to connect',
      { ...remote, 'connect-timeout': 'x' },
      'connect-timeout: "x" is not a duration; use 90s, 20m or 1h (at most 24h)',
    ],
    [
      'the folder on the servers',
      { path: '/' },
      'path: "/" is not a usable folder; use an absolute path with at least two plain names, for example /opt/shop',
    ],
    [
      'the address to ask',
      { 'health-url': 'shop.example.com' },
      'health-url: "shop.example.com" is not a URL; it must start with http:// or https://',
    ],
    ['what to recreate', { 'force-recreate': 'yes' }, 'force-recreate: "yes" is not one of built, all, none'],
    ['when to migrate', { 'migrate-when': 'later' }, 'migrate-when: "later" is not one of before, after'],
    ['allow-older', { 'allow-older': 'yes' }, 'allow-older: "yes" is not one of true, false'],
    ['the format', { format: 'yaml' }, 'format: "yaml" is not one of text, json, markdown'],
    [
      'how many releases to keep',
      { 'keep-releases': '1' },
      'keep-releases: "1" is not a number from 2 to 100; the current release and one to roll back to are always kept',
    ],
    [
      'what to go back to',
      { to: 'HEAD~1' },
      'to: "HEAD~1" is not a release id, a commit (7 or more lower-case hex digits) or `previous`; `status` lists the releases',
    ],
    ['a shipped file', { files: 'dist\n../x' }, 'files: "../x" is outside the repository; use a path inside it'],
    [
      'a file of the server',
      { 'server-owned': '/etc/x' },
      'server-owned: "/etc/x" is absolute; use a path relative to the top of the repository',
    ],
    [
      'a compose file',
      { 'compose-file': '/srv/c.yml' },
      'compose-file: "/srv/c.yml" is absolute; use a path relative to working-directory',
    ],
    [
      'a compose file of the tests',
      { 'test-compose-file': 'a\tb' },
      'test-compose-file: "a\\tb" contains a control character; paths cannot',
    ],
    [
      'no hosts',
      { ...remote, hosts: '' },
      `hosts: is empty; use [user@]host[:port], or \`local\` for this machine. On GitHub it usually comes from the variable HOSTS: ${checkSettings}`,
    ],
    [
      'no key',
      { ...remote, 'ssh-key': '' },
      `ssh-key: is empty. On GitHub it usually comes from the secret SSH_KEY: ${checkSettings}`,
    ],
    [
      'a host key',
      { ...remote, 'known-hosts': 'web1' },
      'known-hosts: line 1 is neither a known_hosts line (`host ssh-ed25519 AAAA…`) nor a fingerprint (`SHA256:…`)',
    ],
    ['how to log in', { ...remote, 'ssh-auth': 'agent' }, 'ssh-auth: "agent" is not one of key, none'],
    [
      'a key where none is wanted',
      { ...remote, 'ssh-auth': 'none' },
      'ssh-key: is set, but ssh-auth is none; remove one of them',
    ],
    [
      'a certificate',
      { ...remote, 'ssh-certificate': key.public },
      'ssh-certificate: is a public key; use its certificate, the file whose name ends with -cert.pub',
    ],
    [
      'a program as the connection',
      { ...remote, 'proxy-command': 'nc %h %p | tee log' },
      `proxy-command: "nc %h %p | tee log" contains the shell operator |, but is not run by a shell; use \`sh -c '…'\``,
    ],
    [
      'two ways to the servers',
      { ...remote, 'proxy-command': 'nc %h %p', 'jump-host': 'bastion' },
      'proxy-command: cannot be combined with jump-host; remove one of them',
    ],
    [
      'two jump hosts',
      { ...remote, 'jump-host': 'a, b' },
      'jump-host: 2 hosts given; use exactly one [user@]host[:port]',
    ],
    [
      'an env-file without a variable',
      { 'env-files': '.env' },
      'env-files: ".env" is not in the form path=VARIABLE, where VARIABLE is an environment variable of this step that contains the file',
    ],
    [
      'an env-file with a value instead of a variable',
      { 'env-files': '.env=${{ secrets.X }}' },
      'env-files: ".env=${{ secrets.X }}" is not in the form path=VARIABLE, where VARIABLE is an environment variable of this step that contains the file',
    ],
    [
      'an env-file outside',
      { 'env-files': '/etc/passwd=X' },
      'env-files: "/etc/passwd" is absolute; use a path relative to the top of the repository',
    ],
    [
      'an env-file whose variable is empty',
      { 'env-files': '.env=PRODUCTION_ENV' },
      `env-files: the environment variable PRODUCTION_ENV for .env is empty; set it with \`env:\` on this step. If it comes from a secret: ${checkSettings}`,
    ],
    [
      'the time of a backup',
      { 'backup-timeout': 'x' },
      'backup-timeout: "x" is not a duration; use 90s, 20m or 1h (at most 24h)',
    ],
    [
      'a backup that names no service',
      { backup: 'pg_dump --all' },
      'backup: "pg_dump --all" is not in the form `service` or `service: command`, for example `backup`',
    ],
    [
      'a backup with a shell operator',
      { backup: 'db: pg_dump shop > x' },
      'backup: "db: pg_dump shop > x" contains the shell operator >, but is not run by a shell; use `db: sh -c \'…\'`',
    ],
    [
      'a migration without a service',
      { migrate: 'python manage.py migrate' },
      'migrate: "python manage.py migrate" is not in the form `service: command`, for example `backend: python manage.py migrate --noinput`',
    ],
    [
      'a migration without a command',
      { migrate: 'web: ' },
      'migrate: "web: " is not in the form `service: command`, for example `backend: python manage.py migrate --noinput`',
    ],
    [
      'two migrations',
      { migrate: 'web: a\nweb: b\n' },
      'migrate: "web: a\\nweb: b\\n" contains more than one command, and runs only one: the second is `web: b`; use `web: sh -c \'… && …\'`',
    ],
    [
      'two commands',
      { migrate: 'web: a; b' },
      'migrate: "web: a; b" contains the shell operator ;, but is not run by a shell; use `web: sh -c \'…\'`',
    ],
    ['an open quote', { migrate: "web: sh -c 'a" }, 'migrate: "web: sh -c \'a" has an unclosed quote'],
    [
      'a shell operator',
      { migrate: 'web: a && b' },
      'migrate: "web: a && b" contains the shell operator &&, but is not run by a shell; use `web: sh -c \'…\'`',
    ],
    [
      'a redirection',
      { migrate: 'web: a 2>/dev/null' },
      'migrate: "web: a 2>/dev/null" contains the shell operator 2>/dev/null, but is not run by a shell; use `web: sh -c \'…\'`',
    ],
    ...['$NAME', '${NAME:-x}', '$(date)', '`date`'].map((text): [string, InputTexts, string] => [
      `what only a shell replaces: ${text}`,
      { migrate: `web: a ${text}` },
      `migrate: "web: a ${text}" contains ${text}, but is not run by a shell; use \`web: sh -c '…'\`, or put ${text} in single quotes to pass it as it is`,
    ]),
    [
      'a variable in double quotes',
      { backup: 'db: pg_dump "$POSTGRES_DB"' },
      'backup: "db: pg_dump \\"$POSTGRES_DB\\"" contains $POSTGRES_DB, but is not run by a shell; use `db: sh -c \'…\'`, or put $POSTGRES_DB in single quotes to pass it as it is',
    ],
    [
      'a health-url with a password, which it does not show',
      { 'health-url': 'https://ada:hunter2@shop.example.com/' },
      'health-url: contains a user or password, which the log would show; use a URL that needs no login',
    ],
    [
      'a probe with a password, which it does not show',
      { probe: 'https://ada:hunter2@localhost/' },
      'probe: contains a user or password, which the log would show; use a URL that needs no login',
    ],
    [
      'a limit of downtime that nothing measures',
      { 'max-downtime': '2s' },
      'max-downtime: nothing measures downtime; set probe or health-url',
    ],
    [
      'a long value, which it shortens',
      { 'health-url': 'x'.repeat(150) },
      `health-url: "${'x'.repeat(100)}…" is not a URL; it must start with http:// or https://`,
    ],
  ];

  it.each(rows)('%s is reported in one sentence', (_, texts, problem) => {
    expect(problemsOf(texts)).toEqual([problem]);
  });

  it('a deploy without a release says where to get it', () => {
    const [problem, ...others] = problemsOf({ command: 'deploy' });
    expect(problem).toMatch(
      /^release: is not set; `deploy` without `push` needs the `release` output of the job that pushed/,
    );
    expect(others).toEqual([]);
  });

  it('several inputs is reported for all of them at once', () => {
    const texts = { command: 'test, push, deploy', registry: 'A B', hosts: '-x', path: 'x', migrate: 'x', files: '..' };
    const problems = problemsOf(texts);
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual([
      'files',
      'hosts',
      'known-hosts',
      'migrate',
      'path',
      'registry',
      'ssh-key',
      'test-compose-file',
    ]);
    expect(() => configOf(texts)).toThrow(/^8 problems:\n- /);
  });

  it('all inputs that SSH needs is reported at once, and says where to set them', () => {
    const inputs = ({ command = 'deploy' }) =>
      problemsOf({ command, release, hosts: '', 'ssh-key': '', 'known-hosts': '' }).map((problem) => {
        expect(problem).toContain(': is empty');
        expect(problem).toContain('Settings → Secrets and variables → Actions, or in the environment that this job');
        return problem.split(':')[0];
      });
    for (const command of ['deploy', 'rollback', 'status'])
      expect(inputs({ command })).toEqual(['hosts', 'ssh-key', 'known-hosts']);
    expect(problemsOf({ command: 'build', hosts: '' })).toEqual([]);
  });

  it('an empty known-hosts alone is left to the connection, which prints the line to add', () => {
    expect(problemsOf({ ...remote, 'known-hosts': '' })).toEqual([]);
    expect(problemsOf({ hosts: 'local', path: 'x' })).toHaveLength(1);
  });

  it('several lines of one input is reported for each of them', () => {
    expect(problemsOf({ tags: 'a/b, c/d', 'env-files': 'x\ny' })).toHaveLength(4);
  });
});

describe('a migration', () => {
  const argvOf = (migrate: string) => configOf({ migrate }).migrate?.argv;

  it.each([
    ['words', 'web: python manage.py migrate --noinput', ['python', 'manage.py', 'migrate', '--noinput']],
    ['a shell', `web: sh -c 'a && b > c'`, ['sh', '-c', 'a && b > c']],
    ['quotes in quotes', `web: echo "it's" 'say "x"'`, ['echo', "it's", 'say "x"']],
    ['an empty argument', `web: set ""`, ['set', '']],
    ['several lines', 'web: a\n  b', ['a', 'b']],
    ['several lines of options', 'web: a \\\n\tb\n--c\n', ['a', 'b', '--c']],
    ['variables for a shell', 'web: sh -c "a $A ${B} $(date)"', ['sh', '-c', 'a $A ${B} $(date)']],
    ['what looks like variables in single quotes', "web: a '$A' \\$B", ['a', '$A', '$B']],
    [
      'dollars that are no variables',
      'web: a $ 5$ $1 "{$set: {a: 1}}" "$BODY$x$BODY$"',
      ['a', '$', '5$', '$1', '{$set: {a: 1}}', '$BODY$x$BODY$'],
    ],
    ['several lines in quotes', "web: sh -c '\na\nb'\n", ['sh', '-c', '\na\nb']],
    ['a list', 'web: ["sh", "-c", "a; b && c"]', ['sh', '-c', 'a; b && c']],
    ['a semicolon in quotes', `web: psql -c 'VACUUM;' -c "ANALYZE;"`, ['psql', '-c', 'VACUUM;', '-c', 'ANALYZE;']],
    ['an arrow inside a word', 'web: echo a>b', ['echo', 'a>b']],
  ])('is split into words: %s', (_, text, argv) => {
    expect(argvOf(text)).toEqual(argv);
  });

  it('names its service as Compose allows it', () => {
    expect(configOf({ migrate: ' web.v2-x_1 : a' }).migrate?.service).toBe('web.v2-x_1');
  });

  it('keeps each quoted word in one piece, whatever is in it', () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.includes('\0'));
    const quoted = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const argv = ['sh', '-c', 'x', ...words.map((text) => `:${text}`)];
        expect(argvOf(`web: ${argv.map(quoted).join(' ')}`)).toEqual(argv);
      }),
      { numRuns: 500 },
    );
  });
});

describe('secrets', () => {
  const canary = 'S3CR3T-C4N4RY';

  it('appear in no message, whatever else is wrong', () => {
    const broken = Object.fromEntries(
      inputNames.map((name) => [name, inputOf(name).secret ? `${canary}\n${canary}` : '\0 no such thing']),
    );
    const texts = { ...broken, command: 'test, build, push, deploy', hosts: 'web1', 'env-files': '/x=CANARY' };
    const problems = problemsOf(texts, { CANARY: canary });
    expect(problems.length).toBeGreaterThan(10);
    expect(problems.join('\n')).not.toContain(canary);
    expect(problems.filter((problem) => problem.startsWith('ssh-key:'))).toHaveLength(1);
  });

  it('print as stars wherever the configuration is shown', () => {
    const config = configOf(
      { ...remote, 'registry-username': 'ci', 'registry-password': canary, 'env-files': '.env=CANARY' },
      { CANARY: canary },
    );
    expect(JSON.stringify(config)).not.toContain(canary);
    expect(JSON.stringify(config)).not.toContain(key.private.split('\n')[1]);
  });
});

describe('whatever the inputs are', () => {
  it('the result is a configuration, or problems that each name an input', () => {
    const word = fc.constantFrom(
      ...commandNames,
      'local',
      'web1',
      '90s',
      'shop',
      ': ',
      '=',
      "'",
      '$(id)',
      '\n',
      ',',
      '/',
      release,
    );
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 5 }).map((words) => words.join('')),
    );
    const texts = fc.record(Object.fromEntries(inputNames.map((name) => [name, text])), { requiredKeys: [] });
    fc.assert(
      fc.property(texts, (given) => {
        try {
          const config = readConfig(given, { X: 'x' });
          expect(config.commands.length).toBeGreaterThan(0);
          for (const { content } of config.envFiles) expect(content).toBeInstanceOf(Secret);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          const problems = error instanceof ConfigError ? error.problems : [];
          for (const problem of problems) expect(inputNames).toContain(problem.split(':')[0]);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('a backup', () => {
  it.each([
    ['a service, with its own command', ' backup ', { service: 'backup', argv: [], timeoutSeconds: 3600 }],
    ['a command in a service', 'db: pg_dumpall', { service: 'db', argv: ['pg_dumpall'], timeoutSeconds: 3600 }],
    ['nothing', '', undefined],
  ])('is %s', (_, backup, expected) => {
    expect(configOf({ backup }).backup).toEqual(expected);
  });
});
