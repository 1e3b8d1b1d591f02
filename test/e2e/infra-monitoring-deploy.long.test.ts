/** Production with its backups and its monitoring, deployed to an empty server as the documents say. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, type Server, upBed } from '../../bed/bed.ts';
import { script } from '../../bed/engine.ts';
import { output, run, until } from '../../bed/process.ts';
import { exceptionsOf } from '../../fixtures/confinement.ts';
import { exampleRepository } from '../../fixtures/example/repository.ts';
import { deployer, type Outcome, type Texts } from '../../fixtures/korrigo.ts';
import { shell } from '../../fixtures/state.ts';
import { acmeImage, buildAcmeImage } from './infra/acme.ts';

const inputs = {
  'compose-file': [
    'infra/docker/docker-compose.prod.yml',
    'infra/docker/docker-compose.backup.yml',
    'infra/docker/docker-compose.monitoring.yml',
  ].join('\n'),
  profiles: 'monitoring',
  'env-files': [
    'infra/docker/secrets/db_password.txt=DB_PASSWORD',
    'infra/docker/secrets/secret_key.txt=SECRET_KEY',
    'infra/docker/secrets/metrics_token.txt=METRICS_TOKEN',
    'infra/docker/secrets/grafana_password.txt=GRAFANA_PASSWORD',
    'infra/docker/secrets/alerts.txt=ALERTS',
    'backend/.env.prod=ENV_PROD',
  ].join('\n'),
  migrate: 'backend: python manage.py migrate --noinput',
};

describe('production with backups and monitoring', () => {
  let bed: Bed;
  let server: Server;
  let deployed: Outcome;

  beforeAll(async () => {
    bed = await upBed();
    server = await bed.server();
    await shell(server, 'install -d -m 700 -o 10001 -g 10001 /var/backups/korrigo');
    const folder = join(bed.folder, 'korrigo');
    await exampleRepository(folder);
    await buildAcmeImage(bed);
    const secret = (): string => randomBytes(24).toString('base64url');
    const { engine, registry } = bed;
    const env = {
      PYTHON_IMAGE: engine.images.python,
      NODE_IMAGE: engine.images.node,
      NGINX_IMAGE: engine.images.nginx,
      DOOR_IMAGE: bed.image('busybox'),
      POSTGRES_TOOLS_IMAGE: engine.images.postgres_tools,
      POSTGRES_IMAGE: bed.image('postgres'),
      REDIS_IMAGE: bed.image('redis'),
      ...(await inRegistry(bed, { CERTBOT_IMAGE: acmeImage, ...(await monitoringImages()) })),
      REGISTRY: registry.address,
      DB_PASSWORD: secret(),
      SECRET_KEY: secret(),
      METRICS_TOKEN: secret(),
      GRAFANA_PASSWORD: secret(),
      ALERTS: 'WEBHOOK_URL=http://nobody.invalid/',
      ENV_PROD: `ALLOWED_HOSTS=${server.ip}\n`,
    };
    deployed = await deployer(folder, bed, server)(['build', 'push', 'deploy'], inputs, env);
  });
  afterAll(async () => {
    await bed?.down();
  });

  it('is deployed with the profile that the monitoring has', () => {
    expect(deployed.code, deployed.all).toBe(0);
  });

  it('is watched: every target answers, the certificate and the way of a visitor too', async () => {
    await until(
      'all targets are up',
      120_000,
      async () => (await query('up == 0')).length === 0 && (await ups()) === 11,
    );
    const probes = 'count by (job) (probe_success == 1)';
    await until('the probes succeed', 60_000, async () => (await query(probes)).length === 2);
    expect((await query(probes)).map(({ metric, value }) => [metric['job'], value[1]])).toEqual(
      expect.arrayContaining([
        ['site', '2'],
        ['certificate', '1'],
      ]),
    );
  });

  it('shows how long the certificate is valid, and that the log of changes is received', async () => {
    await until('the figures', 60_000, async () => {
      const asked = ['min(probe_ssl_earliest_cert_expiry) - time()', 'korrigo_wal_receiving == 1'];
      return (await Promise.all(asked.map(query))).every((found) => found.length === 1);
    });
  });

  it('is seen from outside on the ports of the site only', async () => {
    const listens = async (port: number): Promise<boolean> =>
      (await run(['curl', '--silent', '--max-time', '3', `telnet://${server.ip}:${port}`], { stdin: '' })).code !== 7;
    const open = await Promise.all([80, 443, 8081, 3000, 8000, 9090, 9093].map(listens));
    expect(open).toEqual([true, true, false, false, false, false, false]);
  });

  it('confines every container but those that prepare what belongs to several users', async () => {
    const all = await shell(
      server,
      'docker inspect $(docker ps --all --quiet --filter label=com.docker.compose.project=korrigo)',
    );
    for (const service of ['backup-timer', 'grafana', 'certbot', 'node-exporter', 'celery'])
      expect(all).toContain(`"com.docker.compose.service": "${service}"`);
    expect(exceptionsOf(all)).toEqual([
      'prepare may CHOWN, DAC_OVERRIDE',
      'prepare runs as root',
      'temporary-certificate may CHOWN, DAC_OVERRIDE',
      'temporary-certificate runs as root',
    ]);
  });

  it('is backed up, and says so to Prometheus', async () => {
    await shell(server, 'cd /opt/korrigo/current && docker compose run --rm -T backup');
    await until('the figures', 60_000, async () => (await query('korrigo_backup_last_attempt_ok == 1')).length === 1);
  });

  it('shows the disk of the server and not those of its containers', async () => {
    const mounts = (await query('node_filesystem_size_bytes')).map(({ metric }) => metric['mountpoint']);
    expect(mounts).toContain('/var/lib/docker');
    expect(mounts.filter((path) => path?.startsWith('/var/lib/docker/'))).toEqual([]);
  });

  it('warns of the temporary certificate, and of TLS when nginx is gone', async () => {
    const alerts = async (names: string): Promise<number> => (await query(`ALERTS{alertname=~"${names}"}`)).length;
    await until('the alert', 60_000, async () => (await alerts('CertificateTemporary')) === 1);
    // What was pending while the site came up goes by itself.
    await until('no other', 60_000, async () => (await alerts('TlsDown|SiteDown')) === 0);
    await shell(server, 'cd /opt/korrigo/current && docker compose stop nginx');
    await until('the alerts', 90_000, async () => (await alerts('TlsDown|SiteDown')) === 3);
  });

  // The server, shortly.

  type Sample = { readonly metric: Texts; readonly value: readonly [number, string] };

  const query = async (expression: string): Promise<readonly Sample[]> => {
    const asked = new URLSearchParams({ query: expression });
    const reply = await shell(server, `curl --silent 'http://127.0.0.1:9090/api/v1/query?${asked}'`);
    return (JSON.parse(reply) as { readonly data: { readonly result: readonly Sample[] } }).data.result;
  };
  const ups = async (): Promise<number> => (await query('up')).length;
});

/** Those that stand for the official ones; none where those can be had. */
async function monitoringImages(): Promise<Texts> {
  const lines = (await output([script('images.sh'), 'monitoring'])).split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => line.split('=')));
}

/** Pushes images to where the servers find them. @returns their names there */
async function inRegistry({ engine, registry }: Bed, images: Texts): Promise<Texts> {
  const { address, username, password } = registry;
  await engine.tryDocker(['login', '-u', username, '--password-stdin', address], { stdin: password });
  const entries: [string, string][] = [];
  for (const [variable, image] of Object.entries(images)) {
    const name = `${address}/${image}`;
    await engine.docker('tag', image, name);
    await engine.docker('push', '--quiet', name);
    entries.push([variable, name]);
  }
  return Object.fromEntries(entries);
}
