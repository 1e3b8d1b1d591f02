import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { askOverHttp } from '../src/ports.ts';

async function listen(server: Server, host = '127.0.0.1'): Promise<string> {
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

it.each([200, 204, 301, 401, 503])('a URL is asked once, and a redirect is an answer: %d', async (status) => {
  const paths: (string | undefined)[] = [];
  const page = createServer(({ url }, answer) => {
    paths.push(url);
    // It never ends: the status is enough.
    answer.writeHead(status, { location: 'http://127.0.0.1:1/' }).flushHeaders();
  });
  expect(await askOverHttp(`http://${await listen(page)}/health?a=b`)).toBe(status);
  expect(paths).toEqual(['/health?a=b']);
  page.closeAllConnections();
});

it('a URL may have an IPv6 address', async () => {
  expect(
    await askOverHttp(
      `http://${await listen(
        createServer((_, answer) => answer.end()),
        '::1',
      )}/`,
    ),
  ).toBe(200);
});

it('a URL that does not answer says why', async () => {
  const other = await listen(createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')));
  const silent = await listen(createTcpServer((socket) => socket.destroy()));
  const plain = await listen(createServer((_, answer) => answer.end()));
  expect(await askOverHttp(`http://${other}/`)).toBe('does not answer: that port does not speak HTTP');
  expect(await askOverHttp(`http://${silent}/`)).toBe('does not answer: the connection was closed without an answer');
  expect(await askOverHttp(`https://${plain}/`)).toBe(
    'does not answer: that port does not speak TLS (http:// instead of https://?)',
  );
  // A port that browsers, and so `fetch`, refuse to ask.
  expect(await askOverHttp('http://127.0.0.1:6000/')).toBe('does not answer: connect ECONNREFUSED 127.0.0.1:6000');
  expect(await askOverHttp('http://nosuch.invalid/')).toMatch(
    /^does not answer: (its name does not resolve|.*EAI_AGAIN.*)$/,
  );
});
