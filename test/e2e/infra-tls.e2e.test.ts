/** Production: it starts without a certificate, gets one, renews it, and comes back on a server that was switched off. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Bed, type Server, upBed } from '../../bed/bed.ts';
import { run, until } from '../../bed/process.ts';
import { exampleRepository } from '../../fixtures/example/repository.ts';
import { samplePdf } from '../../fixtures/example/story.ts';
import { deployer, type Outcome } from '../../fixtures/korrigo.ts';
import { shell } from '../../fixtures/state.ts';
import { acmeImage, acmeOverride, buildAcmeImage } from './infra/acme.ts';
import { expectHardened } from './infra/hardening.ts';
import { observe } from './infra/observatory.ts';
import { type Answer, ask, form, newStack, type Question, type Stack } from './infra/stack.ts';

const domain = 'korrigo.example';

let bed: Bed;
beforeAll(async () => {
  bed = await upBed();
  await buildAcmeImage(bed);
});
afterAll(async () => {
  await bed?.down();
});

describe('production', () => {
  let stack: Stack;

  beforeAll(async () => {
    const env = {
      CERTBOT_IMAGE: acmeImage,
      // The version that is shipped, which keeps idle connections over a reload.
      NGINX_IMAGE: bed.engine.images.nginx_next,
      DOMAIN: domain,
      ACME_SERVER: 'https://acme:14000/dir',
      CERTBOT_INTERVAL: '3',
      TLS_CHECK_INTERVAL: '1',
      // All that is asked here comes from one address.
      LIMIT_REQUESTS: 'off',
      LIMIT_APPLICATION: 'off',
      SECURITY_CONTACT: 'mailto:security@korrigo.example',
    };
    stack = await newStack(bed, 'prod', { env, override: await acmeOverride(bed, domain) });
    // Without its ACME server at first.
    await stack.compose('up', '-d', '--build', '--scale', 'acme=0');
    await stack.healthy();
    await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', 'migrate', '--noinput');
  });
  afterAll(() => stack?.down());

  const get = (path: string, more: Partial<Question> = {}) =>
    ask({ port: stack.ports.https, tls: true, path, ...more });
  const plain = (path: string, more: Partial<Question> = {}) => ask({ port: stack.ports.http, path, ...more });
  const openssl = async (...args: readonly string[]) => {
    const to = ['s_client', '-connect', `127.0.0.1:${stack.ports.https}`, '-servername', domain];
    return await run(['openssl', ...to, ...args], { stdin: '', timeout: 10_000 });
  };
  const issuer = async (): Promise<string> => {
    const { stdout } = await openssl('-showcerts');
    return (await run(['openssl', 'x509', '-noout', '-issuer', '-ext', 'subjectAltName'], { stdin: stdout })).stdout;
  };
  /** While nginx reloads, workers with the old and with the new certificate answer side by side. */
  const settled = async () => await new Promise((resolve) => setTimeout(resolve, 2000));
  const reloads = async () => (await stack.compose('logs', 'nginx')).match(/reloaded: the certificate/g)?.length ?? 0;

  it('starts healthy without any certificate, with a temporary one', async () => {
    expect(await issuer()).toContain('Korrigo, temporary');
    expect(await issuer()).toContain(`DNS:${domain}`);
    expect((await get('/api/health/ready/')).status).toBe(200);
    expect((await stack.inspect('certbot')).State.Health?.Status).toBe('healthy');
    await stack.compose('exec', '-T', 'nginx', 'nginx', '-t', '-q');
  });

  it('has a temporary one that the monitoring would tell of, and makes the next before it ends', async () => {
    const rules = await readFile(join(stack.folder, 'infra/monitoring/rules.yml'), 'utf8');
    const days = Number(/cert_expiry - time\(\) < (\d+) \* 86400/.exec(rules)?.[1]);
    const { stdout } = await openssl('-showcerts');
    const expires = async (inDays: number) =>
      (await run(['openssl', 'x509', '-noout', '-checkend', String(inDays * 86_400)], { stdin: stdout })).code === 1;
    expect([await expires(2), await expires(days)]).toEqual([false, true]);
    const again = async () => await stack.compose('run', '--rm', 'temporary-certificate');
    expect(await again()).toBe('');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=old'];
    const files = ['-keyout', '/tls/temporary/privkey.pem', '-out', '/tls/temporary/fullchain.pem', '-days', '1'];
    const old = ['--entrypoint', 'openssl', 'temporary-certificate', 'req', '-x509', ...key, ...files];
    await stack.compose('run', '--rm', ...old);
    const is = async (name: string) => await until(name, 30_000, async () => (await issuer()).includes(name));
    await is('CN = old');
    // nginx takes a file for the one that it has if inode and time in seconds are the same: over a reload, too.
    const inodes = async () =>
      (await stack.compose('exec', '-T', 'nginx', 'sh', '-c', 'stat -c %i /tls/current/*.pem')).trim().split('\n');
    const before = await inodes();
    expect(await again()).toContain('created a temporary certificate');
    for (const inode of await inodes()) expect(before).not.toContain(inode);
    await is('Korrigo, temporary');
  });

  it('has no container that is not hardened, but for those that prepare volumes', async () => {
    const services = (await stack.compose('config', '--services'))
      .trim()
      .split('\n')
      .filter((name) => name !== 'acme');
    const all = ['backend', 'celery', 'certbot', 'db', 'door', 'nginx', 'prepare', 'redis', 'temporary-certificate'];
    expect(services.sort()).toEqual(all);
    for (const service of services) await expectHardened(bed, stack, service);
  });

  it('goes on at 443 for whoever came to 80, and at HTTPS_PORT for whoever named a port', async () => {
    const { headers } = await plain('/exams?x=1', { headers: { host: `${domain}:${stack.ports.http}` } });
    expect(headers.location).toBe(`https://${domain}:${stack.ports.https}/exams?x=1`);
    expect((await get('/admin')).headers.location).toBe('/admin/');
  });

  it('sends whoever types no https there, and leaves the challenge alone', async () => {
    const answer = await plain('/exams?x=1', { headers: { host: domain } });
    expect(answer.status).toBe(301);
    expect(answer.headers).toMatchObject({
      location: `https://${domain}/exams?x=1`,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
    });
    expect(answer.headers['strict-transport-security']).toBeUndefined();
    expect((await plain('/.well-known/acme-challenge/none')).status).toBe(404);
    expect((await plain('/.well-known/acme-challenge/self')).body.toString()).toBe('ok\n');
  });

  it('has HSTS and the other headers on every answer, errors too', async () => {
    for (const path of ['/', '/api/none/', '/assets/none.js', '/admin/login/']) {
      expect((await get(path)).headers, path).toMatchObject({
        'strict-transport-security': 'max-age=63072000; includeSubDomains; preload',
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("frame-ancestors 'self'"),
        'cross-origin-opener-policy': 'same-origin',
      });
    }
  });

  it("has Mozilla Observatory's A+, and every point that answers can bring", async () => {
    const headers = { host: domain };
    const withCookies = [await get('/admin/login/', { headers }), await get('/api/session/', { headers })];
    const seen = { host: domain, plain: await plain('/', { headers }), page: await get('/', { headers }), withCookies };
    expect(observe(seen)).toEqual({ score: 135, penalties: [] });
  });

  it('says where to report a hole', async () => {
    const { headers, body } = await get('/.well-known/security.txt');
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    const [, contact, expires = ''] = /^Contact: (.+)\nExpires: (.+)\n$/.exec(body.toString()) ?? [];
    expect(contact).toBe('mailto:security@korrigo.example');
    const days = (Date.parse(expires) - Date.now()) / 86_400_000;
    expect([days > 300, days < 366]).toEqual([true, true]);
  });

  it('gives cookies to HTTPS only', async () => {
    const { headers } = await get('/admin/login/', { headers: { host: domain } });
    expect(headers['set-cookie']?.join()).toMatch(/csrftoken=.*Secure/);
  });

  it('believes nobody who claims to be a proxy', async () => {
    const answer = await get('/api/exams/', { headers: { 'x-forwarded-for': '203.0.113.7' } });
    expect((await stack.logged(answer))['client']).not.toBe('203.0.113.7');
  });

  it.each([
    ['-tls1', 'alert'],
    ['-tls1_1', 'alert'],
    ['-tls1_2', 'New, TLSv1.2, Cipher is ECDHE-ECDSA-'],
    ['-tls1_3', 'New, TLSv1.3'],
  ])('answers TLS %s with %s', async (version, said) => {
    const { stdout, stderr } = await openssl(version, '-cipher', 'DEFAULT@SECLEVEL=0', '-alpn', 'h2');
    expect(stdout + stderr).toContain(said);
    if (said.startsWith('New')) expect(stdout).toContain('ALPN protocol: h2');
    else expect(stdout).toContain('Cipher is (NONE)');
  });

  it('does not offer a cipher without forward secrecy', async () => {
    const { stdout } = await openssl('-tls1_2', '-cipher', 'AES128-GCM-SHA256');
    expect(stdout).toContain('Cipher is (NONE)');
  });

  it('gets a certificate as soon as the ACME server answers, and loses no request by it', async () => {
    const before = await reloads();
    const load = startLoad(() => get('/api/version/'));
    await stack.compose('up', '-d', '--no-recreate', '--scale', 'acme=1', 'acme');
    await until('a certificate of pebble', 60_000, async () => (await issuer()).includes('Pebble'));
    await until('the load has met it', 10_000, async () => new Set(load.answers.map(({ serial }) => serial)).size > 1);
    const { answers, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(new Set(answers.map(({ serial }) => serial)).size).toBe(2);
    expect(await issuer()).toContain(`DNS:${domain}`);
    expect(await reloads()).toBe(before + 1);
  });

  it('leaves a certificate that is good for long alone, and nginx too', async () => {
    const before = await reloads();
    const { serial } = await get('/');
    await new Promise((resolve) => setTimeout(resolve, 8000)); // two rounds of certbot
    expect((await get('/')).serial).toBe(serial);
    expect(await reloads()).toBe(before);
  });

  it('renews one that is due, under load, on kept connections, too', async () => {
    const before = await reloads();
    const load = startLoad(() => get('/api/version/'));
    const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
    const kept = startLoad(async () => {
      // Idle for a while, so that some are at the moment of the reload.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
      return await onKept(agent, stack.ports.https);
    }, 20);
    const early = "sed -i '1i renew_before_expiry = 900 days' /etc/letsencrypt/renewal/korrigo.conf";
    await stack.compose('exec', '-T', 'certbot', 'sh', '-c', early);
    await until('a reload', 60_000, async () => (await reloads()) > before);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const [{ answers, failures }, again] = await Promise.all([load.stop(), kept.stop()]);
    agent.destroy();
    expect(failures).toEqual([]);
    expect(again.failures).toEqual([]);
    for (const { length } of [answers, again.answers]) expect(length).toBeGreaterThan(50);
    expect(new Set(answers.map(({ serial }) => serial)).size).toBeGreaterThan(1);
  });

  it('renews by hand, as the specification does', async () => {
    await stack.compose('stop', '--timeout', '1', 'certbot');
    await settled();
    const { serial } = await get('/');
    await stack.compose('run', '--rm', 'certbot', 'renew', '--force-renewal');
    await stack.compose('exec', '-T', 'nginx', 'nginx', '-s', 'reload');
    await until('the new certificate', 10_000, async () => (await get('/')).serial !== serial);
  });

  it('keeps what it has when a certificate is broken', async () => {
    await settled();
    const { serial } = await get('/');
    const broken = 'mkdir /tls/broken && echo no >/tls/broken/fullchain.pem && ln -sfn broken /tls/current';
    await stack.compose('run', '--rm', '--entrypoint', 'sh', 'certbot', '-c', broken);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect((await get('/')).serial).toBe(serial);
  });

  it('lets nginx see the certificate and its key, and no account', async () => {
    const found = await stack.tryCompose('exec', '-T', 'nginx', 'ls', '/etc/letsencrypt');
    expect(found.code).not.toBe(0);
  });
});

describe('production on a server, deployed', () => {
  let server: Server;
  let deployed: Outcome;

  beforeAll(async () => {
    server = await bed.server();
    const folder = join(bed.folder, 'korrigo');
    await exampleRepository(folder);
    const { engine, registry } = bed;
    for (const name of ['postgres', 'redis'] as const) await engine.docker('tag', engine.images[name], bed.image(name));
    const certbot = `${registry.address}/${acmeImage}`;
    await engine.docker('tag', acmeImage, certbot);
    await engine.tryDocker(['login', '-u', registry.username, '--password-stdin', registry.address], {
      stdin: registry.password,
    });
    await engine.docker('push', '--quiet', certbot);
    const env = {
      PYTHON_IMAGE: engine.images.python,
      NODE_IMAGE: engine.images.node,
      NGINX_IMAGE: engine.images.nginx,
      DOOR_IMAGE: bed.image('busybox'),
      POSTGRES_IMAGE: bed.image('postgres'),
      REDIS_IMAGE: bed.image('redis'),
      CERTBOT_IMAGE: certbot,
      REGISTRY: registry.address,
      DB_PASSWORD: randomBytes(24).toString('base64'),
      SECRET_KEY: randomBytes(24).toString('base64'),
      ENV_PROD: `ALLOWED_HOSTS=${server.ip}\nCELERY_VISIBILITY_TIMEOUT=15\n`,
    };
    const inputs = {
      'compose-file': 'infra/docker/docker-compose.prod.yml',
      'env-files': [
        'infra/docker/secrets/db_password.txt=DB_PASSWORD',
        'infra/docker/secrets/secret_key.txt=SECRET_KEY',
        'backend/.env.prod=ENV_PROD',
      ].join('\n'),
      migrate: 'backend: python manage.py migrate --noinput',
    };
    deployed = await deployer(folder, bed, server)(['build', 'push', 'deploy'], inputs, env);
  });

  const ready = async (): Promise<boolean> => {
    const url = `https://${server.ip}/api/health/ready/`;
    return (await run(['curl', '--silent', '--insecure', '--fail', '--max-time', '3', url])).code === 0;
  };
  const inDatabase = async (sql: string): Promise<string> => {
    const psql = `psql -At -U korrigo_owner -d korrigo_db -c "${sql}"`;
    return (await shell(server, `cd /opt/korrigo/current && docker compose exec -T db ${psql}`)).trim();
  };

  it('is healthy, with secrets of mode 0600, and without a domain', async () => {
    expect(deployed.code, deployed.all).toBe(0);
    expect(await shell(server, 'stat -c "%a %U" /opt/korrigo/shared/infra/docker/secrets/*')).toBe(
      '600 deploy\n600 deploy\n',
    );
    expect(await ready()).toBe(true);
  });

  const compose = async (args: string) => await shell(server, `cd /opt/korrigo/current && docker compose ${args}`);

  /** Docker tries once to start nginx, whose door may not be up yet. What systemd runs after it: as in infra/README.md, and setup.sh's. */
  const units = {
    'an orderly shutdown': 'docker compose --file /opt/korrigo/current/compose.yml start',
    'a power loss': 'su deploy -c /usr/local/sbin/korrigo-boot',
  };

  it.each(['an orderly shutdown', 'a power loss'] as const)('is back with everything after %s', async (how) => {
    const exam = { title: how, date: '2026-06-15' };
    const token = await compose('exec -T backend python manage.py token teacher tests --create --write');
    const headers = { authorization: `Bearer ${token.trim()}` };
    const at = { host: server.ip, port: 443, tls: true, method: 'POST' };
    const made = await ask({ ...at, headers, path: '/api/exams/', body: JSON.stringify(exam) });
    const { id } = JSON.parse(made.body.toString()) as { id: number };
    // Ten tasks that cannot be done: in the worker's hands, and back in the queue again and again.
    await compose('stop --timeout 20 celery');
    const copy = form({ student: 'Amira' }, await readFile(samplePdf));
    const path = `/api/exams/${id}/copies/`;
    for (let n = 0; n < 10; n++)
      expect((await ask({ ...at, path, ...copy, headers: { ...headers, ...copy.headers } })).status).toBe(201);
    await inDatabase('ALTER TABLE exams_copy RENAME TO later');
    await compose('start celery');
    await until('tasks in the worker’s hands', 60_000, async () => {
      return Number(await compose('exec -T redis redis-cli hlen unacked')) > 0;
    });
    await (how === 'a power loss' ? server.kill() : server.stop());
    await server.start();
    await shell(server, units[how]);
    await until('ready', 60_000, ready);
    await inDatabase('ALTER TABLE later RENAME TO exams_copy');
    const done = `SELECT count(*) FROM exams_copy WHERE status = 'processed' AND exam_id = ${id}`;
    await until('ten copies processed', 120_000, async () => (await inDatabase(done)) === '10');
    await until('all healthy', 60_000, async () => {
      const states = await shell(server, "cd /opt/korrigo/current && docker compose ps --format '{{.Health}}'");
      // The door has no healthcheck.
      return states.split('\n').filter(Boolean).join() === Array(6).fill('healthy').join();
    });
  });
});

type Load = {
  readonly answers: readonly { readonly serial: string | undefined }[];
  readonly failures: readonly string[];
};

type Reply = Pick<Answer, 'status' | 'serial'>;

/** One request on a connection that may have been used before. */
function onKept(agent: Agent, port: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/api/version/', agent, servername: domain };
    const asked = request(options, (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, serial: undefined }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Requests without a pause, four at a time, until stopped. */
function startLoad(
  send: () => Promise<Reply>,
  count = 4,
): Pick<Load, 'answers'> & { readonly stop: () => Promise<Load> } {
  const answers: { serial: string | undefined }[] = [];
  const failures: string[] = [];
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
  });
  const client = async (): Promise<void> => {
    while (!isOver) {
      await send().then(
        ({ status, serial }) => (status === 200 ? answers.push({ serial }) : failures.push(String(status))),
        (error: unknown) => failures.push(String(error)),
      );
    }
  };
  const clients = Array.from({ length: count }, client);
  return {
    answers,
    stop: async () => {
      isOver = true;
      await Promise.all(clients);
      return { answers, failures };
    },
  };
}
