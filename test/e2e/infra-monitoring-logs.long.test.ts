/** The logs of all services in one place: laid over a site that runs, searched by the commands of the documents. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { script } from '../../bed/engine.ts';
import { output, until } from '../../bed/process.ts';
import { exceptionsOf } from '../../fixtures/confinement.ts';
import { assembleStack, type Stack } from '../../fixtures/infra-stack.ts';

const site = ['backend', 'celery', 'db', 'nginx', 'redis'];
const overlay = 'docker-compose.logs.yml';

describe('the logs of all services', () => {
  let bed: Bed;
  let stack: Stack;
  let before: string;
  let requestId: string;

  beforeAll(async () => {
    bed = await upBed();
    const store = Object.fromEntries((await lines([script('images.sh'), 'logs'])).map((line) => line.split('=')));
    const root = await bed.engine.docker('info', '--format', '{{.DockerRootDir}}');
    const env = { ...store, HTTP_PORT: '0', LOGS_PORT: '0', DOCKER_ROOT: root };
    stack = await assembleStack(bed, ['docker-compose.local-prod.yml', overlay], env);
    await stack.compose('build', '--quiet', 'nginx', 'backend', 'log-shipper');
    await stack.compose('up', '--detach', '--wait', ...site);
    await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', 'migrate', '--noinput');
    const answer = await fetch(`http://${await stack.address('nginx')}/api/exams/`);
    requestId = answer.headers.get('x-request-id') ?? '';
    await stack.python(failure);
    before = await running();
  });
  afterAll(async () => {
    await stack?.down();
    await bed?.down();
  });

  it('are gathered without a restart of any of them', async () => {
    await stack.compose('up', '--detach', 'logs', 'log-shipper');
    expect(await running()).toBe(before);
    await until('lines of each', 90_000, async () => {
      const found = (await search('* | stats by (service) count() lines')).map(({ service }) => service ?? '');
      return site.every((service) => found.includes(service));
    });
  });

  it('show one request over nginx and gunicorn, as documented, in the order of time', async () => {
    const [command = ''] = await commands();
    const typed = command.replace(/[0-9a-f]{32}/, requestId).replace('localhost:9428', await store());
    await until('both told', 30_000, async () => (await stack.shell(typed)).split('\n').length >= 2);
    const found = (await stack.shell(typed)).split('\n').map((line) => JSON.parse(line) as Line);
    expect(new Set(found.map(({ service }) => service))).toEqual(new Set(['nginx', 'backend']));
    expect(found.map(({ _time }) => _time)).toEqual(found.map(({ _time }) => _time).sort());
    const fields = await search(`request_id:"${requestId}" service:nginx`);
    expect(fields[0]).toMatchObject({ path: '/api/exams/', method: 'GET', status: expect.stringMatching(/^\d{3}$/) });
  });

  it('hold what PostgreSQL and Redis say as fields, and errors are found as documented', async () => {
    await until('the error of the database', 60_000, async () => (await search('service:db level:ERROR')).length > 0);
    expect((await search('service:db level:ERROR'))[0]).toMatchObject({
      database: 'korrigo_db',
      user: 'korrigo_user',
      message: 'relation "nothing" does not exist at character 15',
    });
    expect((await search('service:redis message:"Ready to accept connections"'))[0]).toMatchObject({
      level: 'NOTICE',
      role: 'M',
    });
    const [, errors = '', counts = ''] = await commands();
    const at = await store();
    expect(await stack.shell(errors.replace('localhost:9428', at))).toContain('relation');
    expect(await stack.shell(counts.replace('localhost:9428', at))).toContain('"service":"celery"');
  });

  it('arrive late and not never when the store was away, and of new containers too', async () => {
    await stack.compose('stop', '--timeout', '5', 'logs');
    await stack.compose('up', '--detach', '--force-recreate', '--no-deps', 'celery');
    await stack.python('import logging; logging.getLogger("django").error("nobody listens")');
    await stack.compose(
      'exec',
      '-T',
      'backend',
      'sh',
      '-c',
      'echo "{\\"message\\": \\"said meanwhile\\"}" >/proc/1/fd/1',
    );
    await stack.compose('start', 'logs');
    await until('what was said meanwhile', 120_000, async () => (await search('"said meanwhile"')).length === 1);
    const id = (await stack.compose('ps', '--quiet', 'celery')).slice(0, 12);
    await until('the new container', 60_000, async () => (await search(`service:celery container:${id}`)).length > 0);
  });

  it('are read by the only one that may, and that may nothing else', async () => {
    const ids = (await stack.compose('ps', '--all', '--quiet', 'logs', 'logs-owner', 'log-shipper')).split('\n');
    expect(exceptionsOf(await bed.engine.docker('inspect', ...ids))).toEqual([
      'log-shipper may DAC_READ_SEARCH',
      'log-shipper runs as root',
      'logs-owner may CHOWN',
      'logs-owner runs as root',
    ]);
  });

  // The stack, shortly.

  type Line = Readonly<Record<string, string>>;

  const store = async () => `${await stack.address('logs')}:9428`;
  const search = async (query: string): Promise<readonly Line[]> => {
    const reply = await fetch(`http://${await store()}/select/logsql/query`, {
      method: 'POST',
      body: new URLSearchParams({ query }),
    });
    return (await reply.text())
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  };
  const running = async () =>
    await bed.engine.docker(
      ...['inspect', '--format', '{{.Id}} {{.State.StartedAt}}'],
      ...(await stack.compose('ps', '--quiet', ...site)).split('\n'),
    );
});

/** The commands of the README that search. */
async function commands(): Promise<readonly string[]> {
  const readme = await readFile(join(import.meta.dirname, '../../infra/logs/README.md'), 'utf8');
  return [...readme.matchAll(/^ {4}(curl .*)$/gm)].map(([, line = '']) => line);
}

const lines = async (argv: readonly string[]) => (await output(argv)).split('\n').filter(Boolean);

/** In the log of the database, once. */
const failure = `
from django.db import connection
try:
    connection.cursor().execute('SELECT * FROM nothing')
except Exception as error:
    print(error)`;
