/** nginx before an application that is slow, or that fails on purpose: how long it waits, and what it still gives out. */
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { type Answer, ask, newStack, type Question, type Stack } from './infra/stack.ts';

/** Seconds. nginx's own patience is 60 for each of these, the specification's 300. */
const long = 65;
const MB = 1024 ** 2;

/** Where uploads go: one that listens late, and one that listens. */
const deaf = '/api/exams/1/copies/';
const uploads = '/api/exams/2/copies/';

/**
 * /api/slow answers late, /api/large says much, a path that ends in /<n> is the answer n. /media/<n>.pdf is there the first n times that
 * it is asked for, then 503, and may be kept for a second.
 */
const application = `
import http.server, time
asked = {}
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path == '/api/slow': time.sleep(${long})
        if self.path.startswith('/media/'):
            asked[self.path] = asked.get(self.path, 0) + 1
            is_there = asked[self.path] <= int(self.path[7:-4])
            return self.answer(200 if is_there else 503, b'a paper' if is_there else b'')
        last = self.path.split('/')[-1]
        if last.isdigit(): return self.answer(int(last), b'mine')
        self.answer(200, b'x' * ${64 * MB} if self.path == '/api/large' else b'%d' % asked.get(self.path[4:], 0))
    def do_POST(self):
        if self.path == '${deaf}': time.sleep(${long})
        self.answer(200, b'%d' % len(self.rfile.read(int(self.headers['content-length']))))
    def answer(self, status, body):
        self.send_response(status)
        self.send_header('content-length', str(len(body)))
        if status == 200: self.send_header('cache-control', 'public, max-age=1')
        if status == 503: self.send_header('retry-after', '77')
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
Server(('', 8000), Handler).serve_forever()
`;

type Problem = { readonly errors: { readonly request: readonly string[] }; readonly request_id: string };

describe('nginx', () => {
  let bed: Bed;
  let stack: Stack;
  let slow: Readonly<Record<'answer' | 'upstream' | 'upload' | 'download', Promise<readonly [number, number]>>>;

  beforeAll(async () => {
    bed = await upBed();
    const script = `${bed.folder}/application.py`;
    await writeFile(script, application, { mode: 0o644 });
    const override = `services:
  backend:
    image: ${bed.engine.images.python}
    build: !reset null
    entrypoint: [python3, -u, /application.py]
    volumes: ["${script}:/application.py:ro"]
    healthcheck: { disable: true }
`;
    const env = { MEDIA_ACCESS: 'public', TRUSTED_PROXIES: '10.0.0.0/8,172.16.0.0/12', LIMIT_APPLICATION: '1r/s' };
    stack = await newStack(bed, 'local-prod', { override, env });
    await stack.compose('up', '-d', '--build', '--no-deps', 'door', 'nginx', 'backend');
    await until('an answer', 30_000, async () => (await get('/api/')).status === 200);
    // All at once, and beside the other tests.
    slow = {
      answer: statusAndLength({ path: '/api/slow' }),
      upstream: statusAndLength({ path: deaf, method: 'POST', body: new Uint8Array(64 * MB) }),
      upload: pausing('upload'),
      download: pausing('download'),
    };
    // Until somebody waits for them, one that failed is nobody's unhandled failure.
    for (const one of Object.values(slow)) one.catch(() => undefined);
  });
  afterAll(async () => {
    await stack?.down();
    await bed?.down();
  });

  const get = (path: string, more: Partial<Question> = {}) => ask({ port: stack.ports.http, path, ...more });
  const statusAndLength = async (question: Partial<Question>): Promise<readonly [number, number]> => {
    const { status, body } = await ask({ port: stack.ports.http, timeout: 3 * long * 1000, ...question });
    return [status, question.method === 'POST' ? Number(body.toString()) : body.length];
  };
  /** A client with a bad line: in the middle of what it sends, or of what it gets, nothing goes on for a while. */
  const pausing = (what: 'upload' | 'download'): Promise<readonly [number, number]> =>
    new Promise((resolve, reject) => {
      const later = (goOn: () => void) => setTimeout(goOn, long * 1000);
      const length = what === 'upload' ? { 'content-length': '20' } : {};
      const path = what === 'upload' ? uploads : '/api/large';
      const method = what === 'upload' ? 'POST' : 'GET';
      const asked = request(
        { host: '127.0.0.1', port: stack.ports.http, path, method, headers: length },
        (response) => {
          let bytes = 0;
          let text = '';
          const listen = () =>
            response.on('data', (chunk: Buffer) => {
              bytes += chunk.length;
              text = what === 'upload' ? text + chunk : '';
            });
          what === 'upload' ? listen() : later(listen);
          response.on('error', reject);
          response.on('end', () => resolve([response.statusCode ?? 0, what === 'upload' ? Number(text) : bytes]));
        },
      );
      asked.on('error', reject);
      if (what === 'upload') asked.write('x'.repeat(10));
      if (what === 'upload') later(() => asked.end('x'.repeat(10)));
      else asked.end();
    });
  /** How often the application was asked for this. */
  const asked = async (path: string): Promise<number> => Number((await get(`/api${path}`)).body.toString());

  it('gives out a paper that it kept when the application says 503, and only one that it kept', async () => {
    expect((await get('/media/1.pdf')).body.toString()).toBe('a paper');
    await new Promise((resolve) => setTimeout(resolve, 2100)); // what it kept was good for a second
    for (let n = 0; n < 3; n++) {
      const answer = await get('/media/1.pdf');
      expect([answer.status, answer.body.toString()]).toEqual([200, 'a paper']);
      expect(['STALE', 'UPDATING', 'EXPIRED']).toContain((await stack.logged(answer))['cache']);
    }
    await until('the application asked again', 10_000, async () => (await asked('/media/1.pdf')) > 1);
    expect((await get('/media/0.pdf')).status).toBe(503);
  });

  it('asks the application again as soon as what it kept is old', async () => {
    expect((await get('/media/9.pdf')).status).toBe(200);
    expect((await get('/media/9.pdf')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await until('asked again', 10_000, async () => {
      expect((await get('/media/9.pdf')).status).toBe(200);
      return (await asked('/media/9.pdf')) > 1;
    });
  });

  it.each([
    ['answer', 'an application that thinks', 1],
    ['upstream', 'an application that does not listen', 64 * MB],
    ['upload', 'a client that pauses in the middle of an upload', 20],
    ['download', 'a client that pauses in the middle of a download', 64 * MB],
  ] as const)('waits longer than a minute (%s): %s', async (name, _what, length) => {
    expect(await slow[name]).toEqual([200, length]);
  });

  describe('has limits for each client', () => {
    const from = (address: string, more: Partial<Question> = {}): Partial<Question> => ({
      ...more,
      headers: { ...more.headers, 'x-forwarded-for': address },
    });
    const many = async (count: number, path: string, question: Partial<Question>): Promise<readonly Answer[]> =>
      await Promise.all(Array.from({ length: count }, () => get(path, question)));
    const refused = (answers: readonly Answer[]): readonly Answer[] => answers.filter(({ status }) => status === 429);

    it('of what they ask the application for, while others are answered', async () => {
      const flood = many(200, '/api/200', from('203.0.113.1'));
      const others = await many(20, '/api/200', from('203.0.113.2'));
      expect(refused(others)).toEqual([]);
      const [first, ...more] = refused(await flood);
      expect(more.length).toBeGreaterThan(50);
      expect(first?.headers).toMatchObject({ 'retry-after': '2', 'cache-control': 'no-store' });
      expect((await get('/', from('203.0.113.1'))).status).toBe(200);
    });

    it('who are all of an IPv6 network of 64 bits', async () => {
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, n) => get('/api/200', from(`2001:db8:0:1::${n.toString(16)}`))),
      );
      expect(refused(answers).length).toBeGreaterThan(50);
      expect(refused(await many(50, '/api/200', from('2001:db8:0:1:ffff::1'))).length).toBeGreaterThan(0);
      expect(refused(await many(50, '/api/200', from('2001:db8:0:2::1')))).toEqual([]);
    });

    it.each(['/api/session/', '/admin/login/'])(
      'of how often they try to sign in (%s), and only of that',
      async (path) => {
        const address = path === '/admin/login/' ? '203.0.113.4' : '203.0.113.3';
        const tries: Answer[] = [];
        for (let n = 0; n < 30; n++) tries.push(await get(path, from(address, { method: 'POST', body: '{}' })));
        expect(refused(tries).length).toBeGreaterThan(5);
        expect(refused(tries)[0]?.headers['retry-after']).toBe('10');
        expect((await get('/api/200', from(address))).status).toBe(200);
        expect((await get(path, from('203.0.113.5', { method: 'POST', body: '{}' }))).status).toBe(200);
      },
    );

    it('of how many papers they hand in at once', async () => {
      const address = '203.0.113.6';
      const slowly = Array.from({ length: 25 }, () => connected('POST', uploads, address, 10));
      const early = await Promise.all(slowly);
      expect(early.filter(({ answered }) => answered.includes('429')).length).toBe(5);
      expect((await get(uploads, from('203.0.113.7', { method: 'POST', body: 'x' }))).status).toBe(200);
      for (const { socket } of early) socket.destroy();
    });

    it('who begin a request and never end it: each is gone after a while, and others are answered meanwhile', async () => {
      const slowly = await Promise.all(
        Array.from({ length: 300 }, () => connected('GET', '/', '203.0.113.8', undefined)),
      );
      const statuses = (await many(50, '/', from('203.0.113.9'))).map(({ status }) => status);
      expect(statuses).toEqual(statuses.map(() => 200));
      await until('all of them gone', 60_000, async () => slowly.every(({ socket }) => socket.closed));
    });

    /** A request whose headers (`length` undefined) or body stay without an end. What came back within two seconds. */
    const connected = async (method: string, path: string, address: string, length: number | undefined) => {
      const socket = connect(stack.ports.http, '127.0.0.1');
      let answered = '';
      socket.on('data', (data) => {
        answered += data.toString();
      });
      socket.on('error', () => undefined);
      const end = length === undefined ? '' : `Content-Length: ${length}\r\n\r\n`;
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${address}\r\n${end}`);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return { socket, answered };
    };
  });

  it.each([
    ['1.26.3', ''],
    ['1.27.3', ''],
    ['1.27.4', 'keepalive_min_timeout 10s;'],
    ['1.30.1', 'keepalive_min_timeout 10s;'],
    ['2.0.0', 'keepalive_min_timeout 10s;'],
  ])('%s is told to keep idle connections over a reload, if it knows how', async (version, line) => {
    const fake = `printf '#!/bin/sh\\necho nginx version: nginx/${version} >&2' >/usr/local/bin/nginx`;
    const script = `${fake} && chmod +x /usr/local/bin/nginx && /docker-entrypoint.d/40-settings.sh`;
    const sh = [
      '--rm',
      '--network',
      'none',
      '--user',
      '0',
      '--entrypoint',
      'sh',
      `${stack.project}/korrigo-nginx`,
      '-c',
    ];
    // On a busy machine, `docker run` can miss what a container prints that ends at once.
    const settings = async () => await bed.engine.docker('run', ...sh, `${script} && cat /tmp/nginx/keepalive/*.conf`);
    await expect.poll(settings, { timeout: 60_000 }).toBe(line);
  });

  it('says all that is wrong with its settings, and does not start', async () => {
    const wrong = {
      LIMIT_LOGIN: '30',
      LIMIT_UPLOADS: 'many',
      TRUSTED_PROXIES: '10.0.0.0/8; 1',
      SECURITY_CONTACT: 'me',
    };
    const env = Object.entries({ ...wrong, LIMIT_REQUESTS: 'off' }).flatMap(([name, value]) => [
      '--env',
      `${name}=${value}`,
    ]);
    const { code, stderr } = await bed.engine.tryDocker([
      ...['run', '--rm', '--network', 'none', ...env, `${stack.project}/korrigo-nginx`],
    ]);
    expect(code).toBe(1);
    expect(stderr.slice(stderr.indexOf('infra/docker/.env'))).toBe(
      'infra/docker/.env:\n' +
        "  LIMIT_LOGIN is '30'. It can be a rate, e.g. 50r/s or 30r/m, or off.\n" +
        "  LIMIT_UPLOADS is 'many'. It can be a number, or off.\n" +
        "  TRUSTED_PROXIES is '10.0.0.0/8; 1'. It can be addresses or networks, separated by commas, e.g. 10.0.0.0/8, 2001:db8::/32.\n" +
        "  SECURITY_CONTACT is 'me'. It can be mailto:someone@example.org or https://….\n",
    );
  });

  describe('has pages of its own, for people and for programs,', () => {
    const pages = { accept: 'text/html,*/*;q=0.8' };
    const expectPage = async (path: string, status: number, words: string, more: Partial<Question> = {}) => {
      const page = await get(path, { ...more, headers: { ...more.headers, ...pages } });
      const data = await get(path, more);
      expect([page.status, data.status]).toEqual([status, status]);
      expect(page.headers['content-type']).toContain('text/html');
      expect(data.headers['content-type']).toContain('application/json');
      expect(page.body.toString()).toContain(words);
      expect(page.body.toString()).toContain(`<code>${page.headers['x-request-id']}</code>`);
      expect(page.body.toString()).not.toMatch(/style=|<style|<script|nginx/);
      const { errors, request_id } = JSON.parse(data.body.toString()) as Problem;
      expect(errors.request[0]).toContain(words);
      expect(request_id).toBe(data.headers['x-request-id']);
      for (const { headers } of [page, data]) {
        expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
        expect(headers['content-security-policy']).toContain("style-src 'self'");
      }
      expect((await get('/error.css')).headers['content-type']).toContain('text/css');
      return page.headers;
    };

    it('when something is too large', async () => {
      await expectPage('/api/200', 413, 'at most 1 MB', { method: 'POST', body: new Uint8Array(2 * MB) });
    });

    it('when the site is closed, with all but what a deploy asks', async () => {
      await stack.compose('exec', '-T', 'nginx', 'touch', '/tmp/maintenance');
      const headers = await expectPage('/exams', 503, 'Korrigo is temporarily unavailable');
      expect(headers['retry-after']).toBe('30');
      await expectPage('/api/200', 503, 'Korrigo is temporarily unavailable');
      for (const path of ['/api/health/200', '/healthz']) expect((await get(path)).status).toBeLessThan(300);
      await stack.compose('exec', '-T', 'nginx', 'rm', '/tmp/maintenance');
      expect((await get('/exams')).status).toBe(200);
    });

    it('unless the application says it itself, to programs', async () => {
      const answer = await get('/api/503');
      expect([answer.status, answer.body.toString(), answer.headers['retry-after']]).toEqual([503, 'mine', '77']);
      const page = await get('/admin/503', { headers: pages });
      expect(page.body.toString()).toContain('Korrigo is temporarily unavailable');
      expect([page.status, page.headers['retry-after']]).toEqual([503, '77']);
    });

    it('when the application is away', async () => {
      await stack.compose('stop', '--timeout', '1', 'backend');
      await until('the address forgotten', 20_000, async () => (await get('/api/200')).status === 502);
      const headers = await expectPage('/api/200', 502, 'Korrigo is starting');
      expect(headers['retry-after']).toBe('5');
    });
  });

  it('gives out what it kept when the application is gone', async () => {
    expect([502, 504]).toContain((await get('/api/')).status);
    expect((await get('/media/1.pdf')).body.toString()).toBe('a paper');
    expect([502, 504]).toContain((await get('/media/0.pdf')).status);
  });
});
