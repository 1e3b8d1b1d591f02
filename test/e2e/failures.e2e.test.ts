/** Every failure: what it says at the end, that the exit code tells, and that what ran before still runs. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, type Server, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import {
  type Deployer,
  deployer,
  failureOf,
  korrigo,
  type Outcome,
  type Running,
  reach,
  releaseOf,
  startKorrigo,
  type Texts,
} from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { impatient, shopFiles } from '../../fixtures/shop.ts';
import { output, page, type State, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository: newRepository } = await openBed();

/** A server on which the shop runs. */
type Shop = {
  readonly server: Server;
  readonly repository: Repository;
  readonly files: Readonly<Record<string, string>>;
  /** compose.yml of the shop. */
  readonly compose: string;
  readonly deploy: Deployer;
  /** The release that runs, as JSON. */
  readonly release: string;
};

async function openShop(server: Server, on: Bed = bed, files = shopFiles(on)): Promise<Shop> {
  const repository = newRepository();
  repository.commit(files);
  const deploy = deployer(repository.folder, on, server);
  succeeded(await deploy(['build', 'push', 'deploy']));
  const release = await output(server, 'cat', '/opt/shop/current/release.json');
  return { server, repository, files, compose: files['compose.yml'] ?? '', deploy, release };
}

/** The run fails and leaves the server as it was. Returns what it says at its end. */
async function failing({ server }: Pick<Shop, 'server'>, run: () => Promise<Outcome>): Promise<string> {
  const before = await stateOf(server);
  const outcome = await run();
  expect(outcome.code, outcome.all).toBe(1);
  expect(await stateOf(server)).toEqual(before);
  return failureOf(outcome);
}

/** After a failed switch: what it says before it tells that the server is back on the previous release. */
function reasonOf(said: string, { ip }: Server, { current }: State): string {
  const lines = said.split('\n').filter((line) => !/: the migration (ran|was started) and is not undone$/.test(line));
  expect(lines.pop()).toBe(`${ip}: rolled back, ${current} is running again`);
  return lines.join('\n');
}

/** The groups of this file run side by side, the tests of a group one after the other. */
const inTurn = { concurrent: false };

const mend = '→ Fix this and deploy again. No running container was touched.';
const fingerprint = (publicKeyFile: string): string =>
  execFileSync('ssh-keygen', ['-l', '-f', publicKeyFile], { encoding: 'utf8' }).split(' ')[1] ?? '';

describe.concurrent('a server that is not ready', () => {
  let shop: Shop;
  let missing: Server;
  let stopped: Server;

  beforeAll(async () => {
    const server = await bed.server();
    const authorizedKeys = [readFileSync(`${server.privateKeyFile}.pub`, 'utf8').trim()];
    [shop, missing, stopped] = await Promise.all([
      openShop(server),
      bed.server({ docker: false, authorizedKeys }),
      bed.server({ docker: 'stopped', authorizedKeys }),
    ]);
  });

  const deploying = async (inputs: Texts, env: Texts = {}): Promise<string> =>
    await failing(shop, async () => await shop.deploy(['deploy'], { release: shop.release, ...inputs }, env));

  it('another host key', inTurn, async () => {
    const { ip, fingerprint: shown, hostKey } = shop.server;
    const [, ...key] = missing.hostKey.split(' ');
    expect(await deploying({ 'known-hosts': `${ip} ${key.join(' ')}` })).toBe(
      `${ip}: the host key of ${ip} has changed: known-hosts expects ${missing.fingerprint}, the server sent ssh-ed25519 ${shown}
→ Someone may be intercepting the connection. On the server itself, run \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\`. If it prints ${shown}, the server was reinstalled: replace the old line with: ${hostKey}`,
    );
  });

  it.each([
    ['no known hosts', () => ''],
    ['known hosts without this one', () => missing.hostKey],
  ])('%s: says the line to paste', inTurn, async (_, knownHosts) => {
    const { ip, fingerprint: shown, hostKey } = shop.server;
    expect(await deploying({ 'known-hosts': knownHosts() })).toBe(
      `${ip}: the host key of ${ip} is not in known-hosts: ssh-ed25519 ${shown}
→ On the server itself, run \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\`. If it prints ${shown}, add this line to known-hosts: ${hostKey}`,
    );
  });

  it('a key that is not authorised', inTurn, async () => {
    const { ip } = shop.server;
    const file = `${missing.privateKeyFile}.pub`;
    const line = readFileSync(file, 'utf8').split(' ').slice(0, 2).join(' ');
    expect(await deploying({}, { KORRIGO_SSH_KEY: missing.privateKey })).toBe(
      `${ip}: user "deploy" cannot log in with the key ${fingerprint(file)}
→ Check the user, and that ~deploy/.ssh/authorized_keys on ${ip} contains this line: ${line}`,
    );
  });

  it('a wrong passphrase, and none', inTurn, async () => {
    const file = `${bed.folder}/encrypted`;
    copyFileSync(shop.server.privateKeyFile, file);
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'open sesame', '-f', file]);
    const key = { KORRIGO_SSH_KEY: readFileSync(file, 'utf8') };
    expect(await deploying({}, { ...key, KORRIGO_SSH_PASSPHRASE: 'open barley' })).toBe(
      'ssh-key: does not open with ssh-passphrase; check the passphrase',
    );
    expect(await deploying({}, key)).toBe('ssh-key: is encrypted; set ssh-passphrase too');
  });

  it('a port on which nothing listens', inTurn, async () => {
    const { ip } = shop.server;
    expect(await deploying({ hosts: `${ip}:2` })).toBe(
      `${ip}:2: connection refused: nothing is listening on port 2 (tried 4 times)
→ Check the port, and that sshd is running on the server: \`systemctl status ssh\`.`,
    );
  });

  it('a name that does not resolve', inTurn, async () => {
    // Whether the name is unknown or its server silent depends on the machine.
    expect(await deploying({ hosts: 'no-such-host.invalid' })).toMatch(
      /^no-such-host\.invalid: cannot resolve no-such-host\.invalid/,
    );
  });

  it('a deploy user that is not allowed to use Docker', inTurn, async () => {
    const { server } = shop;
    await output(server, 'gpasswd', '--delete', 'deploy', 'docker');
    expect(await deploying({})).toBe(
      `${server.ip}: deploy is not allowed to use Docker: add the user to the group docker (\`sudo usermod --append --groups docker deploy\`)\n${mend}`,
    );
    await output(server, 'usermod', '--append', '--groups', 'docker', 'deploy');
  });

  it('a folder in which the deploy user may not write', inTurn, async () => {
    const { server } = shop;
    await output(server, 'chown', 'root:root', '/opt/shop');
    expect(await deploying({})).toBe(
      `${server.ip}: deploy cannot write to /opt/shop: create the application's folder there, owned by this user, or set path\n${mend}`,
    );
    await output(server, 'chown', 'deploy:deploy', '/opt/shop');
  });

  it('no Docker at all', inTurn, async () => {
    const { inputs, env } = reach(bed, missing);
    const run = async () =>
      await korrigo(shop.repository.folder, ['deploy'], { ...inputs, release: shop.release }, env);
    expect(await failing({ server: missing }, run)).toBe(
      `${missing.ip}: not installed: docker (see docs/server.md)\n${mend}`,
    );
  });

  it('a Docker Engine that is down', inTurn, async () => {
    const { inputs, env } = reach(bed, stopped);
    const run = async () =>
      await korrigo(shop.repository.folder, ['deploy'], { ...inputs, release: shop.release }, env);
    expect(await failing({ server: stopped }, run)).toBe(
      `${stopped.ip}: Docker is not responding: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n${mend}`,
    );
  });

  it('a wrong password of the registry', inTurn, async () => {
    const { username, address } = bed.registry;
    const wrong = { KORRIGO_REGISTRY_PASSWORD: 'wrong-password' };
    const refused = `log in to ${address} as ${username} failed with exit code 1
Error response from daemon: login attempt to https://${address}/v2/ failed with status: 401 Unauthorized`;
    expect(await deploying({}, wrong)).toBe(`${shop.server.ip}: ${refused}\n${mend}`);
    const pushing = await failing(shop, async () => await shop.deploy(['push'], {}, wrong));
    expect(pushing).toBe(
      `local: ${refused}\n→ Check registry, registry-username and registry-password: is the secret set, has the token expired, is the registry up?`,
    );
  });

  it('everything that is wrong with all servers, at once', inTurn, async () => {
    const { server, repository, files, compose } = shop;
    repository.commit({
      ...files,
      'compose.yml': `${compose
        .replace('    volumes:', '    volumes:\n      - ./certs/tls.pem:/tls.pem:ro')
        .replace(
          '    environment:',
          `    env_file: [web.env]\n    secrets: [token]\n    environment:\n      PASSWORD: \${PASSWORD:?of the database}\n      MODE: \${MODE}`,
        )}secrets:
  token:
    file: secrets/token
`,
    });
    const { inputs, env } = reach(bed, server, missing, stopped);
    const said = await failing(shop, async () => await korrigo(repository.folder, ['push', 'deploy'], inputs, env));
    const absent = (path: string, why: string): string =>
      `- ${server.ip}: /opt/shop/shared/${path} is missing (${why}): create it on the server, write it with env-files, or commit it to git`;
    const unset = (name: string, why = ''): string =>
      `- ${server.ip}: variable ${name}${why} is not set: add it to /opt/shop/shared/.env on the server, or give it a default in the compose file: \${${name}:-…}`;
    const [title, ...rest] = said.split('\n');
    expect(title).toBe('7 problems:');
    expect(rest.toSorted()).toEqual(
      [
        `- ${missing.ip}: not installed: docker (see docs/server.md)`,
        `- ${stopped.ip}: Docker is not responding: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?`,
        unset('PASSWORD', ' (of the database)'),
        unset('MODE'),
        absent('web.env', 'an env_file'),
        absent('certs/tls.pem', 'read by web'),
        absent('secrets/token', 'read by web'),
        mend,
      ].toSorted(),
    );
  });
});

describe.concurrent('a compose file that is not right', () => {
  let shop: Shop;

  beforeAll(async () => {
    shop = await openShop(await bed.server());
  });

  const deploying = async (files: Readonly<Record<string, string | null>>, inputs: Texts = {}): Promise<string> => {
    shop.repository.commit({ ...shop.files, ...files });
    return await failing(shop, async () => await shop.deploy(['push', 'deploy'], inputs));
  };
  const changed = (from: string, to: string): { readonly 'compose.yml': string } => {
    expect(shop.compose).toContain(from);
    return { 'compose.yml': shop.compose.replace(from, to) };
  };

  it('there is none', inTurn, async () => {
    expect(await deploying({ 'compose.yml': null })).toBe(
      'compose-file: is not set, and the checkout has none of compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml',
    );
    expect(await deploying({}, { 'compose-file': 'compose.yml\nproduction.yml' })).toBe(
      'compose-file: production.yml (listed in compose-file) does not exist in the checkout',
    );
  });

  it('it is no YAML', inTurn, async () => {
    expect(await deploying(changed('services:', 'services:\n\t- web'))).toBe(
      'this machine: read compose.yml failed with exit code 15\nyaml: line 3: found character that cannot start any token\n→ `docker compose config` in the checkout says the same. Nothing was deployed.',
    );
  });

  it('it has a key that Compose does not know', inTurn, async () => {
    expect(await deploying(changed('stop_grace_period', 'stop_grace_priod'))).toBe(
      `this machine: read compose.yml failed with exit code 15
validating compose.yml: services.web Additional property stop_grace_priod is not allowed
→ It is misspelled, or Compose on this machine is too old to know it: see \`docker compose version\`. Nothing was deployed.`,
    );
  });

  it.each([
    ['a variable that is not set', 'COLOUR', `\${COLOUR}`, ''],
    ['a required variable that is not set', 'DB_PASSWORD', `\${DB_PASSWORD:?is needed}`, ' (is needed)'],
  ])('%s', inTurn, async (_, name, text, why) => {
    expect(await deploying(changed(`\${COLOUR:-blue}`, text))).toBe(
      `${shop.server.ip}: variable ${name}${why} is not set: add it to /opt/shop/shared/.env on the server, or give it a default in the compose file: \${${name}:-…}\n${mend}`,
    );
  });

  it('a variable of an image, which the runner must know', inTurn, async () => {
    expect(await deploying(changed(bed.image('busybox'), `${bed.image('busybox')}\${SUFFIX}`))).toBe(
      `compose-file: variable SUFFIX, used in image or build, is not set; set it with \`env:\` on this step, or give it a default: \${SUFFIX:-…}`,
    );
  });

  it.each([
    ['an env_file', 'web.env', 'an env_file', '    env_file: [web.env]\n', ''],
    [
      'a secret',
      'secrets/token',
      'read by web',
      '    secrets: [token]\n',
      'secrets:\n  token:\n    file: secrets/token\n',
    ],
    ['a config', 'app.conf', 'read by web', '    configs: [app]\n', 'configs:\n  app:\n    file: app.conf\n'],
  ])('%s that is neither tracked nor on the server', inTurn, async (_, path, why, web, top) => {
    const compose = changed('    environment:', `${web}    environment:`)['compose.yml'];
    expect(await deploying({ 'compose.yml': `${compose}${top}` })).toBe(
      `${shop.server.ip}: /opt/shop/shared/${path} is missing (${why}): create it on the server, write it with env-files, or commit it to git\n${mend}`,
    );
  });

  it('a mounted file that is neither tracked nor on the server', inTurn, async () => {
    expect(await deploying(changed('    volumes:', '    volumes:\n      - ./certs/tls.pem:/tls.pem:ro'))).toBe(
      `${shop.server.ip}: /opt/shop/shared/certs/tls.pem is missing (read by web): create it on the server, write it with env-files, or commit it to git\n${mend}`,
    );
  });

  it('a writable folder with tracked content, and no login is left behind', inTurn, async () => {
    expect(await deploying(changed('    volumes:', '    volumes:\n      - ./www:/www'))).toBe(
      `web mounts the folder www writable, but git tracks www/index.html in it: is it data or part of the release? Add \`:ro\` to the mount to ship it, or list it in server-owned\n${mend}`,
    );
  });

  it('a migration in a service that does not exist', inTurn, async () => {
    expect(await deploying({}, { migrate: 'backend: true' })).toBe(
      'migrate: no service "backend" in compose.yml (found: cache, web)',
    );
  });

  it('a build that fails is not tried again', inTurn, async () => {
    let log = '';
    shop.repository.commit({
      ...shop.files,
      Dockerfile: `ARG BASE\nFROM \${BASE}\nRUN echo cannot compile >&2; exit 3\n`,
    });
    const said = await failing(shop, async () => {
      const outcome = await shop.deploy(['push', 'deploy']);
      log = outcome.all;
      return outcome;
    });
    expect(log).not.toContain('retrying');
    expect(said).toBe(
      'local: build web failed with exit code 1\n→ Fix the build, then push again. Nothing was deployed.',
    );
    expect(log).toMatch(/ cannot compile\n/);
    expect(log).toMatch(/did not complete successfully: exit code: 3\n/);
  });

  it('an image of another architecture', inTurn, async () => {
    const said = await deploying(
      { Dockerfile: 'FROM scratch\nCOPY www /www\nCMD ["/x"]\n' },
      { platforms: 'linux/arm64' },
    );
    const [first, ...rest] = said.split('\n');
    expect(first).toMatch(
      new RegExp(
        `^${shop.server.ip}: ${bed.registry.address}/shop-web@sha256:[0-9a-f]{64} is built for arm64, but the server is amd64$`,
      ),
    );
    expect(rest).toEqual(['→ Build for the server, with the input platforms. No running container was touched.']);
  });

  it('an image for several architectures, none of which is that of the server', inTurn, async () => {
    const { engine, registry, folder } = bed;
    const name = `${registry.address}/several`;
    const config = ['--config', `${folder}/several`];
    const { username, password, address } = registry;
    writeFileSync(`${folder}/Dockerfile`, 'FROM scratch\nLABEL a=b\nCOPY Dockerfile /x\n');
    const login = [...config, 'login', '--username', username, '--password-stdin', address];
    expect((await engine.tryDocker(login, { stdin: password })).code).toBe(0);
    for (const machine of ['arm64', 's390x']) {
      await engine.docker('buildx', 'build', '--platform', `linux/${machine}`, '--tag', `${name}:${machine}`, folder);
      await engine.docker(...config, 'push', '--quiet', `${name}:${machine}`);
    }
    await engine.docker(...config, 'manifest', 'create', `${name}:1`, `${name}:arm64`, `${name}:s390x`);
    const digest = (await engine.docker(...config, 'manifest', 'push', '--purge', `${name}:1`)).trim();
    const image = `${name}@${digest}`;
    const compose = shop.compose.replace(`image: ${bed.image('busybox')}`, `image: ${image}`);
    const said = await deploying({ 'compose.yml': compose });
    expect(said).toMatch(
      new RegExp(
        `^${shop.server.ip}: ${image} is built for (arm64,s390x|other machines), but the server is amd64\n→ Build for`,
      ),
    );
  });
});

describe.concurrent('a full disk', () => {
  let shop: Shop;

  beforeAll(async () => {
    shop = await openShop(await bed.server({ dockerDiskMb: 1200, optDiskMb: 1200 }));
  });

  it('is found before anything changes', inTurn, async () => {
    await shell(shop.server, 'for disk in /opt /var/lib/docker; do fallocate -l 400M $disk/filler; done');
    const said = await failing(shop, async () => await shop.deploy(['deploy'], { release: shop.release }));
    const full = (path: string): string =>
      `- ${shop.server.ip}: only \\d+ MiB free at ${path}: a deploy needs at least 1 GiB`;
    expect(said).toMatch(new RegExp(`^2 problems:\n${full('/var/lib/docker')}\n${full('/opt/shop')}\n${mend}$`));
    await shell(shop.server, 'rm /opt/filler /var/lib/docker/filler');
  });
});

describe.concurrent('a registry that is down', () => {
  let own: Bed;
  let shop: Shop;

  beforeAll(async () => {
    own = await upBed();
    shop = await openShop(await own.server(), own);
  });
  afterAll(async () => {
    await own?.down();
  });

  const pushed = async (text: string): Promise<string> => {
    shop.repository.commit({ 'www/index.html': text });
    return releaseOf(succeeded(await shop.deploy(['push'])));
  };
  /** A deploy during which the registry goes down: after the login, before the pull. */
  const deployUntilPull = async (
    { server, repository }: Shop,
    release: string,
    meanwhile: (run: Running) => Promise<unknown>,
  ): Promise<Outcome> => {
    const { inputs, env } = reach(own, server);
    const run = startKorrigo(repository.folder, ['deploy'], { ...inputs, release }, env);
    await run.says('Ship and resolve');
    await own.registry.stop();
    await meanwhile(run);
    return await run.done;
  };

  it('at the push, and at the login on the server', inTurn, async () => {
    const release = await pushed('two\n');
    await own.registry.stop();
    const { address, username } = own.registry;
    const down = `log in to ${address} as ${username} failed with exit code 1
Error response from daemon: Get "https://${address}/v2/": dial tcp ${address}: connect: connection refused`;
    expect(await failing(shop, async () => await shop.deploy(['push']))).toBe(
      `local: ${down}\n→ Check registry, registry-username and registry-password: is the secret set, has the token expired, is the registry up?`,
    );
    expect(await failing(shop, async () => await shop.deploy(['deploy'], { release }))).toBe(
      `${shop.server.ip}: ${down}\n${mend}`,
    );
    await own.registry.start();
  });

  it('at the pull: it is tried again, then nothing has changed', inTurn, async () => {
    const release = await pushed('three\n');
    const said = await failing(shop, async () => await deployUntilPull(shop, release, async () => {}));
    const { address } = own.registry;
    expect(said).toBe(`${shop.server.ip}: pull 2 images failed with exit code 1
Error response from daemon: Get "https://${address}/v2/": dial tcp ${address}: connect: connection refused
→ Check that the server reaches the registry and has space on its disk. No running container was touched.`);
    await own.registry.start();
  });

  it('at the pull, and up again soon: the deploy goes on', inTurn, async () => {
    const release = await pushed('four\n');
    const outcome = await deployUntilPull(shop, release, async (run) => {
      await run.says('retrying in 2 s');
      await own.registry.start();
    });
    succeeded(outcome);
    expect(await page(shop.server)).toBe('four');
  });

  it('at the pull, and up again when the disk is full: says so', inTurn, async () => {
    const small = await openShop(await own.server({ dockerDiskMb: 1200 }), own);
    small.repository.commit({ 'www/index.html': 'five\n' });
    const release = releaseOf(succeeded(await small.deploy(['push'])));
    const said = await failing(small, async () =>
      deployUntilPull(small, release, async (run) => {
        await run.says('retrying in 5 s');
        await shell(small.server, 'head -c 2G /dev/zero >/var/lib/docker/filler || true');
        await own.registry.start();
      }),
    );
    expect(said).toMatch(
      /pull 2 images failed with exit code 1: the disk is full \(\d+ MiB free at \/var\/lib\/docker\)\n[\s\S]*no space left on device\n→ Free space on .* No running container was touched\./,
    );
  });
});

describe.concurrent('a new version that is not well', () => {
  let shop: Shop;
  let before: State;

  beforeAll(async () => {
    shop = await openShop(await bed.server(), bed, impatient(shopFiles(bed)));
    before = await stateOf(shop.server);
  });

  /** The deploy fails after the switch began. Returns what it says. */
  const broken = async (compose: string, inputs: Texts = {}, env: Texts = {}): Promise<string> => {
    shop.repository.commit({ ...shop.files, 'compose.yml': compose });
    const outcome = await shop.deploy(['push', 'deploy'], { 'health-timeout': '20s', ...inputs }, env);
    expect(outcome.code, outcome.all).toBe(1);
    const after = await stateOf(shop.server);
    expect(after.current).toBe(before.current);
    expect(after.containers['shop-cache-1']).toEqual(before.containers['shop-cache-1']);
    expect(after.left).toEqual([]);
    return reasonOf(failureOf(outcome), shop.server, before);
  };
  const running = (line: string, more = ''): string =>
    shop.compose.replace(
      '    environment:',
      `    command: ["sh", "-c", ${JSON.stringify(line)}]\n${more}    environment:`,
    );
  const see =
    '→ The rollback replaced that container, so nothing more can be read from it. Fix the cause and deploy again. To inspect a failing container, set `on-failure: keep`.';

  it('unhealthy: says what the healthcheck and the container said', inTurn, async () => {
    const compose = running('echo starting up; echo no database >&2; exec httpd -f -p 81').replace(
      '["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"]',
      '["CMD-SHELL", "echo the database is gone; exit 1"]',
    );
    expect(await broken(compose)).toBe(`${shop.server.ip}: web is unhealthy
last healthcheck output: the database is gone
last log lines of shop-web-1:
  starting up
  no database
${see}`);
  });

  it('ends at once: says the exit code', inTurn, async () => {
    expect(await broken(running('echo boom; exit 3'))).toBe(
      `${shop.server.ip}: web exited with code 3\nlast log lines of shop-web-1:\n  boom\n${see}`,
    );
  });

  it('restarts again and again', inTurn, async () => {
    expect(await broken(running('echo boom; exit 3', '    restart: always\n'))).toMatch(
      new RegExp(
        `^${shop.server.ip}: web (?:keeps restarting \\(exit code 3\\)|was restarted 3 times)\nlast log lines of shop-web-1:\n(?:  boom\n)+`,
      ),
    );
  });

  it('killed for its memory', inTurn, async () => {
    const compose = running('echo eating; x=$$(yes | head -c 200000000); echo never here', '    mem_limit: 32m\n');
    const said = await broken(compose);
    // On a busy machine Docker tells of a healthcheck that came too late.
    expect(said.replace(/^last healthcheck output: .*\n/m, '')).toBe(
      `${shop.server.ip}: web exited with code 137, killed: out of memory\nlast log lines of shop-web-1:\n  eating\n${see}`,
    );
  });

  it('cannot start: says why', inTurn, async () => {
    const compose = shop.compose.replace('    environment:', '    command: ["/nope"]\n    environment:');
    expect(await broken(compose)).toMatch(
      new RegExp(
        `^${shop.server.ip}: web did not start: .* exec: "/nope": .*no such file or directory.*\nits log is empty\n${see}$`,
      ),
    );
  });

  it('a port that is taken: found before anything is changed', inTurn, async () => {
    const untouched = await stateOf(shop.server);
    await shell(
      shop.server,
      'docker run -d --name taker -p 8090:80 $(docker inspect -f {{.Image}} shop-cache-1) sleep infinity',
    );
    shop.repository.commit(shop.files);
    const outcome = await shop.deploy(
      ['push', 'deploy'],
      { 'env-files': '.env=DOTENV' },
      { DOTENV: 'WEB_PORT=8090\n' },
    );
    await shell(shop.server, 'docker rm --force taker; test ! -e /opt/shop/shared/.env');
    expect(outcome.code).toBe(1);
    expect(failureOf(outcome)).toMatch(/: port 8090 \(service web\) is taken by the container taker\b/);
    const { current, containers, left } = await stateOf(shop.server);
    expect({ current, containers, left }).toEqual({ ...untouched, releases: undefined, left: [] });
  });

  it('a migration that fails: says what it said', inTurn, async () => {
    expect(await broken(shop.compose, { migrate: "web: sh -c 'echo step one; echo no such column >&2; exit 4'" })).toBe(
      `${shop.server.ip}: migrate: web: sh -c 'echo step one; echo no such column >&2; exit 4' failed with exit code 4
step one
no such column
→ Migrations are not rolled back. Check the database, fix the migration, and deploy again.`,
    );
  });

  it('a migration that hangs: is ended, with its container', inTurn, async () => {
    const said = await broken(shop.compose, { migrate: 'web: sleep 1000', 'migrate-timeout': '3s' });
    expect(said).toContain(`${shop.server.ip}: migrate: web: sleep 1000 failed with exit code 124\n`);
    expect(said).toContain('stopped after 3 s, the limit set by migrate-timeout\n');
    expect(Object.keys((await stateOf(shop.server)).containers)).toEqual(['shop-cache-1', 'shop-web-1']);
  });

  it('an address that never answers', inTurn, async () => {
    const url = `http://${shop.server.ip}:81/`;
    expect(await broken(shop.compose, { 'health-url': url, 'health-timeout': '5s' })).toBe(
      `local: ${url} does not answer: connect ECONNREFUSED ${shop.server.ip}:81 (gave up after 5 s)
→ All containers are healthy, so check health-url itself, the published port, the reverse proxy, and any firewall between this machine and the server.`,
    );
    const absent = `http://${shop.server.ip}:8080/absent`;
    expect(await broken(shop.compose, { 'health-url': absent, 'health-timeout': '3s' })).toMatch(
      new RegExp(`^local: ${absent} answers 404 \\(gave up after 3 s\\)\n`),
    );
  });

  it('is replaced by the next good one', inTurn, async () => {
    shop.repository.commit({ ...shop.files, 'www/index.html': 'mended\n' });
    succeeded(await shop.deploy(['push', 'deploy']));
    expect(await page(shop.server)).toBe('mended');
    expect((await stateOf(shop.server)).current).not.toBe(before.current);
  });
});

describe.concurrent('a connection that is lost in the middle', () => {
  /** The shortest time that there is: a server rolls back by itself when it is over. */
  const grace = { grace: '20s' };

  const dropped = async (
    text: string,
    drop: (server: Server) => Promise<unknown>,
  ): Promise<readonly [Outcome, Shop, State]> => {
    const shop = await openShop(await bed.server());
    shop.repository.commit({ 'www/index.html': 'two\n' });
    const release = releaseOf(succeeded(await shop.deploy(['push'])));
    const before = await stateOf(shop.server);
    const { inputs, env } = reach(bed, shop.server);
    const run = startKorrigo(shop.repository.folder, ['deploy'], { ...inputs, ...grace, release }, env);
    await run.says(text);
    await drop(shop.server);
    return [await run.done, shop, before];
  };

  it('before the switch: nothing that runs has changed, and a deploy after an hour tidies up', async () => {
    const [outcome, { server, deploy, repository }, before] = await dropped('Ship and resolve', ({ unplug }) =>
      unplug(),
    );
    expect(outcome.code, outcome.all).toBe(1);
    expect(outcome.all).toContain(`${server.ip}: `);
    await server.plug();
    const after = await stateOf(server);
    expect([after.containers, after.current]).toEqual([before.containers, before.current]);
    repository.commit({ 'www/index.html': 'three\n' });
    // Until then it may be that of a plan, which holds no lease.
    await shell(server, "touch --date '2 hours ago' /opt/shop/releases/*");
    succeeded(await deploy(['push', 'deploy']));
    const tidy = await stateOf(server);
    expect([tidy.left, tidy.releases]).toEqual([[], [before.current, tidy.current]]);
  });

  /** With nobody acting, the server is on the previous release, and says that it went back by itself. */
  const isBack = async ({ server, deploy, repository }: Shop, before: State): Promise<void> => {
    await until('the server rolls back by itself', 240_000, async () =>
      (await shell(server, 'tail -n 1 /opt/shop/history.jsonl')).includes('"outcome":"rolled-back"'),
    );
    expect((await stateOf(server)).current).toBe(before.current);
    expect(await page(server)).toBe('one');
    const { stdout } = succeeded(await deploy(['status']));
    expect(stdout).toMatch(/\n {6}\S+ {2}\S+ \S+ {2}rolled back {2}deploy by /);
    expect(stdout).toContain('no drift: the running containers match the current release');
    repository.commit({ 'www/index.html': 'four\n' });
    succeeded(await deploy(['build', 'push', 'deploy']));
    expect(await page(server)).toBe('four');
  };

  it('in the switch, by a cable that is pulled', async () => {
    const [outcome, shop, before] = await dropped('\nRecreate\n', ({ unplug }) => unplug());
    expect(outcome.code, outcome.all).toBe(1);
    expect(outcome.all).toContain('the connection dropped and did not come back within 20 s');
    await shop.server.plug();
    await isBack(shop, before);
  });

  it('in the switch, by sshd: goes on when the connection is back, and prints nothing twice', async () => {
    const [outcome, { server }] = await dropped('\nRecreate\n', async (lost) => {
      await shell(lost, "kill $(pgrep -u deploy -f '^sshd')");
    });
    succeeded(outcome);
    expect(outcome.all).toMatch(/: connection dropped, back after \d+ s/);
    expect(await page(server)).toBe('two');
    const lines = outcome.stdout.split('\n').filter((line) => / Container shop-web-1 {2}Started/.test(line));
    expect(lines).toHaveLength(1);
  });

  it('in the switch, by the end of the program, with a release before the one that is current', async () => {
    const shop = await openShop(await bed.server());
    const { server, repository, deploy } = shop;
    repository.commit({ 'site.conf': 'colour = red\n' });
    succeeded(await deploy(['build', 'push', 'deploy']));
    const before = await stateOf(server);
    repository.commit({ 'www/index.html': 'two\n' });
    const release = releaseOf(succeeded(await deploy(['push'])));
    const { inputs, env } = reach(bed, server);
    const run = startKorrigo(repository.folder, ['deploy'], { ...inputs, ...grace, release }, env);
    await run.says('Container shop-web-1');
    run.kill('SIGKILL');
    expect((await run.done).code).toBeNull();
    await isBack(shop, before);
  });
});
