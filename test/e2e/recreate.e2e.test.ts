import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { type Deployer, deployer, releaseOf, type Texts } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { quickHealth, shopFiles } from '../../fixtures/shop.ts';
import { output, type State, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
let server: Server;

beforeAll(async () => {
  server = await bed.server();
});

/** The services whose containers are not the same as before: another id or another start. */
function touched(before: State, after: State): readonly string[] {
  expect(Object.keys(after.containers)).toEqual(Object.keys(before.containers));
  return Object.entries(after.containers)
    .filter(([name, { id, startedAt }]) => {
      const old = before.containers[name];
      return old?.id !== id || old.startedAt !== startedAt;
    })
    .map(([name]) => name.replace(/^[a-z]+-(.*)-1$/, '$1'));
}

/** What the last plan of a log says of each service: `plan` has one, and a deploy one before the build, and that of the release. */
function rowsOf(all: string): readonly string[] {
  const text = all.match(/^Plan\b[\s\S]*?\n\n/gm)?.at(-1) ?? '';
  return text.split('\n').flatMap((line) => {
    const row = line.trim().replaceAll(/ +/g, ' ');
    return /^\S+ (create|recreate|start|scale|keep|remove)\b/.test(row) ? [row] : [];
  });
}

describe('a second deploy of the same commit, nothing changed', () => {
  let shop: Repository;
  let deploy: Deployer;
  let release: string;

  beforeAll(async () => {
    shop = repository();
    deploy = deployer(shop.folder, bed, server);
    shop.commit(shopFiles(bed));
    release = releaseOf(succeeded(await deploy(['build', 'push'])));
    succeeded(await deploy(['deploy'], { release }));
  });
  afterAll(async () => {
    await server.ssh('cd /opt/shop/current && docker compose down --timeout 1');
  });

  it.each([
    ['none', []],
    ['built', ['web']],
    ['all', ['cache', 'web']],
  ] as const)('with force-recreate %s it recreates %j', async (mode, services) => {
    const before = await stateOf(server);
    const { all } = succeeded(await deploy(['deploy'], { release, 'force-recreate': mode }));
    const after = await stateOf(server);
    expect(touched(before, after)).toEqual(services);
    for (const service of services) expect(all).toMatch(new RegExp(`${service} +recreate +force-recreate: ${mode}\n`));
    expect(after.current).not.toBe(before.current);
  });

  it('takes built for granted', async () => {
    const before = await stateOf(server);
    succeeded(await deploy(['deploy'], { release }));
    expect(touched(before, await stateOf(server))).toEqual(['web']);
  });

  it('leaves the database alone when a new commit is deployed', async () => {
    const before = await stateOf(server);
    shop.commit({ 'www/index.html': 'two\n' });
    succeeded(await deploy(['build', 'push', 'deploy']));
    expect(touched(before, await stateOf(server))).toEqual(['web']);
  });
});

describe('a deploy that changes one thing, with force-recreate none', () => {
  let app: Repository;
  let deploy: Deployer;
  const service = (name: string, more: string): string => `  ${name}:
    image: ${bed.image('busybox')}
    command: ["sleep", "infinity"]
    init: true
    stop_grace_period: 1s
${quickHealth}${more}`;

  const compose = (): string => `name: parts
services:
${service('mounts', '    volumes: ["./site.conf:/site.conf:ro"]\n')}${service(
  'mountsfolder',
  '    volumes: ["./folder:/folder:ro"]\n',
)}${service('reads', `    environment:\n      COLOUR: \${COLOUR}\n`)}${service(
  'other',
  `    environment:\n      OTHER: \${OTHER}\n`,
)}${service('configured', '    configs: [app]\n')}${service('secretive', '    secrets: [token]\n')}${service('inlined', '    configs: [inline]\n')}${service(
  'cache',
  '',
)}configs:
  app:
    file: app.conf
  inline:
    content: |
      one
secrets:
  token:
    file: token
`;

  const inputs = { 'force-recreate': 'none', 'env-files': '.env=DOTENV' };
  const env = { DOTENV: 'COLOUR=blue\nOTHER=same\n' };
  const release = async (more: Texts = {}): Promise<string> => {
    const texts = { ...env, ...more };
    const planned = rowsOf(succeeded(await deploy(['plan'], inputs, texts)).all);
    const { all } = succeeded(await deploy(['push', 'deploy'], inputs, texts));
    expect(rowsOf(all)).toEqual(planned);
    return all;
  };

  beforeAll(async () => {
    app = repository('parts');
    deploy = deployer(app.folder, bed, server);
    app.commit({
      'compose.yml': compose(),
      'site.conf': 'one\n',
      'folder/inner/file': 'one\n',
      'app.conf': 'one\n',
    });
    await server.ssh('mkdir -p /opt/parts/shared && echo one >/opt/parts/shared/token');
    await release();
  });

  it('touches nothing when nothing changed but the commit', async () => {
    const before = await stateOf(server, '/opt/parts');
    app.commit({ 'README.md': 'more\n' });
    await release();
    expect(touched(before, await stateOf(server, '/opt/parts'))).toEqual([]);
  });

  it.each([
    ['a mounted file', { 'site.conf': 'two\n' }, 'mounts', 'file site.conf', 'cat /site.conf'],
    [
      'a file in a mounted folder',
      { 'folder/inner/file': 'two\n' },
      'mountsfolder',
      'file folder',
      'cat /folder/inner/file',
    ],
    ['a top-level config', { 'app.conf': 'two\n' }, 'configured', 'file app.conf', 'cat /app'],
  ] as const)(
    '%s: recreates the service that uses it and says so before it happens',
    async (_, files, name, reason, look) => {
      const before = await stateOf(server, '/opt/parts');
      app.commit(files);
      told(await release(), name, reason);
      expect(touched(before, await stateOf(server, '/opt/parts'))).toEqual([name]);
      expect(await output(server, 'docker', 'exec', `parts-${name}-1`, 'sh', '-c', look)).toBe('two\n');
    },
  );

  it('a config that stands in the compose file: recreates the service that uses it and says so before it happens', async () => {
    const before = await stateOf(server, '/opt/parts');
    app.commit({ 'compose.yml': compose().replace('      one\n', '      two\n') });
    told(await release(), 'inlined', 'config inline');
    expect(touched(before, await stateOf(server, '/opt/parts'))).toEqual(['inlined']);
    expect(await output(server, 'docker', 'exec', 'parts-inlined-1', 'cat', '/inline')).toBe('two\n');
  });

  it('a value in shared/.env: recreates the service that uses it and says so before it happens', async () => {
    const before = await stateOf(server, '/opt/parts');
    const all = await release({ DOTENV: 'COLOUR=super-green\nOTHER=same\n' });
    told(all, 'reads', 'environment COLOUR');
    expect(all).not.toContain('super-green');
    expect(touched(before, await stateOf(server, '/opt/parts'))).toEqual(['reads']);
    const seen = await output(server, 'docker', 'exec', 'parts-reads-1', 'sh', '-c', 'echo "$COLOUR"');
    expect(seen).toBe('super-green\n');
    env.DOTENV = 'COLOUR=super-green\nOTHER=same\n';
  });

  it('a secret that was rotated on the server: recreates the service that reads it', async () => {
    const before = await stateOf(server, '/opt/parts');
    await server.ssh('cd /opt/parts/shared && echo rotated >token.new && mv token.new token');
    const all = await release();
    told(all, 'secretive', 'file token');
    expect(all).not.toContain('rotated');
    expect(touched(before, await stateOf(server, '/opt/parts'))).toEqual(['secretive']);
    expect(await output(server, 'docker', 'exec', 'parts-secretive-1', 'cat', '/run/secrets/token')).toBe('rotated\n');
  });

  it('a secret that only root may read: notices the rotation all the same', async () => {
    const file = '/opt/parts/shared/token';
    await output(server, 'sh', '-c', `chown root:root ${file} && chmod 400 ${file}`);
    await release();
    const before = await stateOf(server, '/opt/parts');
    await release();
    expect(touched(before, await stateOf(server, '/opt/parts'))).toEqual([]);
    await output(server, 'sh', '-c', `echo again >${file}.new && chmod 400 ${file}.new && mv ${file}.new ${file}`);
    told(await release(), 'secretive', 'file token');
    expect(await output(server, 'docker', 'exec', 'parts-secretive-1', 'cat', '/run/secrets/token')).toBe('again\n');
  });

  /** The plan names exactly this service and reason, and it does so before Compose touches the container. */
  function told(all: string, name: string, reason: string): void {
    const [plan = ''] = /^Plan: [\s\S]*?\n\n/m.exec(all) ?? [];
    const rows = plan.split('\n').filter((line) => / (create|recreate|start|remove) /.test(line));
    expect(rows.map((row) => row.trim().replaceAll(/ +/g, ' '))).toEqual([`${name} recreate ${reason}`]);
    const happens = all.indexOf(`Container parts-${name}-1  Recreate`);
    expect(happens).toBeGreaterThan(all.indexOf(plan));
  }
});

describe('services that share containers, and services of several, with force-recreate none', () => {
  let app: Repository;
  let deploy: Deployer;
  const compose = (colour: string, replicas: number): string => {
    const service = (name: string, more: string): string => `  ${name}:
    image: ${bed.image('busybox')}
    command: ["sleep", "infinity"]
    init: true
    stop_grace_period: 1s
${quickHealth}${more}`;
    return `name: shares
services:
${service('front', `    environment: {COLOUR: ${colour}}\n    volumes: ["data:/data"]\n`)}${service(
  'agent',
  '    network_mode: service:front\n',
)}${service('backup', '    volumes_from: [front]\n    pid: service:agent\n')}${service(
  'many',
  `    scale: ${replicas}\n`,
)}volumes: {data: {}}
`;
  };
  const deployed = async (colour: string, replicas: number): Promise<string> => {
    app.commit({ 'compose.yml': compose(colour, replicas) });
    const planned = rowsOf(succeeded(await deploy(['plan'], { 'force-recreate': 'none' })).all);
    const { all } = succeeded(await deploy(['push', 'deploy'], { 'force-recreate': 'none' }));
    expect(rowsOf(all)).toEqual(planned);
    return all;
  };
  const drift = async (): Promise<unknown> => {
    const { stdout } = succeeded(await deploy(['status'], { format: 'json', 'project-name': 'shares' }));
    return JSON.parse(stdout)[0].drift;
  };

  beforeAll(async () => {
    app = repository('shares');
    deploy = deployer(app.folder, bed, server);
    await server.ssh('mkdir -p /opt/shares');
    await deployed('blue', 1);
  });
  afterAll(async () => {
    await server.ssh('cd /opt/shares/current && docker compose down --timeout 1 --volumes');
  });

  it('keeps all of them when nothing changed, and finds no drift', async () => {
    const before = await stateOf(server, '/opt/shares');
    expect(rowsOf(await deployed('blue', 1))).toEqual(['agent keep', 'backup keep', 'front keep', 'many keep']);
    expect((await stateOf(server, '/opt/shares')).containers).toEqual(before.containers);
    expect(await drift()).toEqual([]);
  });

  it('recreates them with the one whose container they share', async () => {
    const before = await stateOf(server, '/opt/shares');
    expect(rowsOf(await deployed('green', 1))).toEqual([
      'agent recreate shares the container of front',
      'backup recreate shares the container of front',
      'front recreate environment COLOUR',
      'many keep',
    ]);
    const after = await stateOf(server, '/opt/shares');
    const same = Object.keys(after.containers).filter(
      (name) => name.startsWith('shares-') && after.containers[name]?.id === before.containers[name]?.id,
    );
    expect(same).toEqual(['shares-many-1']);
    expect(await drift()).toEqual([]);
  });

  it('reports containers that come and go', async () => {
    expect(rowsOf(await deployed('green', 3)).at(-1)).toBe('many scale from 1 to 3 containers');
    expect(await output(server, 'docker', 'ps', '--quiet', '--filter', 'name=shares-many')).toMatch(/^(\w+\n){3}$/);
    expect(await drift()).toEqual([]);
    expect(rowsOf(await deployed('green', 1)).at(-1)).toBe('many scale from 3 to 1 container');
    expect(await output(server, 'docker', 'ps', '--quiet', '--filter', 'name=shares-many')).toMatch(/^\w+\n$/);
  });
});
