/** What a team sees of a shop on GitHub, in real runs on the test bed: summaries, and a plan as it is in a comment. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Bed, type Server, upBed } from '../../bed/bed.ts';
import { holdEngine } from '../../bed/hold.ts';
import { reach } from '../../fixtures/korrigo.ts';
import { newRepository, type Repository } from '../../fixtures/repository.ts';
import { startStep } from '../../fixtures/runner.ts';

export const sceneNames = ['three-hosts', 'rolled-back', 'rollback-failed', 'plan', 'plan-with-problems'] as const;
export type SceneName = (typeof sceneNames)[number];

/** What a commit of the shop says. */
type Shop = {
  readonly page?: string;
  /** What the web server does before it serves. */
  readonly before?: string;
  readonly workers?: number;
  readonly mail?: string;
  readonly timeout?: number;
};

/** @param onLine hears how far it is. @returns Markdown */
export async function recordScenes(onLine: (line: string) => void): Promise<Readonly<Record<SceneName, string>>> {
  const { release } = await holdEngine(onLine);
  const repository = newRepository();
  try {
    const bed = await upBed();
    try {
      const first = await bed.server();
      const authorizedKeys = [readFileSync(`${first.privateKeyFile}.pub`, 'utf8').trim()];
      const servers = [first, await bed.server({ authorizedKeys }), await bed.server({ authorizedKeys })];
      const play = player(bed, repository, onLine);
      const one = servers.slice(0, 1);
      await play('first deploy', servers, { page: 'Welcome' });
      const more = { page: 'Welcome to the shop', workers: 2 };
      const threeHosts = await play('Show a longer welcome, with two workers', servers, more);
      const changed = { ...more, page: 'Sale!', mail: 'smtp.example.com', timeout: 60 };
      const plan = await play('Announce the sale', servers, changed, { command: 'plan', ...migration });
      const stuck = { ...changed, before: 'test -n "$${STRIPE_KEY:?is not set}";' };
      const problems = await play('Take payments', servers, { ...stuck, mail: '${MAIL_HOST}' }, { command: 'plan' });
      const rolledBack = await play('Take payments', one, stuck);
      // The migration cannot be undone, and the old program does not start on what it leaves.
      const risky = { ...more, before: 'echo "cannot find the table: orders"; exit 1;' };
      const failed = await play('Rename the table', one, risky, {
        migrate: 'web: sh -c "echo 2 >/data/version"',
        'migrate-when': 'before',
        'health-timeout': '20s',
      });
      return {
        'three-hosts': threeHosts,
        'rolled-back': rolledBack,
        'rollback-failed': failed,
        plan,
        'plan-with-problems': problems,
      };
    } finally {
      await bed.down();
    }
  } finally {
    repository.remove();
    await release();
  }
}

const migration = {
  migrate: 'web: python manage.py migrate --noinput',
  'migrate-plan': 'worker: cat /etc/pending',
};

/** Commits, runs the action as GitHub does, and returns its summary. */
function player(bed: Bed, repository: Repository, onLine: (line: string) => void) {
  return async (message: string, servers: readonly Server[], shop: Shop, inputs: Record<string, string> = {}) => {
    onLine(message);
    repository.commit(filesOf(bed, shop), message);
    const reached = reach(bed, ...servers);
    const secrets = {
      'ssh-key': reached.env['KORRIGO_SSH_KEY'] ?? '',
      'registry-password': reached.env['KORRIGO_REGISTRY_PASSWORD'] ?? '',
    };
    const known = {
      ...{ command: 'push, deploy', 'project-name': 'shop', ...reached.inputs, ...secrets },
      ...{ 'known-hosts': servers.map(({ hostKey }) => hostKey).join('\n'), ...inputs },
    };
    const step = startStep(repository.folder, known, bed.engine.env);
    try {
      const { all } = await step.done;
      if (step.summary() === '') throw new Error(all);
      return anonymous(step.summary(), bed, servers, repository);
    } finally {
      step.remove();
    }
  };
}

const health = `    healthcheck: { test: ["CMD", "true"], interval: 30s, start_period: 30s, start_interval: 500ms }\n`;

function filesOf(bed: Bed, { page = '', before = '', workers = 1, mail, timeout = 30 }: Shop): Record<string, string> {
  const own =
    'test "$$(cat /data/version 2>/dev/null || echo 1)" = 1 || { echo "database version 2 is too new"; exit 1; };';
  return {
    Dockerfile: `FROM ${bed.engine.images.busybox}\nCOPY www /www\n`,
    'www/index.html': `${page}\n`,
    // Stands in for what a program prints that knows its migrations.
    pending: '[ ]  shop.0007_sale\n[ ]  shop.0008_prices\n',
    'proxy.conf': `timeout = ${timeout}\n`,
    'compose.yml': `services:
  web:
    build: .
    command: ["sh", "-c", ${JSON.stringify(`${own} ${before} exec httpd -f -p 80 -h /www`)}]
    volumes: ["data:/data"]
    stop_grace_period: 1s
    init: true
    healthcheck: { test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"], interval: 1s }
  worker:
    image: ${bed.image('busybox')}
    command: ["sleep", "infinity"]
    init: true
    scale: ${workers}
    volumes: ["./pending:/etc/pending:ro"]
${mail === undefined ? '' : `    environment: { MAIL_HOST: "${mail}" }\n`}${health}  proxy:
    image: ${bed.image('busybox')}
    command: ["sleep", "infinity"]
    init: true
    ports: ["8080:80"]
    volumes: ["./proxy.conf:/proxy.conf:ro"]
${health}  cache:
    image: ${bed.image('redis')}
${health}volumes:
  data: {}
`,
  };
}

/** Addresses of the bed as those of a team. */
function anonymous(text: string, { registry, image }: Bed, servers: readonly Server[], { folder }: Repository): string {
  const named = servers.reduce(
    (all, { ip }, index) => all.replaceAll(ip, `web${index + 1}.example.com`),
    text.replaceAll(`${dirname(folder)}/`, ''),
  );
  return named.replaceAll(image('redis').replace(/:[^/:]*$/, ''), 'redis').replaceAll(registry.address, 'ghcr.io/acme');
}
