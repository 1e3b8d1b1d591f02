/** Images that BuildKit attests: from a builder that can, through a real registry, to both kinds of engines. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { deployer, type Outcome, reach, type Texts } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { planOf } from '../../fixtures/plan.ts';
import { push } from '../../fixtures/push.ts';
import { shopFiles } from '../../fixtures/shop.ts';
import { output, page, shell } from '../../fixtures/state.ts';

const { bed, repository } = await openBed('containerd');
const shop = repository();
const { address, username, password, ca } = bed.registry;
let servers: readonly Server[];
let first: Server;
let other: Server;
let run: (commands: readonly string[], inputs?: Texts) => Promise<Outcome>;

beforeAll(async () => {
  first = await bed.server();
  const authorizedKeys = [readFileSync(`${first.privateKeyFile}.pub`, 'utf8').trim()];
  other = await bed.server({ authorizedKeys, daemon: { features: { 'containerd-snapshotter': false } } });
  servers = [first, other];
  // The engine of the first server builds: that of the tests keeps its images as Docker always did, and so cannot attest.
  const folder = join(bed.folder, 'builder');
  mkdirSync(folder);
  const options = `-F /dev/null -i ${first.privateKeyFile} -o UserKnownHostsFile=${join(bed.folder, first.name, 'known_hosts')}`;
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh ${options} "$@"\n`);
  chmodSync(join(folder, 'ssh'), 0o755);
  const { env } = reach(bed, first);
  const builder = { DOCKER_HOST: `ssh://deploy@${first.ip}`, PATH: `${folder}:${env['PATH'] ?? process.env['PATH']}` };
  const deploy = deployer(shop.folder, bed, ...servers);
  run = async (commands, inputs = {}) => succeeded(await deploy(commands, { attest: 'true', ...inputs }, builder));
  await makeScanner();
});

/** Docker's own scanner cannot be had here. This one finds one package. */
async function makeScanner(): Promise<void> {
  const sbom = `{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document",
"predicate":{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"shop","packages":[{"name":"found","SPDXID":"SPDXRef-1"}]}}`;
  const dockerfile = `FROM ${bed.engine.images.busybox}\nENTRYPOINT ["sh", "-c", "printf %s '${sbom
    .replaceAll('\n', '')
    .replaceAll('"', '\\"')}' >$BUILDKIT_SCAN_DESTINATION/shop.spdx.json"]\n`;
  const built = await bed.engine.tryDocker(['build', '--tag', `${address}/scanner:1`, '-'], { stdin: dockerfile });
  expect(built.code, built.stderr).toBe(0);
  await push(bed, `${address}/scanner:1`);
}

const files = (text: string): Record<string, string> => {
  const made = shopFiles(
    { ...bed, engine: { ...bed.engine, images: { ...bed.engine.images, busybox: bed.image('busybox') } } },
    text,
  );
  const compose = (made['compose.yml'] ?? '').replace(
    'context: .',
    `context: .\n      sbom: generator=${address}/scanner:1`,
  );
  return { ...made, 'compose.yml': compose };
};

/** JSON that the registry has under this digest. */
async function stored(kind: 'manifests' | 'blobs', digest: string): Promise<string> {
  const types = ['index', 'manifest'].map((name) => `application/vnd.oci.image.${name}.v1+json`);
  const options = { ca, headers: { accept: types.join(', ') }, auth: `${username}:${password}` };
  return await new Promise((resolve, reject) => {
    const asked = request(`https://${address}/v2/shop-web/${kind}/${digest}`, options, async (response) => {
      resolve((await response.setEncoding('utf8').toArray()).join(''));
    });
    asked.on('error', reject).end();
  });
}

const digestOf = (image: string): string => image.replace(/.*@/, '');
const release = async (): Promise<string> => await output(first, 'cat', '/opt/shop/current/release.json');
const web = async (): Promise<string> => JSON.parse(await release()).images.web;

/** What runs is an image named by the digest of the whole, and it can be had from nowhere else than what a release keeps. */
async function runs(image: string, text: string): Promise<void> {
  for (const server of servers) {
    expect(await page(server)).toBe(text);
    expect(await output(server, 'docker', 'inspect', '--format', '{{.Config.Image}}', 'shop-web-1')).toBe(`${image}\n`);
  }
}

it('says how an image was built and what is in it, beside an image that says which commit it is of', async () => {
  const commit = shop.commit(files('one'));
  await run(['build', 'push', 'deploy']);
  const image = await web();
  await runs(image, 'one');
  const index = JSON.parse(await stored('manifests', digestOf(image)));
  const platforms: readonly string[] = index.manifests.map(
    (one: { platform: { architecture: string } }) => one.platform.architecture,
  );
  expect(platforms).toEqual(['amd64', 'unknown']);
  const [itself, attested] = await Promise.all(
    index.manifests.map(async ({ digest }: { digest: string }) => JSON.parse(await stored('manifests', digest))),
  );
  const { config } = JSON.parse(await stored('blobs', itself.config.digest));
  expect(config.Labels).toMatchObject({
    'org.opencontainers.image.revision': commit,
    'org.opencontainers.image.version': `sha-${commit.slice(0, 12)}`,
    'org.opencontainers.image.created': expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  const said: readonly string[] = await Promise.all(
    attested.layers.map(async ({ digest }: { digest: string }) => await stored('blobs', digest)),
  );
  const [provenance = '', sbom = ''] = ['https://slsa.dev/provenance/', 'https://spdx.dev/Document'].map((type) =>
    said.find((text) => JSON.parse(text).predicateType.startsWith(type)),
  );
  expect(JSON.parse(provenance).subject[0].digest.sha256).toBe(index.manifests[0].digest.replace('sha256:', ''));
  // `mode=max` has the build itself, and its commit.
  expect(provenance).toContain('/www');
  expect(provenance).toContain(commit);
  expect(JSON.parse(sbom).predicate.packages).toMatchObject([{ name: 'found' }]);
});

it('is kept and rolled back to like any other image, whatever store an engine has', async () => {
  const [one, before] = [await release(), await web()];
  const again = await run(['deploy'], { release: one, 'force-recreate': 'none' });
  expect(planOf(again)).toEqual({ cache: 'keep', web: 'keep' });
  shop.commit(files('two'));
  await run(['build', 'push', 'deploy']);
  await runs(await web(), 'two');
  for (const server of servers) await shell(server, 'docker image prune --force');
  await run(['rollback']);
  await runs(before, 'one');
  expect((await run(['status'])).all.match(/no drift/g)).toHaveLength(servers.length);
});
