/**
 * People at work while the site is deployed to: over new and over kept connections, by TLS. They read pages with all that
 * belongs to them, hand in papers, and some are on slow lines. Nobody tries again: each request that fails is told.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { form } from './stack.ts';

export type Visited = {
  readonly requests: number;
  /** Of a kind of visitor: how many requests it made. */
  readonly kinds: Readonly<Record<string, number>>;
  /** What became of each that failed, and when. */
  readonly failed: readonly string[];
  /** Those whose papers were accepted, each under a name of its own. */
  readonly accepted: readonly string[];
  /** The versions of the pages, of nginx's configuration and of the backend, in the order in which they were first seen. */
  readonly versions: Readonly<Record<'page' | 'nginx' | 'backend', readonly string[]>>;
  /** Milliseconds of the slowest request that was not made slow. */
  readonly slowest: number;
};

export type Visitors = {
  /** How many slow uploads and downloads have come to their end. */
  readonly slow: () => number;
  readonly requests: () => number;
  readonly stop: () => Promise<Visited>;
};

export type Place = {
  readonly host: string;
  /** Of a user who may write. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where papers are handed in. */
  readonly exam: number;
  readonly pdf: Uint8Array;
  /** A large file behind the account. */
  readonly large: { readonly path: string; readonly sha256: string };
};

type Reply = { readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: Buffer };
type Asked = {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Milliseconds between two parts: of what is sent, or of what comes. */
  readonly slowly?: number;
};
type Ask = (path: string, asked?: Asked) => Promise<Reply>;
type Visit = (ask: Ask) => Promise<void>;

/** @param pause milliseconds of each visitor between two visits */
export function startVisitors(place: Place, pause = 20): Visitors {
  const failed: string[] = [];
  const accepted: string[] = [];
  const kinds: Record<string, number> = {};
  const versions = { page: [] as string[], nginx: [] as string[], backend: [] as string[] };
  const state = { over: false, slow: 0, papers: 0, slowest: 0 };

  const see = (what: keyof typeof versions, version: string): void => {
    if (!versions[what].includes(version)) versions[what].push(version);
  };
  const look = async (ask: Ask): Promise<void> => {
    const page = await ask('/');
    see('nginx', String(page.headers['x-version']));
    const assets = page.body.toString().match(/\/assets\/[^"]+/g) ?? [];
    for (const asset of assets) await ask(asset);
    see('page', String(assets));
  };
  const query = async (ask: Ask): Promise<void> => {
    see('backend', (JSON.parse((await ask('/api/version/')).body.toString()) as { commit: string }).commit);
    await ask('/api/exams/', { headers: place.headers });
    await ask('/admin/login/');
  };
  const handIn = async (ask: Ask, slowly?: number): Promise<void> => {
    state.papers += 1;
    const student = `Pupil ${state.papers}`;
    const { headers, body } = form({ student }, place.pdf);
    const path = `/api/exams/${place.exam}/copies/`;
    await ask(path, {
      method: 'POST',
      headers: { ...headers, ...place.headers },
      body: Buffer.from(body ?? ''),
      ...(slowly === undefined ? {} : { slowly }),
    });
    accepted.push(student);
  };
  const download = async (ask: Ask): Promise<void> => {
    const { body } = await ask(place.large.path, { headers: place.headers, slowly: 25 });
    const found = createHash('sha256').update(body).digest('hex');
    if (found !== place.large.sha256) throw new Error(`another file came: ${body.length} bytes`);
  };
  const people: readonly { readonly name: string; readonly keeps: boolean; readonly visit: Visit }[] = [
    ...[false, false, true, true].map((keeps) => ({ name: 'pages', keeps, visit: look })),
    ...[false, false, true, true].map((keeps) => ({ name: 'application', keeps, visit: query })),
    ...[false, true].map((keeps) => ({ name: 'papers', keeps, visit: (ask: Ask) => handIn(ask) })),
    { name: 'slow answers', keeps: false, visit: async (ask) => void (await ask('/api/version/?slow')) },
    { name: 'slow papers', keeps: false, visit: (ask) => handIn(ask, 400) },
    { name: 'slow downloads', keeps: false, visit: download },
  ];

  const come = async ({ name, keeps, visit }: (typeof people)[number]): Promise<void> => {
    const agent = keeps ? new Agent({ keepAlive: true, maxSockets: 1 }) : false;
    const kind = `${name}, ${keeps ? 'kept' : 'new'} connections`;
    const isSlow = name.startsWith('slow');
    const ask: Ask = async (path, asked = {}) => {
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      const began = Date.now();
      const what = `${asked.method ?? 'GET'} ${path} (${kind})`;
      try {
        const reply = await send(place.host, path, asked, agent);
        if (!isSlow) state.slowest = Math.max(state.slowest, Date.now() - began);
        if (reply.status >= 200 && reply.status < 300) return reply;
        throw new Error(`answers ${reply.status}: ${reply.body.toString().slice(0, 200)}`);
      } catch (error) {
        throw new Error(`${new Date().toISOString()} after ${Date.now() - began} ms, ${what}: ${String(error)}`);
      }
    };
    while (!state.over) {
      await visit(ask).catch((error: unknown) => failed.push(error instanceof Error ? error.message : String(error)));
      if (isSlow) state.slow += 1;
      await sleep(pause);
    }
    if (agent) agent.destroy();
  };
  const all = Promise.all(people.map(come));
  const requests = (): number => Object.values(kinds).reduce((sum, count) => sum + count, 0);
  return {
    slow: () => state.slow,
    requests,
    stop: async () => {
      state.over = true;
      await all;
      return { requests: requests(), kinds, failed, accepted, versions, slowest: state.slowest };
    },
  };
}

function send(host: string, path: string, asked: Asked, agent: Agent | false): Promise<Reply> {
  const { method = 'GET', headers = {}, body, slowly } = asked;
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  const options = { agent, rejectUnauthorized: false, servername: 'korrigo.example', timeout: 30_000 };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host, port: 443, path, method, headers: { ...length, ...headers }, ...options },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          if (slowly === undefined) return;
          answer.pause();
          setTimeout(() => answer.resume(), slowly);
        });
        answer.on('error', reject);
        answer.on('end', () => {
          if (!answer.complete) return reject(new Error('the answer was cut off'));
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
        });
      },
    );
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error('nothing for 30 s')));
    if (body === undefined || slowly === undefined) return void sent.end(body);
    void inParts(sent, body, slowly);
  });
}

/** In forty parts, so that it takes forty times as long as the pause between two. */
async function inParts(to: ReturnType<typeof request>, body: Uint8Array, pause: number): Promise<void> {
  const size = Math.ceil(body.length / 40);
  for (let at = 0; at < body.length && !to.destroyed; at += size) {
    to.write(body.subarray(at, at + size));
    await sleep(pause);
  }
  to.end();
}
