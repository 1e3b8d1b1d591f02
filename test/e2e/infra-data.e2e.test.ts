/** The database and Redis of the reference infrastructure: who may do what in them, and that they reach nobody. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { assembleStack, type Stack } from '../../fixtures/infra-stack.ts';

let bed: Bed;
let stack: Stack;

beforeAll(async () => {
  bed = await upBed();
  stack = await assembleStack(bed, ['docker-compose.local-prod.yml'], { HTTP_PORT: '0' });
  await stack.compose('build', '--quiet', 'backend');
});
afterAll(async () => {
  await stack?.down();
  await bed?.down();
});

/** SQL as the superuser, inside the database's container. */
const psql = (sql: string, user = 'korrigo_admin'): Promise<string> =>
  stack.compose('exec', '-T', 'db', 'psql', '-v', 'ON_ERROR_STOP=1', '-U', user, '-Atc', sql, 'korrigo_db');
const redis = (...args: readonly string[]): Promise<string> =>
  stack.compose('exec', '-T', 'redis', 'redis-cli', ...args);
/** SQL as the application runs it: what came of it, or the error. */
const asApplication = async (...statements: readonly string[]): Promise<readonly string[]> =>
  JSON.parse(await stack.python(`${each}\nprint(json.dumps([run(sql) for sql in json.loads(${quoted(statements)})]))`));
const quoted = (value: unknown): string => JSON.stringify(JSON.stringify(value));
const each = `
import json
from django.db import connection
def run(sql):
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return "done"
    except Exception as error:
        return str(error).splitlines()[0]`;
const owners = `SELECT string_agg(DISTINCT relowner::regrole::text, ',') FROM pg_class
  WHERE relnamespace = 'public'::regnamespace`;
const rights = `SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles
  WHERE rolname = 'korrigo_user'`;

describe('a database of an older release, whose application was the superuser', () => {
  beforeAll(async () => {
    await stack.compose('create', 'db');
    const name = `${stack.project}-old`;
    const env = { POSTGRES_USER: 'korrigo_user', POSTGRES_DB: 'korrigo_db', POSTGRES_PASSWORD: 'p$ss/w+rd==' };
    const options = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const volume = ['--volume', `${stack.project}_postgres_data:/var/lib/postgresql/data`];
    const run = ['run', '--detach', '--name', name, '--label', `korrigo.bed=${bed.id}`, ...options, ...volume];
    await bed.engine.docker(...run, bed.engine.images.postgres);
    const old = (...args: readonly string[]) => bed.engine.docker('exec', name, ...args);
    await until('the old one', 60_000, async () => (await old('pg_isready', '-h', '127.0.0.1')).includes('accepting'));
    await old('psql', '-v', 'ON_ERROR_STOP=1', '-U', 'korrigo_user', '-c', oldObjects, 'korrigo_db');
    await bed.engine.docker('stop', name);
    await bed.engine.docker('rm', name);
    await stack.compose('up', '--detach', '--wait', 'db');
  });
  afterAll(() => stack.compose('down', '--volumes', '--timeout', '2'));

  it('is taken over at its next start: the application loses its rights, and nothing of its data', async () => {
    expect(await psql(rights)).toBe('f');
    expect(await psql(owners)).toBe('korrigo_owner');
    expect(await psql("SELECT count(*) FROM pg_roles WHERE rolsuper AND rolname !~ '^pg_'")).toBe('1');
    expect(await psql('SELECT string_agg(title, $$,$$ ORDER BY id) FROM exam', 'korrigo_user')).toBe(
      'Algebra,Geometry',
    );
    expect(
      await psql("INSERT INTO exam (title, kind) VALUES ('Logic', 'oral') RETURNING id", 'korrigo_user'),
    ).toContain('3');
    expect(await psql("SELECT proowner::regrole FROM pg_proc WHERE proname = 'twice'")).toBe('korrigo_owner');
    expect(await psql("SELECT typowner::regrole FROM pg_type WHERE typname = 'kind'")).toBe('korrigo_owner');
  });

  it('stays as it is at the start after that', async () => {
    await stack.compose('restart', 'db');
    await stack.compose('up', '--detach', '--wait', 'db');
    expect(await psql(rights)).toBe('f');
    const log = await stack.compose('logs', '--no-log-prefix', 'db');
    expect(log.match(/becomes korrigo_admin|roles: set/g)).toEqual([
      'becomes korrigo_admin',
      'roles: set',
      'roles: set',
    ]);
  });
});

describe('the application', () => {
  beforeAll(async () => {
    await stack.compose('up', '--detach', '--wait', 'backend', 'celery');
    await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', 'migrate', '--noinput');
  });

  it('is migrated by the owner of its tables, and works as a role that has rows only', async () => {
    expect(await psql(owners)).toBe('korrigo_owner');
    expect(await psql(rights)).toBe('f');
    await stack.python(seed);
    const status = 'from exams.models import Copy; print(Copy.objects.get().status)';
    await until('a copy is processed', 60_000, async () => (await stack.python(status)) === 'processed');
    const ready = 'import urllib.request as web; print(web.urlopen("http://127.0.0.1:8000/api/health/ready/").status)';
    expect(await stack.compose('exec', '-T', 'backend', 'python', '-c', ready)).toBe('200');
  });

  it('cannot read files, run programs or change what is not its own', async () => {
    const answers = await asApplication(...forbidden);
    expect(forbidden.map((sql, at) => `${sql}: ${answers[at]}`)).toEqual(
      forbidden.map((sql) =>
        expect.stringMatching(new RegExp(`^${escaped(sql)}: (permission denied|must be (superuser|owner))`)),
      ),
    );
    // And it is no matter of the connection.
    expect(await asApplication('SELECT 1', 'UPDATE exams_exam SET title = title')).toEqual(['done', 'done']);
  });

  it('cannot log in as the superuser over the network, nor without a password', async () => {
    const login = (user: string, password: string) =>
      `import psycopg\ntry: psycopg.connect(host="db", dbname="korrigo_db", user="${user}", password="${password}")\nexcept Exception as error: print(error)`;
    expect(await stack.python(login('korrigo_admin', ''))).toContain('pg_hba.conf rejects connection');
    expect(await stack.python(login('korrigo_user', 'wrong'))).toContain('password authentication failed');
    expect(await stack.python(login('korrigo_user', ''))).toContain('no password supplied');
  });

  it('is refused nothing by Redis while it works', async () => {
    await stack.python(
      'from django.core.cache import cache; cache.set("a", 1); assert cache.get("a") == 1; assert cache.incr("a") == 2',
    );
    await stack.python('from django.core.cache import cache; cache.delete_many(["a"]); cache.delete_pattern("*")');
    expect(await redis('acl', 'log')).toBe('');
  });

  it('meets a Redis that answers nobody without a password, and each user about its own only', async () => {
    const answers = async (user: string, commands: readonly (readonly string[])[]) =>
      JSON.parse(await stack.python(redisAs(user, commands))) as readonly string[];
    expect(await answers('nobody', [['PING'], ['GET', 'cache:1:a'], ['CONFIG', 'GET', '*']])).toEqual(
      Array(3).fill(expect.stringContaining('Authentication required.')),
    );
    const cache = [
      ['SET', 'cache:1:a', '1'],
      ['GET', 'cache:1:a'],
      ['LRANGE', 'celery', '0', '-1'],
      ['DEL', 'celery'],
    ];
    expect(
      await answers('cache', [...cache, ['FLUSHDB'], ['KEYS', '*'], ['CONFIG', 'GET', '*'], ['FUNCTION', 'LIST']]),
    ).toEqual(['OK', '1', noKey, noKey, ...['flushdb', 'keys', 'config|get', 'function|list'].map(denied)]);
    const script = (...call: readonly string[]) => ['EVAL', `return redis.call('${call.join("', '")}')`, '0'];
    const [got, taken, emptied] = await answers('cache', [
      script('get', 'cache:1:a'),
      script('get', 'celery'),
      script('flushall'),
    ]);
    expect(got).toBe('1');
    for (const refused of [taken, emptied]) expect(refused).toMatch(/ACL failure in script|executing the script can't/);
    expect(
      await answers('broker', [
        ['LLEN', 'celery'],
        ['GET', 'cache:1:a'],
        ['FLUSHALL'],
        ['SHUTDOWN'],
        ['MODULE', 'LIST'],
      ]),
    ).toEqual(['0', noKey, ...['flushall', 'shutdown', 'module|list'].map(denied)]);
    // Whoever is in its container is its operator, as the documents say.
    expect(await redis('ping')).toBe('PONG');
    expect(await redis('exists', 'cache:1:a')).toBe('0');
    expect(await redis('-n', '1', 'exists', 'cache:1:a')).toBe('1');
  });

  it('can reach the outside, which the database and Redis cannot', async () => {
    // A listener on this machine, by the address with which it is itself on a network.
    const listener = createServer((socket) => socket.end()).listen(0, '0.0.0.0');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const host = own.find(
      ({ internal, family, address }) => !internal && family === 'IPv4' && !address.startsWith('10.21'),
    );
    expect(host).toBeDefined();
    const connect = `import socket; socket.create_connection(("${host?.address}", ${port}), 3); print("connected")`;
    const from = async (service: string) => {
      const id = await stack.compose('ps', '--quiet', service);
      const run = ['run', '--rm', '--network', `container:${id}`, bed.engine.images.python, 'python', '-c', connect];
      const { stdout, stderr } = await bed.engine.tryDocker(run);
      return stdout.trim() || (stderr.trim().split('\n').at(-1) ?? '');
    };
    expect(await from('backend')).toBe('connected');
    for (const service of ['db', 'redis']) expect(await from(service)).toMatch(/unreachable|timed out/);
    const routes = async (service: string) => {
      const id = await stack.compose('ps', '--quiet', service);
      return await bed.engine.docker(
        'run',
        '--rm',
        '--network',
        `container:${id}`,
        bed.engine.images.busybox,
        'ip',
        'route',
      );
    };
    for (const service of ['db', 'redis']) expect(await routes(service)).not.toContain('default');
    listener.close();
  });

  it('has a new password of the database by a file and one command', async () => {
    await writeFile(join(stack.folder, 'infra/docker/secrets/db_password.txt'), `it's new\\\n`);
    await stack.compose('up', '--detach', '--force-recreate', '--no-deps', 'prepare');
    const login = (password: string) =>
      `import psycopg\ntry:\n    psycopg.connect(host="db", dbname="korrigo_db", user="korrigo_user", password=${JSON.stringify(password)})\n    print("in")\nexcept Exception: print("out")`;
    await until('the new one', 30_000, async () => (await stack.python(login("it's new\\"))) === 'in');
    expect(await stack.python(login('p$ss/w+rd=='))).toBe('out');
  });
});

const noKey = expect.stringMatching(/no permissions to access (a|one of the) keys?/i);
const denied = (command: string) => expect.stringContaining(`permissions to run the '${command}' command`);

const escaped = (text: string): string => text.replace(/[()*$'".]/g, '.');

const forbidden = [
  "COPY (SELECT 1) TO PROGRAM 'id'",
  "COPY exams_exam FROM PROGRAM 'id'",
  "COPY exams_exam FROM '/etc/passwd'",
  "COPY (SELECT 1) TO '/tmp/x'",
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT pg_read_binary_file('/run/prepared/database_passwords')",
  "SELECT pg_ls_dir('/')",
  "SELECT lo_import('/etc/passwd')",
  'SELECT rolpassword FROM pg_authid',
  "ALTER SYSTEM SET archive_command = 'id'",
  'CREATE EXTENSION dblink',
  "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE c AS 'libc.so.6', 'system'",
  'CREATE TABLE mine (id int)',
  'CREATE TEMPORARY TABLE mine (id int)',
  'DROP TABLE exams_grade',
  'ALTER TABLE exams_grade RENAME TO g',
  'TRUNCATE exams_grade',
  'SET ROLE korrigo_owner',
  'CREATE ROLE friend',
  'ALTER ROLE korrigo_user SUPERUSER',
  'CREATE DATABASE other',
  'DROP DATABASE korrigo_db',
];

const oldObjects = `
CREATE TYPE kind AS ENUM ('written', 'oral');
CREATE TABLE exam (id serial PRIMARY KEY, title text, kind kind);
CREATE TABLE session (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, exam int REFERENCES exam);
CREATE VIEW titles AS SELECT title FROM exam;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
INSERT INTO exam (title, kind) VALUES ('Algebra', 'written'), ('Geometry', 'oral')`;

const seed = `
from datetime import date
from exams.models import Copy, Exam
from exams.tasks import enqueue
from exams.tests.pdf import pdf
enqueue(Copy.objects.create(exam=Exam.objects.create(title='Algebra', date=date(2026, 6, 15)), student='Amira', file=pdf(1)))
`;

/** Each command as one of the users, the cache's in its database: what Redis says. */
const redisAs = (user: string, commands: readonly (readonly string[])[]): string => `
import json, redis
from core import env
from pathlib import Path
user = ${JSON.stringify(user)}
word = Path(f"/run/prepared/redis_{user}_password").read_text() if user != "nobody" else None
client = redis.Redis("redis", username=user if word else None, password=word, protocol=2)
def run(command):
    try:
        answer = client.execute_command(*command)
        return answer.decode() if isinstance(answer, bytes) else "OK" if answer is True else str(answer)
    except Exception as error:
        return str(error)
if user == "cache": client.execute_command("SELECT", 1)
print(json.dumps([run(command) for command in json.loads(${JSON.stringify(JSON.stringify(commands))})]))
`;
