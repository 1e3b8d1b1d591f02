/** Backups of the reference infrastructure, proven by restoring them. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { type Result, until } from '../../bed/process.ts';
import { exceptionsOf } from '../../fixtures/confinement.ts';
import { assembleStack, type Stack } from '../../fixtures/infra-stack.ts';
import { moment, nextSecond } from '../../fixtures/seconds.ts';

const setName = /^\d{8}-\d{6}$/;

describe('a backup', () => {
  let bed: Bed;
  let stack: Stack;
  let backups: string;
  let before: Facts;

  beforeAll(async () => {
    bed = await upBed();
    backups = join(bed.folder, 'backups');
    await mkdir(backups);
    stack = await assembleStack(bed, ['docker-compose.local-prod.yml', 'docker-compose.backup.yml'], {
      BACKUP_DIR: backups,
    });
    await stack.asRoot(backups, 'chown 10001:10001 /folder && chmod 700 /folder');
    await stack.compose('build', '--quiet', 'backend', 'backup-timer');
    await stack.compose('up', '--detach', '--wait', ...services, 'celery');
    await startTimer();
    await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', 'migrate', '--noinput');
    await stack.python(seed);
    await until('the copies are processed', 60_000, async () => (await stack.python(pending)) === '0');
    // With nobody to take it, a task stays in the queue.
    await stack.compose('stop', 'celery');
    await stack.python(
      'from exams.models import Copy; from exams.tasks import enqueue; enqueue(Copy.objects.earliest("id"))',
    );
    before = await facts();
    await hurryRedis();
  });
  afterAll(async () => {
    await stack?.down();
    await bed?.down();
  });

  it('is one set of everything, with checksums, written by a user that is not root', async () => {
    const result = await backup();
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toMatch(/backup: \/backups\/\d{8}-\d{6} is complete: \S+, \d+ s/);
    const [set = ''] = await sets();
    const parts = [
      'SHA256SUMS',
      'cluster.manifest',
      'cluster.tar.gz',
      'database.dump',
      'media.tar.gz',
      'redis.rdb',
      'wal.txt',
    ];
    expect(await listed(set)).toBe(parts.map((name) => `600 10001 ${name}`).join('\n'));
    expect(await stack.asRoot(backups, `cd /folder/${set} && sha256sum -c SHA256SUMS`)).toMatch(/(.*: OK\n?){6}/);
  });

  it('does not take the place of data that is there', async () => {
    await stack.compose('stop', 'backend');
    const result = await restore('latest');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /FAILED: there is data already \(the database \d+ tables, the media 3 files, Redis \d+ keys\)\. --force replaces it\./,
    );
    expect(result.stderr).toContain('Nothing was changed.');
  });

  it('brings everything back after all volumes were destroyed', async () => {
    await stack.compose('down', '--volumes', '--timeout', '2');
    const result = await stack.tryCompose(['run', '--rm', '-T', 'restore', 'latest']);
    expect(result.code, result.stderr).toBe(0);
    await stack.compose('up', '--detach', '--wait', ...services);
    await startTimer();
    expect(await facts()).toEqual(before);
    expect(await logIn('admin', 'right')).toBe(302);
    expect(await logIn('admin', 'wrong')).toBe(200);
  });

  it('brings a queued task back to a worker', async () => {
    const length = () => stack.compose('exec', '-T', 'redis', 'redis-cli', 'llen', 'celery');
    expect(await length()).toBe('1');
    await stack.compose('up', '--detach', '--no-recreate', 'celery');
    await until('the task is done', 30_000, async () => (await stack.python(pending)) === '0');
    expect(await length()).toBe('0');
    await stack.compose('stop', 'celery');
    await hurryRedis();
  });

  it('refuses to be restored under a running application', async () => {
    await stack.python('from exams.models import Exam; Exam.objects.create(title="later", date="2026-07-01")');
    await fetch(`http://${await stack.address('backend')}:8000/api/health/ready/`);
    const result = await restore('--force', 'latest');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/FAILED: \d+ clients use korrigo_db: docker compose stop nginx backend celery\./);
  });

  it('replaces data that is there when told to', async () => {
    await stack.compose('stop', 'backend');
    const result = await restore('--force', 'latest');
    expect(result.code, result.stderr).toBe(0);
    await startApplication();
    expect(await facts()).toEqual(before);
    await hurryRedis();
  });

  it('fails loudly with pg_dump, and leaves the sets before it as they are', async () => {
    const sums = await checksums();
    await psql('CREATE ROLE weak LOGIN PASSWORD $$p$ss/w+rd==$$; GRANT CONNECT ON DATABASE korrigo_db TO weak');
    const result = await backup('--env', 'DB_USER=weak', '--env', 'DB_PASSWORD_FILE=/run/prepared/db_password');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('permission denied');
    expect(result.stderr).toMatch(
      /backup: FAILED: pg_dump of korrigo_db on db:5432 into \/backups\/.part-\S+\/database.dump/,
    );
    expect(await checksums()).toBe(sums);
    expect(await leftovers()).toEqual([]);
  });

  it('says so when the database or Redis is away, or the folder belongs to somebody else', async () => {
    const noDatabase = await backup('--env', 'DB_PORT=1');
    expect(noDatabase).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('korrigo_db on db:1 does not answer'),
    });
    const noRedis = await backup('--env', 'REDIS_PORT=1');
    expect(noRedis).toMatchObject({ code: 1, stderr: expect.stringContaining('Redis on redis:1 does not answer') });
    const notOurs = await backup('--user', '65534:10001');
    expect(notOurs).toMatchObject({ code: 1, stderr: expect.stringContaining(`install -d -m 700 -o 65534`) });
    expect(notOurs.stderr).toContain(backups);
    // As it is when the disk is not mounted, and Docker made a folder in its place.
    const empty = await stack.tryCompose(['run', '--rm', '-T', '--no-deps', '--volume', '/backups', 'restore', 'list']);
    expect(empty).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('contains no backup. If it is on its own disk'),
    });
    const twice = await stack.tryCompose([
      'run',
      '--rm',
      '-T',
      '--no-deps',
      '--env',
      'BACKUP_EVERY=1d',
      'backup-timer',
    ]);
    expect(twice).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("BACKUP_EVERY is '1d': a number of seconds."),
    });
    const noKey = await backup('--env', 'BACKUP_AGE_RECIPIENT=nobody');
    expect(noKey).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('BACKUP_AGE_RECIPIENT is not an age recipient'),
    });
  });

  it('says so when Redis is newer than the tools that check its dump', async () => {
    const script = `
      redis-cli() {
        command redis-cli "$@" || return
        case " $* " in *' --rdb '*) printf 'REDIS0099' | dd of="\${!#}" conv=notrunc status=none ;; esac
      }
      export -f redis-cli
      backup`;
    const result = await stack.tryCompose(['run', '--rm', '-T', '--no-deps', 'backup', 'bash', '-c', script]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/Redis on redis:6379 is newer than this image's redis-tools \([\d.]+\)/);
    expect(result.stderr).toContain('POSTGRES_TOOLS_IMAGE');
  });

  it('refuses to begin when the disk is too small, and fails when it fills up meanwhile', async () => {
    const volume = `${bed.id}-small`;
    const small = ['--label', `korrigo.bed=${bed.id}`, '--opt', 'type=tmpfs', '--opt', 'device=tmpfs'];
    await bed.engine.docker('volume', 'create', ...small, '--opt', 'o=size=64m,uid=10001,mode=700', volume);
    // In one container: such a volume is empty again as soon as nobody uses it.
    const script = `
      backup || exit
      (cd /backups && sha256sum */*) >/tmp/before
      head -c 50M /dev/zero >/backups/filler
      backup; echo "refused $?"
      cat /dev/zero 2>/dev/null >>/backups/filler
      truncate -s -24K /backups/filler
      df() { echo 999999999999; }; export -f df # the check is told that there is room
      backup; echo "full $?"
      (cd /backups && sha256sum */*) | diff /tmp/before - && echo whole; ls -A /backups | LC_ALL=C sort`;
    const result = await stack.tryCompose([
      ...['run', '--rm', '-T', '--no-deps', '--volume', `${volume}:/backups`, 'backup', 'bash', '-c', script],
    ]);
    expect(result.stdout).toContain('refused 1\n');
    expect(result.stderr).toMatch(/FAILED: \/backups has \S+B free, and up to \S+B are needed/);
    expect(result.stdout).toContain('full 1\n');
    expect(result.stderr).toContain('No space left on device');
    expect(result.stdout).toMatch(/full 1\nwhole\n\.lock\n\d{8}-\d{6}\nfiller\n$/);
    await bed.engine.docker('volume', 'rm', volume);
  });

  describe('that takes long', () => {
    let container: string;

    beforeAll(async () => {
      // pg_dump waits for whoever holds a table.
      await stack.compose(
        ...['exec', '-T', '--detach', 'db', 'psql', '-h', '127.0.0.1', '-U', 'korrigo_admin', 'korrigo_db', '-c'],
        'BEGIN; LOCK TABLE exams_copy IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)',
      );
      container = await stack.compose('run', '--detach', '--no-deps', 'backup');
      await until('pg_dump waits', 30_000, async () => (await psql(`SELECT count(*) ${dumping}`)) === '1');
    });

    it('keeps a second one waiting, which gives up and says why', async () => {
      const second = await backup('--env', 'BACKUP_LOCK_TIMEOUT=1');
      expect(second.code).toBe(1);
      expect(second.stderr).toContain('another backup or restore has been running for 1 s; this one did not start');
      expect(await leftovers()).toHaveLength(1);
    });

    it('leaves the sets before it as they are when it is killed, and the next one clears up', async () => {
      const sums = await checksums();
      await bed.engine.docker('kill', container);
      expect(await bed.engine.docker('wait', container)).toBe('137');
      await bed.engine.docker('rm', container);
      expect(await checksums()).toBe(sums);
      expect(await leftovers()).toHaveLength(1);
      await psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'`);
      expect(await backup()).toMatchObject({ code: 0 });
      expect(await leftovers()).toEqual([]);
    });
  });

  it('goes after 7 days with all its parts, and takes nothing else along', async () => {
    const day = (ago: number) =>
      new Date(Date.now() - ago * 86_400_000).toISOString().replaceAll('-', '').slice(0, 8).concat('-020000');
    await stack.asRoot(
      backups,
      `cd /folder && mkdir ${day(9)} ${day(8)} ${day(5)} notes && touch ${day(9)}/redis.rdb && chown -R 10001 .`,
    );
    const result = await backup();
    expect(result.stdout).toContain(`${day(9)} is older than 7 days: deleted`);
    const left = await readdir(backups);
    expect(left).toContain('notes');
    expect(left).toContain(day(5));
    expect(left.filter((name) => name === day(8) || name === day(9))).toEqual([]);
    await stack.asRoot(backups, `rm -r /folder/${day(5)} /folder/notes`);
  });

  it('is encrypted for a key that the server does not have', async () => {
    const key = await stack.compose('run', '--rm', '-T', '--no-deps', 'backup', 'age-keygen');
    const file = join(bed.folder, 'age-identity');
    await writeFile(file, key);
    const recipient = key.match(/public key: (age1\w+)/)?.[1] ?? '';
    expect(await backup('--env', `BACKUP_AGE_RECIPIENT=${recipient}`)).toMatchObject({ code: 0 });
    const set = (await sets()).at(-1) ?? '';
    const parts = ['cluster.manifest', 'cluster.tar.gz', 'database.dump', 'media.tar.gz', 'redis.rdb'];
    expect(await listed(set)).toBe(
      ['SHA256SUMS', ...parts.map((name) => `${name}.age`), 'wal.txt'].map((name) => `600 10001 ${name}`).join('\n'),
    );
    const without = await restore('--force', set);
    expect(without.code).toBe(1);
    const complaints = without.stderr.split('\n').filter((line) => line.startsWith('restore: '));
    expect(complaints).toEqual([
      `restore: FAILED: /backups/${set} is encrypted: mount the age identity at /run/age-identity (run --volume <file>:/run/age-identity:ro).`,
      'restore: Nothing was changed.',
    ]);

    await stack.compose('stop', 'backend');
    await stack.compose('exec', '-T', 'redis', 'redis-cli', 'flushall');
    await psql('DROP TABLE exams_grade');
    const result = await stack.tryCompose([
      ...['run', '--rm', '-T', '--no-deps', '--volume', `${file}:/run/age-identity:ro`, 'restore', '--force', set],
    ]);
    expect(result.code, result.stderr).toBe(0);
    await startApplication();
    expect(await facts()).toEqual(before);
    await stack.asRoot(backups, `rm -r /folder/${set}`);
    await hurryRedis();
  });

  it('that is damaged is not restored', async () => {
    const [set = ''] = await sets();
    await stack.compose('stop', 'backend');
    await stack.asRoot(
      backups,
      `cp -r /folder/${set} /folder/20010101-000000; cd /folder/20010101-000000 && echo >>media.tar.gz`,
    );
    const result = await restore('--force', '20010101-000000');
    expect(result.code).toBe(1);
    expect(result.stdout + result.stderr).toContain('media.tar.gz: FAILED');
    expect(result.stderr).toContain('20010101-000000 is damaged');
    expect(result.stderr).toContain('Nothing was changed.');
    await stack.asRoot(backups, 'rm -r /folder/20010101-000000');
    await startApplication();
    expect(await facts()).toEqual(before);
  });

  it('is made by the timer, again and again, and leaves figures for Prometheus', async () => {
    // Made while the clock was wrong.
    await stack.asRoot(backups, `cp -a /folder/${(await sets()).at(-1)} /folder/20990101-000000`);
    const count = (await sets()).length;
    const id = await stack.compose('run', '--detach', '--no-deps', '--env', 'BACKUP_EVERY=1', 'backup-timer');
    await until('two more sets', 60_000, async () => (await sets()).length >= count + 2);
    await bed.engine.docker('stop', '--time', '5', id);
    expect(await bed.engine.docker('logs', id)).toMatch(
      /timer: the next backup is at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
    );
    await bed.engine.docker('rm', id);
    const figures = await stack.compose('exec', '-T', 'backup-timer', 'cat', '/metrics/korrigo_backup.prom');
    expect(figures).toMatch(/^korrigo_backup_last_attempt_ok 1$/m);
    const newest = Number(figures.match(/^korrigo_backup_last_success_timestamp_seconds (\d+)$/m)?.[1]);
    expect(Math.abs(Date.now() / 1000 - newest)).toBeLessThan(60);
    expect((await stack.compose('logs', '--no-log-prefix', 'backup-timer')).trim()).toMatch(/02:00:00 UTC$/);
  });

  it('runs confined; only what restores is root, for the owners of what it puts back', async () => {
    await stack.compose(
      'create',
      '--no-recreate',
      '--scale',
      'backup=1',
      '--scale',
      'restore=1',
      '--scale',
      'drill=1',
      'backup',
      'restore',
      'drill',
    );
    const containers = ['ps', '--all', '--quiet', 'backup-timer', 'backup', 'restore', 'drill'];
    const ids = (await stack.compose(...containers)).split('\n');
    expect(ids).toHaveLength(4);
    expect(exceptionsOf(await bed.engine.docker('inspect', ...ids))).toEqual([
      'restore may CHOWN, DAC_OVERRIDE, FOWNER, SETUID, SETGID',
      'restore runs as root',
    ]);
    await stack.compose('rm', '--force', 'backup', 'restore', 'drill');
  });

  it('is not the latest for having a name from the future, which each backup says', async () => {
    const made = await backup();
    expect(made.stdout).toContain('20990101-000000 has a name from the future');
    const latest = (await sets()).at(-2);
    expect((await restore('check', 'latest')).stdout).toContain(`${latest} is intact`);
    await stack.asRoot(backups, 'rm -r /folder/20990101-000000');
  });

  it('is found by name, and checked without changing anything', async () => {
    expect(await restore('list')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^(\d{8}-\d{6} {2}\S+\n)+$/),
    });
    expect(await restore('check', 'latest')).toMatchObject({ code: 0, stdout: expect.stringContaining('is intact') });
    expect(await restore()).toMatchObject({ code: 64, stderr: expect.stringContaining('restore list') });
    expect((await restore('20000101-000000')).stderr).toContain("/backups has no set '20000101-000000'. Available: 2");
  });

  // More of these, and copies off the machine: infra-backup-elsewhere.long.test.ts.
  it('comes back with all that followed it, up to the second before a table was dropped', async () => {
    await stack.compose('up', '--detach', '--no-deps', 'wal-receiver');
    const owner = (sql: string) => psql(`SET ROLE korrigo_owner; ${sql}`);
    await owner('CREATE TABLE marks (id int PRIMARY KEY)');
    expect(await backup()).toMatchObject({ code: 0 });
    await owner('INSERT INTO marks SELECT generate_series(1, 1000)');
    const dropped = await nextSecond();
    await owner('DROP TABLE marks; DELETE FROM exams_grade');
    expect(await backup()).toMatchObject({ code: 0 });
    await stack.compose('stop', 'backend');
    const result = await restore('--force', '--to', moment(dropped));
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toContain(`the database is as it was at ${moment(dropped)} UTC.`);
    expect(await psql('SELECT count(*) FROM marks')).toBe('1000');
    await startApplication();
    expect((await facts()).rows).toBe(before.rows);
  });

  // The stack, shortly.

  const backup = (...options: readonly string[]): Promise<Result> =>
    stack.tryCompose(['run', '--rm', '-T', '--no-deps', ...options, 'backup']);
  const restore = (...args: readonly string[]): Promise<Result> =>
    stack.tryCompose(['run', '--rm', '-T', '--no-deps', 'restore', ...args]);
  const psql = (query: string): Promise<string> =>
    stack.compose(
      ...['exec', '-T', 'db', 'psql', '-h', '127.0.0.1', '-U', 'korrigo_admin', '-At', '-c', query, 'korrigo_db'],
    );
  const services = ['db', 'redis', 'backend'];
  /** Alone: with what it comes after it would start a worker, who takes the task that is waiting. */
  const startTimer = () => stack.compose('up', '--detach', '--no-deps', 'backup-timer');
  const startApplication = () => stack.compose('up', '--detach', ...services);
  /** A replica waits 5 s for company before Redis begins to send; not when every second of a test counts. */
  const hurryRedis = () =>
    stack.compose('exec', '-T', 'redis', 'redis-cli', 'config', 'set', 'repl-diskless-sync-delay', '0');
  const sets = async (): Promise<readonly string[]> =>
    (await readdir(backups)).filter((name) => setName.test(name)).sort();
  const leftovers = async (): Promise<readonly string[]> =>
    (await readdir(backups)).filter((name) => name.startsWith('.part'));
  const listed = (set: string) => stack.asRoot(backups, `cd /folder/${set} && stat -c '%a %u %n' *`);
  const checksums = () => stack.asRoot(backups, 'cd /folder && sha256sum 2*/*');

  type Facts = { readonly rows: string; readonly files: string; readonly queue: string };
  const facts = async (): Promise<Facts> => ({
    rows: await stack.compose(
      ...['exec', '-T', 'backend', 'python', 'manage.py', 'dumpdata', '--exclude', 'sessions', '--natural-foreign'],
    ),
    files: await stack.compose(
      'exec',
      '-T',
      'backend',
      'sh',
      '-c',
      'cd media && sha256sum copies/* && stat -c "%n %a %u:%g" copies/*',
    ),
    queue: await stack.compose('exec', '-T', 'redis', 'redis-cli', 'lrange', 'celery', '0', '-1'),
  });

  /** Through gunicorn: the status of the admin's login form, 302 for the right password. */
  const logIn = async (username: string, password: string): Promise<number> => {
    const url = `http://${await stack.address('backend')}:8000/admin/login/`;
    const page = await fetch(url);
    const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? '';
    const token = (await page.text()).match(/csrfmiddlewaretoken" value="(\w+)"/)?.[1] ?? '';
    const body = new URLSearchParams({ username, password, csrfmiddlewaretoken: token, next: '/admin/' });
    const answer = await fetch(url, { method: 'POST', body, headers: { cookie }, redirect: 'manual' });
    return answer.status;
  };
});

const dumping = "FROM pg_stat_activity WHERE application_name = 'pg_dump' AND wait_event_type = 'Lock'";
const pending = 'from exams.models import Copy; print(Copy.objects.filter(status="pending").count())';
const seed = `
from datetime import date
from django.contrib.auth.models import User
from exams.models import Copy, Exam, Grade
from exams.tasks import enqueue
from exams.tests.pdf import pdf
User.objects.create_superuser('admin', 'admin@example.org', 'right')
exam = Exam.objects.create(title='Algèbre', date=date(2026, 6, 15))
for pages, student in enumerate(['Amira', 'Karim', 'Zoé'], 1):
    copy = Copy.objects.create(exam=exam, student=student, file=pdf(pages))
    Grade.objects.create(copy=copy, exercise='1a', points='2.5')
    enqueue(copy)
`;
