/** The steps of docs/recipes.md that tell people, run by bash with what a deploy left behind. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { failureOf, releaseOf, reportOf, switchOf } from '../fixtures/builders.ts';
import { blocksOf } from '../fixtures/pages.ts';
import { outputValues } from '../src/report/outputs.ts';

type Texts = Readonly<Record<string, string>>;
type Step = { readonly if: string; readonly env: Texts; readonly run: string };

const stepOf = (heading: string): Step => {
  const block = blocksOf('docs/recipes.md').find((found) => found.heading === heading);
  return parse(block?.text ?? '').steps[0];
};

const outputs = {
  TITLE: '↩️ deploy failed and was rolled back',
  SUMMARY: 'web: image\n<!channel> "Tom & Jerry" `rm -rf` $HOME \\o/ 世界',
  COMPARE: 'https://github.com/acme/shop/compare/aaa...bbb',
  RUN: 'https://github.com/acme/shop/actions/runs/7',
};

/** As GitHub runs it, where no shell is named: `bash -e`, without `pipefail`. */
async function run(
  { run: script }: Step,
  env: Texts,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn('bash', ['-e', '-c', script], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  return await new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
}

/** Every text that people see, in order. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'text' && typeof inner === 'string' ? [inner] : textsOf(inner),
  );
}

const portOf = (server: { address(): string | AddressInfo | null }): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

describe('a webhook', () => {
  const received: { readonly type: string | undefined; readonly body: unknown }[] = [];
  let status = 200;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part) => (text += part));
      request.on('end', () => {
        received.push({ type: request.headers['content-type'], body: JSON.parse(text) });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${portOf(server)}/hook`;
  });
  afterEach(() => {
    received.length = 0;
    status = 200;
  });
  afterAll(() => void server.close());

  it('of Slack gets the title, the summary and links, and nobody in a commit message mentions everyone', async () => {
    expect(await run(stepOf('Slack'), { ...outputs, SLACK_WEBHOOK: url })).toEqual({ code: 0, said: '' });
    expect(received).toEqual([
      {
        type: 'application/json',
        body: {
          text: `*↩️ deploy failed and was rolled back*
web: image
&lt;!channel&gt; "Tom &amp; Jerry" \`rm -rf\` $HOME \\o/ 世界
<https://github.com/acme/shop/actions/runs/7|Log> · <https://github.com/acme/shop/compare/aaa...bbb|What changed>`,
        },
      },
    ]);
  });

  it.each([
    ['Slack', 'SLACK_WEBHOOK'],
    ['Microsoft Teams', 'TEAMS_WEBHOOK'],
  ])(
    'of %s gets what a deploy really puts out as text, whatever is in a commit and in what failed',
    async (heading, name) => {
      const subject = `Fix "it" 'now' </p><!here> & <@U1> [Log in](https://evil.example) \\n \\" $(touch x) \`id\` 🚀 ${'世'.repeat(300)}`;
      const values = outputValues(
        reportOf({
          outcome: 'rolled-back',
          commit: { subject, author: 'eve' },
          release: releaseOf(),
          plan: switchOf(),
          failures: [failureOf('www.example.com: migrate failed: "no such <table>" & {"a": \\u0041}\nsecond line')],
          undone: [{ host: 'www.example.com', outcome: 'rolled-back' }],
        }),
      );
      const env = { ...outputs, TITLE: values.title, SUMMARY: values.summary, COMPARE: values['compare-url'] };
      expect(await run(stepOf(heading), { ...env, [name]: url })).toEqual({ code: 0, said: '' });
      // It was JSON, or the server would not have answered.
      const texts = textsOf(received[0]?.body);
      const all = texts.join('\n').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
      expect(all).toContain(values.title);
      expect(all.replaceAll('] (', '](')).toContain(values.summary);
      const marked = texts.join('\n').match(heading === 'Slack' ? /<(?!https:\/\/github\.com\/)/ : /\]\(/);
      expect(marked).toBeNull();
    },
  );

  it('of Slack gets no link to changes that are not known', async () => {
    await run(stepOf('Slack'), { ...outputs, SUMMARY: '', COMPARE: '', SLACK_WEBHOOK: url });
    expect(received).toMatchObject([{ body: { text: `*${outputs.TITLE}*\n\n<${outputs.RUN}|Log>` } }]);
  });

  it('of Teams gets a card with the same', async () => {
    expect(await run(stepOf('Microsoft Teams'), { ...outputs, TEAMS_WEBHOOK: url })).toEqual({ code: 0, said: '' });
    const text = (line: string, more: Texts) => ({ type: 'TextBlock', text: line, wrap: true, ...more });
    expect(received).toEqual([
      {
        type: 'application/json',
        body: {
          type: 'message',
          attachments: [
            {
              contentType: 'application/vnd.microsoft.card.adaptive',
              content: {
                type: 'AdaptiveCard',
                version: '1.4',
                body: [
                  text(outputs.TITLE, { weight: 'Bolder' }),
                  ...outputs.SUMMARY.split('\n').map((line) => text(line, { spacing: 'None' })),
                ],
                actions: [
                  { type: 'Action.OpenUrl', title: 'Log', url: outputs.RUN },
                  { type: 'Action.OpenUrl', title: 'What changed', url: outputs.COMPARE },
                ],
              },
            },
          ],
        },
      },
    ]);
  });

  it.each([
    ['Slack', 'SLACK_WEBHOOK'],
    ['Microsoft Teams', 'TEAMS_WEBHOOK'],
  ])('of %s that refuses turns the step red, and its address is not in the log', async (heading, name) => {
    status = 404;
    const { code, said } = await run(stepOf(heading), { ...outputs, [name]: url });
    expect(code).not.toBe(0);
    expect(said).toContain('404');
    expect(said).not.toContain('hook');
  });
});

describe('a mail', () => {
  it('is encrypted, and has the title as its subject and the rest as text', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'korrigo-mail-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', ...names];
    execFileSync('openssl', ['req', ...made, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const said: string[] = [];
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
      socket.write('220 localhost\r\n');
      let data = false;
      let rest = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        rest += text;
        for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 2);
          said.push(line);
          const word = line.split(' ')[0] ?? '';
          if (data && line !== '.') continue;
          data = word === 'DATA';
          const login = said.at(-2) === 'AUTH PLAIN';
          const answers: Texts = {
            EHLO: '250-localhost\r\n250 AUTH PLAIN',
            AUTH: '334 ',
            DATA: '354 go on',
            QUIT: '221 bye',
          };
          socket.write(`${login ? '235 in' : (answers[word] ?? '250 ok')}\r\n`);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const step = stepOf('E-mail');
    const env = {
      ...step.env,
      ...outputs,
      SMTP_URL: `smtps://localhost:${portOf(server)}`,
      SMTP_LOGIN: 'robot:secret',
      CURL_CA_BUNDLE: cert,
    };
    expect(await run(step, env)).toMatchObject({ code: 0 });
    server.close();
    rmSync(folder, { recursive: true, force: true });
    const decoded = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
    expect(decoded(said[said.indexOf('AUTH PLAIN') + 1] ?? '')).toBe('\0robot\0secret');
    expect(said).toContain('RCPT TO:<team@example.com>');
    const [, subject = ''] = /^Subject: =\?UTF-8\?B\?(.*)\?=$/m.exec(said.join('\n')) ?? [];
    expect(decoded(subject)).toBe(outputs.TITLE);
    const body = said.slice(said.indexOf('', said.indexOf('DATA')) + 1, said.indexOf('.'));
    expect(decoded(body.join(''))).toBe(`${outputs.TITLE}\n${outputs.SUMMARY}\n\n${outputs.RUN}\n${outputs.COMPARE}\n`);
  });
});

it.each(['Slack', 'Microsoft Teams', 'E-mail'])(
  'a notification by %s says something also where the outputs are empty',
  (heading) => {
    const { if: when, env } = stepOf(heading);
    expect(when).toBe('${{ always() }}');
    expect(env['TITLE']).toContain("steps.korrigo.outputs.title || '");
  },
);
