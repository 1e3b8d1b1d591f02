/** Logs, metrics and alerts of the reference infrastructure, with Prometheus and its company really running. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import typescript from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Bed, upBed } from '../../bed/bed.ts';
import { script } from '../../bed/engine.ts';
import { output, until } from '../../bed/process.ts';
import { exceptionsOf } from '../../fixtures/confinement.ts';
import { assembleStack, metricsToken, type Stack, type Texts } from '../../fixtures/infra-stack.ts';

const monitoring = join(import.meta.dirname, '../../infra/monitoring');
const sample = join(import.meta.dirname, '../../examples/korrigo/sample.pdf');
const files = ['docker-compose.local-prod.yml', 'docker-compose.backup.yml', 'docker-compose.monitoring.yml'];
const exporters = ['node-exporter', 'postgres-exporter', 'redis-exporter', 'blackbox-exporter'];
const services = [
  'nginx',
  'backend',
  'celery',
  'backup-timer',
  'wal-receiver',
  'prometheus',
  'alertmanager',
  'webhook',
  ...exporters,
];
const failed = 'celery_tasks_total{outcome="failed",task="exams.tasks.process_copy"}';
/** Prints what it is sent: webhooks by path, and mail. */
const receiver = `
import http.server, socketserver, threading
class Webhook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print("POST", self.path, self.headers.get("Authorization", "-"), body, flush=True)
        # The word that Slack answers, and Alertmanager wants to hear.
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *args): pass
class Mail(socketserver.StreamRequestHandler):
    def say(self, text): self.wfile.write(text.encode() + b"\\r\\n")
    def handle(self):
        self.say("220 mail")
        while line := self.rfile.readline().decode().strip():
            command = line.upper()
            if command.startswith("EHLO"): self.say("250 mail")
            elif command == "DATA":
                self.say("354 go on")
                lines = []
                while (text := self.rfile.readline().decode().strip()) != ".": lines.append(text)
                print("MAIL", " | ".join(lines), flush=True)
                self.say("250 taken")
            elif command == "QUIT": return self.say("221 bye")
            else: self.say("250 ok")
threading.Thread(target=socketserver.ThreadingTCPServer(("", 2525), Mail).serve_forever, daemon=True).start()
http.server.ThreadingHTTPServer(("", 8080), Webhook).serve_forever()
`;
const alertSettings = `
EMAIL_TO=head@school.example
SMTP_HOST=webhook:2525
SMTP_FROM=korrigo@school.example
SMTP_TLS=off
SLACK_URL=http://webhook:8080/slack
NTFY_URL=http://webhook:8080/ntfy
NTFY_TOKEN=tk_only_for_this_test
WEBHOOK_URL=http://webhook:8080/hook
WATCHDOG_URL=http://webhook:8080/watchdog
`;

type Rules = {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
};
type Cases = {
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
};
type Dashboard = {
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
    readonly datasource?: { readonly uid: string };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
};
type Model = {
  readonly services: Readonly<Record<string, { readonly volumes?: readonly { readonly target: string }[] }>>;
};
type Providers = { readonly providers: readonly { readonly options: { readonly path: string } }[] };
type Datasources = { readonly datasources: readonly { readonly uid: string; readonly url: string }[] };

describe('the monitoring of the reference infrastructure', () => {
  let bed: Bed;
  let stack: Stack;
  let site: string;
  let backend: string;
  let worker: string;
  let prometheus: string;
  let teacher: { readonly authorization: string };
  let images: Readonly<Record<string, string>>;

  beforeAll(async () => {
    bed = await upBed();
    images = assignments(await output([script('images.sh'), 'monitoring']));
    const backups = join(bed.folder, 'backups');
    const ports = {
      HTTP_PORT: '0',
      PROMETHEUS_PORT: '0',
      ALERTMANAGER_PORT: '0',
      GRAFANA_PORT: '0',
      // Not the whole of /: on a machine that is a container itself Docker refuses that.
      HOST_ROOT: '/srv',
      HOST_ROOT_PROPAGATION: 'rprivate',
    };
    stack = await assembleStack(bed, files, { ...images, ...ports, BACKUP_DIR: backups }, testServices(bed));
    await stack.asRoot(bed.folder, 'mkdir /folder/backups && chown 10001:10001 /folder/backups');
    await writeFile(join(stack.folder, 'infra/docker/secrets/alerts.txt'), alertSettings);
    await stack.compose('build', '--quiet', 'nginx', 'backend', 'backup-timer');
    await stack.compose('--profile', 'monitoring', 'up', '--detach', '--wait', ...services);
    await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', 'migrate', '--noinput');
    const token = ['token', 'teacher', 'tests', '--create', '--write'];
    teacher = {
      authorization: `Bearer ${await stack.compose('exec', '-T', 'backend', 'python', 'manage.py', ...token)}`,
    };
    site = `http://${await stack.address('nginx')}`;
    backend = `http://${await stack.address('backend')}:8000`;
    worker = `http://${await stack.address('celery')}:9808`;
    prometheus = `http://${await stack.address('prometheus')}:9090/api/v1`;
  });
  afterAll(async () => {
    await stack?.down();
    await bed?.down();
  });

  it('fires no alert at a fresh start', async () => {
    // As it is here: the site answers first, the database is migrated later, so its readiness fails for a while.
    await until('the site is ready', 90_000, async () => (await query('probe_success{job="site"} == 1')).length === 2);
    const watchdog = 'ALERTS{alertname="Watchdog",alertstate="firing"}';
    await until('the watchdog', 60_000, async () => (await query(watchdog)).length === 1);
    const rounds = 'prometheus_rule_group_iterations_total';
    const evaluated = async () => Number((await query(rounds))[0]?.value[1] ?? 0);
    const before = await evaluated();
    await until('the rules were evaluated', 60_000, async () => (await evaluated()) >= before + 2);
    const fired = await query('count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1h]))');
    expect(fired.map(({ metric }) => metric['alertname'])).toEqual(['Watchdog']);
  });

  it('reaches every target', async () => {
    const expected = [
      'alertmanager',
      'backend',
      'blackbox',
      'celery',
      'certificate',
      'node',
      'postgres',
      'prometheus',
      'redis',
      'site http://nginx:8081/',
      'site http://nginx:8081/api/health/ready/',
    ];
    await until('all targets are up', 90_000, async () => {
      const found = await targets();
      return Object.keys(found).length >= expected.length && Object.values(found).every((health) => health === 'up');
    });
    expect(Object.keys(await targets()).sort()).toEqual(expected);
    // What takes a while to arrive, for below: a task that fails, after Prometheus has seen the worker, and a backup.
    await until('a look at the tasks', 60_000, async () => (await query(failed)).length > 0);
    await stack.python('from exams.tasks import process_copy; process_copy.delay("no number")');
    await stack.compose('run', '--rm', '-T', '--no-deps', 'backup');
    await stack.compose('run', '--rm', '-T', '--no-deps', 'drill');
  });

  it('shows figures to whoever has the token, and to nobody else', async () => {
    for (const url of [`${backend}/metrics`, worker]) {
      expect((await fetch(url)).status).toBe(403);
      expect((await fetch(url, { headers: { 'x-metrics-token': 'wrong' } })).status).toBe(403);
      expect((await fetch(url, { headers: { authorization: `Bearer ${metricsToken}` } })).status).toBe(200);
      expect((await fetch(url, { headers: { 'x-metrics-token': metricsToken } })).status).toBe(200);
    }
    const outside = await fetch(`${site}/metrics`, { headers: { 'x-metrics-token': metricsToken } });
    expect(await outside.text()).not.toContain('http_requests_total');
  });

  it('finds one request in the logs of nginx, gunicorn, Django and Celery by its id', async () => {
    const copy = await upload();
    expect(copy.requestId).toMatch(/^[0-9a-f]{32}$/);
    const lines = async () => {
      const services = ['nginx', 'backend', 'celery'];
      const all = await stack.compose('logs', ...services);
      return all
        .split('\n')
        .filter((line) => line.includes(copy.requestId))
        .map((line) => JSON.parse(line.slice(line.indexOf('{'))) as Line);
    };
    await until('Celery has told', 30_000, async () =>
      (await lines()).some(({ message }) => message?.includes('2 pages')),
    );
    const found = (await lines()).map(({ logger, message, path }) => `${logger}: ${path ?? message}`);
    expect(found).toContain('nginx: /api/exams/1/copies/');
    expect(found).toContain('gunicorn.access: /api/exams/1/copies/');
    expect(found).toContain('exams.tasks: copy 1: queued');
    expect(found).toContain('exams.tasks: copy 1: 2 pages');
    expect((await lines()).every(({ request_id }) => request_id === copy.requestId)).toBe(true);
  });

  it('notices when nginx cannot reach a backend that is healthy', async () => {
    const routes = join(stack.folder, 'infra/nginx/routes.conf');
    const before = await readFile(routes, 'utf8');
    const reload = () => stack.compose('exec', '-T', 'nginx', 'nginx', '-s', 'reload', '-q');
    await writeFile(routes, before.replace('http://backend:8000', 'http://backend:8001'));
    await reload();
    const fails = 'probe_success{job="site",instance="http://nginx:8081/api/health/ready/"} == 0';
    await until('the probe fails', 60_000, async () => (await query(fails)).length === 1);
    expect(await query('up{job="backend"} == 1')).toHaveLength(1);
    await until('an alert', 60_000, async () => (await query('ALERTS{alertname="SiteDown"}')).length === 1);
    await writeFile(routes, before);
    await reload();
    await until('the probe succeeds', 60_000, async () => (await query(fails)).length === 0);
  });

  it('shows the logs of all services in the order of time, and those of errors only, as documented', async () => {
    await stack.tryCompose(['exec', '-T', 'db', 'psql', '-h', '127.0.0.1', '-U', 'korrigo_user', 'nothing']);
    const [request = '', all = '', errors = ''] = await logCommands();
    // As a terminal shows them: some versions of Compose begin each line with an escape sequence.
    const shown = async (line: string) => stripVTControlCharacters(await stack.shell(line));
    const lines = (await shown(all)).split('\n');
    const times = lines.map((line) => line.split(/ +/)[2] ?? '');
    expect(times).toEqual([...times].sort());
    for (const service of ['nginx', 'backend', 'celery', 'db', 'redis', 'backup-timer'])
      expect(
        lines.some((line) => line.startsWith(`${service}-1`)),
        service,
      ).toBe(true);

    const bad = await shown(errors);
    expect(bad).toMatch(/^db-1 .* FATAL: {2}database "nothing" does not exist/m);
    expect(bad).toMatch(/^nginx-1 .* \[error\] .*connect\(\) failed/m);
    expect(bad).toMatch(/^celery-1 .*"level": "ERROR"/m);
    // An answer 5xx is an error, although gunicorn logs every request as information.
    const good = (line: string): boolean => /"level": "INFO"|"status": ?[234]/.test(line) && !/"status": ?5/.test(line);
    expect(bad.split('\n').filter(good)).toEqual([]);

    const { requestId } = await upload();
    await until('gunicorn has told', 10_000, async () =>
      (await stack.shell(request.replace(/[0-9a-f]{32}/, requestId))).includes('gunicorn.access'),
    );
  });

  it('counts exactly, whichever process answered, and goes on when one of them dies', async () => {
    const name = 'http_requests_total{endpoint="api/exams/",method="GET",status="200"}';
    const before = (await figures(backend))[name] ?? 0;
    const askOften = async () =>
      await Promise.all(Array.from({ length: 60 }, () => get(`${backend}/api/exams/`, teacher)));
    await askOften();
    expect((await figures(backend))[name]).toBe(before + 60);
    // The youngest gunicorn, which is a worker.
    const kill = `
import os, signal
names = {int(pid): open(f"/proc/{pid}/cmdline", "rb").read() for pid in os.listdir("/proc") if pid.isdigit()}
os.kill(max(pid for pid, name in names.items() if b"gunicorn" in name and pid != os.getpid()), signal.SIGKILL)`;
    for (let time = 0; time < 3; time++) {
      await stack.compose('exec', '-T', 'backend', 'python', '-c', kill);
      await until('gunicorn answers', 10_000, async () => (await get(`${backend}/api/health/live/`)).status === 200);
    }
    expect((await figures(backend))[name]).toBe(before + 60);
    await askOften();
    expect((await figures(backend))[name]).toBe(before + 120);
    const places = await countFiles('backend');
    expect(places).toBeLessThanOrEqual(2 * (await workers()));
  });

  it('has no series for each path or method that a stranger makes up', async () => {
    await fetch(`${backend}/no/such/page`);
    await fetch(`${backend}/api/copies/999/`, { headers: teacher });
    const before = Object.keys(await figures(backend)).length;
    for (let page = 0; page < 200; page++) {
      await fetch(`${backend}/no/such/page/${page}`);
      await fetch(`${backend}/api/copies/${1000 + page}/`, { headers: teacher });
    }
    expect(Object.keys(await figures(backend))).toHaveLength(before);
  });

  it('counts tasks, also over those processes that are replaced after 100 of them', async () => {
    const name = 'celery_tasks_total{outcome="succeeded",task="exams.tasks.process_copy"}';
    const before = await figures(worker);
    await stack.python('from exams.tasks import process_copy\nfor _ in range(450): process_copy.delay(1)');
    await until('the tasks are done', 240_000, async () => (await figures(worker))[name] === (before[name] ?? 0) + 450);
    const after = await figures(worker);
    for (const what of ['duration', 'wait']) {
      const count = `celery_task_${what}_seconds_count{task="exams.tasks.process_copy"}`;
      expect(after[count]).toBe((before[count] ?? 0) + 450);
    }
    expect((await figures(backend))['celery_queue_length{queue="celery"}']).toBe(0);
    expect(await countFiles('celery')).toBeLessThanOrEqual(8); // 4 places, with a file for counters and one for histograms
  });

  it('notifies a person about a task that failed', async () => {
    await until('the webhook was called', 120_000, async () =>
      (await stack.compose('logs', '--no-log-prefix', 'webhook')).includes('"TasksFail"'),
    );
    await until('the mail', 30_000, async () => (await caught()).some((line) => line.startsWith('MAIL ')));
    const told = await caught();
    expect(told.join('\n')).toMatch(/exams\.tasks\.process_copy failed [\d.]+ times in 15 minutes\./);
    const mail = told.find((line) => line.startsWith('MAIL '));
    expect(mail).toMatch(/To: head@school\.example .*What to do: docker compose logs/);
    expect(mail).toContain('Subject: TasksFail (warning) ');
    expect(told.filter((line) => line.includes('"Watchdog"') && !line.startsWith('POST /watchdog '))).toEqual([]);
  });

  it('is missed when it stops coming: the watchdog calls again and again', async () => {
    const calls = async () => (await caught()).filter((line) => line.startsWith('POST /watchdog ')).length;
    await until('called twice', 240_000, async () => (await calls()) >= 2);
  });

  it('is tried out by one command, which says what was sent and what was not', async () => {
    const command = (await readFile(join(monitoring, 'README.md'), 'utf8')).match(
      /^ +(docker compose .* sh .*test-alert\.sh)$/m,
    )?.[1];
    expect(command).toBeDefined();
    const typed = `${command}`.replace(' exec ', ' exec -T ');
    expect(await stack.shell(typed)).toBe('email: sent\nslack: sent\nntfy: sent\nwebhook: sent');
    const found = (await caught()).filter((line) => line.includes('This is a test. Alerts reach you.'));
    const [mail = '', ...others] = found.sort();
    // Its headers come in any order.
    expect(mail).toMatch(/^MAIL .*From: korrigo@school\.example /);
    expect(mail).toContain('Subject: TestAlert (critical) ');
    expect(
      others.map((line) =>
        line
          .split(' ')
          .slice(0, 4)
          .join(' ')
          .replace(/ [{].*/, ''),
      ),
    ).toEqual(['POST /hook -', 'POST /ntfy?template=alertmanager Bearer tk_only_for_this_test', 'POST /slack -']);
    await stack.compose('stop', '--timeout', '1', 'webhook');
    const failed = await stack.tryCompose(['exec', '-T', 'alertmanager', 'sh', '/etc/alertmanager/test-alert.sh']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('email: NOT sent\nslack: NOT sent\nntfy: NOT sent\nwebhook: NOT sent\n');
    await stack.compose('start', 'webhook');
  });

  it('does not start with receivers that cannot be, and says all that is wrong', async () => {
    const wrong = join(bed.folder, 'alerts');
    await writeFile(wrong, 'EMAIL_TO=a@b.example\nSLACK=x\nNTFY_URL=ntfy.sh/x\n');
    const run = [
      '--profile',
      'monitoring',
      'run',
      '--rm',
      '-T',
      '--no-deps',
      '--volume',
      `${wrong}:/run/prepared/alerts:ro`,
    ];
    const { code, stderr } = await stack.tryCompose([...run, 'alertmanager']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/SLACK is not a setting \(allowed: EMAIL_TO, .*\)/);
    expect(stderr).toContain('NTFY_URL must be an http:// or https:// URL.');
    expect(stderr).toContain('EMAIL_TO needs SMTP_HOST with a port, e.g. smtp.example.org:587.');
    expect(stderr).toContain('EMAIL_TO needs SMTP_FROM, the sender address.');
  });

  it('knows of the backups', async () => {
    await until(
      'the figures arrived',
      60_000,
      async () =>
        (await query('korrigo_backup_last_attempt_ok == 1')).length === 1 &&
        (await query('korrigo_drill_last_attempt_ok == 1')).length === 1 &&
        (await query('korrigo_wal_receiving == 1')).length === 1,
    );
  });

  it('names no metric that is not there, in alerts and dashboards', async () => {
    // Plain HTTP here, and no copies elsewhere: nothing is known of them.
    const known = new Set([
      ...(await names()),
      'probe_ssl_earliest_cert_expiry',
      'probe_ssl_last_chain_info',
      'korrigo_offsite_last_attempt_ok',
      'korrigo_offsite_last_copy_timestamp_seconds',
      'korrigo_offsite_last_verified_timestamp_seconds',
      'ALERTS',
    ]);
    const expressions = [...(await alerts()), ...(await panels())];
    expect(expressions.length).toBeGreaterThan(50);
    for (const { name, expr } of expressions) {
      const reply = await fetch(`${prometheus}/query?${new URLSearchParams({ query: expr })}`);
      expect(await reply.json(), name).toMatchObject({ status: 'success' });
      for (const metric of metricsOf(expr)) expect(known, `${name}: ${metric}`).toContain(metric);
    }
  });

  it('shows something in every panel but those of what did not happen', async () => {
    const empty = [];
    for (const { name, expr } of await panels()) if ((await query(expr)).length === 0) empty.push(name);
    // Shown with a certificate and copies elsewhere in infra-monitoring-deploy.long.test.ts.
    const elsewhere = 'Age of the newest off-site copy';
    expect(empty).toEqual(['The certificate is valid for', elsewhere, elsewhere]);
  });

  it('has a case of its own for every alert, and each of them passes', async () => {
    const rules = (await alerts()).map(({ name }) => name);
    const texts = ['rules.test.yml', 'rules.backup.test.yml', 'rules.start.test.yml'].map((name) =>
      readFile(join(monitoring, name), 'utf8'),
    );
    const cases = (await Promise.all(texts)).flatMap((text) => (parse(text) as Cases).tests);
    const fire = cases.map(({ name, alert_rule_test = [] }) => ({
      name,
      alerts: new Set(
        alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
      ),
    }));
    expect(fire.filter(({ alerts }) => alerts.size > 1)).toEqual([]);
    expect(rules.filter((alert) => !fire.some(({ alerts }) => alerts.has(alert)))).toEqual([]);
    const id = await stack.compose('ps', '--quiet', 'prometheus');
    const image = await bed.engine.docker('inspect', '--format', '{{.Config.Image}}', id);
    const mounted = ['--volume', `${join(stack.folder, 'infra/monitoring')}:/rules:ro`, '--workdir', '/rules'];
    const test = ['test', 'rules', 'rules.test.yml', 'rules.backup.test.yml', 'rules.start.test.yml'];
    const said = await bed.engine.docker('run', '--rm', ...mounted, '--entrypoint', 'promtool', image, ...test);
    expect(said).toContain('SUCCESS');
  });

  it('confines every container, with no exception but the one that reads the secrets', async () => {
    // Grafana too, which need not run for that.
    await stack.compose('--profile', 'monitoring', 'create', '--no-recreate', 'grafana');
    const ids = (await stack.compose('--profile', 'monitoring', 'ps', '--all', '--quiet')).split('\n');
    const all = await bed.engine.docker('inspect', ...ids);
    for (const service of ['grafana', 'prometheus', 'alertmanager', ...exporters])
      expect(all).toContain(`"${service}"`);
    expect(exceptionsOf(all).filter((line) => !line.startsWith('webhook '))).toEqual([
      'prepare may CHOWN, DAC_OVERRIDE',
      'prepare runs as root',
    ]);
  });

  it('is what Grafana calls a dashboard, in the version that is shipped', async () => {
    const wrong = await notOfItsSchema(await dashboard());
    expect(wrong).toEqual([]);
    const broken = {
      ...(await dashboard()),
      panels: [{ type: 'stat', title: 1, gridPos: { x: 0, y: 0, w: 1, height: 1 } }],
    };
    expect(await notOfItsSchema(broken)).toHaveLength(2);
  });

  it('gives Grafana its data source and its dashboard', async () => {
    const { services: parts } = parse(await stack.compose('--profile', 'monitoring', 'config')) as Model;
    const mounted = parts['grafana']?.volumes?.map(({ target }) => target) ?? [];
    const read = async (path: string) => parse(await readFile(join(monitoring, 'grafana/provisioning', path), 'utf8'));
    const { providers } = (await read('dashboards/korrigo.yml')) as Providers;
    for (const { options } of providers) expect(mounted).toContain(options.path);
    const { datasources } = (await read('datasources/prometheus.yml')) as Datasources;
    const uids = datasources.map(({ uid }) => uid);
    for (const { url } of datasources) expect(Object.keys(parts)).toContain(new URL(url).hostname);
    const { panels: all } = await dashboard();
    for (const { title, type, datasource } of all) if (type !== 'row') expect(uids, title).toContain(datasource?.uid);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const [index, { title, gridPos: a }] of all.entries())
      for (const { gridPos: b } of all.slice(index + 1))
        expect(
          a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
          `${title} covers another panel`,
        ).toBe(false);
    if (images['GRAFANA_IMAGE'] !== undefined) return; // nothing to run it with
    await stack.compose('--profile', 'monitoring', 'up', '--detach', '--no-deps', 'grafana');
    const grafana = `http://${await stack.address('grafana')}:3000`;
    const headers = { authorization: `Basic ${Buffer.from('admin:only-for-this-test').toString('base64')}` };
    await until('Grafana shows the dashboard', 90_000, async () =>
      (await get(`${grafana}/api/dashboards/uid/korrigo`, headers)).text.includes('"title":"Korrigo"'),
    );
    expect((await get(`${grafana}/api/datasources/uid/prometheus/health`, headers)).status).toBe(200);
  });

  it('uses a moderate amount of the machine', async () => {
    const ids = (await stack.compose('ps', '--quiet', 'prometheus', 'alertmanager', ...exporters)).split('\n');
    const used = await bed.engine.docker('stats', '--no-stream', '--format', '{{.MemUsage}}', ...ids);
    const megabytes = used.split('\n').map((line) => Number(line.match(/^([\d.]+)MiB/)?.[1] ?? 0));
    expect(megabytes.reduce((sum, one) => sum + one)).toBeLessThan(500);
  });

  // The stack, shortly.

  type Sample = { readonly metric: Texts; readonly value: readonly [number, string] };
  type Line = {
    readonly logger: string;
    readonly message?: string;
    readonly path?: string;
    readonly request_id: string;
  };

  const targets = async (): Promise<Readonly<Record<string, string>>> => {
    const reply = (await (await fetch(`${prometheus}/targets`)).json()) as {
      data: { activeTargets: { labels: { job: string; instance: string }; health: string }[] };
    };
    const rows = reply.data.activeTargets.map(({ labels: { job, instance }, health }) => [
      job === 'site' ? `${job} ${instance}` : job,
      health,
    ]);
    return Object.fromEntries(rows);
  };
  const caught = async (): Promise<readonly string[]> =>
    (await stack.compose('logs', '--no-log-prefix', 'webhook'))
      .split('\n')
      .map((line) => stripVTControlCharacters(line).trim())
      .filter(Boolean);
  const query = async (expression: string): Promise<readonly Sample[]> => {
    const reply = await fetch(`${prometheus}/query?${new URLSearchParams({ query: expression })}`);
    return ((await reply.json()) as { data: { result: Sample[] } }).data.result;
  };
  const names = async (): Promise<readonly string[]> => {
    const reply = await fetch(`${prometheus}/label/__name__/values`);
    return ((await reply.json()) as { data: string[] }).data;
  };
  const countFiles = async (service: string): Promise<number> =>
    Number(await stack.compose('exec', '-T', service, 'sh', '-c', 'ls /dev/shm/korrigo-metrics | wc -l'));
  const workers = async (): Promise<number> =>
    Number(
      await stack.compose(
        'exec',
        '-T',
        'backend',
        'python',
        '-c',
        'import runpy; print(runpy.run_path("gunicorn.conf.py")["workers"])',
      ),
    );
  const upload = async (): Promise<{ readonly requestId: string }> => {
    const headers = { ...teacher, 'content-type': 'application/json' };
    const exam = JSON.stringify({ title: 'Algebra', date: '2026-06-15' });
    expect((await fetch(`${site}/api/exams/`, { method: 'POST', headers, body: exam })).status).toBe(201);
    const body = new FormData();
    body.set('student', 'Amira');
    body.set('file', new Blob([await readFile(sample)], { type: 'application/pdf' }), 'scan.pdf');
    const reply = await fetch(`${site}/api/exams/1/copies/`, { method: 'POST', headers: teacher, body });
    expect(reply.status).toBe(201);
    return { requestId: reply.headers.get('x-request-id') ?? '' };
  };
});

/** Somebody to tell. */
const testServices = (bed: Bed): string => `
services:
  webhook:
    image: ${bed.engine.images.python}
    init: true
    command: [python, -c, ${JSON.stringify(receiver)}]
`;

type Expression = { readonly name: string; readonly expr: string };

async function alerts(): Promise<readonly Expression[]> {
  const { groups } = parse(await readFile(join(monitoring, 'rules.yml'), 'utf8')) as Rules;
  return groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ name: alert, expr })));
}

async function dashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(join(monitoring, 'grafana/dashboards/korrigo.json'), 'utf8')) as Dashboard;
}

async function panels(): Promise<readonly Expression[]> {
  return (await dashboard()).panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ name: title, expr })),
  );
}

/** What the types of Grafana's own package object to in a dashboard, its panels, their options and how they draw. */
async function notOfItsSchema(dashboard: object): Promise<readonly string[]> {
  const {
    panels = [],
    annotations,
    ...rest
  } = dashboard as Record<string, never> & {
    readonly panels?: readonly (Readonly<Record<string, unknown>> & {
      readonly type: string;
      readonly options?: object;
      readonly fieldConfig?: { readonly defaults?: { readonly custom?: object } };
    })[];
    readonly annotations?: object;
  };
  const raw = join(import.meta.dirname, '../../node_modules/@grafana/schema/dist/types/raw');
  const options: Readonly<Record<string, string>> = { stat: 'Stat', timeseries: 'Timeseries' };
  const check = (value: unknown, type: string) => `(${JSON.stringify(value)}) satisfies Loose<${type}>;`;
  const lines = [
    `import type { Dashboard, Panel, RowPanel } from '${raw}/dashboard/x/types.gen';`,
    ...Object.entries(options).map(
      ([type, name]) => `import type * as ${name} from '${raw}/composable/${type}/panelcfg/x/types.gen';`,
    ),
    // JSON has words where they have enums, and leaves out what has a default.
    'type Loose<T> = T extends object ? { [K in keyof T]?: Loose<T[K]> } : T extends string ? `${T}` : T;',
    // The fields of a data source in an annotation are its own.
    check({ ...rest, annotations: {} }, 'Dashboard'),
    ...panels.flatMap((panel) => [
      check(panel, panel.type === 'row' ? 'RowPanel' : 'Panel'),
      ...(options[panel.type] ? [check(panel.options ?? {}, `${options[panel.type]}.Options`)] : []),
      ...(panel.type === 'timeseries'
        ? [check(panel.fieldConfig?.defaults?.custom ?? {}, 'Timeseries.FieldConfig')]
        : []),
    ]),
  ];
  expect(annotations === undefined || typeof annotations === 'object').toBe(true);
  const folder = await mkdtemp(join(tmpdir(), 'korrigo-dashboard-'));
  try {
    const file = join(folder, 'dashboard.ts');
    await writeFile(file, lines.join('\n'));
    const program = typescript.createProgram([file], {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      types: [],
      module: typescript.ModuleKind.ESNext,
      moduleResolution: typescript.ModuleResolutionKind.Bundler,
    });
    return typescript
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => typescript.flattenDiagnosticMessageText(messageText, ' '));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The commands of the README that read logs, each on one line. */
async function logCommands(): Promise<readonly string[]> {
  const readme = (await readFile(join(monitoring, 'README.md'), 'utf8')).replaceAll(/\|\n +/g, '| ');
  return [...readme.matchAll(/^ {4}(docker compose logs .*)$/gm)].map(([, line = '']) => line);
}

/** Sample name with its labels → value. @param url of the backend or the worker */
async function figures(url: string): Promise<Readonly<Record<string, number>>> {
  const answer = await get(`${url}/metrics`, { 'x-metrics-token': metricsToken });
  const lines = answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

/** On a connection of its own: one that is kept open ends with the process that is killed at its other end. */
async function get(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    request(url, { agent: false, headers }, resolve).on('error', reject).end(),
  );
  return { status: response.statusCode, text: await text(response) };
}

/** The metrics that an expression names: words with an underscore that are no label, function or text. */
function metricsOf(expression: string): readonly string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/by \([^)]*\)/g, '');
  return [...bare.matchAll(/\b[a-z]+(?:_[a-z0-9]+)+\b(?!\s*\()/gi)].map(([word]) => word);
}

function assignments(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  );
}
