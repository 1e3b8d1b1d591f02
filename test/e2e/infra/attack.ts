/**
 * Somebody who means harm, as a process of its own, so that who measures the others is not kept waiting by it:
 *
 *     node attack.ts passwords|addresses|requests|endless <port> <seconds>
 *
 * Prints as JSON what it got: how often each status, and how many connections were closed. To this machine only.
 */
import { Agent, request } from 'node:https';
import { connect } from 'node:tls';

const [kind = '', port = '', seconds = ''] = process.argv.slice(2);
const got: Record<string, number> = {};
const count = (what: string | number): void => {
  got[what] = (got[what] ?? 0) + 1;
};
const end = Date.now() + Number(seconds) * 1000;
const target = { host: '127.0.0.1', port: Number(port), rejectUnauthorized: false };
const agent = new Agent({ keepAlive: true, maxSockets: 200 });

/** Of a browser that was here before: without them nobody looks at a password. */
let token: Readonly<Record<string, string>> = {};

type Reply = { readonly status: number; readonly cookies: readonly string[]; readonly body: string };

const ask = (method: string, path: string, from: string, body = ''): Promise<Reply | undefined> =>
  new Promise((resolve) => {
    const headers = {
      'x-forwarded-for': from,
      host: 'korrigo.example',
      origin: 'https://korrigo.example',
      ...(body === '' ? {} : { ...token, 'content-type': 'application/json', 'content-length': String(body.length) }),
    };
    const asked = request({ ...target, agent, method, path, headers }, (answer) => {
      let text = '';
      answer.on('data', (part: Buffer) => {
        text += part.toString();
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, cookies: answer.headers['set-cookie'] ?? [], body: text }),
      );
      answer.on('error', () => resolve(undefined));
    });
    asked.on('error', () => resolve(undefined));
    asked.end(body);
  });

const sideBySide = async (clients: number, turn: (n: number) => Promise<void>): Promise<void> => {
  const client = async (first: number): Promise<void> => {
    for (let n = first; Date.now() < end; n += clients) await turn(n);
  };
  await Promise.all(Array.from({ length: clients }, (_, n) => client(n)));
};

const once = async (method: string, path: string, from: string, body = ''): Promise<void> => {
  const reply = await ask(method, path, from, body);
  // A 403 for want of a token would be no attempt at a password.
  count(reply === undefined ? 'closed' : reply.body.includes('CSRF') ? 'no token' : reply.status);
};

const guess = (n: number, from: string): Promise<void> =>
  once('POST', '/api/session/', from, JSON.stringify({ username: 'teacher', password: `guess ${n}` }));

const remember = async (): Promise<void> => {
  const reply = await ask('GET', '/api/session/', '198.51.100.250');
  const { csrf } = JSON.parse(reply?.body ?? '{}') as { readonly csrf: string };
  const cookie = (reply?.cookies ?? []).map((text) => text.split(';')[0]).join('; ');
  token = { cookie, 'x-csrftoken': csrf };
};

/** A request that never ends, of each of 1,500 connections; until the server has closed them all. */
const endless = async (): Promise<void> => {
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(target, () => {
        count('connected');
        socket.write('GET /api/exams/ HTTP/1.1\r\nHost: korrigo.example\r\n');
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        count('closed');
        resolve();
      });
    });
  await Promise.all(Array.from({ length: 1500 }, one));
};

const kinds: Readonly<Record<string, () => Promise<void>>> = {
  passwords: () => sideBySide(20, (n) => guess(n, '198.51.100.1')),
  addresses: () => sideBySide(20, (n) => guess(n, `198.51.100.${n % 200}`)),
  requests: () => sideBySide(100, () => once('GET', '/api/exams/', '198.51.100.1')),
  endless,
};
await remember();
await kinds[kind]?.();
console.log(JSON.stringify(got));
process.exit(0);
