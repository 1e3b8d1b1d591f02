/** The recipes of docs/zero-downtime.md for Caddy, HAProxy and a page for maintenance, while visitors send requests. */
import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { doorsFiles, maintenance, siteName } from '../../fixtures/doors.ts';
import { type Deployer, deployer, failureOf, releaseOf } from '../../fixtures/korrigo.ts';
import { type Load, type Loaded, startLoad } from '../../fixtures/load.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { shell } from '../../fixtures/state.ts';
import { slowBytes, startTlsLoad, type Tls } from '../../fixtures/tls-load.ts';

const { bed, repository } = await openBed();
const app = repository('doors');
let server: Server;
let deploy: Deployer;
const commands = ['build', 'push', 'deploy'];
const inputs = { strategy: 'rolling' };
const url = (port: number): string => `http://${server.ip}:${port}/`;

const ended = async (loads: readonly Load[]): Promise<readonly Loaded[]> =>
  await Promise.all(loads.map(async (load) => await load.stop()));

/** What a visitor sees, or why nothing. */
async function visit(page: string): Promise<string> {
  try {
    const answer = await fetch(page, { headers: { connection: 'close' } });
    const retry = answer.headers.get('retry-after') ?? 'never';
    return `${answer.status}, ${(await answer.text()).trim()}, retry after ${retry}`;
  } catch (error) {
    return String(error instanceof Error ? (error.cause ?? error) : error);
  }
}

/** What is trusted, and what the server has for Caddy and HAProxy. */
let trusted = '';

/** A certificate that the server alone has, as one that was renewed in the place of the other. Returns its number. */
async function putCertificate(): Promise<string> {
  const made = await shell(
    server,
    `set -e; umask 077; mkdir -p /opt/doors/shared/certs; cd "$(mktemp -d)"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -keyout key.pem -out cert.pem \
      -subj /CN=${siteName} -addext subjectAltName=DNS:${siteName} 2>/dev/null
    cat cert.pem key.pem >/opt/doors/shared/certs/site.pem; chown -R deploy:deploy /opt/doors; cat cert.pem`,
  );
  // Who has been told to trust the one before goes on until its next connection.
  trusted += made;
  return new X509Certificate(made).serialNumber;
}

const overTls = (port: number): Load => {
  const tls: Tls = { ip: server.ip, port, name: siteName, ca: () => trusted };
  return startTlsLoad(tls);
};

/** The number of the certificate that a visitor is shown. */
const shown = async (port: number): Promise<string> =>
  await new Promise((resolve, reject) => {
    const socket = connect({ host: server.ip, port, servername: siteName, ca: trusted }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', reject);
  });

beforeAll(async () => {
  server = await bed.server();
  await putCertificate();
  deploy = deployer(app.folder, bed, server);
  app.commit(doorsFiles(bed, { web: 'one', app: 'one' }));
  succeeded(await deploy(commands, inputs));
});

describe('behind a door', () => {
  it('Caddy and HAProxy, and the web server behind them, are replaced without a failed request, over TLS, too', async () => {
    app.commit(doorsFiles(bed, { web: 'two', app: 'one' }));
    const plain = [startLoad(url(8081), 25), startLoad(url(8082), 25)];
    const secure = [overTls(8441), overTls(8442)];
    const { all } = succeeded(await deploy(commands, inputs));
    const [plainly, securely] = await Promise.all([plain, secure].map(ended));
    expect([...(plainly ?? []), ...(securely ?? [])].map(({ failed }) => failed)).toEqual([[], [], [], []]);
    for (const { requests, answers } of plainly ?? []) {
      expect(requests).toBeGreaterThan(100);
      expect(answers).toEqual(['one', 'two']);
    }
    for (const { requests, answers } of securely ?? []) {
      expect(requests).toBeGreaterThan(100);
      // Nothing but those two, an upload's empty answer, and a download of its full length.
      expect(new Set(answers)).toEqual(new Set(['one', 'two', '', `${slowBytes}`]));
    }
    for (const service of ['caddy', 'haproxy', 'web']) expect(all).toMatch(new RegExp(` ${service} +roll +image`));
  });

  it('a certificate that was renewed on the server rolls those two alone', async () => {
    const release = releaseOf(succeeded(await deploy(['build', 'push'])));
    const serial = await putCertificate();
    const secure = [overTls(8441), overTls(8442)];
    const { all } = succeeded(await deploy(['deploy'], { ...inputs, release }));
    expect((await ended(secure)).map(({ failed }) => failed)).toEqual([[], []]);
    expect([await shown(8441), await shown(8442)]).toEqual([serial, serial]);
    for (const service of ['caddy', 'haproxy']) expect(all).toMatch(new RegExp(` ${service} +roll +\\S`));
    for (const service of ['web', 'app', 'nginx', 'caddy-door']) expect(all).toMatch(new RegExp(` ${service} +keep\n`));
  });

  it('nginx shows a page while an application that cannot roll is recreated, and that is too long for max-downtime: 0s', async () => {
    app.commit(doorsFiles(bed, { web: 'two', app: 'two' }));
    const seen = new Set<string>();
    const visiting = new AbortController();
    const visits = (async () => {
      while (!visiting.signal.aborted) {
        seen.add(await visit(url(8080)));
        await sleep(50);
      }
    })();
    const watched = { ...inputs, probe: 'http://127.0.0.1:8080/', 'max-downtime': '0s' };
    const outcome = await deploy(commands, watched);
    visiting.abort();
    await visits;
    expect([...seen]).toEqual([
      '200, one, retry after never',
      `503, ${maintenance}, retry after 5`,
      '200, two, retry after never',
    ]);
    expect(outcome.code, outcome.all).toBe(1);
    expect(outcome.all).toMatch(/ app +recreate +image/);
    expect(outcome.all).toMatch(/ [1-9]\d* of \d+ requests failed during the switch\n/);
    expect(outcome.all).toMatch(/UTC, \d+\.\d s, \d+ requests? \(HTTP 503\), during "recreate app"\n/);
    expect(failureOf(outcome)).toMatch(/the probe URL did not answer for \d+\.\d s, and max-downtime is 0 s/);
    expect(failureOf(outcome)).toContain('rolled back');
    expect(await visit(url(8080))).toBe('200, one, retry after never');
  });
});
