/** Korrigo in production on a server of the bed, by TLS and behind its door, with one version after another. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bed, Server } from '../../../bed/bed.ts';
import { until } from '../../../bed/process.ts';
import { exampleRepository } from '../../../fixtures/example/repository.ts';
import { samplePdf } from '../../../fixtures/example/story.ts';
import { deployer, type Outcome } from '../../../fixtures/korrigo.ts';
import type { Files } from '../../../fixtures/repository.ts';
import { shell } from '../../../fixtures/state.ts';
import { ask, form } from './stack.ts';
import { type Place, startVisitors, type Visited, type Visitors } from './visitors.ts';

export type Production = {
  readonly server: Server;
  /** Commits a version and deploys it, rolling. @param more files besides what every version changes */
  readonly deploy: (version: number, more?: Edits, inputs?: Readonly<Record<string, string>>) => Promise<Outcome>;
  /** After the first deploy: people who are at work until they are told to stop. */
  readonly visitors: (pause?: number) => Promise<Visitors>;
  /** What became of the papers that were accepted, when no task is left. */
  readonly papers: (visited: Visited) => Promise<Papers>;
  /** Container ids by service, the oldest first. */
  readonly containers: () => Promise<Readonly<Record<string, readonly string[]>>>;
};

export type Papers = {
  /** Accepted, and not there. */
  readonly lost: readonly string[];
  /** There more than once, or although nobody said that it was accepted. */
  readonly surplus: readonly string[];
  /** Whose task was not done, or more than once. */
  readonly notDoneOnce: readonly string[];
};

/** By path; given what the example has there. */
export type Edits = Readonly<Record<string, (text: string) => string>>;

type Copy = { readonly id: number; readonly student: string; readonly status: string };

export async function newProduction(bed: Bed): Promise<Production> {
  const server = await bed.server();
  const folder = join(bed.folder, 'korrigo');
  const repository = await exampleRepository(folder);
  const { engine, registry } = bed;
  for (const name of ['postgres', 'redis'] as const) await engine.docker('tag', engine.images[name], bed.image(name));
  const env = {
    PYTHON_IMAGE: engine.images.python,
    NODE_IMAGE: engine.images.node,
    // Of 1.27.4 and later, as the official one is.
    NGINX_IMAGE: engine.images.nginx_next,
    DOOR_IMAGE: bed.image('busybox'),
    POSTGRES_IMAGE: bed.image('postgres'),
    REDIS_IMAGE: bed.image('redis'),
    // Without a DOMAIN it does nothing, which needs a shell.
    CERTBOT_IMAGE: bed.image('busybox'),
    REGISTRY: registry.address,
    DOTENV: limits,
    DB_PASSWORD: randomBytes(24).toString('base64url'),
    SECRET_KEY: randomBytes(24).toString('base64url'),
    ENV_PROD: `ALLOWED_HOSTS=${server.ip}\nAPI_REQUESTS_PER_MINUTE=1000000\n`,
  };
  const inputs = {
    'compose-file': 'infra/docker/docker-compose.prod.yml',
    strategy: 'rolling',
    'env-files': [
      'infra/docker/.env=DOTENV',
      'infra/docker/secrets/db_password.txt=DB_PASSWORD',
      'infra/docker/secrets/secret_key.txt=SECRET_KEY',
      'backend/.env.prod=ENV_PROD',
    ].join('\n'),
    migrate: 'backend: python manage.py migrate --noinput',
  };
  const originals = new Map<string, string>();
  const edited = async (edits: Edits): Promise<Files> => {
    const files: Record<string, string> = {};
    for (const [path, edit] of Object.entries(edits)) {
      const original = originals.get(path) ?? (await readFile(join(folder, path), 'utf8'));
      originals.set(path, original);
      files[path] = edit(original);
    }
    return files;
  };
  const run = deployer(folder, bed, server);
  const inRelease = async (line: string): Promise<string> =>
    await shell(server, `cd /opt/korrigo/current && docker compose ${line}`);

  let place: Promise<Place> | undefined;
  const copies = async (): Promise<readonly Copy[]> => {
    const { headers, exam } = await (place ?? Promise.reject(new Error('nobody was here')));
    const path = `/api/exams/${exam}/copies/`;
    const { body } = await ask({ host: server.ip, port: 443, tls: true, path, headers });
    return (JSON.parse(body.toString()) as { copies: readonly Copy[] }).copies;
  };
  return {
    server,
    deploy: async (version, more = {}, others = {}) => {
      const files = await edited({ ...edits, ...editsOf(version), ...more });
      repository.add({ ...files, ...filesOf(version) }, `Version ${version}`);
      return await run(['build', 'push', 'deploy'], { ...inputs, ...others }, env);
    },
    visitors: async (pause) => {
      place ??= furnish(server, inRelease);
      return startVisitors(await place, pause);
    },
    papers: async ({ accepted }) => {
      const pending = async () => (await copies()).filter(({ status }) => status === 'pending');
      await until('no task is left', 60_000, async () => (await pending()).length === 0);
      const all = (await copies()).filter(({ student }) => student.startsWith('Pupil '));
      const done = (await inRelease(`exec -T backend cat ${doneFile}`)).trim().split('\n');
      const times = (list: readonly string[]) => {
        const counted = new Map<string, number>();
        for (const item of list) counted.set(item, (counted.get(item) ?? 0) + 1);
        return counted;
      };
      const there = times(all.map(({ student }) => student));
      const doneTimes = times(done);
      return {
        lost: accepted.filter((student) => !there.has(student)),
        surplus: [...there].filter(([name, count]) => count > 1 || !accepted.includes(name)).map(([name]) => name),
        notDoneOnce: all
          .filter(({ id, status }) => status !== 'processed' || doneTimes.get(String(id)) !== 1)
          .map(({ id, student, status }) => `${student}: ${status}, done ${doneTimes.get(String(id)) ?? 0} times`),
      };
    },
    containers: async () => {
      const format = '{{.Label "com.docker.compose.service"}} {{.ID}}';
      const rows = await shell(server, `docker ps --no-trunc --format '${format}' | tac`);
      const found: Record<string, string[]> = {};
      for (const row of rows.trim().split('\n')) {
        const [service = '', id = ''] = row.split(' ');
        found[service] = [...(found[service] ?? []), id];
      }
      return found;
    },
  };
}

/** All visitors come from one address, and old and new have to fit beside what else runs on this machine. */
const limits = `LIMIT_REQUESTS=off
LIMIT_APPLICATION=off
LIMIT_UPLOAD=off
LIMIT_LOGIN=off
BACKEND_MEMORY=400M
CELERY_MEMORY=400M
`;

const doneFile = '/app/media/done';

/** In every version: the worker writes down what it did, and the backend takes its time when asked to. */
const edits: Edits = {
  'backend/exams/tasks.py': (text) =>
    replaced(
      text,
      '    metrics.copies_total',
      `    with open('${doneFile}', 'a') as done:\n        done.write(f'{copy_id}\\n')\n    metrics.copies_total`,
    ),
};

/** What makes one version differ from another: the front end, nginx's configuration, the backend and its tables. */
const editsOf = (version: number): Edits => ({
  'frontend/src/style.css': (text) => `${text}\n.version-${version} { order: ${version}; }\n`,
  'infra/nginx/nginx.conf': (text) =>
    replaced(
      text,
      '    add_header X-Request-ID',
      `    add_header X-Version "${version}" always;\n    add_header X-Request-ID`,
    ),
  'backend/core/health.py': (text) => `${slowly(text)}\nEDITION = ${version}\n`,
});

const slowly = (text: string): string =>
  replaced(
    text,
    'def version(request: HttpRequest) -> JsonResponse:\n',
    `def version(request: HttpRequest) -> JsonResponse:
    if 'slow' in request.GET:
        import time
        time.sleep(6)
`,
  );

/** A column that the code of before does not know, and can do without. */
const filesOf = (version: number): Files => ({
  [`backend/exams/migrations/${migrationOf(version)}.py`]: `from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [('exams', '${version === 1 ? '0002_teachers_and_queue' : migrationOf(version - 1)}')]
    operations = [
        migrations.AddField('exam', 'room_${version}', models.CharField(blank=True, db_default='', max_length=20)),
    ]
`,
});

const migrationOf = (version: number): string => `${String(version + 2).padStart(4, '0')}_exam_room_${version}`;

function replaced(text: string, what: string, by: string): string {
  if (!text.includes(what)) throw new Error(`there is no ${JSON.stringify(what)}`);
  return text.replace(what, () => by);
}

async function furnish(server: Server, inRelease: (line: string) => Promise<string>): Promise<Place> {
  const token = await inRelease('exec -T backend python manage.py token teacher tests --create --write');
  const headers = { authorization: `Bearer ${token.trim()}` };
  const at = { host: server.ip, port: 443, tls: true, method: 'POST' };
  const body = JSON.stringify({ title: 'Algebra', date: '2026-06-15' });
  const { id } = JSON.parse((await ask({ ...at, headers, path: '/api/exams/', body })).body.toString()) as {
    id: number;
  };
  const pdf = await readFile(samplePdf);
  const large = padded(pdf);
  const copy = form({ student: 'A long exam' }, large);
  const path = `/api/exams/${id}/copies/`;
  const answer = await ask({ ...at, path, ...copy, headers: { ...headers, ...copy.headers } });
  if (answer.status !== 201) throw new Error(`the large file was answered with ${answer.status}: ${answer.body}`);
  const { file } = JSON.parse(answer.body.toString()) as { file: string };
  const sha256 = createHash('sha256').update(large).digest('hex');
  return { host: server.ip, headers, exam: id, pdf, large: { path: file, sha256 } };
}

/** The same PDF with 12 MB that no reader looks at: more than all buffers on the way hold. */
function padded(pdf: Buffer): Buffer {
  const start = pdf.toString('latin1').match(/startxref\s+\d+\s+%%EOF\s*$/)?.[0] ?? '';
  return Buffer.concat([pdf, Buffer.from(`\n%${'.'.repeat(12 * 1024 ** 2)}\n${start}`)]);
}
