/** The story of `npm run demo`, held to its word: two commits of the Korrigo example on a real server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import type { Copy } from '../../fixtures/example/site.ts';
import { type Container, type Scene, samplePdf, setScene } from '../../fixtures/example/story.ts';

type Deployed = { readonly code: number | null; readonly log: string };

describe('Korrigo on a server', () => {
  let bed: Bed;
  let scene: Scene;
  let first: Deployed;
  const withBackup = {
    'compose-file': 'infra/docker/docker-compose.local-prod.yml\ninfra/docker/docker-compose.backup.yml',
    backup: 'backup',
  };

  beforeAll(async () => {
    bed = await upBed();
    scene = await setScene(bed);
    first = await deploy();
  });
  afterAll(async () => {
    await bed?.down();
  });

  it('is tested, built, pushed and deployed to an empty server', async () => {
    expect(first.code, first.log).toBe(0);
    expect(first.log).toMatch(/\| tests-1 +\| Ran \d+ tests in/);
    expect(first.log).toMatch(/ {2}✓ test, build, push, deploy succeeded in/);
    const containers = await scene.containers();
    expect(Object.keys(containers)).toEqual(['backend', 'celery', 'db', 'door', 'nginx', 'redis']);
    for (const [service, { image, health }] of Object.entries(containers)) {
      expect(health, service).toBe(service === 'door' ? 'none' : 'healthy');
      expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
    }
    expect(containers['celery']?.image).toBe(containers['backend']?.image);
  });

  it('writes the secrets of the workflow for the server alone', async () => {
    const found = await scene.server.ssh(
      'cd /opt/korrigo/shared && stat -c "%a %U %n" infra/docker/secrets/* infra/docker/.env backend/.env.prod',
    );
    expect(found.stdout.trim().split('\n')).toEqual([
      '600 deploy infra/docker/secrets/db_password.txt',
      '600 deploy infra/docker/secrets/secret_key.txt',
      '600 deploy infra/docker/.env',
      '600 deploy backend/.env.prod',
    ]);
    expect((await scene.server.ssh('grep -rl auths ~ /tmp 2>/dev/null')).stdout).toBe('');
  });

  it('leaves nothing of the tests on the machine that ran them', async () => {
    const { docker } = bed.engine;
    const run = first.log.match(/Container (test-[0-9a-f]+)-/)?.[1] ?? 'not found';
    expect(first.log).toContain(run);
    for (const kind of ['container', 'network', 'volume', 'image']) expect(await docker(kind, 'ls')).not.toContain(run);
  });

  it('serves its pages and its version through nginx', async () => {
    expect(await (await scene.site.get('/')).text()).toContain('<title>Korrigo</title>');
    expect(await scene.site.version()).toBe(scene.repository.commit);
    expect((await scene.site.get('/')).headers.get('x-robots-tag')).toBeNull();
  });

  it('answers a person who logs in to look', async () => {
    const services = await scene.server.ssh('cd /opt/korrigo/current && docker compose ps --services');
    expect(services.stdout.trim().split('\n').sort()).toEqual(['backend', 'celery', 'db', 'door', 'nginx', 'redis']);
  });

  describe('with a copy that was uploaded', () => {
    let pdf: Buffer;
    let copy: Copy;
    let before: Readonly<Record<string, Container>>;
    let commit: string;
    let second: Deployed;

    beforeAll(async () => {
      pdf = await readFile(samplePdf);
      const exam = await scene.site.addExam({ title: 'Algebra', date: '2026-06-15' });
      copy = await scene.site.processed((await scene.site.addCopy(exam, { student: 'Amira' }, pdf)).id);
      before = await scene.containers();
      commit = scene.repository.next().commit;
      second = await deploy();
    });

    it('processes it in Celery', () => {
      expect(copy).toMatchObject({ status: 'processed', pages: 2, size: pdf.length, error: '' });
    });

    it('plans the next commit service by service, and says why', () => {
      expect(second.code, second.log).toBe(0);
      const at = second.log.indexOf('\nPlan: release');
      const plan = second.log.slice(at).split('\n').slice(3, 10);
      expect(plan.map((line) => line.trim())).toEqual([
        'backend  recreate  image',
        'celery   recreate  image',
        'db       keep',
        'door     keep',
        'nginx    recreate  file infra/nginx/nginx.conf, image',
        'prepare  start     has exited',
        'redis    keep',
      ]);
    });

    it('recreates what changed and lets the databases run', async () => {
      const after = await scene.containers();
      for (const service of ['db', 'door', 'redis']) expect(after[service], service).toEqual(before[service]);
      for (const service of ['backend', 'celery', 'nginx'])
        expect(after[service]?.id, service).not.toBe(before[service]?.id);
    });

    it('serves the new version, with its migration and its nginx.conf', async () => {
      expect(await scene.site.version()).toBe(commit);
      expect((await scene.site.get('/')).headers.get('x-robots-tag')).toBe('noindex');
      const numbered = await scene.site.addCopy(copy.exam, { student: 'Karim', number: 'A-17' }, pdf);
      expect(numbered.number).toBe('A-17');
    });

    it('still has the copy and its file', async () => {
      expect(await scene.site.copy(copy.id)).toEqual({ ...copy, number: '' });
      const file = await (await scene.site.get(copy.file)).arrayBuffer();
      expect(Buffer.from(file).equals(pdf)).toBe(true);
    });

    it('reports for how long the site did not answer', () => {
      expect(second.log).toMatch(/(no downtime: all \d+ probes|downtime: \d+\.\d s)/);
    });
  });

  describe('with a backup before the deploy', () => {
    const folder = '/var/backups/korrigo';

    it('goes no further when the backup fails, and changes nothing that runs', async () => {
      const before = await scene.containers();
      const { code, log } = await deploy(withBackup, ['build', 'push', 'deploy']);
      expect(code).toBe(1);
      expect(log).toMatch(/back up on \S+ before anything is changed: backup\n/);
      expect(log).toContain(`${folder} is not writable for user 10001. A new folder: sudo install`);
      expect(log).toContain(
        '→ Fix the backup, or leave `backup` out of this one deploy. No running container was touched.',
      );
      expect(await scene.containers()).toEqual(before);
    });

    it('has a whole set of the old version, and says where, before it recreates anything', async () => {
      await scene.server.exec(['install', '-d', '-m', '700', '-o', '10001', '-g', '10001', folder]);
      const { code, log } = await deploy(withBackup, ['build', 'push', 'deploy']);
      expect(code, log).toBe(0);
      const set = log.match(/backup: \/backups\/(\d{8}-\d{6}) is complete: /)?.[1] ?? 'none';
      const { stdout } = await scene.server.exec(['sh', '-c', `cd ${folder}/${set} && sha256sum --check SHA256SUMS`]);
      const parts = ['cluster.manifest', 'cluster.tar.gz', 'database.dump', 'media.tar.gz', 'redis.rdb', 'wal.txt'];
      expect(stdout).toBe(parts.map((name) => `${name}: OK\n`).join(''));
      expect(log.indexOf(set)).toBeLessThan(log.indexOf('\nRecreate\n'));
      expect(Object.keys(await scene.containers())).toContain('backup-timer');
    });
  });

  describe('with a release that migrates the database and is never healthy', () => {
    let broken: Deployed;
    let commit: string;
    let set: string;
    const accepted: Copy[] = [];
    /** How many were accepted when the new containers were watched, and when the previous release was put back. */
    const marks = { watched: 0, undone: 0 };

    beforeAll(async () => {
      commit = await scene.site.version();
      const pdf = await readFile(samplePdf);
      const exam = await scene.site.addExam({ title: 'Geometry', date: '2026-06-16' });
      const upload = async () => accepted.push(await scene.site.addCopy(exam, { student: 'Karim' }, pdf));
      // With nobody to take them, these tasks are in the queue when the deploy begins.
      await inRelease('docker compose stop --timeout 20 celery');
      for (let n = 0; n < 5; n++) await upload();
      const health = await readFile(join(scene.repository.folder, 'backend/core/health.py'), 'utf8');
      scene.repository.add(
        {
          'backend/core/health.py': health.replace('{"status": "live"}', '{"status": "dead"}, status=500'),
          'backend/exams/migrations/0004_exam_room.py': migration,
        },
        'Give exams a room, and break the healthcheck',
      );
      let isOver = false;
      // One that comes while nobody answers is told so, and tries again.
      const people = (async () => {
        while (!isOver) {
          await upload().catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      })();
      const listen = (line: string): void => {
        if (line === 'Verify') marks.watched = accepted.length;
        if (/^Roll/.test(line)) marks.undone = accepted.length;
      };
      broken = await deploy({ ...withBackup, 'health-timeout': '1m' }, ['build', 'push', 'deploy'], listen);
      isOver = true;
      await people;
      set = broken.log.match(/backup: \/backups\/(\d{8}-\d{6}) is complete: /)?.[1] ?? 'none';
    });

    it('rolls back to the previous release by itself, and says where the backup is', async () => {
      expect(broken.code, broken.log).toBe(1);
      expect(broken.log).toMatch(/: rolled back, \d{8}-\d{6}-[0-9a-f]{12} is running again/);
      expect(broken.log).toContain('the migration ran and is not undone; the backup taken before it is shown above');
      expect(broken.log).toMatch(new RegExp(`backup taken before this deploy: .*/backups/${set} is complete`));
      expect(await scene.site.version()).toBe(commit);
      const containers = await scene.containers();
      for (const service of ['backend', 'celery', 'db', 'nginx', 'redis'])
        expect(containers[service]?.health, service).toBe('healthy');
    });

    it('is migrated all the same, and the previous release works with that', async () => {
      const columns =
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'exams_exam' AND column_name = 'room'";
      const psql = `docker compose exec -T db psql -U korrigo_admin -Atc "${columns}" korrigo_db`;
      expect((await inRelease(psql)).trim()).toBe('1');
      expect((await scene.site.get('/api/health/ready/')).status).toBe(200);
    });

    it('loses no paper that was accepted before, meanwhile or after, and no task for one', async () => {
      expect(marks.undone, broken.log).toBeGreaterThan(marks.watched);
      expect(accepted.length).toBeGreaterThan(marks.undone);
      const { exam } = accepted[0] ?? { exam: 0 };
      const statuses = async (): Promise<readonly string[]> => {
        const reply = (await (await scene.site.get(`/api/exams/${exam}/copies/`)).json()) as {
          copies: readonly Copy[];
        };
        const found = new Map(reply.copies.map(({ id, status }) => [id, status]));
        return accepted.map(({ id }) => found.get(id) ?? 'lost');
      };
      await until('no task is left', 90_000, async () => !(await statuses()).includes('pending'));
      expect(new Set(await statuses())).toEqual(new Set(['processed']));
    });

    const inRelease = async (line: string): Promise<string> => {
      const { code, stdout, stderr } = await scene.server.ssh(`cd /opt/korrigo/current && ${line}`);
      expect(code, stderr).toBe(0);
      return stdout;
    };
    const migration = `from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [('exams', '0003_copy_number')]
    operations = [migrations.AddField('exam', 'room', models.CharField(blank=True, db_default='', max_length=20))]
`;
  });

  const deploy = async (
    more: Readonly<Record<string, string>> = {},
    commands?: readonly string[],
    listen: (line: string) => void = () => undefined,
  ): Promise<Deployed> => {
    const lines: string[] = [];
    const onLine = (line: string): void => {
      lines.push(line);
      listen(line);
    };
    const code = await scene.deploy({ onLine }, more, commands);
    return { code, log: lines.join('\n') };
  };
});
