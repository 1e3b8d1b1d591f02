/** The reference infrastructure without TLS, from outside: what nginx answers, what is kept, what comes back. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { output, run, until } from '../../bed/process.ts';
import { samplePdf } from '../../fixtures/example/story.ts';
import { expectHardened } from './infra/hardening.ts';
import { type Answer, ask, form, newStack, type Question, type Stack } from './infra/stack.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await upBed();
});
afterAll(() => bed?.down());

type Copy = { readonly id: number; readonly file: string; readonly status: string };
const json = <T>({ body }: Answer): T => JSON.parse(body.toString()) as T;

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'referrer-policy': 'same-origin',
  'content-security-policy': expect.stringMatching(/^default-src '(none|self)'(?!.*unsafe)/),
  'permissions-policy': expect.stringContaining('camera=()'),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
};

describe('local production', () => {
  let stack: Stack;
  let pdf: Buffer;
  let unmigrated: number;
  let authorization: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    pdf = await readFile(samplePdf);
    const env = { TRUSTED_PROXIES: '10.0.0.0/8, 172.16.0.0/12,192.168.0.0/16', LIMIT_APPLICATION: '200r/s' };
    stack = await newStack(bed, 'local-prod', { env });
    await stack.addEnv('CELERY_VISIBILITY_TIMEOUT=5\n');
    await stack.compose('up', '-d', '--build');
    await stack.healthy();
    unmigrated = (await get('/api/health/ready/')).status;
    authorization = await stack.migrate();
    expect((await post('/api/exams/', { title: 'Algebra', date: '2026-06-15' })).status).toBe(201);
  });
  afterAll(() => stack?.down());

  const anonymously = (path: string, more: Partial<Question> = {}) => ask({ port: stack.ports.http, path, ...more });
  const get = (path: string, more: Partial<Question> = {}) =>
    anonymously(path, { ...more, headers: { ...authorization, ...more.headers } });
  const post = (path: string, body: object) =>
    get(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const upload = async (file: Uint8Array = pdf, student = 'Amira') =>
    await get('/api/exams/1/copies/', { method: 'POST', ...form({ student }, file) });
  const copies = async (): Promise<readonly Copy[]> => json<{ copies: Copy[] }>(await get('/api/copies/')).copies;
  const redis = async (...args: readonly string[]) =>
    (await stack.compose('exec', '-T', 'redis', 'redis-cli', ...args)).trim();

  it('is open to this machine only', async () => {
    const { NetworkSettings } = await stack.inspect('door');
    expect(NetworkSettings.Ports['80/tcp']?.map(({ HostIp }) => HostIp)).toEqual(['127.0.0.1']);
  });

  describe("the specification's commands", () => {
    it.each([
      ['up -d', 'nginx'],
      ['logs --tail 5', ''],
      ['logs --tail 5 backend', 'gunicorn'],
      ['ps', 'nginx'],
      ['exec -T backend bash -c id', 'uid=10001(korrigo)'],
      ['exec -T backend python manage.py makemigrations', 'No changes detected'],
      ['exec -T backend python manage.py migrate', 'exams'],
      [
        'exec -T -e DJANGO_SUPERUSER_PASSWORD=x backend python manage.py createsuperuser --noinput --username a --email a@b.tn',
        '',
      ],
      ['exec -T db pg_isready -U korrigo_user -d korrigo_db', 'accepting connections'],
      ['exec -T redis redis-cli ping', 'PONG'],
      ['restart backend', 'backend'],
    ])('`%s` works', async (command, said) => {
      const { code, stdout, stderr } = await stack.tryCompose(...command.split(' '));
      expect(code, stderr).toBe(0);
      expect(stdout + stderr).toContain(said);
    });

    it.each([
      ['logs -f', 'nginx'],
      ['logs -f backend', 'gunicorn'],
    ])('`%s` goes on until it is ended', async (command, said) => {
      const argv = ['docker', 'compose', '-f', 'infra/docker/docker-compose.local-prod.yml', ...command.split(' ')];
      const env = { ...bed.engine.env, COMPOSE_PROJECT_NAME: stack.project };
      const { code, stdout } = await run(argv, { cwd: stack.folder, env, timeout: 5000 });
      expect(code).toBeNull();
      expect(stdout).toContain(said);
    });

    it('`docker stats` knows the containers, and their limits', async () => {
      const { Id } = await stack.inspect('redis');
      const all = await bed.engine.docker('stats', '--no-stream', '--no-trunc', '--format', '{{.ID}} {{.MemUsage}}');
      expect(all.split('\n').find((line) => line.startsWith(Id))).toMatch(/ \/ 1GiB$/);
    });

    it('have a short form', async () => {
      const env = { ...bed.engine.env, COMPOSE_FILE: 'infra/docker/docker-compose.local-prod.yml' };
      const options = { cwd: stack.folder, env: { ...env, COMPOSE_PROJECT_NAME: stack.project } };
      const found = await run(['docker', 'compose', 'ps', '--services'], options);
      expect(found.stdout.trim().split('\n').sort()).toEqual(['backend', 'celery', 'db', 'door', 'nginx', 'redis']);
    });
  });

  it('is ready once it is migrated', async () => {
    await stack.healthy();
    expect(unmigrated).toBe(503);
    expect((await get('/api/health/live/')).status).toBe(200);
    expect(json(await get('/api/health/ready/'))).toMatchObject({ status: 'ready' });
  });

  describe('its containers', () => {
    it('are all of them hardened', async () => {
      const services = (await stack.compose('config', '--services')).trim().split('\n');
      expect(services.sort()).toEqual(['backend', 'celery', 'db', 'door', 'nginx', 'prepare', 'redis']);
      for (const service of services) await expectHardened(bed, stack, service);
    });

    it('read secrets that only the user who deploys can read on the host', async () => {
      const found = await stack.tryCompose('exec', '-T', 'backend', 'cat', '/run/secrets/db_password');
      if (process.getuid?.() === 0) expect(found.stderr).toContain('Permission denied');
      const copy = await stack.compose('exec', '-T', 'backend', 'stat', '-c', '%a %U:%G', '/run/prepared/db_password');
      expect(copy).toBe('440 root:korrigo\n');
    });

    it('have as many gunicorn workers as their CPUs ask for: twice one, and one', async () => {
      const { Id } = await stack.inspect('backend');
      const processes = (await bed.engine.docker('top', Id, '-o', 'pid,args')).match(/gunicorn/g);
      expect(processes).toHaveLength(1 + 3);
    });

    it('run with the figures of the specification', async () => {
      const sql = `SELECT name || '=' || current_setting(name) FROM pg_settings WHERE name IN ('max_connections',
        'shared_buffers', 'effective_cache_size', 'work_mem', 'maintenance_work_mem', 'wal_buffers', 'checkpoint_completion_target')`;
      const psql = ['psql', '-U', 'korrigo_user', '-d', 'korrigo_db', '-At', '-c', `${sql} ORDER BY 1`];
      expect((await stack.compose('exec', '-T', 'db', ...psql)).trim().split('\n')).toEqual([
        'checkpoint_completion_target=0.9',
        'effective_cache_size=1GB',
        'maintenance_work_mem=128MB',
        'max_connections=100',
        'shared_buffers=256MB',
        'wal_buffers=8MB',
        'work_mem=16MB',
      ]);
      expect(await redis('config', 'get', 'maxmemory')).toContain(String(512 * 1024 ** 2));
      expect(await redis('config', 'get', 'appendonly')).toContain('yes');
    });
  });

  describe('nginx', () => {
    it.each([
      ['/', 200, 'text/html', 'no-cache'],
      ['/some/page', 200, 'text/html', 'no-cache'],
      ['/assets/none.js', 404, 'text/html', undefined],
      ['/api/exams/', 200, 'application/json', 'no-store'],
      ['/api/none/', 404, 'application/json', 'no-store'],
      ['/login/', 200, 'text/html', 'no-cache'],
      ['/.well-known/security.txt', 404, 'text/html', undefined],
      ['/metrics', 404, 'text/html', undefined],
      ['/admin/login/', 200, 'text/html', expect.stringContaining('private')],
      ['/static/admin/css/base.css', 200, 'text/css', 'no-cache'],
      ['/static/none.css', 404, 'text/html', undefined],
      ['/media/copies/none.pdf', 404, 'text/html', undefined],
      ['/protected-media/', 404, 'text/html', undefined],
    ])(
      'answers %s with %i, its type, what may be kept, and every security header',
      async (path, status, type, cache) => {
        const answer = await get(path);
        expect(answer.status).toBe(status);
        expect(answer.headers['content-type']).toContain(type);
        expect(answer.headers['cache-control']).toEqual(cache);
        expect(answer.headers).toMatchObject(securityHeaders);
        expect(answer.headers['server']).toBe('nginx');
        for (const name of Object.keys(securityHeaders))
          expect(answer.headers[name], name).not.toMatch(/, (nosniff|SAME)/);
      },
    );

    it('lets what has a hash in its name be kept for ever, compressed', async () => {
      const page = (await get('/admin/login/')).body.toString();
      const front = (await get('/')).body.toString();
      const names = [
        /\/static\/admin\/css\/base\.[0-9a-f]{12}\.css/.exec(page)?.[0],
        /\/assets\/[^"]+\.js/.exec(front)?.[0],
      ];
      for (const name of names) {
        const answer = await get(name ?? 'none', { headers: { 'accept-encoding': 'gzip' } });
        expect(answer.headers).toMatchObject({
          'cache-control': 'public, max-age=31536000, immutable',
          'content-encoding': 'gzip',
          vary: 'Accept-Encoding',
          ...securityHeaders,
        });
      }
    });

    it('lets uploads of 99 MB pass and refuses 101 MB', async () => {
      const large = Buffer.alloc(99 * 1024 ** 2, ' ');
      pdf.copy(large);
      expect((await upload(large)).status).toBe(201);
      const tooLarge = await upload(Buffer.alloc(101 * 1024 ** 2));
      expect(tooLarge.status).toBe(413);
      expect(tooLarge.headers).toMatchObject(securityHeaders);
      expect(await stack.compose('exec', '-T', 'backend', 'ls', '/app/media/.uploads')).toBe('');
    });

    it('believes the proxies that it is told to trust, and writes it all into one line of JSON', async () => {
      const headers = {
        'x-forwarded-for': '203.0.113.7',
        'x-forwarded-proto': 'https',
        'user-agent': 'a "quoted" one',
      };
      const answer = await get('/api/exams/?secret=1', { headers });
      expect(answer.headers['strict-transport-security']).toBe('max-age=63072000; includeSubDomains; preload');
      expect(await stack.logged(answer)).toMatchObject({
        method: 'GET',
        path: '/api/exams/',
        scheme: 'https',
        status: 200,
        client: '203.0.113.7',
        agent: 'a "quoted" one',
      });
    });

    it('finds a second backend, asks it instead of a broken one, and never repeats a POST', async () => {
      const name = `${stack.project}-broken`;
      const network = ['--network', `${stack.project}_default`, '--network-alias', 'backend'];
      const label = ['--label', `korrigo.bed=${bed.id}`];
      const broken = [bed.engine.images.python, 'python3', '-u', '-c', brokenBackend];
      await bed.engine.docker('run', '--detach', '--init', '--name', name, ...label, ...network, ...broken);
      try {
        const echoes: Answer[] = [];
        await until('the second backend found', 20_000, async () => {
          const answer = await get('/api/echo', {
            headers: { 'x-request-id': 'mine', 'x-forwarded-for': '203.0.113.7' },
          });
          if (answer.status === 200) echoes.push(answer);
          return echoes.length > 0;
        });
        const seen = json<Record<string, string>>(echoes[0] as Answer);
        expect(seen).toMatchObject({
          'x-request-id': echoes[0]?.headers['x-request-id'],
          'x-forwarded-for': '203.0.113.7',
        });
        const reads = await Promise.all(Array.from({ length: 20 }, () => get('/api/exams/')));
        expect(reads.map(({ status }) => status)).toEqual(reads.map(() => 200));
        let [made, lost] = [0, 0];
        // It is asked only as long as nginx knows of it, which it looks up every few seconds.
        await until('a POST that the broken backend got', 20_000, async () => {
          const writes = await Promise.all(
            Array.from({ length: 20 }, (_, n) =>
              post('/api/exams/', { title: `only once ${made + lost + n}`, date: '2026-06-15' }),
            ),
          );
          expect(writes.filter(({ status }) => status !== 201 && status !== 502)).toEqual([]);
          made += writes.filter(({ status }) => status === 201).length;
          lost += writes.filter(({ status }) => status === 502).length;
          return lost > 0;
        });
        // Docker writes down a little later what was printed.
        let got = 0;
        await until('all that it got in its log', 20_000, async () => {
          got = (await bed.engine.docker('logs', name)).match(/POST/g)?.length ?? 0;
          return got >= lost;
        });
        expect(got).toBe(lost);
        expect(made).toBeGreaterThan(0);
      } finally {
        await bed.engine.docker('rm', '--force', name);
      }
      await until('the broken backend forgotten', 10_000, async () => (await get('/api/echo')).status === 404);
    });

    it('adds a missing slash without forgetting by which name, port and scheme it was asked for', async () => {
      const answer = await get('/admin?next=1', { headers: { 'x-forwarded-proto': 'https' } });
      expect([answer.status, answer.headers.location]).toEqual([301, '/admin/?next=1']);
    });

    it('finds a backend that was recreated at another address', async () => {
      await stack.compose('up', '-d', '--force-recreate', '--no-deps', 'backend');
      await until('an answer', 20_000, async () => (await get('/api/exams/')).status === 200);
    });
  });

  /** As the pages do it. The cookies of a session, or what was answered instead. */
  const signIn = async (username: string, password: string, address = '203.0.113.50') => {
    const headers = { 'x-forwarded-for': address };
    const before = await anonymously('/api/session/', { headers });
    const { csrf } = json<{ csrf: string }>(before);
    const sent = { ...headers, cookie: cookies(before), 'x-csrftoken': csrf, 'content-type': 'application/json' };
    const body = JSON.stringify({ username, password });
    const answer = await anonymously('/api/session/', { method: 'POST', headers: sent, body });
    return { answer, headers: { cookie: cookies(answer) } };
  };
  const cookies = ({ headers }: Answer): string =>
    (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; ');
  const python = async (code: string) =>
    await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', 'shell', '--verbosity', '0', '-c', code);
  const setPasswords = async () =>
    await python(`
from django.contrib.auth.models import User
for name in ["teacher", "colleague"]:
    user, _ = User.objects.get_or_create(username=name)
    user.set_password("right")
    user.save()`);
  const anAnswer = async (): Promise<void> => {
    await until('an answer', 30_000, async () => (await get('/api/exams/')).status === 200);
  };

  describe('signing in', () => {
    beforeAll(setPasswords);

    it('shows each teacher their own exams, and a stranger none', async () => {
      const { headers, answer } = await signIn('teacher', 'right');
      expect([answer.status, json<{ user: object }>(answer).user]).toEqual([200, { username: 'teacher', name: '' }]);
      const titles = async (more: Partial<Question>) =>
        json<{ exams: { title: string }[] }>(await anonymously('/api/exams/', more)).exams.map(({ title }) => title);
      expect(await titles({ headers })).toContain('Algebra');
      expect(await titles({ headers: (await signIn('colleague', 'right')).headers })).toEqual([]);
      expect((await anonymously('/api/exams/')).status).toBe(401);
      const path = '/api/exams/1/copies/';
      expect((await anonymously(path, { method: 'POST', ...form({ student: 'Amira' }, pdf) })).status).toBe(401);
    });

    it('is refused to another site, which has no token', async () => {
      const { headers } = await signIn('teacher', 'right');
      const more = { method: 'POST', headers: { ...headers, 'content-type': 'text/plain' }, body: '{}' };
      expect((await anonymously('/api/exams/', more)).status).toBe(403);
    });

    it('is closed after five wrong passwords, for that address, while others sign in', async () => {
      const statuses: number[] = [];
      for (let n = 0; n < 8; n++) statuses.push((await signIn('teacher', 'wrong', '203.0.113.60')).answer.status);
      expect(statuses).toEqual([403, 403, 403, 403, 429, 429, 429, 429]);
      const locked = await signIn('teacher', 'right', '203.0.113.60');
      expect([locked.answer.status, locked.answer.headers['retry-after']]).toEqual([429, '900']);
      expect((await signIn('teacher', 'right', '203.0.113.61')).answer.status).toBe(200);
      const log = await stack.compose('logs', '--no-log-prefix', '--tail', '200', 'backend');
      expect(log).toMatch(/"logger": "audit", "message": "session.locked".*"client": "203.0.113.60"/);
    });

    it('by force, from many addresses at once, leaves the site to others', async () => {
      const attack = Array.from({ length: 60 }, (_, n) => signIn('colleague', `guess ${n}`, `198.51.100.${n}`));
      const others = await Promise.all(Array.from({ length: 20 }, () => get('/api/exams/')));
      expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
      expect((await Promise.all(attack)).every(({ answer }) => [403, 429].includes(answer.status))).toBe(true);
    });
  });

  describe('examination papers', () => {
    let file: string;
    let session: string;
    beforeAll(async () => {
      await setPasswords();
      file = json<Copy>(await upload()).file;
      const asked = await anonymously(file, { headers: { accept: 'text/html,*/*;q=0.8' } });
      expect([asked.status, asked.headers.location]).toEqual([302, `/login/?next=${file}`]);
      expect(asked.headers['cache-control']).toBe('private, no-cache');
      expect((await anonymously(String(asked.headers.location))).body.toString()).toContain('<div id="app">');
      session = (await signIn('teacher', 'right')).headers.cookie;
    });

    const switchTo = async (access: string): Promise<void> => {
      await stack.writeDotenv(`MEDIA_ACCESS=${access}\n`);
      await stack.compose('up', '-d', '--no-deps', 'backend', 'nginx');
      await anAnswer();
    };
    const startBackend = async (): Promise<void> => {
      await stack.compose('start', 'backend');
      await anAnswer();
    };

    it('are for the teachers of the exam, by nginx, byte for byte and in parts, asked for each time', async () => {
      expect((await anonymously(file)).status).toBe(401);
      expect((await anonymously(file, await signIn('colleague', 'right'))).status).toBe(404);
      expect((await get(file)).body.equals(pdf)).toBe(true);
      for (let n = 0; n < 2; n++) {
        const answer = await anonymously(file, { headers: { cookie: session } });
        expect(answer.body.equals(pdf)).toBe(true);
        expect(answer.headers).toMatchObject({
          'cache-control': 'private, no-cache',
          'content-type': 'application/pdf',
        });
        expect(answer.headers).toMatchObject(securityHeaders);
      }
      const part = await anonymously(file, { headers: { cookie: session, range: 'bytes=0-4' } });
      expect([part.status, part.body.toString()]).toEqual([206, '%PDF-']);
      const log = await stack.compose('logs', '--no-log-prefix', '--tail', '3', 'nginx');
      expect(log).not.toContain('"cache":"HIT"');
      expect((await anonymously(file)).status).toBe(401);
    });

    it('are nobody else’s to name', async () => {
      const headers = { cookie: session };
      expect((await get(file.replace('/media/', '/protected-media/'), { headers })).status).toBe(404);
      await stack.compose('exec', '-T', 'backend', 'sh', '-c', 'echo stray >/app/media/stray.pdf');
      expect((await get('/media/stray.pdf', { headers })).status).toBe(404);
      expect((await get('/media/..%2fmanage.py', { headers })).body.toString()).not.toContain('django');
      expect((await get('/media/%2e%2e/manage.py', { headers })).body.toString()).not.toContain('django');
    });

    it('are kept by nginx with MEDIA_ACCESS=public, also while Django is away', async () => {
      await switchTo('public');
      expect((await anonymously(file)).status).toBe(200);
      await stack.compose('stop', '--timeout', '1', 'backend');
      expect([502, 504]).toContain((await get('/api/exams/')).status);
      const answer = await anonymously(file);
      expect(answer.status).toBe(200);
      expect(answer.headers['cache-control']).toBe('public, max-age=2592000, immutable');
      expect(answer.body.equals(pdf)).toBe(true);
      await startBackend();
    });

    it('are no longer given out when they are no longer public, whether Django is there or not', async () => {
      await switchTo('teachers');
      expect((await anonymously(file)).status).toBe(401);
      expect((await anonymously(file, { headers: { cookie: session } })).body.equals(pdf)).toBe(true);
      await stack.compose('stop', '--timeout', '1', 'backend');
      expect([502, 504]).toContain((await get(file)).status);
      await startBackend();
    });
  });

  it('takes a new secret key and a new password of the database with the command of the README, and nothing else is restarted', async () => {
    await setPasswords();
    const { headers } = await signIn('teacher', 'right');
    const isSignedIn = async () =>
      json<{ user: object | null }>(await anonymously('/api/session/', { headers })).user !== null;
    expect(await isSignedIn()).toBe(true);
    const ids = async () =>
      await Promise.all(['db', 'redis', 'door', 'nginx'].map(async (name) => (await stack.inspect(name)).Id));
    const before = await ids();
    const write = async (name: string, value: string) =>
      await writeFile(join(stack.folder, `infra/docker/secrets/${name}.txt`), value);
    await write('secret_key', 'another one, and as long as it has to be\n');
    await write('db_password', 'another one, from Windows\r\n');
    const readme = await readFile(join(stack.folder, 'infra/README.md'), 'utf8');
    const command = /^ {4}docker compose (up .*--force-recreate .*)$/m.exec(readme)?.[1] ?? 'none';
    await stack.compose(...command.split(' '));
    await anAnswer();
    expect(await isSignedIn()).toBe(false);
    expect(await ids()).toEqual(before);
    expect((await signIn('teacher', 'right')).answer.status).toBe(200);
  });

  it('exchanges its workers after a while, one by one, and no request is lost by it', async () => {
    await stack.addEnv('GUNICORN_MAX_REQUESTS=40\n');
    await stack.compose('up', '-d', '--no-deps', 'backend');
    await anAnswer();
    const failed: number[] = [];
    const client = async () => {
      for (let n = 0; n < 60; n++) {
        const { status } = await get('/api/version/');
        if (status !== 200) failed.push(status);
      }
    };
    await Promise.all(Array.from({ length: 6 }, client));
    expect(failed).toEqual([]);
    expect(await stack.compose('logs', '--no-log-prefix', '--tail', '400', 'backend')).toMatch(
      /[Mm]ax.?requests|Autorestarting/,
    );
  });

  describe('Redis', () => {
    it('under pressure drops the cache and no task', async () => {
      await stack.healthy();
      await stack.compose('stop', '--timeout', '10', 'celery');
      await upload();
      expect(await redis('llen', 'celery')).toBe('1');
      await redis('config', 'set', 'maxmemory', '10mb');
      const script = "for i=1,1000 do redis.call('set', KEYS[1]..i, string.rep('x', 1000), 'EX', 600) end";
      const fill = `for n in $(seq 20); do redis-cli -n 1 eval "${script}" 1 $n- >/dev/null; done`;
      await stack.compose('exec', '-T', 'redis', 'sh', '-c', fill);
      expect(Number(/evicted_keys:(\d+)/.exec(await redis('info', 'stats'))?.[1])).toBeGreaterThan(1000);
      expect(await redis('llen', 'celery')).toBe('1');
      await redis('-n', '1', 'flushdb');
      // Now nothing is left that it could drop.
      await redis('config', 'set', 'maxmemory', '1mb');
      expect((await get('/api/exams/')).status).toBe(200);
      expect((await upload()).status).toBe(202);
      await redis('config', 'set', 'maxmemory', '512mb');
      await stack.compose('start', 'celery');
      await until('the task done', 30_000, async () => (await copies()).every(({ status }) => status !== 'pending'));
    });

    it('may be away: pages are slower and not broken', async () => {
      await stack.compose('stop', '--timeout', '5', 'redis');
      expect((await get('/admin/login/')).status).toBe(200);
      expect((await get('/api/exams/')).status).toBe(200);
      await stack.compose('start', 'redis');
      await stack.healthy();
    });
  });

  it('starts again with everything after stop and down, and is empty after down -v', async () => {
    const { length } = await copies();
    await stack.compose('stop', '--timeout', '5');
    await stack.compose('down');
    await stack.compose('up', '-d');
    await until('ready', 60_000, async () => (await get('/api/health/ready/').catch(() => undefined))?.status === 200);
    expect((await copies()).length).toBe(length);
    await stack.compose('down', '-v', '--timeout', '2');
    expect(await bed.engine.docker('volume', 'ls', '--quiet', '--filter', `name=${stack.project}_`)).toBe('');
  });
});

/** Answers /api/echo with the headers that it got; reads everything else and hangs up. */
const brokenBackend = `
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != '/api/echo': return self.hang_up()
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200); self.send_header('content-length', str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_POST(self):
        self.rfile.read(int(self.headers['content-length'])); self.hang_up()
    def hang_up(self):
        print(self.command); self.close_connection = True
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(('', 8000), Handler).serve_forever()
`;

describe('development', () => {
  let stack: Stack;
  beforeAll(async () => {
    // A user like those at their desks, also where root runs the tests.
    const isRoot = process.getuid?.() === 0;
    stack = await newStack(bed, 'dev', isRoot ? { env: { DEV_UID: '1000', DEV_GID: '1000' } } : {});
    if (isRoot) await output(['chown', '--recursive', '1000:1000', stack.folder]);
    await stack.compose('up', '-d', '--build');
    await stack.healthy(120_000);
  });
  afterAll(async () => {
    await stack?.down();
    await bed.engine.tryDocker(['rmi', 'korrigo-backend-dev']);
  });

  const edit = async (path: string, from: string, to: string) => {
    const text = await readFile(join(stack.folder, path), 'utf8');
    expect(text).toContain(from);
    await writeFile(join(stack.folder, path), text.replace(from, to));
  };
  let authorization: Readonly<Record<string, string>> = {};
  const page = (path: string, more: Partial<Question> = {}) =>
    ask({ port: stack.ports.frontend, path, ...more, headers: { ...authorization, ...more.headers } });

  it('has its ports open, an account, and pages that may write', async () => {
    const known = await page('/api/session/');
    const { csrf } = json<{ csrf: string }>(known);
    const cookie = known.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const account = JSON.stringify({ username: 'teacher', password: 'teacher' });
    const sent = { 'x-csrftoken': csrf, cookie, origin: 'http://localhost:5173', host: 'localhost:5173' };
    expect((await page('/api/session/', { method: 'POST', headers: sent, body: account })).status).toBe(200);
    authorization = await stack.migrate();
    const headers = { host: 'localhost:5173', origin: 'http://localhost:5173', 'content-type': 'application/json' };
    const body = JSON.stringify({ title: 'Algebra', date: '2026-06-15' });
    expect((await page('/api/exams/', { method: 'POST', headers, body })).status).toBe(201);
    expect((await ask({ port: stack.ports.backend, path: '/static/admin/css/base.css' })).status).toBe(200);
    expect((await ask({ port: stack.ports.backend, path: '/none' })).body.toString()).toContain('DEBUG = True');
  });

  it('has its databases open, for this machine', async () => {
    for (const [port, sent, said] of [
      [stack.ports.redis, 'PING\r\n', '+PONG\r\n'],
      // A request for TLS, which PostgreSQL answers with one letter.
      [stack.ports.db, Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]), 'N'],
    ] as const)
      expect(await firstWords(port, sent)).toBe(said);
    for (const service of ['backend', 'frontend', 'db', 'redis']) {
      const { NetworkSettings } = await stack.inspect(service);
      const bound = Object.values(NetworkSettings.Ports).flatMap((bindings) => bindings ?? []);
      expect(bound.map(({ HostIp }) => HostIp)).toEqual(['127.0.0.1']);
    }
  });

  it('makes migrations that belong to the user', async () => {
    await edit(
      'backend/exams/models.py',
      'title = models.CharField(max_length=200)',
      'title = models.CharField(max_length=300)',
    );
    const made = await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', 'makemigrations');
    const name = /exams\/migrations\/(0\w+\.py)/.exec(made)?.[1] ?? 'none';
    const file = join(stack.folder, 'backend/exams/migrations', name);
    expect(await readFile(file, 'utf8')).toContain('max_length=300');
    expect((await stat(file)).uid).toBe((await stat(stack.folder)).uid);
    await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', 'migrate');
    await until('ready', 20_000, async () => {
      return (await page('/api/health/ready/').catch(() => undefined))?.status === 200;
    });
  });

  it('restarts what was edited: Django, Celery, pages', async () => {
    await edit('backend/core/health.py', '{"status": "live"}', '{"status": "edited"}');
    await edit('backend/exams/tasks.py', 'copy.pages = len(PdfReader(file).pages)', 'copy.pages = 77');
    await edit('frontend/index.html', '<title>Korrigo</title>', '<title>Edited</title>');
    await until('edited pages', 20_000, async () => (await page('/')).body.includes('<title>Edited'));
    await until('edited Django', 20_000, async () => {
      return (await page('/api/health/live/').catch(() => undefined))?.body.includes('edited') ?? false;
    });
    await until('edited Celery', 30_000, async () => {
      const sent = await page('/api/exams/1/copies/', {
        method: 'POST',
        ...form({ student: 'A' }, await readFile(samplePdf)),
      });
      const { id } = json<Copy>(sent);
      await until('processed', 20_000, async () => json<Copy>(await page(`/api/copies/${id}/`)).status === 'processed');
      return json<{ pages: number }>(await page(`/api/copies/${id}/`)).pages === 77;
    });
  });
});

/** What a server says to the first thing that it hears. */
async function firstWords(port: number, sent: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await new Promise((resolve, reject) => {
      socket.on('error', reject).on('data', (data) => resolve(data.toString()));
      socket.write(sent);
    });
  } finally {
    socket.destroy();
  }
}

describe('the tests', () => {
  it('run in the image that would be shipped, and leave nothing', async () => {
    const stack = await newStack(bed, 'test');
    const only = ['up', '--build', '--abort-on-container-exit', '--exit-code-from', 'tests'];
    const { code, stdout, stderr } = await stack.tryCompose(...only);
    expect(stdout + stderr).toMatch(/Ran \d+ tests/);
    expect(code, stdout + stderr).toBe(0);
    await stack.compose('down', '--volumes');
    await bed.engine.tryDocker(['rmi', `${stack.project}-tests`]);
  });
});

describe('every compose file', () => {
  it.each(['dev', 'local-prod', 'prod', 'test'] as const)('%s is one that Compose reads', async (file) => {
    const stack = await newStack(bed, file);
    expect((await stack.compose('config', '--services')).trim()).not.toBe('');
  });
});
