/** What testssl.sh says of production with a certificate that is trusted: the grade, and everything that it finds wanting. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { acmeImage, acmeOverride, buildAcmeImage } from './infra/acme.ts';
import { ask, newStack, type Stack } from './infra/stack.ts';

type Finding = { readonly id: string; readonly severity: string; readonly finding: string };

const domain = 'korrigo.example';

/** What is for others to have, by testssl.sh's name for it. */
const elsewhere: Readonly<Record<string, string>> = {
  cert_revocation: "the test's own authority has no list of what it revoked",
  DNS_CAArecord: 'a record that the domain has to have: docs/hardening.md',
};

let bed: Bed;
let stack: Stack;
let found: readonly Finding[];

beforeAll(async () => {
  bed = await upBed();
  await buildAcmeImage(bed);
  const env = {
    CERTBOT_IMAGE: acmeImage,
    DOMAIN: domain,
    ACME_SERVER: 'https://acme:14000/dir',
    CERTBOT_INTERVAL: '3',
    TLS_CHECK_INTERVAL: '1',
    // testssl.sh opens hundreds of connections, one after the other.
    LIMIT_REQUESTS: 'off',
  };
  stack = await newStack(bed, 'prod', { env, override: await acmeOverride(bed, domain) });
  await stack.compose('up', '-d', '--build', '--scale', 'acme=0');
  const temporary = await serial();
  await stack.compose('up', '-d', '--no-recreate', '--scale', 'acme=1', 'acme');
  await until('a certificate', 90_000, async () => (await serial()) !== temporary);
  found = JSON.parse(await examine()) as readonly Finding[];
});
afterAll(async () => {
  await stack?.down();
  await bed?.down();
});

it('gets an A+', () => {
  expect(found.find(({ id }) => id === 'overall_grade')?.finding).toBe('A+');
});

it('is found wanting in nothing that is ours', () => {
  // WARN is what it could not check, for want of time or of an option of its OpenSSL.
  const wanting = found.filter(({ id, severity }) => !['OK', 'INFO', 'WARN'].includes(severity) && !(id in elsewhere));
  expect(wanting.map(({ id, severity, finding }) => `${id} ${severity}: ${finding}`)).toEqual([]);
});

const serial = async (): Promise<string | undefined> => {
  let seen: string | undefined;
  await until('nginx', 90_000, async () => {
    seen = await ask({ port: stack.ports.https, tls: true }).then(
      (answer) => answer.serial,
      () => undefined,
    );
    return seen !== undefined;
  });
  return seen;
};

/** Trusting the test's own authority, as the world trusts Let's Encrypt. Its findings as JSON. */
async function examine(): Promise<string> {
  const folder = join(bed.folder, 'testssl');
  await mkdir(folder);
  const install = 'apt-get update && apt-get install -y --no-install-recommends testssl.sh';
  await writeFile(join(folder, 'Dockerfile'), `FROM ${bed.engine.images.python}\nUSER root\nRUN ${install}\n`);
  const image = `${stack.project}/testssl`;
  await bed.engine.docker('build', '--quiet', '--tag', image, folder);
  const fetchRoot = `import ssl, urllib.request as web
trusting = ssl._create_unverified_context()
open("/tmp/root.pem", "wb").write(web.urlopen("https://acme:15000/roots/0", context=trusting).read())`;
  const options = '--quiet --color 0 --warnings batch --add-ca /tmp/root.pem --jsonfile /tmp/found.json';
  const script = `python -c '${fetchRoot}' && { testssl ${options} https://${domain}:443 >/tmp/log 2>&1; cat /tmp/found.json; }`;
  const run = ['run', '--rm', '--network', `${stack.project}_default`, image, 'sh', '-c', script];
  const said = await bed.engine.docker(...run);
  await bed.engine.docker('rmi', image);
  return said;
}
