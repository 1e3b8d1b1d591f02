/** Every failure: what it says at the end, that the exit code tells, and that what ran before still runs. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, type Server, upBed } from '../../bed/bed.ts';
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

const wayBack = '`command: rollback` in a workflow, `dist/cli.js rollback` in a terminal';

/** After a failed switch: what it says before it tells what is there now and how to go back. */
function reasonOf(said: string, { ip }: Server, { current }: State): string {
  const lines = said.split('\n');
  const [there = '', back] = lines.splice(-2);
  expect(there).toMatch(
    new RegExp(
      `^${ip}: (the containers of \\S+ stay|was cut short: containers of \\S+ and of before may be there); \`current\` is still ${current}$`,
    ),
  );
  expect(back).toBe(`→ to bring ${current} back: ${wayBack}`);
  return lines.join('\n');
}

/** The groups of this file run side by side, the tests of a group one after the other. */
const inTurn = { concurrent: false };

const mend = '→ nothing that runs was changed; mend this and deploy again';
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
      `${ip}: the host key of ${ip} has changed: known-hosts expects ${missing.fingerprint}, the server shows ssh-ed25519 ${shown}
→ Somebody may be in between. On the server itself run \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\`; if it prints ${shown}, the server was set up anew: put this line in place of the old one: ${hostKey}`,
    );
  });

  it.each([
    ['no known hosts', () => ''],
    ['known hosts without this one', () => missing.hostKey],
  ])('%s: says the line to paste', inTurn, async (_, knownHosts) => {
    const { ip, fingerprint: shown, hostKey } = shop.server;
    expect(await deploying({ 'known-hosts': knownHosts() })).toBe(
      `${ip}: the host key of ${ip} is not in known-hosts: ssh-ed25519 ${shown}
→ On the server itself run \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\`; if it prints ${shown}, add this line to known-hosts: ${hostKey}`,
    );
  });

  it('a key that is not authorised', inTurn, async () => {
    const { ip } = shop.server;
    const file = `${missing.privateKeyFile}.pub`;
    const line = readFileSync(file, 'utf8').split(' ').slice(0, 2).join(' ');
    expect(await deploying({}, { KORRIGO_SSH_KEY: missing.privateKey })).toBe(
      `${ip}: the server does not accept the key ${fingerprint(file)} for user "deploy"
→ Check the user, and that ~deploy/.ssh/authorized_keys on ${ip} has this line: ${line}`,
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
      `${ip}:2: nothing listens on port 2 (connection refused), tried 4 times
→ Check the port, and on the server that sshd runs: \`systemctl status ssh\`.`,
    );
  });

  it('a name that does not resolve', inTurn, async () => {
    // Whether the name is unknown or its server silent depends on the machine.
    expect(await deploying({ hosts: 'no-such-host.invalid' })).toMatch(
      /^no-such-host\.invalid: the name no-such-host\.invalid does not resolve/,
    );
  });

  it('a deploy user that may not use Docker', inTurn, async () => {
    const { server } = shop;
    await output(server, 'gpasswd', '--delete', 'deploy', 'docker');
    expect(await deploying({})).toBe(
      `${server.ip}: deploy may not use Docker: add the user to the group docker (\`sudo usermod --append --groups docker deploy\`)\n${mend}`,
    );
    await output(server, 'usermod', '--append', '--groups', 'docker', 'deploy');
  });

  it('a folder in which the deploy user may not write', inTurn, async () => {
    const { server } = shop;
    await output(server, 'chown', 'root:root', '/opt/shop');
    expect(await deploying({})).toBe(
      `${server.ip}: deploy may not write to /opt/shop: create the application's folder for this user there, or set path\n${mend}`,
    );
    await output(server, 'chown', 'deploy:deploy', '/opt/shop');
  });

  it('no Docker at all', inTurn, async () => {
    const { inputs, env } = reach(bed, missing);
    const run = async () =>
      await korrigo(shop.repository.folder, ['deploy'], { ...inputs, release: shop.release }, env);
    expect(await failing({ server: missing }, run)).toBe(
      `${missing.ip}: needs docker, which is not installed: see docs/server.md\n${mend}`,
    );
  });

  it('a Docker Engine that is down', inTurn, async () => {
    const { inputs, env } = reach(bed, stopped);
    const run = async () =>
      await korrigo(shop.repository.folder, ['deploy'], { ...inputs, release: shop.release }, env);
    expect(await failing({ server: stopped }, run)).toBe(
      `${stopped.ip}: Docker does not answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n${mend}`,
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
      `local: ${refused}\n→ is the registry up? Check registry, registry-username and registry-password (is the secret set, has the token expired?)`,
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
      `- ${server.ip}: /opt/shop/shared/${path} is missing (${why}): create it on the server, write it with env-files, or track it in git`;
    const unset = (name: string): string =>
      `- ${server.ip}: the variable ${name} is not set: add it to /opt/shop/shared/.env, or give it a default in the compose file: \${${name}:-…}`;
    const [title, ...rest] = said.split('\n');
    expect(title).toBe('7 problems:');
    expect(rest.toSorted()).toEqual(
      [
        `- ${missing.ip}: needs docker, which is not installed: see docs/server.md`,
        `- ${stopped.ip}: Docker does not answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?`,
        unset('PASSWORD'),
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
      `compose-file: is not set, and ${shop.repository.folder} has none of compose.yaml, compose.yml, docker-compose.yaml, docker-compose.yml`,
    );
    expect(await deploying({}, { 'compose-file': 'compose.yml\nproduction.yml' })).toBe(
      'compose-file: production.yml (named by compose-file) does not exist in the checkout',
    );
  });

  it('it is no YAML', inTurn, async () => {
    expect(await deploying(changed('services:', 'services:\n\t- web'))).toBe(
      'this machine: read compose.yml failed with exit code 15\nyaml: line 3: found character that cannot start any token',
    );
  });

  it('it has a key that Compose does not know', inTurn, async () => {
    expect(await deploying(changed('stop_grace_period', 'stop_grace_priod'))).toBe(
      `this machine: read compose.yml failed with exit code 15
validating ${shop.repository.folder}/compose.yml: services.web Additional property stop_grace_priod is not allowed`,
    );
  });

  it.each([
    ['a variable that is not set', 'COLOUR', `\${COLOUR}`],
    ['a required variable that is not set', 'DB_PASSWORD', `\${DB_PASSWORD:?is needed}`],
  ])('%s', inTurn, async (_, name, text) => {
    expect(await deploying(changed(`\${COLOUR:-blue}`, text))).toBe(
      `${shop.server.ip}: the variable ${name} is not set: add it to /opt/shop/shared/.env, or give it a default in the compose file: \${${name}:-…}\n${mend}`,
    );
  });

  it('a variable of an image, which the runner must know', inTurn, async () => {
    expect(await deploying(changed(bed.image('busybox'), `${bed.image('busybox')}\${SUFFIX}`))).toBe(
      `compose-file: the variable SUFFIX of an image or build is not set; set it with \`env:\` on this step, or give it a default: \${SUFFIX:-…}`,
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
      `${shop.server.ip}: /opt/shop/shared/${path} is missing (${why}): create it on the server, write it with env-files, or track it in git\n${mend}`,
    );
  });

  it('a mounted file that is neither tracked nor on the server', inTurn, async () => {
    expect(await deploying(changed('    volumes:', '    volumes:\n      - ./certs/tls.pem:/tls.pem:ro'))).toBe(
      `${shop.server.ip}: /opt/shop/shared/certs/tls.pem is missing (read by web): create it on the server, write it with env-files, or track it in git\n${mend}`,
    );
  });

  it('a writable folder with tracked content, and no login is left behind', inTurn, async () => {
    expect(await deploying(changed('    volumes:', '    volumes:\n      - ./www:/www'))).toBe(
      `web mounts the folder www writable, and git tracks www/index.html in it: is it data of the server or part of the release? Add \`:ro\` to the mount to ship it, or list it in server-owned\n${mend}`,
    );
  });

  it('a migration in a service that does not exist', inTurn, async () => {
    expect(await deploying({}, { migrate: 'backend: true' })).toBe(
      'migrate: backend is no service of compose.yml, which has cache, web',
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
    expect(log).not.toContain('trying again');
    expect(said).toMatch(/^local: build web failed with exit code 1\n/);
    expect(said).toMatch(/cannot compile\n/);
    expect(said).toMatch(/did not complete successfully: exit code: 3\n→ nothing was pushed or deployed$/);
  });

  it('an image of another architecture', inTurn, async () => {
    const said = await deploying(
      { Dockerfile: 'FROM scratch\nCOPY www /www\nCMD ["/x"]\n' },
      { platforms: 'linux/arm64' },
    );
    const [first, ...rest] = said.split('\n');
    expect(first).toMatch(
      new RegExp(
        `^${shop.server.ip}: ${bed.registry.address}/shop-web@sha256:[0-9a-f]{64} is built for arm64, but this server is amd64$`,
      ),
    );
    expect(rest).toEqual(['→ build for the right platform with the input platforms; nothing that runs was changed']);
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
        `^${shop.server.ip}: ${image} is built for (arm64,s390x|other machines), but this server is amd64\n→ build for`,
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
      `- ${shop.server.ip}: has only \\d+ MiB free at ${path}: a deploy needs 1 GiB`;
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
      `local: ${down}\n→ is the registry up? Check registry, registry-username and registry-password (is the secret set, has the token expired?)`,
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
→ is the registry up, can this server reach it, and is there space on its disk? Nothing that runs was changed`);
    await own.registry.start();
  });

  it('at the pull, and up again soon: the deploy goes on', inTurn, async () => {
    const release = await pushed('four\n');
    const outcome = await deployUntilPull(shop, release, async (run) => {
      await run.says('trying again in 2 s');
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
        await run.says('trying again in 5 s');
        await shell(small.server, 'head -c 2G /dev/zero >/var/lib/docker/filler || true');
        await own.registry.start();
      }),
    );
    expect(said).toMatch(
      /pull 2 images failed with exit code 1\n[\s\S]*no space left on device\n→ .* is there space on its disk\?/,
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
  const see = (): string => `→ see more: docker logs shop-web-1 (on ${shop.server.ip})`;

  it('unhealthy: says what the healthcheck and the container said', inTurn, async () => {
    const compose = running('echo starting up; echo no database >&2; exec httpd -f -p 81').replace(
      '["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"]',
      '["CMD-SHELL", "echo the database is gone; exit 1"]',
    );
    expect(await broken(compose)).toBe(`${shop.server.ip}: web is unhealthy
its healthcheck said: the database is gone
the last lines of shop-web-1:
  starting up
  no database
${see()}`);
  });

  it('ends at once: says the exit code', inTurn, async () => {
    expect(await broken(running('echo boom; exit 3'))).toBe(
      `${shop.server.ip}: web ended with exit code 3\nthe last lines of shop-web-1:\n  boom\n${see()}`,
    );
  });

  it('restarts again and again', inTurn, async () => {
    expect(await broken(running('echo boom; exit 3', '    restart: always\n'))).toMatch(
      new RegExp(
        `^${shop.server.ip}: web (?:keeps restarting \\(exit code 3\\)|was restarted 3 times)\nthe last lines of shop-web-1:\n(?:  boom\n)+`,
      ),
    );
  });

  it('killed for its memory', inTurn, async () => {
    const compose = running('echo eating; x=$$(yes | head -c 200000000); echo never here', '    mem_limit: 32m\n');
    const said = await broken(compose);
    // On a busy machine Docker tells of a healthcheck that came too late.
    expect(said.replace(/^its healthcheck said: .*\n/m, '')).toBe(
      `${shop.server.ip}: web ended with exit code 137, killed: out of memory\nthe last lines of shop-web-1:\n  eating\n${see()}`,
    );
  });

  it('cannot start: says why', inTurn, async () => {
    const compose = shop.compose.replace('    environment:', '    command: ["/nope"]\n    environment:');
    expect(await broken(compose)).toMatch(
      new RegExp(
        `^${shop.server.ip}: web could not start: .* exec: "/nope": .*no such file or directory.*\nit logged nothing\n${see().replace(/[()]/g, '\\$&')}$`,
      ),
    );
  });

  it('a port that is taken', inTurn, async () => {
    await shell(
      shop.server,
      'docker run -d --name taker -p 8090:80 $(docker inspect -f {{.Image}} shop-cache-1) sleep infinity',
    );
    const said = await broken(shop.compose, { 'env-files': '.env=DOTENV' }, { DOTENV: 'WEB_PORT=8090\n' });
    expect(said).toMatch(
      new RegExp(`^${shop.server.ip}: web could not start: .*8090 failed: port is already allocated\n`),
    );
    await shell(shop.server, 'docker rm --force taker; rm /opt/shop/shared/.env');
  });

  it('a migration that fails: says what it said', inTurn, async () => {
    expect(await broken(shop.compose, { migrate: "web: sh -c 'echo step one; echo no such column >&2; exit 4'" })).toBe(
      `${shop.server.ip}: migrate: web: sh -c echo step one; echo no such column >&2; exit 4 failed with exit code 4
step one
no such column
→ a migration is not undone: mend it and deploy again`,
    );
  });

  it('a migration that hangs: is ended, with its container', inTurn, async () => {
    const said = await broken(shop.compose, { migrate: 'web: sleep 1000', 'migrate-timeout': '3s' });
    expect(said).toContain(`${shop.server.ip}: migrate: web: sleep 1000 failed with exit code 124\n`);
    expect(said).toContain('stopped after 3 s: it took longer than migrate-timeout\n');
    expect(Object.keys((await stateOf(shop.server)).containers)).toEqual(['shop-cache-1', 'shop-web-1']);
  });

  it('an address that never answers', inTurn, async () => {
    const url = `http://${shop.server.ip}:81/`;
    expect(await broken(shop.compose, { 'health-url': url, 'health-timeout': '5s' })).toBe(
      `local: ${url} does not answer: connect ECONNREFUSED ${shop.server.ip}:81, after 5 s
→ every container is well, so look at health-url itself, the published port, the proxy, and the firewall between this machine and the server`,
    );
    const absent = `http://${shop.server.ip}:8080/absent`;
    expect(await broken(shop.compose, { 'health-url': absent, 'health-timeout': '3s' })).toMatch(
      new RegExp(`^local: ${absent} answers 404, after 3 s\n`),
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
  const hint = '→ the connection to the server was lost meanwhile: deploy again as soon as the server answers';

  const cutOff = ({ ip }: Server): RegExp =>
    new RegExp(`^${ip}: recreate web was cut off\n(?: Container .*\n)*${hint}$`);

  const dropped = async (text: string, drop: (server: Server) => Promise<unknown>): Promise<[string, Shop, State]> => {
    const shop = await openShop(await bed.server());
    shop.repository.commit({ 'www/index.html': 'two\n' });
    const release = releaseOf(succeeded(await shop.deploy(['push'])));
    const before = await stateOf(shop.server);
    const { inputs, env } = reach(bed, shop.server);
    const run = startKorrigo(shop.repository.folder, ['deploy'], { ...inputs, release }, env);
    await run.says(text);
    await drop(shop.server);
    const outcome = await run.done;
    expect(outcome.code, outcome.all).toBe(1);
    return [failureOf(outcome), shop, before];
  };

  it('before the switch: nothing that runs has changed, and the next deploy tidies up', async () => {
    const [said, { server, deploy, repository }, before] = await dropped('Ship and resolve', ({ unplug }) => unplug());
    expect(said).toMatch(new RegExp(`^${server.ip}: (ship|let Compose resolve) the release.* was cut off\n${mend}$`));
    await server.plug();
    const after = await stateOf(server);
    expect([after.containers, after.current]).toEqual([before.containers, before.current]);
    await shell(server, 'touch -d "2 hours ago" /tmp/.login-korrigo-*');
    repository.commit({ 'www/index.html': 'three\n' });
    succeeded(await deploy(['push', 'deploy']));
    const tidy = await stateOf(server);
    expect([tidy.left, tidy.releases]).toEqual([[], [before.current, tidy.current]]);
  });

  /** What was under way on the server has come to its end; a rollback then goes to what was current, not behind it. */
  const goesBack = async ({ server, deploy }: Shop, { current }: State): Promise<void> => {
    expect((await stateOf(server)).current).toBe(current);
    await shell(server, 'while pgrep -u deploy -f docker; do sleep 0.2; done');
    expect(await shell(server, 'tail -n 1 /opt/shop/history.jsonl')).toMatch(/"outcome":"started"/);
    const { stdout } = succeeded(await deploy(['status']));
    expect(stdout).toMatch(/\n {6}\S+ {2}\S+ \S+ {2}not finished {2}deploy by /);
    expect(stdout).toMatch(/\n {4}the last attempt is under way, or was cut off: deploy of /);
    succeeded(await deploy(['rollback']));
    expect((await stateOf(server)).current).toBe(current);
    expect(await page(server)).toBe('one');
  };

  it('in the switch, by a cable that is pulled', async () => {
    const [said, shop, before] = await dropped('\nRecreate\n', ({ unplug }) => unplug());
    expect(reasonOf(said, shop.server, before)).toMatch(cutOff(shop.server));
    await shop.server.plug();
    await goesBack(shop, before);
  });

  it('in the switch, by sshd', async () => {
    const [said, shop, before] = await dropped('\nRecreate\n', async (lost) => {
      await shell(lost, "kill $(pgrep -u deploy -f '^sshd')");
    });
    expect(reasonOf(said, shop.server, before)).toMatch(cutOff(shop.server));
    await goesBack(shop, before);
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
    const run = startKorrigo(repository.folder, ['deploy'], { ...inputs, release }, env);
    await run.says('Container shop-web-1');
    run.kill('SIGKILL');
    expect((await run.done).code).toBeNull();
    await goesBack(shop, before);
  });
});
