/** The bed's private registry: TLS under a CA of its own, basic authentication, filled with what servers need. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { Engine } from './engine.ts';
import { output, run, until } from './process.ts';

export type Registry = {
  /** `ip:port`, which images are named after. */
  readonly address: string;
  readonly username: string;
  readonly password: string;
  /** A second account that exists, to have valid credentials of somebody else. */
  readonly other: { readonly username: string; readonly password: string };
  /** The CA's certificate, PEM. */
  readonly ca: string;
  /** From now on connections are refused (a vanished address would only time out, after 15 s). */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
};

// Hashes of the passwords below, at bcrypt's lowest cost: tests log in often, and nobody else can reach it.
const HTPASSWD = `korrigo:$2b$04$JvSnPAiml3E53OSyr6L6yOqkKeYrkVkuC86vUN86Y4NvHokPeD0EC
guest:$2b$04$BYjvNTD4BO0HkKsWZaFKwOUKSQKXtZvKger0JOXmwlsp3ELe3hnNe
`;
const USER = { username: 'korrigo', password: 'korrigo-bed-only' };
// Holds the address while the registry is stopped.
const IDLE = ['sh', '-c', 'trap exit TERM; while :; do sleep 0.2; done'];
const OTHER = { username: 'guest', password: 'guest-bed-only' };

export async function startRegistry(
  engine: Engine,
  bed: { readonly id: string; readonly folder: string },
  ip: string,
): Promise<Registry> {
  const folder = `${bed.folder}/registry`;
  const name = `${bed.id}-registry`;
  const address = `${ip}:5000`;
  await mkdir(folder, { recursive: true });
  const ca = await makeCertificates(folder, ip);
  await writeFile(`${folder}/htpasswd`, HTPASSWD);
  await trust(bed.folder, address, ca);
  const settings = {
    REGISTRY_HTTP_TLS_CERTIFICATE: '/bed/tls.crt',
    REGISTRY_HTTP_TLS_KEY: '/bed/tls.key',
    REGISTRY_AUTH: 'htpasswd',
    REGISTRY_AUTH_HTPASSWD_REALM: 'korrigo-bed',
    REGISTRY_AUTH_HTPASSWD_PATH: '/bed/htpasswd',
    REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/srv/registry',
    REGISTRY_STORAGE_DELETE_ENABLED: 'true',
  };
  const env = Object.entries(settings).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const label = ['--label', `korrigo.bed=${bed.id}`];
  const place = ['--network', bed.id, '--ip', ip];
  const files = ['--volume', `${folder}:/bed:ro`];
  await engine.docker('run', '--detach', '--name', name, ...label, ...place, ...files, ...env, engine.seed);
  const ready = () => until(`registry ${address}`, 20_000, () => answers(ip, ca));
  await ready();
  return {
    address,
    ...USER,
    other: OTHER,
    ca,
    stop: async () => {
      await engine.docker('stop', '--time', '2', name);
      await engine.docker(
        'run',
        '--detach',
        '--name',
        `${name}-down`,
        ...label,
        ...place,
        engine.images.busybox,
        ...IDLE,
      );
    },
    start: async () => {
      await engine.docker('rm', '--force', `${name}-down`);
      await engine.docker('start', name);
      await ready();
    },
  };
}

async function makeCertificates(folder: string, ip: string): Promise<string> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  const openssl = (...args: string[]) => output(['openssl', 'req', '-x509', ...key, ...args], { cwd: folder });
  await openssl('-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=Korrigo test bed');
  const leaf = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
  await openssl(
    '-keyout',
    'tls.key',
    '-out',
    'tls.crt',
    '-subj',
    `/CN=${ip}`,
    '-addext',
    `subjectAltName=IP:${ip}`,
    ...leaf,
  );
  await chmod(`${folder}/tls.key`, 0o644); // the official registry may run as another user
  return readFile(`${folder}/ca.crt`, 'utf8');
}

/** Lets the engine that runs the tests trust the CA. What is made here is listed for the guard to remove. */
async function trust(bedFolder: string, address: string, ca: string): Promise<void> {
  const certs = `/etc/docker/certs.d/${address}`;
  await writeFile(`${bedFolder}/certs`, `${certs}\n`);
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  await output([...asRoot, 'mkdir', '-p', certs]);
  const written = await run([...asRoot, 'tee', `${certs}/ca.crt`], { stdin: ca });
  if (written.code !== 0) throw new Error(`${certs}/ca.crt cannot be written: ${written.stderr}`);
}

function answers(host: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host, port: 5000, path: '/v2/', ca, timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 401);
    });
    asked.on('error', () => resolve(false));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}
