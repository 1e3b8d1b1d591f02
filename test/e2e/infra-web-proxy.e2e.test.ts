/** nginx before an application that is slow, or that fails on purpose: how long it waits, and what it still gives out. */
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { ask, newStack, type Question, type Stack } from './infra/stack.ts';

/** Seconds. nginx's own patience is 60 for each of these, the specification's 300. */
const long = 65;
const MB = 1024 ** 2;

/**
 * /api/slow answers late, /api/deaf listens late, /api/large says much. /media/<n>.pdf is there the first n times that it
 * is asked for, then 503, and may be kept for a second.
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
        self.answer(200, b'x' * ${64 * MB} if self.path == '/api/large' else b'%d' % asked.get(self.path[4:], 0))
    def do_POST(self):
        if self.path == '/api/deaf': time.sleep(${long})
        self.answer(200, b'%d' % len(self.rfile.read(int(self.headers['content-length']))))
    def answer(self, status, body):
        self.send_response(status)
        self.send_header('content-length', str(len(body)))
        if status == 200: self.send_header('cache-control', 'public, max-age=1')
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(('', 8000), Handler).serve_forever()
`;

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
    stack = await newStack(bed, 'local-prod', { override, env: { MEDIA_ACCESS: 'public' } });
    await stack.compose('up', '-d', '--build', '--no-deps', 'nginx', 'backend');
    await until('an answer', 30_000, async () => (await get('/api/')).status === 200);
    // All at once, and beside the other tests.
    slow = {
      answer: statusAndLength({ path: '/api/slow' }),
      upstream: statusAndLength({ path: '/api/deaf', method: 'POST', body: new Uint8Array(64 * MB) }),
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
      const path = what === 'upload' ? '/api/upload' : '/api/large';
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

  it('gives out what it kept when the application is gone', async () => {
    await stack.compose('stop', '--timeout', '1', 'backend');
    expect([502, 504]).toContain((await get('/api/')).status);
    expect((await get('/media/1.pdf')).body.toString()).toBe('a paper');
    expect([502, 504]).toContain((await get('/media/0.pdf')).status);
  });
});
