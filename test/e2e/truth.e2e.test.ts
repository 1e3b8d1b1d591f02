/** What the plan says is what happens, and no data is left behind unasked. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { type Deployer, deployer, type Outcome } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { announced, planOf, touched } from '../../fixtures/plan.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { quickHealth } from '../../fixtures/shop.ts';
import { output, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
let server: Server;
let app: Repository;
let deploy: Deployer;

beforeAll(async () => {
  server = await bed.server({ preload: [bed.image('busybox')] });
});
afterEach(async () => {
  await shell(
    server,
    'docker ps --all --quiet | xargs -r docker rm --force >/dev/null; docker volume ls --quiet | xargs -r docker volume rm >/dev/null; docker network prune --force >/dev/null; rm -rf /opt/truth /srv/*',
  );
});

const service = (name: string, more = ''): string => `  ${name}:
    image: ${bed.image('busybox')}
    command: ["sleep", "infinity"]
    init: true
    stop_grace_period: 1s
${quickHealth}${more}`;
const compose = (services: string, top = ''): string => `name: truth\nservices:\n${services}${top}`;

async function open(): Promise<void> {
  await shell(server, 'install -d -o deploy /opt/truth');
  app = repository('truth');
  deploy = deployer(app.folder, bed, server);
}
const release = async (file: string, inputs: Readonly<Record<string, string>> = {}): Promise<Outcome> => {
  app.commit({ 'compose.yml': file });
  return await deploy(['push', 'deploy'], inputs);
};

/** What changed is what the plan said would, no more and no less. */
async function keepsItsWord(file: string, inputs: Readonly<Record<string, string>> = {}) {
  const before = await stateOf(server, '/opt/truth');
  const plan = planOf(succeeded(await release(file, inputs)));
  expect(touched(before, await stateOf(server, '/opt/truth'))).toEqual(announced(plan));
  return plan;
}

describe('what depends on a service that changes', () => {
  const file = (colour: string, more = ''): string =>
    compose(
      service('api', `    environment: {COLOUR: ${colour}}\n`) +
        service('proxy', '    depends_on: [api]\n') +
        service('watcher', '    depends_on: {api: {condition: service_healthy, restart: true}}\n') +
        service('beyond', '    depends_on: [proxy]\n') +
        service('cache') +
        more,
    );

  it('is in the plan as far as this version of Compose takes it along, and so is what is forced', async () => {
    await open();
    const none = { 'force-recreate': 'none' };
    succeeded(await release(file('blue'), none));
    expect(await keepsItsWord(file('blue'), none)).toEqual({
      api: 'keep',
      beyond: 'keep',
      cache: 'keep',
      proxy: 'keep',
      watcher: 'keep',
    });
    const plan = await keepsItsWord(file('green'), none);
    expect(plan).toMatchObject({ api: 'recreate environment COLOUR', cache: 'keep' });
    expect(plan['watcher']).toMatch(/^(recreate|restart) depends on api$/);
    expect(await keepsItsWord(file('green', service('new')), none)).toMatchObject({
      new: 'create no container yet',
    });
    await keepsItsWord(file('green'), none);
    await keepsItsWord(file('red'), { 'force-recreate': 'all' });
  });
});

describe('a network that is defined otherwise', () => {
  const file = (subnet: string): string =>
    compose(
      service('app', '    networks: [inner]\n') + service('db', '    networks: [inner]\n') + service('other'),
      `networks:\n  inner: {internal: true, ipam: {config: [{subnet: ${subnet}}]}}\n`,
    );

  it('is in the plan: what it does to services, or that it does nothing', async () => {
    await open();
    const none = { 'force-recreate': 'none' };
    succeeded(await release(file('172.31.7.0/24'), none));
    const before = await stateOf(server, '/opt/truth');
    const outcome = succeeded(await release(file('172.31.8.0/24'), none));
    const plan = planOf(outcome);
    const said = announced(plan);
    expect(touched(before, await stateOf(server, '/opt/truth'))).toEqual(said);
    if (said.length === 0) expect(outcome.all).toContain('network truth_inner is defined differently now (ipam)');
    else expect(plan).toMatchObject({ app: expect.stringContaining('network inner'), other: 'keep' });
  });
});

describe('data', () => {
  const file = (volume: string, options = '{}'): string =>
    compose(service('db', `    volumes: ["${volume}:/data"]\n`), `volumes:\n  ${volume}: ${options}\n`);
  const rows = async (): Promise<string> =>
    await output(server, 'docker', 'exec', 'truth-db-1', 'sh', '-c', 'cat /data/rows || echo none');
  const refused = async (text: string, inputs = {}): Promise<string> => {
    const before = await stateOf(server, '/opt/truth');
    const { code, all } = await release(text, inputs);
    expect(code, all).not.toBe(0);
    expect(await stateOf(server, '/opt/truth')).toEqual(before);
    return all;
  };

  it('is not left behind by a volume of another name, unless that is accepted', async () => {
    await open();
    succeeded(await release(file('dbdata')));
    await shell(server, 'docker exec truth-db-1 sh -c "echo precious >/data/rows"');
    const all = await refused(file('pgdata'));
    expect(all).toContain(
      'db gets a new, empty volume truth_pgdata at /data; truth_dbdata stays behind with its data: keep the name (`name:` below the volume can hold the old one), or copy the data first; to deploy anyway, set accept to new-volume',
    );
    expect(await rows()).toBe('precious\n');
    // The way out that it names.
    succeeded(await release(file('pgdata', '{name: truth_dbdata}')));
    expect(await rows()).toBe('precious\n');
    const plan = succeeded(await release(file('pgdata'), { accept: 'new-volume' }));
    expect(plan.all).toContain('! db gets a new, empty volume truth_pgdata');
    expect(planOf(plan)).toEqual({ db: 'recreate uses volume truth_pgdata now' });
    expect(await rows()).toBe('none\n');
    // Back is not empty: nobody is asked.
    succeeded(await release(file('pgdata', '{name: truth_dbdata}')));
    expect(await rows()).toBe('precious\n');
  });

  it('stays as it is in a volume that is defined otherwise, and nobody is asked twice', async () => {
    await open();
    const options = (size: string) => `{driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: "size=${size}"}}`;
    succeeded(await release(file('cachedata', options('10m'))));
    const all = await refused(file('cachedata', options('20m')));
    expect(all).toContain('volume truth_cachedata is defined differently now (driver_opts)');
    expect(all).toContain('set accept to changed-volume');
    succeeded(await release(file('cachedata', options('20m')), { accept: 'changed-volume' }));
    expect(await output(server, 'docker', 'volume', 'inspect', 'truth_cachedata')).toContain('size=10m');
    succeeded(await release(file('cachedata', options('20m'))));
  });

  it('is not lost to a service that mounts nothing any more', async () => {
    await open();
    succeeded(await release(file('dbdata')));
    await shell(server, 'docker exec truth-db-1 sh -c "echo precious >/data/rows"');
    expect(await refused(compose(service('db')))).toContain('set accept to dropped-volume');
    expect(await rows()).toBe('precious\n');
  });
});

describe('what something else has, and what nobody made', () => {
  it('is reported in the rehearsal, all of it at once', async () => {
    await open();
    await shell(
      server,
      `mkdir -p /srv/truth && cd /srv/truth && printf 'name: byhand\\nservices:\\n  web: {image: "${bed.image('busybox')}", command: ["sleep", "1000"], init: true, container_name: the-web, ports: ["8080:80"]}\\n' >compose.yml && docker compose up --detach 2>&1`,
    );
    const before = await stateOf(server, '/opt/truth');
    app.commit({
      Dockerfile: `FROM ${bed.engine.images.busybox}\nRUN touch /built\n`,
      'compose.yml': compose(
        service(
          'web',
          '    container_name: the-web\n    ports: ["8080:80"]\n    networks: [front]\n    volumes: ["old:/old"]\n    cpus: 999\n    restart: unless_stopped\n',
        ).replace(/image: .*/, 'build: .'),
        'networks: {front: {name: proxy, external: true}}\nvolumes: {old: {name: olddata, external: true}}\n',
      ),
    });
    const { code, all } = await deploy(['build', 'push', 'deploy']);
    expect(code).not.toBe(0);
    for (const text of [
      'the external network proxy does not exist: create it with `docker network create proxy`',
      'the external volume olddata does not exist',
      'port 8080 (service web) is taken by the container the-web of project byhand (in /srv/truth)',
      'set project-name to byhand',
      'the container name the-web (service web) is taken by the container the-web of project byhand',
      'web has a limit of 999 CPUs, which Docker refuses on a server with',
      'web has `restart: unless_stopped`, which Docker does not know',
    ])
      expect(all).toContain(text);
    expect(all).not.toMatch(/^Push/m);
    expect(await stateOf(server, '/opt/truth')).toEqual(before);
  });
});

describe('what somebody had started by hand', () => {
  it('runs again after a first deploy that failed, from the files that it was started from', async () => {
    await open();
    const files = {
      'compose.yml': compose(
        service('web') + service('old', '    profiles: [old]\n    environment: {BY: "$BY"}\n') + service('never'),
      ),
      'more.yml': 'services: {old: {volumes: ["$PWD/data:/data"]}}\n',
      'by.env': 'BY=hand\n',
    };
    const typed = Object.entries(files).map(([name, text]) => `printf %s '${text}' >${name}`);
    const up = 'docker compose --env-file by.env -f compose.yml -f more.yml up --detach --scale web=2 web old 2>&1';
    await shell(server, ['mkdir -p /srv/truth/data && cd /srv/truth', ...typed, up].join(' && '));
    const broken = service('web').replace('"sleep", "infinity"', '"false"') + service('never') + service('added');
    const { code, all } = await release(compose(broken));
    expect(code, all).not.toBe(0);
    expect(all).toContain(
      '! the containers there belong to no release: if this deploy is rolled back, they are started again from the compose files in /srv/truth\n',
    );
    expect(all).toMatch(/: rolled back, what ran before from \/srv\/truth is running again$/m);
    const format =
      '{{.Label "com.docker.compose.service"}} {{.State}} {{.Label "com.docker.compose.project.config_files"}}';
    const there = await output(server, 'docker', 'ps', '--all', '--format', format);
    const ran = (name: string): string => `${name} running /srv/truth/compose.yml,/srv/truth/more.yml`;
    expect(there.trim().split('\n').sort()).toEqual(['old', 'web', 'web'].map(ran));
    expect(await output(server, 'docker', 'exec', 'truth-old-1', 'sh', '-c', 'echo $BY; ls -d /data')).toBe(
      'hand\n/data\n',
    );
  });
});
