/** Let's Encrypt's own test server, pebble, beside a production stack; and a certbot to ask it where there is no official one. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bed } from '../../../bed/bed.ts';
import { output } from '../../../bed/process.ts';

export const acmeImage = 'korrigo-test/acme:1';

/** Debian's packages of both, in one image. 20 s the first time. */
export async function buildAcmeImage({ engine }: Bed): Promise<void> {
  const base = ['--build-arg', `DEBIAN=${engine.images.python}`];
  await engine.docker('build', '--quiet', ...base, '--tag', acmeImage, join(import.meta.dirname, 'acme'));
}

/** Compose YAML to be laid over production: an ACME server, and the door under the name that it looks for. */
export async function acmeOverride(bed: Bed, domain: string): Promise<string> {
  const folder = join(bed.folder, 'acme');
  await mkdir(folder);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const files = ['-keyout', 'key.pem', '-out', 'cert.pem'];
  const names = ['-subj', '/CN=acme', '-addext', 'subjectAltName=DNS:acme'];
  await output(['openssl', 'req', '-x509', ...key, ...names, ...files], { cwd: folder });
  await chmod(join(folder, 'key.pem'), 0o644);
  await chmod(folder, 0o755);
  const pebble = {
    listenAddress: '0.0.0.0:14000',
    managementListenAddress: '0.0.0.0:15000',
    certificate: '/acme/cert.pem',
    privateKey: '/acme/key.pem',
    httpPort: 80,
    tlsPort: 443,
    certificateValidityPeriod: 90 * 86_400,
  };
  await writeFile(join(folder, 'pebble.json'), JSON.stringify({ pebble }));
  return `services:
  certbot:
    environment:
      REQUESTS_CA_BUNDLE: /acme/cert.pem
    volumes: ["${folder}:/acme:ro"]
  acme:
    image: ${acmeImage}
    entrypoint: [pebble, -config, /acme/pebble.json]
    environment: { PEBBLE_VA_NOSLEEP: "1" }
    volumes: ["${folder}:/acme:ro"]
  door:
    networks: { default: { aliases: [${domain}] } }
`;
}
