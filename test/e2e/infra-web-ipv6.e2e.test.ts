/** A visitor who comes by IPv6 is that visitor in the logs, and not Docker. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bed, type Server, upBed } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { exampleRepository } from '../../fixtures/example/repository.ts';

/** Two addresses of the server itself, so that one of them can visit the other. */
const site = 'fd00:6b6f::1';
const visitor = 'fd00:6b6f::2';

let bed: Bed;
let server: Server;

beforeAll(async () => {
  bed = await upBed();
  server = await bed.server({ preload: [bed.image('nginx'), bed.image('busybox')] });
  const folder = join(bed.folder, server.name, 'korrigo');
  await exampleRepository(folder);
  await writeFile(join(folder, 'backend/.env.prod'), '');
  await writeFile(
    join(folder, 'infra/docker/override.yml'),
    `services:
  door:
    image: ${bed.image('busybox')}
    ports: !override ["80:80"]
  nginx:
    image: ${bed.image('nginx')}
    build: !reset null
    # Not built here, so what the build does is done by hand: its start scripts, and a cache that it may write to.
    tmpfs: ["/var/cache/nginx:mode=1777"]
    volumes: !override
      - ../nginx/nginx.conf:/etc/nginx/nginx.conf:ro
      - ../nginx/routes.conf:/etc/nginx/routes.conf:ro
      - ../nginx/http.conf:/etc/nginx/server.conf:ro
      - ../nginx/errors:/etc/nginx/errors:ro
      - ../nginx/entrypoint.d:/docker-entrypoint.d:ro
`,
  );
  // What an engine before 27 needs; later ones have it.
  const settings = '{"ip6tables": true, "experimental": true}';
  await root(`mkdir -p /etc/docker && echo '${settings}' >/etc/docker/daemon.json`);
  await server.stop();
  await server.start();
  const ip = `docker run --rm --network host --cap-add NET_ADMIN ${bed.image('busybox')} ip -6 address add`;
  await root(`for address in ${site} ${visitor}; do ${ip} $address/128 dev lo; done`);
});
afterAll(() => bed?.down());

const root = async (script: string): Promise<string> => {
  const { code, stdout, stderr } = await server.exec(['sh', '-ec', script]);
  if (code !== 0) throw new Error(`${script}: ${stderr}${stdout}`);
  return stdout.trim();
};
const compose = async (files: string, args: string): Promise<string> =>
  await root(`cd /bed/korrigo/infra/docker && docker compose -f docker-compose.local-prod.yml ${files} ${args}`);

/** Who nginx thinks that it was. */
async function visit(files: string, path: string): Promise<unknown> {
  const all = `${files} -f override.yml`;
  await compose(all, 'up -d --no-deps door nginx');
  await until('an answer', 60_000, async () => {
    const asked = `curl -6 --silent --fail --max-time 5 --interface ${visitor} 'http://[${site}]${path}'`;
    return (await server.exec(['sh', '-c', asked])).code === 0;
  });
  const log = await compose(all, 'logs --no-log-prefix nginx');
  const line = log.split('\n').find((text) => text.includes(`"path":"${path}"`)) ?? '{}';
  await compose(all, 'down --volumes --timeout 2');
  return (JSON.parse(line.slice(line.indexOf('{'))) as Readonly<Record<string, unknown>>)['client'];
}

it('with the overlay', async () => {
  expect(await visit('-f docker-compose.ipv6.yml', '/with')).toBe(visitor);
});

it('and without it everybody is Docker’s own address, but is answered', async () => {
  expect(await visit('', '/without')).toMatch(/^\d+\.\d+\.\d+\.1$/);
});
